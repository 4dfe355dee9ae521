# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``state: absent`` of a server that has sessions: they are waited for, and a server that cannot go is put back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lab.apps import Apps
from lab.oracle import servers
from lab.recorder import Recorders
from lab.sessions import HeldSession
from lab.tasks import run
from lab.versions import oldest, versions

from .drains import (
    LONG,
    MODULE,
    Balancers,
    Waiting,
    balancers,
    sticky_backend,
    task,
    wait_ended,
)

CAPABLE = [version for version in versions() if version.number >= (2, 6)]
DELETE = "del server www/web1"


@pytest.fixture(
    params=[(version, count) for version in CAPABLE for count in (1, 4)],
    ids=lambda param: f"haproxy={param[0]}-processes={param[1]}",
)
def lab(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Balancers]:
    """One process or four of a version that can delete servers, all of them ready."""
    version, count = request.param
    running = balancers(version, count, sticky_backend(apps))
    with running.fleet:
        yield running


def _task(lab: Balancers, **options: Any) -> dict[str, Any]:
    return {**task(lab, drain=False), "state": "absent", **options}


def _gone(lab: Balancers) -> bool:
    return all(("www", "web1") not in servers(lab.fleet, index) for index in range(len(lab.ports)))


def test_sessions_are_waited_for_in_maintenance(lab: Balancers) -> None:
    with lab.hold(len(lab.ports) - 1) as session:
        predicted = run(MODULE, _task(lab), check=True)
        going = Waiting(_task(lab))
        lab.wait_for("maint")
        assert going.keeps_waiting(), "the server has a session"
        assert not _gone(lab)
        assert session.finish().startswith(b"HTTP/1.1 200")
        result = going.succeeded()
    assert _gone(lab)
    assert result["commands"] == predicted["commands"]
    assert [line["command"] for line in result["commands"]][:2] == ["set server www/web1 state maint", DELETE]
    assert result["drained_seconds"] > 0
    assert result["servers"][0]["before"]["state"] == "ready"
    assert result["servers"][0]["after"]["state"] == "absent"
    again = run(MODULE, _task(lab))
    assert not again.get("failed"), again["msg"]
    assert not again["changed"]


def test_with_drain_it_drains_before(lab: Balancers) -> None:
    with lab.hold(0) as session:
        going = Waiting(_task(lab, drain=True))
        lab.wait_for("drain")
        assert going.keeps_waiting()
        assert lab.states("web1") == ["drain"] * len(lab.ports)
        session.finish()
        result = going.succeeded()
    assert _gone(lab)
    sent = [line["command"] for line in result["commands"] if line["process"] == lab.names[0]]
    assert sent == ["set server www/web1 state drain", "set server www/web1 state maint", DELETE]


@pytest.mark.parametrize("former", ["ready", "drain", "maint"])
def test_when_time_is_over_the_former_state_is_restored(lab: Balancers, former: str) -> None:
    """Also where only one process had another state before."""
    with lab.hold(0) as session:
        lab.fleet.ask(0, f"set server www/web1 state {former}")
        before = lab.states("web1")
        failure = run(MODULE, _task(lab, wait_timeout=0.4))
        assert failure["failed"]
        assert failure["error"] == "WaitTimedOut"
        assert f"1 sessions and 0 queued requests of www/web1 on {lab.names[0]}" in failure["msg"]
        assert lab.states("web1") == before
        assert session.is_open()
    if before != ["maint"] * len(before):
        assert "the former state was restored" in failure["msg"]
        assert failure["also_done"], "what brought it back is told"
        assert failure["changed"]


def test_with_drain_a_server_that_keeps_its_sessions_stays_draining(lab: Balancers) -> None:
    """As with ``maint``: it was not in maintenance yet, so that there is nothing to restore."""
    with lab.hold(0) as session:
        failure = run(MODULE, _task(lab, drain=True, wait_timeout=0.4))
        assert failure["error"] == "WaitTimedOut"
        assert failure["also_done"] == []
        assert lab.states("web1") == ["drain"] * len(lab.ports)
        assert session.is_open()


def test_with_drain_a_client_that_slips_in_and_stays_brings_the_former_state_back(lab: Balancers) -> None:
    slipped: list[HeldSession] = []

    def slip_in(request: bytes) -> bytes | None:
        if b"state maint" in request and not slipped:
            slipped.append(lab.hold(0))
        return None

    with Recorders(lab.fleet) as recorders:
        recorders[0].swallow = slip_in
        failure = run(MODULE, _task(lab, drain=True, socket=[str(recorders.directory)], wait_timeout=0.4))
    assert failure["error"] == "WaitTimedOut"
    assert "the former state was restored" in failure["msg"]
    assert lab.states("web1") == ["ready"] * len(lab.ports)
    assert slipped[0].is_open()
    slipped[0].close()


def test_a_client_that_slips_in_is_waited_for(lab: Balancers) -> None:
    slipped: list[HeldSession] = []

    def slip_in(request: bytes) -> bytes | None:
        if b"state maint" in request and not slipped:
            slipped.append(lab.hold(0))
        return None

    with Recorders(lab.fleet) as recorders:
        recorders[0].swallow = slip_in
        going = Waiting(_task(lab, drain=True, socket=[str(recorders.directory)]))
        lab.wait_for("maint")
        assert going.keeps_waiting()
        assert not _gone(lab)
        slipped[0].finish()
        going.succeeded()
    assert _gone(lab)


def test_nothing_is_deleted_while_one_process_has_sessions(lab: Balancers) -> None:
    """HAProxy would refuse it there when it is gone from the others, and no way leads back."""
    with lab.hold(len(lab.ports) - 1) as session:
        failure = run(MODULE, _task(lab, wait_timeout=0.4, on_timeout="continue"))
        assert failure["error"] == "WaitTimedOut"
        assert "so nothing is deleted anywhere; the former state was restored" in failure["msg"]
        assert not any(DELETE in line["command"] for line in [*failure["done"], *failure["also_done"]])
        for index in range(len(lab.ports)):
            assert servers(lab.fleet, index)["www", "web1"].state == "ready"
        assert session.is_open()


def test_shutdown_ends_the_sessions_and_the_server_goes(lab: Balancers) -> None:
    with lab.hold(0) as session, lab.hold(0, "web2") as other:
        result = run(MODULE, _task(lab, wait_timeout=0.4, on_timeout="shutdown"))
        assert not result.get("failed"), result["msg"]
        wait_ended(session)
        assert other.is_open()
    assert {"process": lab.names[0], "command": "shutdown sessions server www/web1"} in result["also_done"]
    assert _gone(lab)


def test_shutdown_sessions_waits_for_none(lab: Balancers) -> None:
    with lab.hold(0) as session:
        result = run(MODULE, _task(lab, shutdown_sessions=True, wait_timeout=LONG))
        assert not result.get("failed"), result["msg"]
        wait_ended(session)
    assert "shutdown sessions server www/web1" in [line["command"] for line in result["commands"]]
    assert _gone(lab)


def test_a_version_that_cannot_delete_says_so_before_anything_is_sent(apps: Apps) -> None:
    lab = balancers(oldest(), 4, sticky_backend(apps))
    with lab.fleet, Recorders(lab.fleet) as recorders:
        failure = run(MODULE, _task(lab, drain=True, socket=[str(recorders.directory)]))
        assert failure["error"] == "FeatureMissing"
        assert "needs HAProxy 2." in failure["msg"]
        assert recorders.writes() == [[]] * 4
