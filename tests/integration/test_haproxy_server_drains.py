# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``drain: true``: draining at once, maintenance after the last session and not before."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from lab.agent import Agent
from lab.apps import Apps
from lab.processes import wait_until
from lab.prophecy import holds, told
from lab.recorder import Recorders
from lab.sessions import HeldSession
from lab.tasks import run
from lab.versions import Version

from .drains import (
    INTERVAL,
    LONG,
    MODULE,
    SLACK,
    Balancers,
    Waiting,
    ask_for,
    balancers,
    odd_backend,
    sticky_backend,
    task,
    warnings_of,
)


@pytest.fixture(params=[1, 4], ids=lambda count: f"processes={count}")
def lab(request: pytest.FixtureRequest, haproxy: Version, apps: Apps) -> Iterator[Balancers]:
    """One process or four, all servers ready."""
    running = balancers(haproxy, request.param, sticky_backend(apps))
    with running.fleet:
        yield running


def test_maintenance_comes_after_the_last_session_of_all_processes(lab: Balancers) -> None:
    last = len(lab.ports) - 1
    with lab.hold(0) as first, lab.hold(last) as second:
        drain = Waiting(task(lab))
        lab.wait_for("drain")
        drained = time.monotonic()
        assert drain.keeps_waiting(), "the task ended though two sessions are left"
        assert first.finish().startswith(b"HTTP/1.1 200")
        assert drain.keeps_waiting(), "the task ended though a session is left"
        assert lab.states("web1") == ["drain"] * len(lab.ports), "maintenance before the last session has ended"
        finished = time.monotonic()
        assert second.finish().startswith(b"HTTP/1.1 200")
        result = drain.succeeded()
    assert drain.ended - finished < INTERVAL + SLACK
    assert result["changed"]
    assert lab.states("web1") == ["maint"] * len(lab.ports)
    # The module sees the drain by reading, a little later than this test did.
    assert finished - drained - INTERVAL <= result["drained_seconds"] <= drain.ended - drain.began
    assert [line["command"] for line in result["commands"] if line["process"] == lab.names[last]] == [
        "set server www/web1 state drain",
        "set server www/web1 state maint",
    ]
    assert result["also_done"] == []
    (row,) = result["servers"]
    assert (row["before"]["state"], row["after"]["state"]) == ("ready", "maint")
    assert {reading["sessions"] for reading in row["readings"].values()} == {0}


def test_check_mode_tells_what_a_run_that_waits_will_do(lab: Balancers) -> None:
    with lab.hold(0) as session:
        began = time.monotonic()
        predicted = run(MODULE, task(lab), check=True)
        assert time.monotonic() - began < SLACK
        assert predicted["drained_seconds"] == 0
        assert lab.states("web1") == ["ready"] * len(lab.ports)
        drain = Waiting(task(lab))
        lab.wait_for("drain")
        session.finish()
        applied = drain.succeeded()
    assert told(predicted, "servers") == told(applied, "servers")


def test_the_law_holds_for_a_server_without_sessions(lab: Balancers) -> None:
    with Recorders(lab.fleet) as recorders:
        result = holds(MODULE, {**task(lab), "socket": [str(recorders.directory)]}, recorders, "servers")
    assert result["drained_seconds"] < SLACK
    assert "old workers are unknown" in warnings_of(result)


def test_a_server_in_maintenance_is_not_opened_again_and_its_sessions_are_waited_for(lab: Balancers) -> None:
    with lab.hold(0) as session, Recorders(lab.fleet) as recorders:
        lab.fleet.ask_all("set server www/web1 state maint")
        drain = Waiting(task(lab, socket=[str(recorders.directory)]))
        wait_until(lambda: recorders.commands()[0].count("show servers state") > 2, LONG, lambda: "it does not wait")
        assert drain.keeps_waiting()
        session.finish()
        result = drain.succeeded()
        assert recorders.writes() == [[]] * len(recorders)
    assert not result["changed"]
    assert result["drained_seconds"] > 0


def test_each_process_goes_its_own_way(haproxy: Version, apps: Apps) -> None:
    """On the first the server is in maintenance, on the second it drains, on the others it is ready."""
    lab = balancers(haproxy, 4, sticky_backend(apps))
    with lab.fleet, lab.hold(0) as first, lab.hold(3) as fourth, Recorders(lab.fleet) as recorders:
        lab.fleet.ask(0, "set server www/web1 state maint")
        lab.fleet.ask(1, "set server www/web1 state drain")
        drain = Waiting(task(lab, socket=[str(recorders.directory)]))
        meanwhile = ["maint", "drain", "drain", "drain"]
        wait_until(lambda: lab.states("web1") == meanwhile, LONG, lambda: str(lab.states("web1")))
        fourth.finish()
        assert drain.keeps_waiting(), "the session on the process in maintenance counts, too"
        first.finish()
        result = drain.succeeded()
        drained, closed = (f"set server www/web1 state {state}" for state in ("drain", "maint"))
        assert recorders.writes() == [[], [closed], [drained, closed], [drained, closed]]
    (row,) = result["servers"]
    names = [process["name"] for process in result["processes"]]
    assert row["before"]["state"] == dict(zip(names, ("maint", "drain", "ready", "ready"), strict=True))
    assert row["after"]["state"] == "maint"


@pytest.mark.parametrize("count", [1, 4], ids=lambda count: f"processes={count}")
def test_servers_of_every_kind_without_sessions_are_drained_at_once(haproxy: Version, apps: Apps, count: int) -> None:
    """DOWN, unchecked, tracking, drained by the agent, draining and in maintenance by themselves."""
    with Agent("drain") as agent:
        lab = balancers(haproxy, count, sticky_backend(apps) + odd_backend(apps, agent.port))
        with lab.fleet:

            def settled() -> bool:
                down = all(lab.cell(number, "dead1", "status", "odd") == "DOWN" for number in range(count))
                return down and lab.states("agented1", "odd") == ["drain"] * count

            wait_until(settled, LONG, lambda: "dead1 is not down, or the agent was not heard")
            agent.says = "up"  # which lifts no drain; "drain" would undo the maintenance
            asked = len(agent.heard)
            wait_until(lambda: len(agent.heard) > asked + 3 * count, LONG, lambda: "the agent is not asked any more")
            lab.fleet.ask_all("set server www/web2 state drain")
            with Recorders(lab.fleet) as recorders:
                names = ["dead1", "plain1", "follow1", "checked1", "agented1", "off1", "web2"]
                began = time.monotonic()
                arguments = task(lab, backend=["*"], socket=[str(recorders.directory)])
                result = holds(MODULE, {**arguments, "name": names}, recorders, "servers")
                assert time.monotonic() - began < 3 * SLACK
            sent = [line["command"] for line in result["commands"]]
            drained = {command.split()[2] for command in sent if command.endswith(" drain")}
            assert drained == {"odd/dead1", "odd/plain1", "odd/follow1", "odd/checked1"}
            assert {row["after"]["state"] for row in result["servers"]} == {"maint"}


def test_a_client_that_slips_in_before_the_maintenance_is_waited_for(lab: Balancers) -> None:
    """Clients that are bound by a cookie still reach a draining server, also after the last reading."""
    slipped: list[HeldSession] = []

    def slip_in(request: bytes) -> bytes | None:
        if b"state maint" in request and not slipped:
            slipped.append(lab.hold(len(lab.ports) - 1))
        return None

    with Recorders(lab.fleet) as recorders:
        recorders[len(lab.ports) - 1].swallow = slip_in
        drain = Waiting(task(lab, socket=[str(recorders.directory)]))
        lab.wait_for("maint")
        (session,) = slipped
        assert drain.keeps_waiting(), "a session of a persistent client is left"
        assert session.finish().startswith(b"HTTP/1.1 200")
        result = drain.succeeded()
    assert lab.states("web1") == ["maint"] * len(lab.ports)
    assert result["drained_seconds"] >= 3 * INTERVAL


def test_a_client_that_slips_in_and_stays_fails_the_task_in_maintenance(lab: Balancers) -> None:
    slipped: list[HeldSession] = []

    def slip_in(request: bytes) -> bytes | None:
        if b"state maint" in request and not slipped:
            slipped.append(lab.hold(0))
        return None

    with Recorders(lab.fleet) as recorders:
        recorders[0].swallow = slip_in
        failure = run(MODULE, task(lab, socket=[str(recorders.directory)], wait_timeout=0.5))
    (session,) = slipped
    assert failure["failed"]
    assert failure["error"] == "WaitTimedOut"
    assert "1 sessions and 0 queued requests of www/web1" in failure["msg"]
    assert failure["changed"]
    assert len(failure["done"]) == 2 * len(lab.ports)
    assert session.is_open()
    session.close()


def test_requests_in_the_servers_own_queue_count(lab: Balancers) -> None:
    """web4 serves one at a time: of two clients that are bound to it one waits in its queue."""
    with lab.hold(0, "web4") as served, ask_for(lab.ports[0], "web4") as queued:
        wait_until(lambda: lab.cell(0, "web4", "qcur") == "1", LONG, lambda: "nothing is queued")
        failure = run(MODULE, task(lab, "web4", wait_timeout=0))
        assert f"1 sessions and 1 queued requests of www/web4 on {lab.names[0]}" in failure["msg"]
        drain = Waiting(task(lab, "web4"))
        assert served.finish().startswith(b"HTTP/1.1 200")
        assert drain.keeps_waiting(), "the one that was queued is served now"
        assert queued.finish().startswith(b"HTTP/1.1 200")
        result = drain.succeeded()
    assert result["changed"]
    assert lab.states("web4") == ["maint"] * len(lab.ports)


def test_other_servers_sessions_do_not_matter(lab: Balancers) -> None:
    with lab.hold(0, "web2") as other:
        began = time.monotonic()
        result = run(MODULE, task(lab))
        assert not result.get("failed"), result["msg"]
        assert time.monotonic() - began < SLACK
        assert other.is_open()
        assert lab.states("web2") == ["ready"] * len(lab.ports)


def test_drain_means_nothing_more_with_another_state(lab: Balancers) -> None:
    """With ``ready`` and with ``drain`` there is no maintenance to drain before, and nothing is waited for."""
    with lab.hold(0):
        drained = run(MODULE, task(lab, state="drain"))
        assert not drained.get("failed"), drained["msg"]
        assert "drained_seconds" not in drained
        back = run(MODULE, task(lab, state="ready"))
    assert not back.get("failed"), back["msg"]
    assert lab.states("web1") == ["ready"] * len(lab.ports)
