# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the playbook status: which lines there are for what load balancers say, and what is marked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.plugin_utils._fleet_lines import fleet_lines

Result = dict[str, Any]
UP = {"status": "UP", "check_status": "L4OK", "scur": 2, "qcur": 1}


def process(name: str, *, worker: str = "current", version: str = "3.4.7", **more: object) -> dict[str, Any]:
    return {"name": name, "worker": worker, "version": version, "uptime_sec": 7300, "connections": 3, **more}


def server(stats: Mapping[str, Mapping[str, object]], name: str = "web1", **more: Any) -> dict[str, object]:
    """A server of www with what each process says of it."""
    each = [{"process": process, "stats": {**UP, **said}} for process, said in stats.items()]
    settings = {"state": "ready", "weight": 10, "address": "10.0.0.1", "port": 80}
    return {"backend": "www", "name": name, **settings, **more, "per_process": each}


def result(*servers: object, processes: Sequence[object] = (process("/run/p1"),), **more: object) -> Result:
    return {"processes": list(processes), "servers": list(servers), "backends": [], **more}


ONE = result(server({"/run/p1": {}}))
FOUR = [process(f"/run/p{number}") for number in range(1, 5)]
OLD = [process("/run/m@1"), process("/run/m@!7", worker="old", connections=5)]


def said(name: str, processes: Sequence[dict[str, Any]] = FOUR, **changed: object) -> dict[str, object]:
    """A server that is the same on these processes, but for what one of them, p2, has."""
    usual = {"state": "ready", "weight": 10, "address": "10.0.0.1"}[name]
    values: Any = {it["name"]: changed[name] if it["name"].endswith("p2") else usual for it in processes}
    return server({it["name"]: {} for it in processes}, **{name: values})


def rows(results: Mapping[str, Result], files: Mapping[str, str] | None = None) -> list[str]:
    """The lines below the header of the servers, without what is there to align them."""
    lines = fleet_lines(results, files or {})
    start = next(number for number, line in enumerate(lines) if line.startswith("  backend") or "no server" in line)
    return [" ".join(line.split()) for line in lines[start:] if line and not line.startswith("  backend")]


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        pytest.param({"lb1": ONE}, ["www web1 all ready 10 2 1 UP L4OK", "nothing deviates"], id="one process"),
        pytest.param(
            {"lb1": result(server({it["name"]: {} for it in FOUR}), processes=FOUR), "lb2": ONE},
            ["www web1 all ready 10 10 5 UP L4OK", "nothing deviates"], id="all agree: the sums",
        ),
        pytest.param(
            {"lb1": result(said("weight", weight=7), processes=FOUR), "lb2": ONE},
            ["www web1 lb1 p1 ready 10 2 1 UP L4OK",
             "! www web1 lb1 p2 ready 7 2 1 UP L4OK", "weight differs",
             "www web1 lb1 p3 ready 10 2 1 UP L4OK",
             "www web1 lb1 p4 ready 10 2 1 UP L4OK",
             "www web1 lb2 ready 10 2 1 UP L4OK",
             "what deviates is marked !"], id="a process differs: a line for each of its load balancer",
        ),
        pytest.param(
            {"lb1": ONE, "lb2": result(server({"/run/p1": {}}, state="drain"))},
            ["! www web1 lb1 ready 10 2 1 UP L4OK", "state differs",
             "! www web1 lb2 drain 10 2 1 UP L4OK", "state differs",
             "what deviates is marked !"], id="half against half: both are told",
        ),
        pytest.param(
            {"lb1": result(said("address", address="2001:db8::1"), processes=FOUR)},
            ["www web1 lb1 p1 ready 10 2 1 UP L4OK",
             "! www web1 lb1 p2 ready 10 2 1 UP L4OK", "address [2001:db8::1]:80 differs",
             "www web1 lb1 p3 ready 10 2 1 UP L4OK",
             "www web1 lb1 p4 ready 10 2 1 UP L4OK",
             "what deviates is marked !"], id="an address differs: it is told",
        ),
        pytest.param(
            {"lb1": ONE, "lb2": result(server({"/run/p1": {"check_status": "L7STS", "check_code": 503, "status": "DOWN"}}))},
            ["www web1 lb1 ready 10 2 1 UP L4OK", "! www web1 lb2 ready 10 2 1 DOWN L7STS/503",
             "what deviates is marked !"], id="down on one",
        ),
        pytest.param(
            {"lb1": result(server({"/run/p1": {"status": "MAINT (via a/b)"}}))},
            ["! www web1 all ready 10 2 1 MAINT (via a/b)", "what deviates is marked !"], id="maintenance of another",
        ),
        pytest.param(
            {"lb1": result(server({"/run/p1": {}}, weight=0))},
            ["! www web1 all ready 0 2 1 UP L4OK", "what deviates is marked !"], id="weight 0",
        ),
        pytest.param(
            {"lb1": result(server({"/run/p1": {"status": "UP 1/3", "check_status": "* L4TOUT"}}))},
            ["! www web1 all ready 10 2 1 UP 1/3 L4TOUT", "what deviates is marked !"], id="checks fail, one runs",
        ),
        pytest.param(
            {"lb1": ONE, "lb2": result(server({"/run/p1": {}}), server({"/run/p1": {}}, "web2"))},
            ["www web1 all ready 10 4 2 UP L4OK", "! www web2 lb2 ready 10 2 1 UP L4OK not on lb1",
             "what deviates is marked !"], id="missing on a load balancer that has its backend",
        ),
        pytest.param(
            {"lb1": ONE, "lb2": result()},
            ["www web1 all ready 10 2 1 UP L4OK", "nothing deviates"], id="another load balancer without the backend",
        ),
        pytest.param(
            {"lb1": result(server({"/run/m@1": {}, "/run/m@!7": {"status": "DOWN"}}), processes=OLD)},
            ["www web1 all ready 10 2 1 UP L4OK", "! www web1 lb1 m@!7 old 2 1", "what deviates is marked !"],
            id="what an old worker holds is told beside the sums",
        ),
        pytest.param(
            {"lb1": result(server({"/run/m@1": {}, "/run/m@!7": {"scur": 0, "qcur": 0}}), processes=OLD)},
            ["www web1 all ready 10 2 1 UP L4OK", "what deviates is marked !"], id="an old worker that holds nothing of it",
        ),
        pytest.param(
            {"lb1": result(server({"/run/m@!7": {}}), processes=OLD)},
            ["! www web1 lb1 m@!7 old 2 1", "what deviates is marked !"], id="a server of an old worker only",
        ),
        pytest.param(
            {"lb1": {**ONE, "backends": [{"name": "www", "per_process": [
                {"process": "/run/p1", "stats": {"status": "UP", "scur": 9, "qcur": 4}}]}]}},
            ["www (backend) all 9 4 UP", "www web1 all ready 10 2 1 UP L4OK", "nothing deviates"],
            id="requests wait in the backend's own queue",
        ),
        pytest.param({"lb1": result()}, ["no server of this name", "nothing deviates"], id="nothing of that name"),
    ],
)  # fmt: skip
def test_lines_of_servers(results: dict[str, Result], expected: list[str]) -> None:
    assert rows(results) == expected


@pytest.mark.parametrize(
    ("name", "told", "expected"),
    [
        pytest.param("lb1", ONE, ["  lb1            1          3.4.7    2 h                3"], id="one process"),
        pytest.param(
            "lb1", result(processes=[process("/a/p"), process("/b/p", version="3.0.1", uptime_sec=90000)]),
            ["! lb1            2          3.0.1, 3.4.7  2 h                 6"], id="two versions: youngest, sum",
        ),
        pytest.param(
            "lb1", result(processes=OLD),
            ["  lb1            1          3.4.7    2 h                 3", "! lb1            old m@!7   3.4.7    2 h"],
            id="an old worker",
        ),
        pytest.param(
            "lb1", {"msg": f"Task failed: no route\nmore {'x' * 200}", "unreachable": True}, ["! lb1            no route"],
            id="unreachable",
        ),
        pytest.param("lb1", {"changed": False}, ["! lb1            it does not answer"], id="no reason"),
        pytest.param(
            "lb1", {"msg": f"{'x' * 50} {'y' * 50}"}, [f"! lb1            {'x' * 50}", "y" * 50], id="a long reason",
        ),
        pytest.param("lb1", {"msg": f"no {'x' * 300}"}, [f"! lb1            no {'x' * 59}", f"{'x' * 53}…"], id="one too long"),
        pytest.param(
            "lb1", {**ONE, "skipped_sockets": [{"socket": "/run/p2", "reason": "refused"}]},
            ["! lb1            /run/p2 is left out: refused"], id="a socket that was left out",
        ),
    ],
)  # fmt: skip
def test_lines_of_load_balancers(name: str, told: Result, expected: list[str]) -> None:
    lines = fleet_lines({name: told}, {})[1:]
    for line in expected:
        squeezed = [" ".join(each.split()) for each in lines]
        assert any(each.startswith(" ".join(line.split())) for each in squeezed), lines
    assert all(len(line) < 80 for line in lines)
    assert (lines[-1] == "nothing deviates") is not any(line.startswith("!") for line in expected)


def test_columns_are_aligned_and_numbers_stand_at_the_right() -> None:
    long = server({"/run/p1": {"scur": 12345}}, "a-long-name")
    assert fleet_lines({"lb1": result(long, server({"/run/p1": {}})), "balancer2": {"msg": "gone"}}, {}) == [
        "  load balancer  processes  version  runs for  connections",
        "  lb1            1          3.4.7    2 h                 3",
        "! balancer2      gone",
        "",
        "  backend  server       where  state  weight  sessions  queue  health",
        "  www      a-long-name  all    ready      10     12345      1  UP L4OK",
        "  www      web1         all    ready      10         2      1  UP L4OK",
        "",
        "what deviates is marked !",
    ]


def test_processes_with_the_same_file_name_are_told_in_full() -> None:
    two = [process("/a/p.sock"), process("/b/p.sock")]
    lines = rows({"lb1": result(server({"/a/p.sock": {}, "/b/p.sock": {"status": "DOWN"}}), processes=two)})
    assert [line.split()[-7] for line in lines[:2]] == ["/a/p.sock", "/b/p.sock"]


def document(name: str, *fleets: object) -> str:
    return json.dumps({"backend": "www", "name": name, "fleets": fleets}, indent=2)


FORMER = {"/run/p1": {"state": "ready", "weight": 10}}
UNFINISHED = "a deploy goes on, or broke off"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="no file"),
        pytest.param(document("web1", FORMER), [f"! www/web1 was ready, weight 10 on lb1, lb2: {UNFINISHED}"], id="kept"),
        pytest.param(document("web1", {"/run/other": {"state": "ready"}}), [], id="of another fleet of the machine"),
        pytest.param(document("web9", FORMER), [], id="of a server that is not shown"),
        pytest.param(
            document("web9", FORMER) + "\n" + document("web1", {"/run/p1": {"state": "maint"}}),
            [f"! www/web1 was maint on lb1, lb2: {UNFINISHED}"], id="the second of two files, without a weight",
        ),
        pytest.param("[]\n{" + document("web1", FORMER), [], id="what is no such file"),
    ],
)  # fmt: skip
def test_former_states_that_are_kept_are_told(text: str, expected: list[str]) -> None:
    lines = fleet_lines({"lb1": ONE, "lb2": ONE}, {"lb1": text, "lb2": text, "lb3": text})
    assert [line for line in lines if line.startswith("!")] == expected
    assert lines[-1] == ("what deviates is marked !" if expected else "nothing deviates")
