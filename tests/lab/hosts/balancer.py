# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HAProxy of a host: how it is started, asked and reloaded from outside the host."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from ..config import Global, StatsSocket, write
from ..errors import LabError
from ..packages import binary
from ..processes import wait_until
from ..raw import ask
from .place import Place
from .plan import Balancer

CONFIGURATION, PIDS, LOG = "/etc/haproxy/haproxy.cfg", "/run/haproxy.pid", "/var/log/haproxy.log"
START_SECONDS = 15.0


class RunningBalancer:
    """HAProxy on one host. All paths and pids in attributes are those that the host sees, unless they say outside."""

    def __init__(self, place: Place, host: str, plan: Balancer) -> None:
        """Nothing runs before `start`."""
        self.host = host
        self.plan = plan
        self._place = place
        self._former: list[int] = []

    @property
    def sockets(self) -> list[Path]:
        """The admin sockets, outside."""
        return [self._place.outside(self.host, socket) for socket in self.plan.sockets]

    @property
    def master(self) -> Path | None:
        """The master socket, outside."""
        return None if self.plan.master is None else self._place.outside(self.host, self.plan.master)

    @property
    def pids(self) -> list[int]:
        """The pid of each current process, in the order of the sockets, by asking it; OSError where it is dead."""
        return [_pid(socket) for socket in self.sockets]

    @property
    def old_pids(self) -> list[int]:
        """Old workers that still run, oldest first."""
        return [pid for pid in self._former if self._place.is_running(self.host, pid)]

    def ask(self, command: str, number: int = 0, timeout: float = 5.0) -> str:
        """The raw reply of the process behind a socket, numbered from 0. Raises OSError."""
        return ask(str(self.sockets[number]), command, timeout).decode("utf-8", "surrogateescape")

    def start(self) -> None:
        """Write the configuration, start, and return when all processes answer. LabError with HAProxy's words."""
        self.configure(self.plan.body)
        path = self._place.path
        flags = {
            "one": ["-db"],
            "nbproc": ["-D", "-p", path(self.host, PIDS)],
            "master_worker": ["-W", "-S", path(self.host, self.plan.master or "")],
        }[self.plan.layout]
        command = [str(binary(self.plan.version)), *flags, "-f", path(self.host, CONFIGURATION)]
        begun = self._place.start(self.host, command, self._place.outside(self.host, LOG))
        daemon = self.plan.layout == "nbproc"

        def are_answering() -> bool:
            if not daemon and not self._place.is_running(self.host, begun):
                raise LabError(self._complaint("ended at its start"))
            return len(set(self.pids)) == len(self.plan.sockets)

        wait_until(are_answering, START_SECONDS, lambda: self._complaint("does not answer"))
        if self.master is not None:
            self._wait_master(self.pids)

    def configure(self, body: str) -> None:
        """Write the configuration, for the next start or reload."""
        several = self.plan.layout == "nbproc"
        sockets = [
            StatsSocket(self._place.path(self.host, socket), "admin", number if several else None)
            for number, socket in enumerate(self.plan.sockets, 1)
        ]
        head = Global(sockets, self.plan.processes if several else 1, lines=self.plan.global_lines)
        write(self._place.outside(self.host, CONFIGURATION), head, body)

    def reload(self, body: str | None = None) -> list[int]:
        """Reload the layout master_worker, with another body if one is given; returns the pids of the new worker.

        The old one lives on while it has sessions. LabError where no new one comes, as with a bad configuration.
        """
        if self.plan.layout != "master_worker":
            raise LabError(f"{self.host} has the layout {self.plan.layout}; only master_worker is reloaded")
        if body is not None:
            self.configure(body)
        before = self.pids
        os.kill(self._master_pid(), signal.SIGUSR2)

        def renewed() -> list[int] | None:
            now = self.pids
            return None if set(now) & {*before, *self._former} else now

        after = wait_until(renewed, START_SECONDS, lambda: self._complaint("no new worker after the reload"))
        self._former += before
        self._wait_master(after)
        return after

    def _master_pid(self) -> int:
        """The master, as this machine counts."""
        assert self.master is not None
        for row in _rows(self.master):
            if row[1] == "master":
                return self._place.processes(self.host)[int(row[0])]
        raise LabError(self._complaint("the master does not show itself"))

    def _wait_master(self, pids: list[int]) -> None:
        """The master refuses connections while it executes itself again; `pids` are the current workers."""
        master, current = self.master, {str(pid) for pid in pids}
        if master is not None:
            wait_until(
                lambda: current <= {row[0] for row in _rows(master)}, START_SECONDS,
                lambda: self._complaint("the master does not answer"),
            )  # fmt: skip

    def _complaint(self, what: str) -> str:
        log = self._place.outside(self.host, LOG)
        words = log.read_text(encoding="utf-8", errors="replace").strip() if log.exists() else ""
        return f"HAProxy {self.plan.version} on {self.host}: {what}\n{words}".rstrip()


def _rows(master: Path) -> list[list[str]]:
    """The current processes of ``show proc``: pid, type and more; OSError while the master is busy."""
    text = ask(str(master), "show proc", 2.0, half_close=True).decode("utf-8", "replace")
    return [row.split() for row in text.partition("# old workers")[0].splitlines() if row[:1].isdecimal()]


def _pid(socket: Path) -> int:
    for line in ask(str(socket), "show info").decode("utf-8", "replace").splitlines():
        name, _colon, value = line.partition(": ")
        if name == "Pid":
            return int(value)
    raise ConnectionError(f"{socket} does not tell a pid")
