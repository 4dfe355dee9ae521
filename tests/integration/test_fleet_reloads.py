# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reloads and silent processes at the worst of moments: nothing is forgotten, and nobody else is written to."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._process import Process

from lab.apps import Apps
from lab.config import bind_lines, servers_body
from lab.errors import LabError
from lab.fleet import master_worker, nbproc, one
from lab.master import MasterFleet
from lab.oracle import servers
from lab.ports import free_port
from lab.processes import wait_until
from lab.recorder import Recorder
from lab.sessions import hold_session
from lab.tasks import run
from lab.versions import Version, oldest, version

MODULE = "haproxy_server"
DRAIN: dict[str, Any] = {"name": ["web1"], "backend": ["www"], "state": "drain"}


@pytest.fixture
def mastered(haproxy: Version, apps: Apps) -> Iterator[tuple[MasterFleet, int]]:
    """A master and its worker, and the port of its frontend, with one server only."""
    port = free_port()
    body = f"frontend public\n{bind_lines(port)}    default_backend www\n"
    body += f"backend www\n    server web1 127.0.0.1:{apps.ports[0]}\n"
    with master_worker(haproxy, body) as fleet:
        yield fleet, port


@pytest.mark.parametrize("name", ["2.2", "3.2"])
def test_a_live_worker_that_is_listed_as_old_and_silent_is_not_passed_over(apps: Apps, name: str) -> None:
    """After a failed reload these versions list the worker that still serves under "# old workers"."""
    body = servers_body(apps.ports)
    with master_worker(version(name), body) as silent, one(version(name), body) as other:
        (pid,) = silent.pids
        with pytest.raises(LabError):
            silent.reload("frontend broken\n    bind nowhere:at:all\n", seconds=1)
        os.kill(pid, signal.SIGSTOP)
        try:
            addresses = [str(silent.master), *other.sockets]
            failure = run(MODULE, {**DRAIN, "socket": addresses, "timeout": 2, "on_unreachable": "fail"})
        finally:
            os.kill(pid, signal.SIGCONT)
        assert failure["failed"]
        assert f"{silent.master} is a master without a current worker that answers" in failure["msg"]
        assert servers(other, 0)["www", "web1"].state == "ready", "nothing was written anywhere"


def test_a_reload_within_a_reading_of_a_wait_is_seen(
    mastered: tuple[MasterFleet, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sessions of the new worker say nothing about those of the old one."""
    fleet, port = mastered
    readings: list[str] = []
    ask = Process.ask

    def reload_before_the_third(process: Process, command: Any) -> Any:
        if command.text.startswith("show stat"):
            readings.append(command.text)
            if len(readings) == 3:
                fleet.reload()
        return ask(process, command)

    with hold_session(port):
        monkeypatch.setattr(Process, "ask", reload_before_the_third)
        arguments = {**DRAIN, "wait": True, "wait_timeout": 0.5, "wait_interval": 0.1}
        failure = run(MODULE, {**arguments, "socket": [fleet.sockets[0], fleet.master]})
        assert failure["failed"], "a drain ended though its session is still there"
        assert failure["error"] == "WaitTimedOut"
        assert "on the old worker" in failure["msg"]
        assert failure["also_done"], "what was done before the reload is told"
        assert failure["changed"]
        assert servers(fleet, 0)["www", "web1"].state == "drain", "the new worker is drained, too"


def test_what_was_before_the_reload_is_told(mastered: tuple[MasterFleet, int], apps: Apps) -> None:
    """One process was drained before the other was reloaded: its ``before`` is still ready."""
    fleet, _port = mastered
    reloaded: list[bool] = []

    def reload_first(request: bytes) -> bytes | None:
        if b"set server" in request and not reloaded:
            wait_until(lambda: servers(calm, 0)["www", "web1"].state == "drain", 5, lambda: "the other is not drained")
            reloaded.append(True)
            fleet.reload()
        return None

    with one(fleet.version, servers_body(apps.ports)) as calm, Recorder(fleet.sockets[0], swallow=reload_first) as seen:
        result = run(MODULE, {**DRAIN, "socket": [calm.sockets[0], seen.path]})
        assert not result.get("failed"), result["msg"]
        (row,) = result["servers"]
        assert row["before"]["state"] == "ready"
        assert row["after"]["state"] == "drain"
        assert result["changed"]
        assert [line["process"] for line in result["also_done"]].count(calm.sockets[0]) == 1


def test_another_haproxy_on_the_path_that_a_remote_one_names_is_left_alone(apps: Apps, tmp_path: Path) -> None:
    body = servers_body(apps.ports)
    with nbproc(oldest(), 2, body, tcp=True) as remote, one(version("3.0"), body) as local:
        named = Path(remote.sockets[0])
        named.rename(tmp_path / "away.sock")
        named.symlink_to(local.sockets[0])
        result = run(MODULE, {**DRAIN, "socket": [remote.tcp_addresses[0]], "expected_processes": 2})
        assert not result.get("failed"), result["msg"]
        assert {process["version"][:3] for process in result["processes"]} == {"2.2"}
        assert servers(local, 0)["www", "web1"].state == "ready"


def test_silent_old_workers_cost_their_time_once(mastered: tuple[MasterFleet, int]) -> None:
    fleet, port = mastered
    held = []
    try:
        for _number in range(3):
            held.append(hold_session(port))
            fleet.reload()
        idle, _result = _timed({"socket": [fleet.master], "timeout": 2})
        for pid in fleet.old_pids:
            os.kill(pid, signal.SIGSTOP)
        seconds, result = _timed({"socket": [fleet.master], "timeout": 2})
    finally:
        for pid in fleet.old_pids:
            os.kill(pid, signal.SIGCONT)
        for session in held:
            session.close()
    assert not result.get("failed"), result["msg"]
    assert len(result["old_workers"]) == 3
    assert seconds < idle + 2 + 0.5


def _timed(options: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """A reading task, and how many seconds it took."""
    began = time.monotonic()
    result = run("haproxy_info", options)
    return time.monotonic() - began, result
