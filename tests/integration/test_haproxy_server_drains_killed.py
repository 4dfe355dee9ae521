# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``shutdown_sessions``: sessions that are ended on purpose, and only where there are any."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from lab.apps import Apps
from lab.prophecy import sent, told
from lab.recorder import Recorders
from lab.sessions import HeldSession
from lab.tasks import Result, run
from lab.versions import Version

from .drains import (
    MODULE,
    SLACK,
    Balancers,
    Waiting,
    balancers,
    sticky_backend,
    task,
    wait_ended,
)

KILL = "shutdown sessions server www/web1"


@pytest.fixture(params=[1, 4], ids=lambda count: f"processes={count}")
def lab(request: pytest.FixtureRequest, haproxy: Version, apps: Apps) -> Iterator[Balancers]:
    """One process or four, all servers ready."""
    running = balancers(haproxy, request.param, sticky_backend(apps))
    with running.fleet:
        yield running


def _task(lab: Balancers, **options: Any) -> dict[str, Any]:
    """A task that ends sessions; without a state unless one is given."""
    given = {**task(lab, shutdown_sessions=True, drain=False, **options)}
    return given if "state" in options else {name: value for name, value in given.items() if name != "state"}


def _kills(lab: Balancers, lasting: HeldSession, ended: HeldSession, arguments: dict[str, Any]) -> Result:
    """Check mode predicts the commands and ends nothing; the run ends the session, and no other server's."""
    with Recorders(lab.fleet) as recorders:
        arguments = {**arguments, "socket": [str(recorders.directory)]}
        predicted = run(MODULE, arguments, check=True)
        assert recorders.writes() == [[]] * len(recorders), "check mode wrote"
        assert ended.is_open()
        applied = run(MODULE, arguments)
        assert recorders.writes() == sent(applied), "the result tells other commands than were sent"
    assert told(predicted, "servers") == told(applied, "servers")
    wait_ended(ended)
    assert lasting.is_open()
    return applied


def _commands(result: Result) -> list[str]:
    return [line["command"] for line in result["commands"]]


def test_alone_it_ends_sessions_and_nothing_else(lab: Balancers) -> None:
    last = len(lab.ports) - 1
    with lab.hold(last) as ended, lab.hold(last, "web2") as lasting:
        result = _kills(lab, lasting, ended, _task(lab))
    assert result["changed"]
    assert _commands(result) == [KILL], "only the process that has the session gets a command"
    assert result["also_done"] == []
    assert lab.states("web1") == ["ready"] * len(lab.ports)


def test_alone_it_changes_nothing_where_no_session_is(lab: Balancers) -> None:
    with lab.hold(0, "web2") as lasting:
        for check in (True, False):
            result = run(MODULE, _task(lab), check=check)
            assert not result.get("failed"), result["msg"]
            assert not result["changed"]
            assert result["commands"] == []
        assert lasting.is_open()


def test_with_maintenance_sessions_end_after_it(lab: Balancers) -> None:
    with lab.hold(0) as ended, lab.hold(0, "web2") as lasting:
        result = _kills(lab, lasting, ended, _task(lab, state="maint"))
    assert [line["command"] for line in result["commands"]][:2] == ["set server www/web1 state maint", KILL]
    assert len(result["commands"]) == len(lab.ports) + 1
    assert {reading["sessions"] for reading in result["servers"][0]["readings"].values()} == {0}
    again = run(MODULE, _task(lab, state="maint"))
    assert not again["changed"]
    assert again["commands"] == []


def test_with_maintenance_that_is_there_it_ends_what_is_left(lab: Balancers) -> None:
    with lab.hold(0) as ended, lab.hold(0, "web2") as lasting:
        run(MODULE, {**_task(lab, state="maint"), "shutdown_sessions": False})
        result = _kills(lab, lasting, ended, _task(lab, state="maint"))
    assert result["changed"]
    assert _commands(result) == [KILL]


def test_with_drain_sessions_end_at_once(lab: Balancers) -> None:
    with lab.hold(0) as ended, lab.hold(0, "web2") as lasting:
        began = time.monotonic()
        result = _kills(lab, lasting, ended, _task(lab, state="drain"))
        assert time.monotonic() - began < 2 * SLACK
    assert _commands(result)[:2] == ["set server www/web1 state drain", KILL]
    assert lab.states("web1") == ["drain"] * len(lab.ports)


def test_with_a_drain_before_the_maintenance_nothing_is_left_to_end(lab: Balancers) -> None:
    """Sessions get their time first."""
    with lab.hold(0) as session:
        drain = Waiting(task(lab, shutdown_sessions=True))
        lab.wait_for("drain")
        assert drain.keeps_waiting()
        assert session.finish().startswith(b"HTTP/1.1 200")
        result = drain.succeeded()
    assert KILL not in _commands(result)
    assert result["also_done"] == []


def test_after_a_drain_that_was_given_up_it_ends_what_is_left(lab: Balancers) -> None:
    with lab.hold(0) as session:
        result = run(MODULE, task(lab, shutdown_sessions=True, wait_timeout=0.4, on_timeout="continue"))
        assert not result.get("failed"), result["msg"]
        wait_ended(session)
    assert KILL in [*_commands(result), *(line["command"] for line in result["also_done"])]
    assert lab.states("web1") == ["maint"] * len(lab.ports)


@pytest.mark.parametrize("state", ["ready", "enabled", "present"])
def test_with_ready_it_is_refused(apps: Apps, haproxy: Version, state: str) -> None:
    lab = balancers(haproxy, 1, sticky_backend(apps))
    with lab.fleet, lab.hold(0) as session, Recorders(lab.fleet) as recorders:
        failure = run(MODULE, _task(lab, state=state, socket=recorders.sockets))
        assert failure["failed"]
        assert failure["error"] == "InputError"
        assert "shutdown_sessions" in failure["msg"]
        assert recorders.writes() == [[]]
        assert session.is_open()


def test_many_sessions_end_with_one_command(lab: Balancers) -> None:
    held = [lab.hold(0) for _number in range(10)]
    try:
        result = run(MODULE, _task(lab, state="maint"))
        assert _commands(result).count(KILL) == 1
        for session in held:
            wait_ended(session)
    finally:
        for session in held:
            session.close()
