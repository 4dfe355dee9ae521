# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old workers behind a master: their sessions are waited for, and ended one by one where the task says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils import _sending, _telling
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._process import Process

from lab.apps import Apps
from lab.config import bind_lines
from lab.fleet import master_worker
from lab.master import MasterFleet
from lab.oracle import servers
from lab.ports import free_port
from lab.processes import wait_until
from lab.prophecy import told
from lab.sessions import HeldSession
from lab.tasks import Result, run
from lab.versions import Version

from .drains import INTERVAL, LONG, MODULE, Waiting, hold, sticky_backend, wait_ended, warnings_of

ONE_BY_ONE = re.compile(r"shutdown session 0x[0-9a-f]+")


class Reloaded:
    """A master whose old workers live by the sessions of this test."""

    def __init__(self, fleet: MasterFleet, port: int) -> None:
        self.fleet = fleet
        self.port = port
        self.held: list[HeldSession] = []

    def hold(self, server: str = "web1") -> HeldSession:
        """A session on the worker that is current now."""
        self.held.append(hold(self.port, server))
        return self.held[-1]

    def old_names(self) -> list[str]:
        """The old workers as results name them."""
        return sorted(f"{self.fleet.master}@!{pid}" for pid in self.fleet.old_pids)

    def task(self, **options: Any) -> dict[str, Any]:
        """Arguments of a task about web1."""
        place = {"name": ["web1"], "backend": ["www"], "socket": [str(self.fleet.master)], "state": "maint"}
        return {**place, "wait_interval": INTERVAL, "wait_timeout": LONG, **options}

    def state(self, server: str = "web1") -> str:
        """Its own state on the current worker."""
        return servers(self.fleet, 0)["www", server].state

    def wait_for(self, state: str) -> None:
        """Wait until web1 is in this state on the current worker."""
        wait_until(lambda: self.state() == state, LONG, lambda: f"web1 is {self.state()}")


@pytest.fixture
def lab(haproxy: Version, apps: Apps) -> Iterator[Reloaded]:
    """A master and its worker; nothing was reloaded yet."""
    port = free_port()
    body = f"frontend public\n{bind_lines(port)}    default_backend www\n{sticky_backend(apps)}"
    with master_worker(haproxy, body) as fleet:
        reloaded = Reloaded(fleet, port)
        yield reloaded
        for session in reloaded.held:
            session.close()


def _killed(lines: list[dict[str, str]]) -> list[str]:
    """The processes on which single sessions were ended; all of the lines must be about that."""
    for line in lines:
        assert ONE_BY_ONE.fullmatch(line["command"]), line
    return sorted(line["process"] for line in lines)


def _sent(result: Result, worker: str) -> list[dict[str, str]]:
    """The commands to current or old processes."""
    names = {process["name"] for process in result["processes"] if process["worker"] == worker}
    return [line for line in result["commands"] if line["process"] in names]


@pytest.mark.parametrize("state", ["maint", "drain"])
@pytest.mark.parametrize("workers", [1, 2], ids=lambda count: f"old={count}")
def test_a_drain_waits_for_the_sessions_of_old_workers(lab: Reloaded, workers: int, state: str) -> None:
    sessions = []
    for _number in range(workers):
        sessions.append(lab.hold())
        lab.fleet.reload()
    task = Waiting(lab.task(state=state, drain=state == "maint", wait=True))
    lab.wait_for("drain")
    for session in sessions:
        assert task.keeps_waiting(), "an old worker has a session"
        assert lab.state() == "drain"
        assert session.finish().startswith(b"HTTP/1.1 200")
    result = task.succeeded()
    assert lab.state() == state
    assert result["also_done"] == []
    assert _sent(result, "old") == []
    assert len(result["old_workers"]) == workers, result
    assert "old workers are unknown" not in warnings_of(result)


def test_what_is_left_is_named_with_its_worker(lab: Reloaded) -> None:
    lab.hold()
    lab.hold()
    lab.fleet.reload()
    (old,) = lab.old_names()
    failure = run(MODULE, lab.task(drain=True, wait_timeout=0.4))
    assert failure["error"] == "WaitTimedOut"
    assert f"2 sessions of www/web1 on the old worker {old}" in failure["msg"]
    assert lab.state() == "drain"
    assert all(session.is_open() for session in lab.held)


def test_an_old_workers_sessions_on_other_servers_are_not_waited_for(lab: Reloaded) -> None:
    other = lab.hold("web2")
    lab.fleet.reload()
    result = run(MODULE, lab.task(drain=True))
    assert not result.get("failed"), result["msg"]
    assert lab.state() == "maint"
    assert other.is_open()


@pytest.mark.parametrize("workers", [1, 2], ids=lambda count: f"old={count}")
def test_shutdown_after_the_time_ends_them_one_by_one(lab: Reloaded, workers: int) -> None:
    sessions = []
    others = []
    for _number in range(workers):
        sessions += [lab.hold(), lab.hold()]
        others.append(lab.hold("web2"))
        lab.fleet.reload()
    current = lab.hold("web2")
    names = lab.old_names()
    assert len(names) == workers
    result = run(MODULE, lab.task(drain=True, wait_timeout=0.4, on_timeout="shutdown"))
    assert not result.get("failed"), result["msg"]
    for session in sessions:
        wait_ended(session)
    assert all(session.is_open() for session in (*others, current)), "a session of another server was ended"
    assert _killed(result["also_done"]) == sorted(2 * names)
    assert lab.state() == "maint"
    assert lab.state("web2") == "ready"
    assert [line["command"] for line in result["commands"]] == [
        "set server www/web1 state drain",
        "set server www/web1 state maint",
    ]


def test_sessions_of_the_current_and_of_the_old_worker_end_together(lab: Reloaded) -> None:
    old = lab.hold()
    lab.fleet.reload()
    new = lab.hold()
    (name,) = lab.old_names()
    result = run(MODULE, lab.task(drain=True, wait_timeout=0.4, on_timeout="shutdown"))
    assert not result.get("failed"), result["msg"]
    wait_ended(old)
    wait_ended(new)
    assert _killed([line for line in result["also_done"] if line["process"] == name]) == [name]
    (other,) = [line for line in result["also_done"] if line["process"] != name]
    assert other["command"] == "shutdown sessions server www/web1"


@pytest.mark.parametrize("state", [None, "drain", "maint"])
def test_shutdown_sessions_ends_them_and_check_mode_tells_it(lab: Reloaded, state: str | None) -> None:
    ended = [lab.hold(), lab.hold()]
    other = lab.hold("web2")
    lab.fleet.reload()
    (name,) = lab.old_names()
    arguments = lab.task(shutdown_sessions=True, state=state)
    if state is None:
        del arguments["state"]
    predicted = run(MODULE, arguments, check=True)
    assert all(session.is_open() for session in ended), "check mode ended a session"
    result = run(MODULE, arguments)
    assert not result.get("failed"), result["msg"]
    for session in ended:
        wait_ended(session)
    assert other.is_open()
    assert told(predicted, "servers") == told(result, "servers")
    assert result["changed"]
    assert _killed(_sent(result, "old")) == [name, name]
    wished = [] if state is None else [f"set server www/web1 state {state}"]
    assert [line["command"] for line in _sent(result, "current")] == wished
    again = run(MODULE, arguments)
    assert not again["changed"]
    assert again["commands"] == []


def test_shutdown_sessions_ends_those_of_two_old_workers(lab: Reloaded) -> None:
    for _number in range(2):
        lab.hold()
        lab.fleet.reload()
    names = lab.old_names()
    result = run(MODULE, lab.task(shutdown_sessions=True))
    assert not result.get("failed"), result["msg"]
    for session in lab.held:
        wait_ended(session)
    assert _killed(_sent(result, "old")) == names
    lab.fleet.wait_old_gone()


@pytest.mark.parametrize(
    "options",
    [{"shutdown_sessions": True}, {"drain": True, "wait_timeout": 0.4, "on_timeout": "shutdown"}],
    ids=["shutdown_sessions", "on_timeout"],
)
def test_an_old_worker_that_ends_meanwhile_is_fine(
    lab: Reloaded, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    """Between the reading of its sessions and the command that would end one."""
    session = lab.hold()
    lab.fleet.reload()
    replies: list[bytes] = []
    tell = _telling.tell

    def end_before(process: Process, commands: Any, version: str) -> Any:
        if process.old:
            replies.append(session.finish())
            lab.fleet.wait_old_gone()
        return tell(process, commands, version)

    monkeypatch.setattr(_sending, "tell", end_before)
    result = run(MODULE, lab.task(**options))
    assert not result.get("failed"), result["msg"]
    assert [reply[:12] for reply in replies] == [b"HTTP/1.1 200"]
    assert lab.state() == "maint"


def test_a_session_that_ends_meanwhile_is_fine(lab: Reloaded, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker lives on by another one: HAProxy answers that there is no such session."""
    session = lab.hold()
    other = lab.hold("web2")
    lab.fleet.reload()
    tell = _telling.tell

    def end_before(process: Process, commands: Any, version: str) -> Any:
        if process.old:
            session.finish()
            name = str(lab.fleet.master)
            (pid,) = lab.fleet.old_pids
            wait_until(
                lambda: "srv=web1" not in lab.fleet.ask(name, f"@!{pid} show sess"), LONG, lambda: "the session stays"
            )
        return tell(process, commands, version)

    monkeypatch.setattr(_sending, "tell", end_before)
    result = run(MODULE, lab.task(shutdown_sessions=True))
    assert not result.get("failed"), result["msg"]
    assert other.is_open()
    assert lab.state() == "maint"


def test_an_old_worker_that_ends_while_its_session_is_waited_for_is_fine(lab: Reloaded) -> None:
    session = lab.hold()
    lab.fleet.reload()
    task = Waiting(lab.task(drain=True))
    lab.wait_for("drain")
    assert task.keeps_waiting()
    session.close()
    lab.fleet.wait_old_gone()
    result = task.succeeded()
    assert result["also_done"] == []


def test_without_the_master_socket_the_old_worker_is_unknown_and_said_so(lab: Reloaded) -> None:
    session = lab.hold()
    lab.fleet.reload()
    arguments = lab.task(drain=True, socket=lab.fleet.sockets)
    result = run(MODULE, arguments)
    assert not result.get("failed"), result["msg"]
    assert result["old_workers"] == "unknown"
    assert warnings_of(result).count("old workers are unknown") == 1
    assert session.is_open()
