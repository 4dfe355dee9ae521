# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests about draining share: processes with a port each, clients bound to a server, tasks that run beside."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lab.apps import Apps
from lab.fleet import Fleet, instances, nbproc
from lab.oracle import servers
from lab.ports import free_port, free_ports
from lab.processes import wait_until
from lab.raw import connect
from lab.sessions import HeldSession, hold_session
from lab.tasks import Result, run
from lab.versions import Version

MODULE = "haproxy_server"
INTERVAL = 0.1
# What a task may need beside its own waiting on a machine that does other things too, in seconds.
SLACK = 3.0
LONG = 30.0
"""Seconds that a task may wait for what a test makes come true."""


class Waiting:
    """A task in a thread of its own, and the moments at which it began and ended. One at a time."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.result: Result = {}
        self.began = time.monotonic()
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

    def keeps_waiting(self) -> bool:
        """Whether it is still there after a few readings, any of which might end it too early."""
        self.settle(4 * INTERVAL)
        return self.waits

    def settle(self, seconds: float) -> None:
        """Give it so much time to end."""
        self._thread.join(seconds)

    def join(self) -> Result:
        """Its result, at most `LONG` later."""
        self._thread.join(LONG)
        assert not self._thread.is_alive()
        return self.result

    def succeeded(self) -> Result:
        """Its result, which is no failure."""
        result = self.join()
        assert not result.get("failed"), result["msg"]
        return result


@dataclass(frozen=True)
class Balancers:
    """Some processes, each with a port of its own: a test knows which one serves a client."""

    fleet: Fleet
    ports: Sequence[int]

    @property
    def names(self) -> list[str]:
        """The processes as results name them when they are found in the directory."""
        return self.fleet.sockets

    @property
    def socket(self) -> list[str]:
        """What a task gets as its option of that name."""
        return [str(self.fleet.directory)]

    def hold(self, process: int, server: str = "web1") -> HeldSession:
        """A session on this server of ``www``, through this process."""
        return hold(self.ports[process], server)

    def states(self, server: str, backend: str = "www") -> list[str]:
        """The server's own state on each process."""
        return [servers(self.fleet, index)[backend, server].state for index in range(len(self.ports))]

    def wait_for(self, state: str, server: str = "web1") -> None:
        """Wait until the server is in this state on every process."""
        wanted = [state] * len(self.ports)
        wait_until(lambda: self.states(server) == wanted, LONG, lambda: f"{server} is {self.states(server)}")

    def cell(self, process: int, server: str, column: str, backend: str = "www") -> str:
        """One cell of ``show stat``."""
        header, *lines = self.fleet.ask(process, "show stat").strip("\n").splitlines()
        names = header.removeprefix("# ").split(",")
        for line in lines:
            cells = dict(zip(names, line.split(","), strict=False))
            if (cells["pxname"], cells["svname"]) == (backend, server):
                return cells[column]
        raise AssertionError(f"no row for {backend}/{server}")


def sticky_backend(apps: Apps) -> str:
    """``www``: web1 to web3, and web4 that serves one at a time; a cookie ``SRV`` binds clients to them."""
    lines = [
        f"    server web{number} 127.0.0.1:{apps.ports[number - 1]} cookie web{number}{' maxconn 1' * (number == 4)}\n"
        for number in range(1, 5)
    ]
    # 2.6 deletes no server that has idle connections, and keeps them for 5 s at a time.
    quick = "    default-server pool-purge-delay 300ms\n"
    return "backend www\n    balance roundrobin\n    cookie SRV insert indirect nocache\n" + quick + "".join(lines)


def odd_backend(apps: Apps, agent_port: int) -> str:
    """``odd``: dead1 (checked), plain1, checked1, follow1 that tracks it, agented1 and off1."""
    agent = f"agent-check agent-addr 127.0.0.1 agent-port {agent_port} agent-inter 100ms agent-send lab"
    return f"""\
backend odd
    server dead1 127.0.0.1:{free_port()} check inter 100ms
    server plain1 127.0.0.1:{apps.ports[0]}
    server checked1 127.0.0.1:{apps.ports[1]} check inter 100ms
    server follow1 127.0.0.1:{apps.ports[1]} track odd/checked1
    server agented1 127.0.0.1:{apps.ports[2]} {agent}
    server off1 127.0.0.1:{apps.ports[3]} disabled
"""


def balancers(haproxy: Version, count: int, backends: str) -> Balancers:
    """As many processes with a frontend before ``www``: one, ``nbproc`` where there is nbproc, else instances."""
    ports = free_ports(count)
    if count > 1 and haproxy.has_nbproc:
        binds = [f"    bind 127.0.0.1:{port} process {number}\n" for number, port in enumerate(ports, 1)]
        return Balancers(nbproc(haproxy, count, _frontend("".join(binds)) + backends), ports)

    def body(number: int) -> str:
        return _frontend(f"    bind 127.0.0.1:{ports[number - 1]}\n") + backends

    return Balancers(instances(haproxy, count, body), ports)


def _frontend(binds: str) -> str:
    return f"frontend public\n{binds}    default_backend www\n"


TRIES = 10
_HEAD = "POST /hold HTTP/1.1\r\nHost: lab\r\nConnection: close\r\nContent-Length: 1\r\n"


def ask_for(port: int, server: str) -> HeldSession:
    """A request that is bound to a server and lacks its last byte; nobody knows yet whether it got there."""
    connection = connect(f"127.0.0.1:{port}")
    connection.sendall(f"{_HEAD}Cookie: SRV={server}\r\n\r\n".encode())
    return HeldSession(connection)


def hold(port: int, server: str) -> HeldSession:
    """A session on this server of a sticky backend; returns when it got there.

    Just after a reload the old worker may reset what still waits in its backlog, so a reset connection is tried again.
    """
    for _try in range(TRIES - 1):
        try:
            return hold_session(port, cookie=f"SRV={server}")
        except ConnectionResetError:
            time.sleep(0.05)
    return hold_session(port, cookie=f"SRV={server}")


def warnings_of(result: Result) -> str:
    """What a result warns of, as one text."""
    return str(result.get("warnings"))


def task(balancers: Balancers, name: str = "web1", **options: Any) -> dict[str, Any]:
    """Arguments of a task about one server of ``www`` that drains before its maintenance."""
    given = {"name": [name], "backend": ["www"], "socket": balancers.socket, "state": "maint", "drain": True}
    return {**given, "wait_interval": INTERVAL, "wait_timeout": LONG, **options}


def wait_ended(session: HeldSession) -> None:
    """Wait until the client sees that its session has ended."""
    wait_until(lambda: not session.is_open(), 5, lambda: "the client's session goes on")
