# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All hosts of a plan, started and stopped together."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..errors import LabError
from ..packages import binary
from ..packages import sshd as found_sshd
from ..processes import Workspace
from . import ending, inventory, making
from .balancer import RunningBalancer
from .loopback import Loopback
from .place import Place
from .plan import Plan
from .ways import Way, way


class Hosts:
    """Hosts that run, a context manager that stops them.

    ``kind`` is "namespaces", or "loopback" where these are not allowed; then ``why`` says so in a sentence.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        kind: str | None = None,
        by: Way | None = None,
        sshd: Path | None = None,
        workspace: Workspace | None = None,
    ) -> None:
        """Start all and return when SSH and HAProxy answer. LabError where something does not; then nothing is left.

        `kind` asks for one of the two; None: namespaces where they can be had. `sshd`: another than what is found.
        `workspace`: a fresh one, for those who must know its directory beforehand. `by`: one way of making namespaces;
        None: as root where that works, else as a user.
        """
        self.plan = plan
        self.why = ""
        self.workspace = workspace or Workspace()
        try:
            for version in {host.balancer.version for host in plan.hosts.values() if host.balancer is not None}:
                binary(version)
            self.place = self._place(kind, sshd, by)
            self.balancers = {
                name: RunningBalancer(self.place, name, host.balancer)
                for name, host in plan.hosts.items()
                if host.balancer is not None
            }
            self._start_all()
            self.inventory = self.place.client / "inventory.json"
            inventory.write(self.inventory, plan, self.place, self.why)
        except BaseException:
            self.stop()
            raise

    @property
    def kind(self) -> str:
        """Which it is."""
        return self.place.kind

    @property
    def addresses(self) -> dict[str, str]:
        """Host → address, within the hosts' network."""
        return dict(self.place.addresses)

    @property
    def ssh_config(self) -> Path | None:
        """For ``ssh -F``; None on loopback."""
        return self.place.client / "config" if self.kind == "namespaces" else None

    def path(self, host: str, path: str) -> str:
        """How processes of the host name one of its files, such as /srv/app."""
        return self.place.path(host, path)

    def outside(self, host: str, path: str) -> Path:
        """The same file for this process. Only below what a host has for itself: /run, /etc, /srv, /var/lib, /var/log."""
        return self.place.outside(host, path)

    def inside(self, command: Sequence[str | Path], host: str | None = None) -> list[str]:
        """The command line that runs `command` in the network of the hosts, or on a host.

        In the network only (a load generator): a process like any other, to be ended by whoever started it, and killed
        by `stop`. On a host: killed when the process that was started from this line ends.
        """
        return self.place.inside([str(word) for word in command], host)

    def start(self, host: str | None, command: Sequence[str | Path], log: Path | None = None) -> int:
        """Start a command on a host, which ends with it; None: beside them. Returns its pid there.

        `log`: where its output is appended; default: COMMAND.log in the host's /var/log.
        """
        words = [str(word) for word in command]
        if log is None:
            name = f"{Path(words[0]).name}.log"
            log = self.place.client / name if host is None else self.outside(host, f"/var/log/{name}")
        return self.place.start(host, words, log)

    def reload(self, host: str, body: str | None = None) -> list[int]:
        """Reload a balancer of the layout master_worker; returns the pids of the new worker on the host."""
        return self.balancers[host].reload(body)

    def processes(self, host: str) -> list[int]:
        """The processes of a host, as the host counts; on namespaces its init and sshd among them."""
        return sorted(self.place.processes(host))

    def kill(self, host: str, pid: int, number: int = signal.SIGKILL) -> None:
        """Send a signal to a process of the host. Raises KeyError where there is none."""
        os.kill(self.place.processes(host)[pid], number)

    def crash(self, host: str) -> None:
        """End a host as a power cut does; it does not come back."""
        self.place.crash(host)

    def stop(self) -> None:
        """End all and remove every trace. May be called again."""
        network = self.place.network if hasattr(self, "place") else None
        ending.end(self.workspace.directory, self.workspace.groups, network)
        if hasattr(self, "place"):
            self.place.release()
        self.workspace.stop()

    def state(self) -> dict[str, Any]:
        """What ``left`` keeps of them."""
        balancers = {name: asdict(balancer.plan) for name, balancer in self.balancers.items()}
        facts = {"kind": self.kind, "why": self.why, "addresses": self.addresses, "balancers": balancers}
        return {**facts, **self.place.state()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _place(self, kind: str | None, sshd: Path | None, by: Way | None) -> Place:
        names = list(self.plan.hosts)
        if kind != "loopback":
            try:
                found = way(by)
            except LabError as error:
                if kind is not None:
                    raise
                self.why = f"no namespaces on this machine, hosts are processes on loopback: {error}"
            else:
                return making.made(names, self.workspace, found, sshd or found_sshd())
        return Loopback.made(names, self.workspace.directory)

    def _start_all(self) -> None:
        with ThreadPoolExecutor(max_workers=4) as pool:
            list(pool.map(RunningBalancer.start, self.balancers.values()))
        for name, host in self.plan.hosts.items():
            for command in host.start:
                self.start(name, command)
