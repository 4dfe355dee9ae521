# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of running HAProxy processes, its sockets, and what a test does to it; ``fleet.py`` starts them.

Every fleet lives in a directory of its own below /tmp::

    run/p1.sock ...        one admin socket per process and nothing else: the directory a user would name
    operator/p1.sock ...   on request, the same processes at level operator
    user/p1.sock ...       on request, the same processes at level user
    shared.sock            on request (nbproc), the one socket that all processes share
    master.sock            with a master
    p1.cfg, p1.log         configuration and HAProxy's own output
"""

from __future__ import annotations

import atexit
import os
import signal
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict

from .config import Global, StatsSocket, write
from .errors import LabError
from .packages import binary
from .ports import free_ports, has_ipv6
from .processes import Workspace, wait_until
from .raw import ask
from .versions import Version, version

START_SECONDS = 15.0
"""HAProxy starts in 50 ms; the rest is for a machine that is busy with ten fleets."""

_all: set[Fleet] = set()


class Options(TypedDict, total=False):
    """What every layout can be asked for beyond its configuration; all false or empty by default."""

    operator: bool
    """A socket at level operator for each process."""
    user: bool
    """A socket at level user for each process."""
    tcp: bool
    """A TCP socket at level admin for each process, one on 127.0.0.1 and one on ::1 where the machine has it."""
    global_lines: str
    """Lines for the global section, as in a configuration file."""
    nbthread: int
    """Threads of each process, 1 by default."""


class Fleet:
    """Running HAProxy processes and their sockets; a context manager that stops them."""

    def __init__(self, wanted: str | Version) -> None:
        """Make the directory; nothing runs yet. Tests use the functions of ``fleet.py`` instead."""
        self.version = version(wanted)
        self.binary = binary(self.version)
        self.workspace = Workspace()
        self.base = self.workspace.directory
        self.directory = self.base / "run"
        self.directory.mkdir()
        self.sockets: list[str] = []
        self.operator_sockets: list[str] = []
        self.user_sockets: list[str] = []
        self.tcp_addresses: list[str] = []
        self.shared_socket: str | None = None
        self.master: str | None = None
        _all.add(self)

    @property
    def pids(self) -> list[int]:
        """The pid of each current process, in the order of ``sockets``, by asking it; OSError where one is dead."""
        return [_pid(socket) for socket in self.sockets]

    @property
    def running(self) -> list[int]:
        """Every process of the fleet that runs now, master and old workers too, by asking the kernel."""
        return self.workspace.pids()

    def ask(self, target: int | str, command: str, timeout: float = 5.0) -> str:
        """The raw reply of one process to a command.

        `target` is an index into ``sockets`` (from 0) or any address of the fleet; `timeout` in seconds. Raises OSError.
        """
        address = self.sockets[target] if isinstance(target, int) else target
        reply = ask(address, command, timeout, half_close=address == self.master)
        return reply.decode("utf-8", "surrogateescape")

    def ask_all(self, command: str, timeout: float = 5.0) -> list[str]:
        """The raw replies of all processes, in the order of ``sockets``."""
        return [self.ask(socket, command, timeout) for socket in self.sockets]

    def kill(self, index: int) -> int:
        """Kill one process with SIGKILL and return its pid; its socket file stays and refuses connections."""
        pid = _pid(self.sockets[index])
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: pid not in self.running, START_SECONDS, lambda: f"process {pid} survives SIGKILL")
        return pid

    def pause(self, index: int) -> Paused:
        """Stop one process with SIGSTOP: its socket takes connections and never answers, until the context ends."""
        return Paused(_pid(self.sockets[index]))

    def stop(self) -> None:
        """Stop every process and remove the directory. May be called again."""
        self.workspace.stop()
        _all.discard(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def add_sockets(self, number: int, options: Options, *, process: int | None = None) -> list[StatsSocket]:
        """The ``stats socket`` lines of the process with this number, entered into the lists above."""
        lines = [StatsSocket(self._path("run", number, self.sockets), "admin", process)]
        if options.get("operator"):
            lines.append(StatsSocket(self._path("operator", number, self.operator_sockets), "operator", process))
        if options.get("user"):
            lines.append(StatsSocket(self._path("user", number, self.user_sockets), "user", process))
        if options.get("tcp"):
            for host, family in (("127.0.0.1", "ipv4"), *((("[::1]", "ipv6"),) if has_ipv6() else ())):
                port = free_ports(1)[0]
                self.tcp_addresses.append(f"{host}:{port}")
                lines.append(StatsSocket(f"{family}@{host.strip('[]')}:{port}", "admin", process))
        return lines

    def launch(self, name: str, head: Global, body: str, *flags: str | Path) -> int:
        """Write ``NAME.cfg`` and start HAProxy with it; returns the pid."""
        file = write(self.base / f"{name}.cfg", head, body)
        return self.workspace.start([self.binary, *flags, "-f", file], self.base / f"{name}.log").pid

    def wait_ready(self) -> None:
        """Wait until every admin socket answers from a process of this fleet; LabError with the logs otherwise."""
        for number, socket in enumerate(self.sockets, 1):
            self.wait_answer(socket, f"process {number}")

    def wait_answer(self, socket: str, who: str) -> int:
        """Wait until `socket` answers from a process of this fleet, and return its pid."""

        def answering() -> int | None:
            if self.workspace.failed():
                raise LabError(self.complaint("ended at its start"))
            pid = _pid(socket)
            return pid if pid in self.running else None

        return wait_until(answering, START_SECONDS, lambda: self.complaint(f"{who} does not answer"))

    def complaint(self, what: str) -> str:
        """A sentence, and after it what HAProxy wrote."""
        logs = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(self.base.glob("*.log"))]
        return "\n".join([f"HAProxy {self.version}: {what}", *(text.strip() for text in logs if text.strip())])

    def _path(self, folder: str, number: int, into: list[str]) -> str:
        (self.base / folder).mkdir(exist_ok=True)
        into.append(str(self.base / folder / f"p{number}.sock"))
        return into[-1]


class Paused:
    """A process that was stopped with SIGSTOP, until the context ends."""

    def __init__(self, pid: int) -> None:
        """Stop it now."""
        self.pid = pid
        os.kill(pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.resume()


def _pid(socket: str) -> int:
    """The pid a stats socket reports; OSError where it does not (yet)."""
    for line in ask(socket, "show info").decode("utf-8", "replace").splitlines():
        name, _colon, value = line.partition(": ")
        if name == "Pid":
            return int(value)
    raise ConnectionError(f"{socket} does not tell a pid")


def _stop_all() -> None:
    for fleet in list(_all):
        fleet.stop()


atexit.register(_stop_all)
