# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that are broken off: the module is killed, HAProxy is, or one of four; the next run finds the truth."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.apps import Apps
from lab.config import bind_lines, servers_body
from lab.fleet import Fleet, instances, layout
from lab.oracle import Truth, put, servers
from lab.ports import free_port
from lab.processes import Workspace, wait_until
from lab.recorder import Recorder, Recorders
from lab.tasks import run
from lab.traffic import Traffic
from lab.versions import Version

from .drains import LONG, MODULE, Balancers, Waiting, balancers, sticky_backend, task

ROOT = Path(__file__).parents[2]
PROGRAM = "ansible_collections.haproxyadmin.haproxy.plugins.modules.haproxy_server"
TRAFFIC_SECONDS = 3.0


@pytest.fixture(params=[1, 4], ids=lambda count: f"processes={count}")
def lab(request: pytest.FixtureRequest, haproxy: Version, apps: Apps) -> Iterator[Balancers]:
    """One process or four, all servers ready."""
    running = balancers(haproxy, request.param, sticky_backend(apps))
    with running.fleet:
        yield running


@pytest.fixture
def four(haproxy: Version, apps: Apps) -> Iterator[Balancers]:
    """Four instances on every version: one of them can be killed and started again."""
    with instances(haproxy, 4, sticky_backend(apps)) as fleet:
        yield Balancers(fleet, [0] * 4)


class Program:
    """Runs of the module as Ansible starts it on a host: a Python process that reads its arguments from a file."""

    def __init__(self) -> None:
        self._workspace = Workspace()
        self._output = self._workspace.directory / "output"
        self._process: subprocess.Popen[bytes]

    def start(self, arguments: dict[str, Any]) -> subprocess.Popen[bytes]:
        """Start one, in a process group of its own."""
        file = self._workspace.directory / "arguments.json"
        file.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}), encoding="utf-8")
        path = f"PYTHONPATH={ROOT / '.cache'}"
        self._process = self._workspace.start(["env", path, sys.executable, "-m", PROGRAM, file], self._output)
        return self._process

    def runs_until(self, probe: Callable[[], bool]) -> None:
        """Wait until this comes true while it runs."""
        wait_until(lambda: self._process.poll() is not None or probe(), LONG, lambda: "the module does not get there")
        assert self._process.poll() is None, self.output()

    def output(self) -> str:
        """What it printed until now."""
        return self._output.read_text(encoding="utf-8")

    def stop(self) -> None:
        """End what still runs."""
        self._workspace.stop()


@pytest.fixture
def program() -> Iterator[Program]:
    """The module as a process of its own."""
    made = Program()
    yield made
    made.stop()


def _start_again(fleet: Fleet, index: int) -> None:
    """Start an instance that was killed with the configuration that it had; its state is that of the file."""
    name = f"p{index + 1}"
    fleet.workspace.start([fleet.binary, "-db", "-f", fleet.base / f"{name}.cfg"], fleet.base / f"{name}.log")
    wait_until(lambda: fleet.ask(index, "show info"), LONG, lambda: fleet.complaint(f"{name} does not start again"))


def _killed(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    assert process.wait(LONG) == -signal.SIGKILL


def _sent(result: dict[str, Any], process: str) -> list[str]:
    return [
        line["command"].removeprefix("set server www/") for line in result["commands"] if line["process"] == process
    ]


# The module is killed --------------------------------------------------------------------------------------------------


def test_the_module_is_killed_while_it_waits(lab: Balancers, program: Program) -> None:
    with lab.hold(0) as session:
        process = program.start(task(lab))
        program.runs_until(lambda: lab.states("web1") == ["drain"] * len(lab.ports))
        _killed(process)
        assert program.output() == ""
        assert lab.states("web1") == ["drain"] * len(lab.ports), "nobody goes on for it"
        assert session.is_open()
        again = Waiting(task(lab))
        assert again.keeps_waiting(), "the session is still there"
        assert session.finish().startswith(b"HTTP/1.1 200")
        result = again.succeeded()
    assert lab.states("web1") == ["maint"] * len(lab.ports)
    assert result["servers"][0]["before"]["state"] == "drain"
    assert _sent(result, lab.names[0]) == ["web1 state maint"]


def test_the_module_is_killed_half_way_through_its_writes(lab: Balancers, program: Program) -> None:
    """The last process never hears of it: its command was not passed on."""
    last = len(lab.ports) - 1
    heard, over = threading.Event(), threading.Event()

    def hold_back(request: bytes) -> bytes | None:
        if b"set server" not in request:
            return None
        heard.set()
        assert over.wait(LONG)
        return b""

    with Recorders(lab.fleet) as recorders:
        recorders[last].swallow = hold_back
        process = program.start(task(lab, socket=[str(recorders.directory)], drain=False, timeout=LONG))
        program.runs_until(lambda: heard.is_set() and lab.states("web1")[:last] == ["maint"] * last)
        _killed(process)
        over.set()
    assert lab.states("web1") == [*(["maint"] * last), "ready"]
    result = run(MODULE, task(lab))
    assert not result.get("failed"), result["msg"]
    assert lab.states("web1") == ["maint"] * (last + 1)
    assert {line["process"] for line in result["commands"]} == {lab.names[last]}


def test_the_module_as_a_process_of_its_own_comes_to_an_end(lab: Balancers, program: Program) -> None:
    """What the tests above kill does its work when nobody kills it."""
    process = program.start(task(lab))
    assert process.wait(LONG) == 0, program.output()
    result = json.loads(program.output())
    assert result["changed"]
    assert lab.states("web1") == ["maint"] * len(lab.ports)


# HAProxy is killed -----------------------------------------------------------------------------------------------------


def test_haproxy_is_killed_while_its_sessions_are_waited_for(haproxy: Version, apps: Apps) -> None:
    lab = balancers(haproxy, 1, sticky_backend(apps))
    with lab.fleet:
        with lab.hold(0):
            drain = Waiting(task(lab, socket=lab.fleet.sockets))
            lab.wait_for("drain")
            assert drain.keeps_waiting()
            lab.fleet.kill(0)
            failure = drain.join()
        assert failure["failed"]
        assert failure["error"] in ("CannotConnect", "ClosedEarly")
        assert failure["process"] == lab.names[0]
        assert failure["done"] == [{"process": lab.names[0], "command": "set server www/web1 state drain"}]
        assert failure["changed"]
        dead = run(MODULE, task(lab, socket=lab.fleet.sockets))
        assert dead["error"] == "CannotConnect"
        assert not dead["changed"]
        _start_again(lab.fleet, 0)
        assert lab.states("web1") == ["ready"], "it starts as configured"
        result = run(MODULE, task(lab, socket=lab.fleet.sockets))
        assert not result.get("failed"), result["msg"]
        assert _sent(result, lab.names[0]) == ["web1 state drain", "web1 state maint"]
        assert lab.states("web1") == ["maint"]


def test_one_of_four_is_killed_while_they_wait(haproxy: Version, apps: Apps) -> None:
    lab = balancers(haproxy, 4, sticky_backend(apps))
    with lab.fleet:
        with lab.hold(0) as session:
            drain = Waiting(task(lab, expected_processes=4))
            lab.wait_for("drain")
            assert drain.keeps_waiting()
            lab.fleet.kill(2)
            failure = drain.join()
            assert session.is_open()
        assert failure["failed"]
        assert failure["process"] == lab.names[2]
        assert len(failure["done"]) == 4
        assert failure["changed"]
        assert [servers(lab.fleet, index)["www", "web1"].state for index in (0, 1, 3)] == ["drain"] * 3


@pytest.mark.parametrize("passed_on", [False, True], ids=["before it hears", "after it has answered"])
def test_one_of_four_is_killed_half_way_through_the_writes(four: Balancers, passed_on: bool) -> None:
    """Its command may or may not have been carried out; the others go to the end of theirs."""
    victim = 2

    with Recorders(four.fleet) as recorders:

        def kill(request: bytes) -> bytes | None:
            if b"state drain" not in request:
                return None
            others = [each for index, each in enumerate(recorders.all) if index != victim]
            wait_until(lambda: all(each.writes() for each in others), LONG, lambda: "the others hear nothing")
            if passed_on:
                four.fleet.ask(victim, "set server www/web1 state drain")
            four.fleet.kill(victim)
            return None

        recorders[victim].swallow = kill
        arguments = task(four, socket=[str(recorders.directory)])
        failure = run(MODULE, arguments)
        drain = "set server www/web1 state drain"
        expected = [
            {"process": name, "command": drain} for index, name in enumerate(recorders.sockets) if index != victim
        ]
        assert failure["failed"]
        assert failure["process"] == recorders.sockets[victim]
        assert failure["done"] == expected
        assert failure["changed"]
        told = [*failure["unconfirmed"], *failure["not_attempted"], *failure["refused"]]
        later = [(name, "set server www/web1 state maint") for name in recorders.sockets]
        assert [(line["process"], line["command"]) for line in told] == [(recorders.sockets[victim], drain), *later]
        assert [writes for index, writes in enumerate(recorders.writes()) if index != victim] == [[drain]] * 3
    short = run(MODULE, task(four, expected_processes=4))
    assert short["failed"], "one of four is gone"
    assert not short["changed"]
    _start_again(four.fleet, victim)
    assert four.states("web1") == ["drain", "drain", "ready", "drain"]
    result = run(MODULE, task(four, expected_processes=4))
    assert not result.get("failed"), result["msg"]
    assert four.states("web1") == ["maint"] * 4
    assert [_sent(result, name) for name in four.names] == [
        ["web1 state maint"],
        ["web1 state maint"],
        ["web1 state drain", "web1 state maint"],
        ["web1 state maint"],
    ]


@pytest.mark.in_turn
def test_one_of_four_is_killed_between_two_lines_of_its_writes(haproxy: Version) -> None:
    """Of a thousand commands some lines were answered, one was not, and the rest was never sent."""
    count = 1000
    lines = [f"    server server{number:04} 127.0.0.1:9\n" for number in range(count)]
    with instances(haproxy, 4, "backend www\n" + "".join(lines)) as fleet, Recorders(fleet) as recorders:
        heard: list[bytes] = []

        def kill(request: bytes) -> bytes | None:
            if b"set server" in request:
                heard.append(request)
                if len(heard) == 2:
                    fleet.kill(1)
            return None

        recorders[1].swallow = kill
        arguments = {"name": ["*"], "backend": ["www"], "state": "maint"}
        failure = run(MODULE, {**arguments, "socket": [str(recorders.directory)]})
        assert failure["failed"]
        first, second = (request.count(b"set server www") for request in heard)
        counts = {
            kind: _counted(failure[kind], recorders.sockets[1])
            for kind in ("done", "unconfirmed", "not_attempted", "refused")
        }
        assert counts["done"] == first
        assert counts["unconfirmed"] + counts["refused"] == second
        assert counts["not_attempted"] == count - first - second
        assert _counted(failure["done"], recorders.sockets[0]) == count
        _start_again(fleet, 1)
        result = run(MODULE, {**arguments, "socket": [str(fleet.directory)]})
        assert not result.get("failed"), result["msg"]
        assert {line["process"] for line in result["commands"]} == {fleet.sockets[1]}
        assert not run(MODULE, {**arguments, "socket": [str(fleet.directory)]})["changed"]


def _counted(lines: list[dict[str, str]], process: str) -> int:
    """How many commands these lines of one process stand for."""
    commands = [line["command"] for line in lines if line["process"] == process]
    return sum(int(text.rpartition("(")[2].split()[0]) if text.endswith("times)") else 1 for text in commands)


# Traffic ---------------------------------------------------------------------------------------------------------------


@pytest.mark.in_turn
@pytest.mark.parametrize("count", [1, 4], ids=lambda count: f"processes={count}")
def test_what_is_as_wished_is_left_alone_under_heavy_traffic(haproxy: Version, apps: Apps, count: int) -> None:
    """Counters, sessions, weights in use and checks move all the time, and none of it is a change."""
    port = free_port()
    body = servers_body(apps.ports, binds=bind_lines(port, processes=count if haproxy.has_nbproc else 1))
    workspace = Workspace()
    runs = 0
    try:
        with layout(haproxy, count, body) as fleet, Recorders(fleet) as recorders:
            for index in range(count):
                put(fleet, index, {("www", "web2"): Truth("drain", 100, 100), ("www", "web3"): Truth("maint", 1, 1)})
            wished = [
                {"name": "web1", "backend": "www", "state": "ready", "weight": "100%"},
                {"name": "web2", "backend": "www", "state": "drain", "weight": "100", "wait": True},
                {"name": "web3", "backend": "www", "state": "maint", "drain": True},
                {"name": "web4", "backend": "www", "state": "ready", "weight": "256", "min_up": 2},
            ]
            traffic = Traffic(workspace, port)
            end = time.monotonic() + TRAFFIC_SECONDS
            while time.monotonic() < end:
                result = run(MODULE, {"servers": wished, "socket": [str(recorders.directory)], "wait_timeout": LONG})
                assert not result.get("failed"), result["msg"]
                assert not result["changed"]
                assert result["commands"] == result["also_done"] == []
                runs += 1
            requests = traffic.finished()
            assert recorders.writes() == [[]] * count
    finally:
        workspace.stop()
    assert runs >= 5
    assert len(requests) > 50
    assert {request.outcome for request in requests} == {"200"}


def test_sessions_that_come_and_go_are_waited_for_under_traffic(haproxy: Version, apps: Apps) -> None:
    """A drain ends while the others serve on, and no request fails."""
    port = free_port()
    workspace = Workspace()
    try:
        with layout(haproxy, 1, servers_body(apps.ports, binds=bind_lines(port))) as fleet:
            traffic = Traffic(workspace, port)
            with Recorder(fleet.sockets[0]) as recorder:
                arguments = {"name": ["web4"], "backend": ["www"], "state": "maint", "drain": True}
                result = run(MODULE, {**arguments, "socket": [recorder.path], "wait_timeout": LONG})
                assert not result.get("failed"), result["msg"]
                assert result["changed"]
                back = run(MODULE, {"name": ["web4"], "backend": ["www"], "state": "ready", "socket": [recorder.path]})
                assert back["changed"]
            requests = traffic.finished()
    finally:
        workspace.stop()
    assert {request.outcome for request in requests} == {"200"}
