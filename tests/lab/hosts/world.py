# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts as namespaces within a world, a network of its own that nothing of this machine is part of."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import LabError
from ..processes import wait_until
from . import ending, files, kernel, ssh
from .place import environment
from .starting import started
from .ways import Way


class World:
    """A `Place` of namespaces, made by ``making.py``."""

    kind = "namespaces"

    def __init__(self, by: Way, base: Path, addresses: Mapping[str, str], pid: int, pids: Mapping[str, int]) -> None:
        """`pid`: the first process of the world; `pids`: those of the hosts."""
        self.by = by
        self.base = base
        self.client = base / "world"
        self.addresses = addresses
        self.pid = pid
        self._pids = pids
        # Held, so that its name means no other network when this one has ended.
        self._held = kernel.held(pid, "net")
        self.network = kernel.namespace(pid, "net")

    @classmethod
    def of(cls, base: Path, addresses: Mapping[str, str], state: Mapping[str, Any]) -> World:
        """The world that said this of its `state`. Raises LabError where it is no more."""
        if kernel.born(state["world"]) != state["world_born"]:
            raise LabError("the hosts have ended")
        return cls(Way(privileged=state["privileged"]), base, addresses, state["world"], state["hosts"])

    def state(self) -> dict[str, Any]:
        """What another process needs to know to enter it or to end it."""
        world = {"world": self.pid, "world_born": kernel.born(self.pid)}
        return {"privileged": self.by.privileged, **world, "hosts": self._pids}

    def path(self, host: str, path: str) -> str:  # noqa: ARG002 - see Place
        """As it is: every host has its own."""
        return path

    def outside(self, host: str, path: str) -> Path:
        """Below the host's directory, which is what is mounted there."""
        return self.base / host / path.removeprefix("/")

    def inside(self, command: Sequence[str], host: str | None = None) -> list[str]:
        """For the world: its network and nothing else. For a host: all of it; the command is killed with its prefix."""
        if host is None:
            return [*self.by.enter(self.pid, "net"), *command]
        # setpriv could come too late: then the parent is not one outside, 0, but the first process of the host.
        check = '[ "$PPID" = 0 ] && exec "$@"'
        tied = ["setpriv", "--pdeathsig", "KILL", "--", "sh", "-c", check, "lab"]
        return [*self.by.enter_wholly(self._of(host)), *tied, *command]

    def start(self, host: str | None, command: Sequence[str], log: Path) -> int:
        """Its parent is the first process of the host or of the world."""
        pid = self.pid if host is None else self._of(host)
        variables = {**environment(self.addresses, host), "HOME": files.HOME if host else "/"}
        return started(self.by.enter_wholly(pid), command, log, variables)

    def processes(self, host: str) -> dict[int, int]:
        """Those of the host's process namespace."""
        inside = kernel.members("pid", kernel.namespace(self._of(host), "pid"))
        return {inner: pid for pid in inside if (inner := kernel.inner_pid(pid)) is not None}

    def is_running(self, host: str, pid: int) -> bool:
        """Whether its process namespace has this pid."""
        return pid in self.processes(host)

    def crash(self, host: str) -> None:
        """Kill its first process, at which the kernel kills all others and takes its network away."""
        pid = self._of(host)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: kernel.born(pid) is None, ending.STOP_SECONDS, lambda: f"{host} survives SIGKILL")

    def release(self) -> None:
        """Hold the network no longer."""
        if self.network is not None:
            self.network = None
            os.close(self._held)

    def connection(self) -> dict[str, Any]:
        """SSH with the client's configuration and nothing of the user's own. Ansible looks for control options itself."""
        keep = f"-o ControlMaster=auto -o ControlPersist={ssh.PERSIST_SECONDS}s -o ControlPath={self.client}/c/%C"
        return {
            "ansible_connection": "ssh",
            "ansible_user": "root",
            "ansible_ssh_args": f"-F {self.client}/config {keep}",
            "ansible_ssh_pipelining": True,
        }

    def variables(self, host: str) -> dict[str, Any]:
        """Its address."""
        return {"ansible_host": self.addresses[host]}

    def _of(self, host: str) -> int:
        pid = self._pids[host]
        if kernel.born(pid) is None:
            raise LabError(f"the host {host} has crashed")
        return pid
