# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counting requests of a canary over readings, with reloads, cleared counters and silent processes in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.plugin_utils._requests import counted

Told = dict[str, Any]
Reading = Mapping[int, Mapping[str, object]]
"""Pid → what the process has counted, and with ``old`` that it is an old worker."""


def told(reading: Reading, backends: Sequence[str] = ("www",)) -> Told:
    """What haproxy_info returns; names of processes change from reading to reading, as at a reload."""
    names = {pid: f"{'old' if said.get('old') else 'current'}@{pid}" for pid, said in reading.items()}
    return {
        "processes": [
            {"name": names[pid], "pid": pid, "node": "lb", "worker": "old" if said.get("old") else "current"}
            for pid, said in reading.items()
        ],
        "servers": [
            {
                "per_process": [
                    {"process": names[pid], "stats": {"status": "UP", **said}} for pid, said in reading.items()
                ]
            }
            for _backend in backends
        ],
    }


def total(*readings: Mapping[str, Told]) -> Told:
    answer: Told = {}
    for reading in readings:
        answer = counted(answer, reading)
    return answer


@pytest.mark.parametrize(
    ("readings", "requests", "failed", "percent"),
    [
        pytest.param([{1: {"stot": 900, "hrsp_5xx": 500}}], 0, 0, 0.0, id="the first reading is where it begins"),
        pytest.param([{1: {"stot": 100}}, {1: {"stot": 180, "hrsp_5xx": 2}}], 80, 2, 2.5, id="one process"),
        pytest.param([{1: {"stot": 5}, 2: {"stot": 7}}, {1: {"stot": 10}, 2: {"stot": 17, "econ": 3}}], 15, 3, 20.0,
                     id="two processes add up"),
        pytest.param([{1: {"stot": 100}}, {1: {"stot": 110}}, {1: {"stot": 140, "eresp": 1}}], 40, 1, 2.5, id="three readings"),
        pytest.param([{1: {"stot": 100, "hrsp_5xx": 9}}, {1: {"stot": 120, "hrsp_5xx": 9, "old": True}, 2: {"stot": 20}}],
                     40, 0, 0.0, id="a reload: the old worker goes on, the new one begins at 0"),
        pytest.param([{1: {"stot": 100}}, {2: {"stot": 30, "hrsp_5xx": 3}}], 30, 3, 10.0, id="a reload, and the old one is gone"),
        pytest.param([{1: {"stot": 100, "hrsp_5xx": 7}}, {1: {"stot": 8, "hrsp_5xx": 2}}], 8, 2, 25.0, id="cleared counters"),
        pytest.param([{1: {"stot": 100, "econ": 7}}, {1: {"stot": 120, "econ": 1}}], 120, 1, 0.83,
                     id="cleared, and more than before of one kind since"),
        pytest.param([{1: {"stot": 100}, 2: {"stot": 50}}, {1: {"stot": 110}}, {1: {"stot": 110}, 2: {"stot": 60}}], 20, 0, 0.0,
                     id="a process that is silent once"),
        pytest.param([{1: {}}, {1: {"stot": 20, "wretr": 10, "econ": 10}}], 10, 10, 100.0,
                     id="refused and tried again: captured of 2.2, 3.0 and 3.4"),
        pytest.param([{1: {}}, {1: {"stot": 10, "wredis": 10}}], 10, 10, 100.0, id="redispatched: captured of 2.2, 3.0 and 3.4"),
        pytest.param([{1: {}}, {1: {"stot": 10, "eresp": 20}}], 10, 10, 100.0, id="hung up on: captured of 3.0 and 3.4"),
        pytest.param([{1: {}}, {1: {"econ": 2}}], 1, 1, 100.0, id="failures of requests that began before"),
        pytest.param([{1: {}}, {1: {"stot": 4, "hrsp_4xx": 4}}], 4, 0, 0.0, id="what a client did wrong is no failure"),
    ],
)  # fmt: skip
def test_requests_are_counted(readings: list[Reading], requests: int, failed: int, percent: float) -> None:
    answer = total(*({"lb1": told(reading)} for reading in readings))
    assert (answer["requests"], answer["failed"], answer["percent"]) == (requests, failed, percent)


def test_load_balancers_and_backends_add_up_and_are_told_apart() -> None:
    first = {name: told({1: {"stot": 5}}, ("www", "api")) for name in ("lb1", "lb2")}
    second = {
        "lb1": told({1: {"stot": 10, "hrsp_5xx": 1}}, ("www", "api")),
        "lb2": told({1: {"stot": 9}}, ("www", "api")),
    }
    answer = total(first, second)
    assert answer["text"] == "2 of 18 requests failed (11.11 %): 2 answered with 5xx; 2 of 10 on lb1, 0 of 8 on lb2"
    assert answer["balancers"]["lb2"]["requests"] == 8


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        pytest.param({1: {"status": "UP"}}, [], id="up"),
        pytest.param({1: {"status": "UP"}, 2: {"status": "DOWN 1/2"}}, ["lb1"], id="down on one process"),
        pytest.param({1: {"status": "UP"}, 2: {"status": "DOWN", "old": True}}, [], id="what an old worker says"),
    ],
)
def test_where_it_is_down(reading: Reading, expected: list[str]) -> None:
    answer = total({"lb1": told(reading)})
    assert answer["down"] == expected
    assert answer["text"].endswith("; it is down on lb1") is bool(expected)
