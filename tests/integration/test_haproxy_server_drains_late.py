# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drains that do not end in time: fail, end the sessions, or go on; and how long "in time" is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from lab.apps import Apps
from lab.prophecy import told
from lab.recorder import Recorders
from lab.tasks import run
from lab.versions import Version, newest

from .drains import (
    INTERVAL,
    MODULE,
    SLACK,
    Balancers,
    Waiting,
    balancers,
    sticky_backend,
    task,
    wait_ended,
    warnings_of,
)

SHORT = 0.4
"""Seconds that a task waits for sessions that stay."""


@pytest.fixture(params=[1, 4], ids=lambda count: f"processes={count}")
def lab(request: pytest.FixtureRequest, haproxy: Version, apps: Apps) -> Iterator[Balancers]:
    """One process or four, all servers ready."""
    running = balancers(haproxy, request.param, sticky_backend(apps))
    with running.fleet:
        yield running


@pytest.fixture
def single(haproxy: Version, apps: Apps) -> Iterator[Balancers]:
    """One process."""
    running = balancers(haproxy, 1, sticky_backend(apps))
    with running.fleet:
        yield running


def test_fail_says_what_is_left_where_and_leaves_the_server_draining(lab: Balancers) -> None:
    last = len(lab.ports) - 1
    with lab.hold(0) as first, lab.hold(last) as second:
        began = time.monotonic()
        failure = run(MODULE, task(lab, wait_timeout=SHORT))
        assert SHORT <= time.monotonic() - began < SHORT + INTERVAL + SLACK
        assert failure["failed"]
        assert failure["error"] == "WaitTimedOut"
        for name, sessions in {lab.names[0]: 1 + (last == 0), lab.names[last]: 1 + (last == 0)}.items():
            assert f"{sessions} sessions and 0 queued requests of www/web1 on {name}" in failure["msg"]
        assert failure["msg"].count("queued requests") == len({0, last}), "a process without sessions is named"
        drains = [{"process": name, "command": "set server www/web1 state drain"} for name in lab.names]
        assert failure["done"] == failure["commands"] == drains
        assert failure["also_done"] == []
        assert failure["changed"]
        assert lab.states("web1") == ["drain"] * len(lab.ports)
        assert first.is_open()
        assert second.is_open()


def test_the_next_run_goes_on_where_the_failed_one_stopped(lab: Balancers) -> None:
    with lab.hold(0) as session:
        run(MODULE, task(lab, wait_timeout=SHORT))
        session.finish()
    result = run(MODULE, task(lab))
    assert [line["command"] for line in result["commands"]] == ["set server www/web1 state maint"] * len(lab.ports)
    assert result["servers"][0]["before"]["state"] == "drain"


def test_shutdown_ends_the_sessions_that_are_left_and_goes_on(lab: Balancers) -> None:
    last = len(lab.ports) - 1
    with lab.hold(0) as first, lab.hold(last) as second, lab.hold(0, "web2") as other:
        began = time.monotonic()
        predicted = run(MODULE, task(lab, wait_timeout=SHORT, on_timeout="shutdown"), check=True)
        result = run(MODULE, task(lab, wait_timeout=SHORT, on_timeout="shutdown"))
        assert SHORT <= time.monotonic() - began < SHORT + 2 * SLACK
        assert not result.get("failed"), result["msg"]
        wait_ended(first)
        wait_ended(second)
        assert other.is_open()
    kills = [
        {"process": name, "command": "shutdown sessions server www/web1"}
        for name in sorted({lab.names[0], lab.names[last]})
    ]
    assert result["also_done"] == kills
    assert lab.states("web1") == ["maint"] * len(lab.ports)
    assert result["drained_seconds"] >= SHORT
    assert {reading["sessions"] for reading in result["servers"][0]["readings"].values()} == {0}
    assert told({**predicted, "also_done": kills}, "servers") == told(result, "servers")


def test_shutdown_for_state_drain_alone(lab: Balancers) -> None:
    with lab.hold(0) as session:
        late = task(lab, state="drain", wait=True, wait_timeout=SHORT, on_timeout="shutdown")
        result = run(MODULE, late)
        assert not result.get("failed"), result["msg"]
        wait_ended(session)
    assert result["also_done"] == [{"process": lab.names[0], "command": "shutdown sessions server www/web1"}]
    assert lab.states("web1") == ["drain"] * len(lab.ports)


def test_sessions_that_end_in_time_are_not_shut_down(lab: Balancers) -> None:
    with lab.hold(0) as session:
        drain = Waiting(task(lab, on_timeout="shutdown"))
        lab.wait_for("drain")
        assert session.finish().startswith(b"HTTP/1.1 200")
        result = drain.succeeded()
    assert result["also_done"] == []


def test_continue_goes_on_with_a_warning(lab: Balancers) -> None:
    with lab.hold(0) as session:
        began = time.monotonic()
        result = run(MODULE, task(lab, wait_timeout=SHORT, on_timeout="continue"))
        assert SHORT <= time.monotonic() - began < SHORT + SLACK
        assert not result.get("failed"), result["msg"]
        assert "no longer waiting for 1 sessions and 0 queued requests of www/web1" in warnings_of(result)
        assert session.is_open()
        assert session.finish().startswith(b"HTTP/1.1 200"), "maintenance ends no session"
    assert result["also_done"] == []
    assert lab.states("web1") == ["maint"] * len(lab.ports)


def test_continue_waits_once_and_no_longer_than_asked(apps: Apps) -> None:
    """The wait before the maintenance and the one after it are one: what was given up is not waited for again."""
    timeout = 2 * SLACK
    single = balancers(newest(), 1, sticky_backend(apps))
    with single.fleet, single.hold(0):
        result = run(MODULE, task(single, wait_timeout=timeout, on_timeout="continue"))
    assert not result.get("failed"), result["msg"]
    assert timeout <= result["drained_seconds"] < timeout + SLACK


def test_what_is_no_longer_waited_for_is_told_once(single: Balancers) -> None:
    with single.hold(0):
        result = run(MODULE, task(single, wait_timeout=SHORT, on_timeout="continue"))
    assert not result.get("failed"), result["msg"]
    assert warnings_of(result).count("no longer waiting") == 1


def test_no_time_at_all_is_one_reading(single: Balancers) -> None:
    with single.hold(0), Recorders(single.fleet) as recorders:
        single.fleet.ask_all("set server www/web1 state drain")
        failure = run(MODULE, task(single, socket=recorders.sockets, wait_timeout=0))
        assert failure["error"] == "WaitTimedOut"
        assert not failure["changed"]
        assert recorders[0].commands().count("show servers state") == 1
    recovered = run(MODULE, task(single, wait_timeout=0))
    assert not recovered.get("failed"), "nothing is left, so no time is needed"


RETRIES: dict[str, tuple[dict[str, Any], float]] = {
    "one": ({"wait_retries": 1, "wait_interval": 0.3}, 0.3),
    "some": ({"wait_retries": 4, "wait_interval": 0.15}, 0.6),
}


@pytest.mark.parametrize(("options", "seconds"), RETRIES.values(), ids=RETRIES)
def test_retries_and_interval_make_the_timeout(single: Balancers, options: dict[str, Any], seconds: float) -> None:
    arguments = {name: value for name, value in task(single).items() if name not in ("wait_timeout", "wait_interval")}
    with single.hold(0), Recorders(single.fleet) as recorders:
        began = time.monotonic()
        failure = run(MODULE, {**arguments, **options, "socket": recorders.sockets})
        assert seconds <= time.monotonic() - began < seconds + SLACK
        assert failure["error"] == "WaitTimedOut"
        readings = recorders[0].commands().count("show servers state")
        # Before the drain, to confirm it, and then as often as asked, or less where the machine is slow.
        assert 3 <= readings <= 2 + options["wait_retries"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"wait_retries": 3, "wait_timeout": 3}, "mutually exclusive"),
        ({"wait_retries": 0, "wait_timeout": None}, "wait_retries is 0"),
        ({"wait_retries": -1, "wait_timeout": None}, "wait_retries is -1"),
        ({"wait_timeout": -1}, "wait_timeout is -1"),
        ({"wait_interval": 0}, "wait_interval is 0"),
        ({"on_timeout": "wait"}, "on_timeout must be one of"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
def test_times_that_cannot_be_meant_are_refused(single: Balancers, options: dict[str, Any], words: str) -> None:
    given = {name: value for name, value in {**task(single), **options}.items() if value is not None}
    failure = run(MODULE, given)
    assert failure["failed"]
    assert words in failure["msg"]
    assert single.states("web1") == ["ready"]
