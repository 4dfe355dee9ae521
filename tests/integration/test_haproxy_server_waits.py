# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting: a drain ends with the last session and not before, and up means up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lab.apps import Apps
from lab.config import bind_lines, servers_body
from lab.fleet import Fleet, layout, one
from lab.oracle import servers
from lab.ports import free_port
from lab.processes import wait_until
from lab.recorder import Recorder
from lab.sessions import HeldSession, hold_session
from lab.tasks import Result, run
from lab.versions import Version

MODULE = "haproxy_server"
INTERVAL = 0.1
# What a task may need beside its own waiting on a machine that does other things too, in seconds.
SLACK = 2.0


class Waiting:
    """A task in a thread of its own, and the moment at which it ended."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.result: Result = {}
        self.ended = 0.0
        self._thread = threading.Thread(target=self._run, args=(arguments,))
        self._thread.start()

    def _run(self, arguments: dict[str, Any]) -> None:
        self.result = run(MODULE, arguments)
        self.ended = time.monotonic()

    @property
    def waits(self) -> bool:
        """Whether it has not ended yet."""
        return self._thread.is_alive()

    def join(self) -> Result:
        """Its result, at most 20 s later."""
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self.result


def _all_up(fleet: Fleet) -> bool:
    return all(reply.count(",UP,") == 4 for reply in fleet.ask_all("show stat www 4 -1"))


def _all_drain(fleet: Fleet, name: str) -> bool:
    return all(servers(fleet, index)["www", name].state == "drain" for index in range(len(fleet.sockets)))


@pytest.fixture(params=[1, 4], ids=lambda count: f"processes={count}")
def fleet(request: pytest.FixtureRequest, haproxy: Version, apps: Apps) -> Iterator[tuple[Fleet, int]]:
    """A fleet with its frontend's port, all of its servers up."""
    port = free_port()
    binds = bind_lines(port, processes=request.param if haproxy.has_nbproc else 1)
    with layout(haproxy, request.param, servers_body(apps.ports, binds=binds)) as running:
        wait_until(lambda: _all_up(running), 5, lambda: "servers are not up")
        yield running, port


def _server_of(fleet: Fleet, session: HeldSession) -> str:
    """The server of www that holds the one session there is."""
    assert session.is_open()
    for index in range(len(fleet.sockets)):
        lines = fleet.ask(index, "show stat www 4 -1").splitlines()
        names = lines[0].removeprefix("# ").split(",")
        for line in lines[1:]:
            cells = dict(zip(names, line.split(","), strict=False))
            if cells.get("scur") == "1":
                return cells["svname"]
    raise AssertionError("no server has the session")


def _task(fleet: Fleet, name: str, **options: Any) -> dict[str, Any]:
    place = {"backend": ["www"], "socket": [str(fleet.directory)], "wait": True, "wait_interval": INTERVAL}
    return {"name": [name], **place, **options}


def test_a_drain_waits_for_the_last_session_and_ends_with_it(fleet: tuple[Fleet, int]) -> None:
    balancer, port = fleet
    with hold_session(port) as session:
        name = _server_of(balancer, session)
        task = Waiting(_task(balancer, name, state="drain", wait_timeout=20))
        wait_until(lambda: _all_drain(balancer, name), 5, lambda: "not drained")
        time.sleep(3 * INTERVAL)  # three readings, any of which might end the wait too early
        assert task.waits, "the task ended though a session is left"
        assert session.finish().startswith(b"HTTP/1.1 200")
        finished = time.monotonic()
        result = task.join()
    assert not result.get("failed"), result["msg"]
    assert result["changed"]
    assert task.ended - finished < INTERVAL + SLACK
    assert {reading["sessions"] for reading in result["servers"][0]["readings"].values()} == {0}


def test_a_drain_that_does_not_end_says_what_is_left_and_stays(fleet: tuple[Fleet, int]) -> None:
    balancer, port = fleet
    with hold_session(port) as session:
        name = _server_of(balancer, session)
        began = time.monotonic()
        failure = run(MODULE, _task(balancer, name, state="drain", wait_timeout=0.4))
        assert 0.4 <= time.monotonic() - began < 0.4 + INTERVAL + SLACK
        assert failure["failed"]
        assert failure["error"] == "WaitTimedOut"
        assert failure["changed"]
        assert f"1 sessions and 0 queued requests of www/{name} on {balancer.directory}" in failure["msg"]
        assert len(failure["done"]) == len(balancer.sockets)
        assert servers(balancer, 0)["www", name].state == "drain"
        assert session.is_open()


def test_check_mode_never_waits(fleet: tuple[Fleet, int]) -> None:
    balancer, port = fleet
    with hold_session(port) as session:
        name = _server_of(balancer, session)
        began = time.monotonic()
        predicted = run(MODULE, _task(balancer, name, state="drain", wait_timeout=20), check=True)
        assert time.monotonic() - began < SLACK
        assert predicted["changed"]


def test_a_check_that_sleeps_is_told(fleet: tuple[Fleet, int]) -> None:
    """Disabled in maintenance and enabled after it, a check never runs again, and the server is never plainly up."""
    balancer, _port = fleet
    for step in ({"state": "maint"}, {"health_check": "disabled"}, {"state": "ready"}):
        assert not run(MODULE, _task(balancer, "web1", **{**step, "wait": False})).get("failed")
    told = run(MODULE, _task(balancer, "web1", health_check="enabled", wait=False))
    assert "lets it sleep" in str(told["warnings"])
    failure = run(MODULE, _task(balancer, "web1", state="ready", wait_timeout=0.5))
    assert "its check sleeps until it has been in maintenance again" in failure["msg"]
    for state in ("maint", "ready"):
        assert not run(MODULE, _task(balancer, "web1", state=state, wait_timeout=20)).get("failed")


@pytest.mark.parametrize("name", ["dead1", "off1", "follow1", "spare1"])
def test_a_server_without_sessions_is_drained_at_once(fleet: tuple[Fleet, int], name: str) -> None:
    """DOWN, in maintenance, tracking, backup: what counts is the server's own flag and its sessions."""
    balancer, _port = fleet
    began = time.monotonic()
    result = run(MODULE, _task(balancer, name, backend=["odd"], state="drain", wait_timeout=20))
    assert not result.get("failed"), result["msg"]
    assert result["changed"]
    assert time.monotonic() - began < SLACK
    again = run(MODULE, _task(balancer, name, backend=["odd"], state="drain", wait_timeout=20))
    assert not again["changed"]


def test_a_server_without_a_check_is_up_at_once(fleet: tuple[Fleet, int]) -> None:
    balancer, _port = fleet
    run(MODULE, _task(balancer, "api1", backend=["api"], state="maint"))
    began = time.monotonic()
    result = run(MODULE, _task(balancer, "api1", backend=["api"], state="ready", wait_timeout=20))
    assert result["changed"]
    assert time.monotonic() - began < SLACK


def test_ready_waits_for_the_check_of_a_server_that_comes_back(fleet: tuple[Fleet, int], apps: Apps) -> None:
    """The application is down when the server comes back, though HAProxy may call it UP for a moment."""
    balancer, _port = fleet
    run(MODULE, _task(balancer, "web2", state="maint"))
    apps.stop_port(apps.ports[1])
    try:
        task = Waiting(_task(balancer, "web2", state="ready", wait_timeout=20, wait_interval=0.5))
        time.sleep(1.5)  # three readings, any of which might take the state before the first check for the truth
        assert task.waits, "the task took a server for up whose application is down"
    finally:
        apps.start_port(apps.ports[1])
    result = task.join()
    assert not result.get("failed"), result["msg"]
    statuses = {reading["status"] for reading in result["servers"][0]["readings"].values()}
    assert statuses == {"UP"}


def test_a_server_that_does_not_come_up_fails_with_its_last_check(fleet: tuple[Fleet, int]) -> None:
    balancer, _port = fleet
    failure = run(MODULE, _task(balancer, "dead1", backend=["odd"], state="ready", wait_timeout=0.3))
    assert failure["failed"]
    assert failure["error"] == "WaitTimedOut"
    assert "odd/dead1" in failure["msg"]
    assert "L4CON" in failure["msg"]
    assert not failure["changed"], "it was ready already"


def test_one_reading_is_always_made(fleet: tuple[Fleet, int]) -> None:
    balancer, _port = fleet
    result = run(MODULE, _task(balancer, "web1", state="ready", wait_timeout=0))
    assert not result.get("failed"), result["msg"]
    assert not result["changed"]


def test_ready_under_an_inherited_flag_fails_at_once_and_names_the_cause(fleet: tuple[Fleet, int]) -> None:
    balancer, _port = fleet
    run(MODULE, _task(balancer, "web1", state="maint"))
    began = time.monotonic()
    failure = run(MODULE, _task(balancer, "follow1", backend=["odd"], state="ready", wait_timeout=20))
    assert time.monotonic() - began < SLACK
    assert failure["failed"]
    assert failure["error"] == "Hopeless"
    assert "odd/follow1 is ready itself, but in maint by www/web1" in failure["msg"]
    arguments = _task(balancer, "web1", backend=["www", "odd"], state="ready", wait_timeout=20)
    both = run(MODULE, {**arguments, "name": ["web1", "follow1"]})
    assert not both.get("failed"), both["msg"]


def test_slow_start_is_waited_for(haproxy: Version, apps: Apps) -> None:
    body = f"backend www\n    server web1 127.0.0.1:{apps.ports[0]} check inter 100ms slowstart 2s\n"
    with one(haproxy, body) as balancer:
        wait_until(lambda: ",UP," in balancer.ask(0, "show stat www 4 -1"), 5, lambda: "not up")
        run(MODULE, _task(balancer, "web1", state="maint"))
        began = time.monotonic()
        result = run(MODULE, _task(balancer, "web1", state="ready", wait_timeout=20))
        assert not result.get("failed"), result["msg"]
        assert time.monotonic() - began > 1.5


def test_somebody_who_undoes_the_drain_ends_the_wait(haproxy: Version, apps: Apps) -> None:
    port = free_port()
    with one(haproxy, servers_body(apps.ports, binds=bind_lines(port))) as balancer:
        wait_until(lambda: _all_up(balancer), 5, lambda: "servers are not up")
        with hold_session(port) as session:
            name = _server_of(balancer, session)
            task = Waiting(_task(balancer, name, state="drain", wait_timeout=20))
            wait_until(lambda: servers(balancer, 0)["www", name].state == "drain", 5, lambda: "not drained")
            balancer.ask(0, f"set server www/{name} state ready")
            failure = task.join()
        assert failure["error"] == "NotConverged"
        assert f"state of www/{name} is ready, not drain" in failure["msg"]


def test_a_wait_reads_no_more_often_than_asked(haproxy: Version, apps: Apps) -> None:
    port = free_port()
    with one(haproxy, servers_body(apps.ports, binds=bind_lines(port))) as balancer:
        wait_until(lambda: _all_up(balancer), 5, lambda: "servers are not up")
        with hold_session(port) as session, Recorder(balancer.sockets[0]) as recorder:
            name = _server_of(balancer, session)
            task = _task(balancer, name, socket=[recorder.path], state="drain", wait_timeout=0.5, wait_interval=0.25)
            run(MODULE, task)
            # facts; then a table of states and one of statistics for: observe, confirm, and two more of the wait
            assert len([1 for request, _reply in recorder.exchanges if b"show servers state" in request]) == 4


@pytest.mark.parametrize("interval", [0.3, 0.5])
def test_a_result_from_before_the_maintenance_is_not_believed(haproxy: Version, interval: float) -> None:
    """With ``fall 1`` HAProxy calls a server UP before it has checked, and shows the result from before."""
    with Apps(1) as own:
        (port,) = own.ports
        body = f"backend www\n    server web1 127.0.0.1:{port} check inter 1500ms fall 1 rise 1\n"
        with one(haproxy, body) as balancer:
            wait_until(lambda: ",UP," in balancer.ask(0, "show stat www 4 -1"), 5, lambda: "not up")
            run(MODULE, _task(balancer, "web1", state="maint"))
            own.stop_port(port)
            task = _task(balancer, "web1", state="ready", wait_timeout=4, wait_interval=interval)
            failure = run(MODULE, task)
            assert failure["failed"], "a server was taken for up whose application is down"
            assert "L4CON" in failure["msg"]


def test_a_frontend_of_the_same_name_does_not_hide_a_backend(haproxy: Version, apps: Apps) -> None:
    if haproxy.number >= (3, 4):
        return  # 3.4 refuses such a configuration
    frontend = f"frontend www\n{bind_lines(free_port())}    default_backend www\n"
    body = f"{frontend}backend www\n    server web1 127.0.0.1:{apps.ports[0]}\n"
    with one(haproxy, body) as balancer:
        result = run(MODULE, _task(balancer, "web1", state="maint"))
        assert result["changed"]
        assert servers(balancer, 0)["www", "web1"].state == "maint"


def test_a_disabled_backend_is_said_to_be_disabled(haproxy: Version, apps: Apps) -> None:
    body = f"backend www\n    disabled\n    server web1 127.0.0.1:{apps.ports[0]}\n"
    body += f"backend api\n    server api1 127.0.0.1:{apps.ports[0]}\n"
    with one(haproxy, body) as balancer:
        failure = run(MODULE, _task(balancer, "web1", state="maint"))
        assert failure["error"] == "ObjectNotFound"
        assert "only in backends that the configuration disables" in failure["msg"]
