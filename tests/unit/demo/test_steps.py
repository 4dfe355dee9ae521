# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo reads from Ansible and from HAProxy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo import steps
from demo.balancer import has_nbproc, version_in
from demo.steps import Event, Narrator, event_of, reason
from demo.witness import Drain, Status, statuses
from lab.errors import LabError

PLAYBOOK = Path(steps.__file__).with_name("rolling_deploy.yml")
FOUR: dict[str, Any] = {"results": [{"processes": [{}, {}, {}, {}]}]}


def narrator(drains: dict[str, Drain]) -> Narrator:
    return Narrator(100.0, drains.get, ("v1", "v2"))


def test_the_steps_are_tasks_of_the_playbook() -> None:
    (play,) = yaml.safe_load(PLAYBOOK.read_text(encoding="utf-8"))
    assert {steps.DRAIN, steps.INSTALL, steps.ANSWERS, steps.READY} <= {task["name"] for task in play["tasks"]}


def test_a_drain_is_told_with_what_the_witness_saw() -> None:
    told = narrator({"web1": Drain(100.5, 100.6, 7)}).line(Event("ok", "web1", steps.DRAIN, 102.5, FOUR))
    assert told == "   2.5 s  web1  drained   waited 2.0 s for 7 sessions on 4 processes"


def test_a_drain_that_the_witness_missed_is_told_so() -> None:
    told = narrator({}).line(Event("ok", "web1", steps.DRAIN, 102.5, FOUR))
    assert told is not None
    assert told.endswith("on 4 processes, unseen by the witness")


def test_a_deploy_takes_from_its_first_task_to_its_last() -> None:
    teller = narrator({})
    assert teller.line(Event("start", "web1", steps.INSTALL, 103.0, {})) is None
    told = teller.line(Event("ok", "web1", steps.ANSWERS, 104.5, {}))
    assert told == "   4.5 s  web1  deployed  v1 -> v2, stopped and started, 1.5 s"


@pytest.mark.parametrize("kind", ["skipped", "failed", "ignored"])
def test_what_did_not_happen_is_not_told(kind: str) -> None:
    assert narrator({}).line(Event(kind, "web1", steps.DRAIN, 102.5, {})) is None


def test_other_output_is_no_event() -> None:
    event = Event("ok", "web1", "a task", 1.0, {})
    line = {"event": event.kind, **{name: getattr(event, name) for name in event._fields[1:]}}
    assert event_of(json.dumps(line) + "\n") == event
    assert [event_of(text) for text in ("", "[WARNING]: text", "[1]", "{}", "null")] == [None] * 5


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"msg": "no"}, "web1: a task: no"),
        ({"msg": "items failed", "results": [{"msg": "fine"}, {"failed": True, "msg": "no"}]}, "web1: a task: no"),
        ({"msg": "items failed", "results": [{}, {"exception": "", "msg": "no"}]}, "web1: a task: no"),
        ({}, "web1: a task: it failed"),
    ],
)
def test_a_failure_says_why(result: dict[str, object], words: str) -> None:
    assert reason(Event("failed", "web1", "a task", 1.0, result)) == words


def test_servers_are_read_from_the_columns_by_their_names() -> None:
    reply = "# pxname,svname,scur,status,type,\nwww,web1,3,DRAIN,2,\nwww,web2,1,UP 1/2,2,\nwww,BACKEND,4,UP,1,\n\n"
    assert statuses(reply) == {"web1": Status(True, 3), "web2": Status(False, 1)}


@pytest.mark.parametrize(
    ("words", "version", "nbproc"),
    [
        ("HA-Proxy version 2.2.9-2+deb11u6 2023/08/16 - https://haproxy.org/\n", "2.2.9-2+deb11u6", True),
        ("HAProxy version 2.6.12-1+deb12u3 2025/10/03 - https://haproxy.org/\n", "2.6.12-1+deb12u3", False),
        ("HAProxy version 3.4-dev1-5f2a 2026/01/01 - https://haproxy.org/\n", "3.4-dev1-5f2a", False),
    ],
)
def test_the_version_decides_about_nbproc(words: str, version: str, nbproc: bool) -> None:
    assert version_in(words) == version
    assert has_nbproc(version) is nbproc


def test_another_program_is_no_haproxy() -> None:
    with pytest.raises(LabError, match=r"^this is no HAProxy: 'bash 5'$"):
        version_in("bash 5\nmore")
