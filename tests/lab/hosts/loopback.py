# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that are all this machine, where namespaces are not allowed: each with a directory and a loopback address."""

from __future__ import annotations

import contextlib
import os
import random
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..guardian import MARK, marked
from ..processes import members, wait_until
from . import ending, files, kernel
from .place import environment
from .starting import started

FIRST = 11
HOST_MARK = "HAPROXY_LAB_HOST"
"""The environment variable by which the processes of a host are known; daemons that Ansible starts lack it."""


class Loopback:
    """A `Place` without namespaces: paths are those below the host's directory, and Ansible's connection is local."""

    kind = "loopback"

    def __init__(self, base: Path, addresses: Mapping[str, str]) -> None:
        """Hosts whose directories are there."""
        self.base = base
        self.client = base / "world"
        self.addresses = addresses
        self.network = None

    @classmethod
    def made(cls, names: Sequence[str], base: Path) -> Loopback:
        """Make the directories. All of 127/8 is this machine; a random part of it keeps two runs apart."""
        network = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}"
        place = cls(base, {name: f"{network}.{FIRST + number}" for number, name in enumerate(names)})
        place.client.mkdir()
        for name in names:
            files.make_own(place.outside(name, "/"))
        return place

    def state(self) -> dict[str, Any]:
        """Nothing that is not known otherwise."""
        return {}

    def path(self, host: str, path: str) -> str:
        """Below the host's directory."""
        return str(self.outside(host, path))

    def outside(self, host: str, path: str) -> Path:
        """The same."""
        return self.base / "loopback" / host / path.removeprefix("/")

    def inside(self, command: Sequence[str], host: str | None = None) -> list[str]:  # noqa: ARG002 - see Place
        """As it is: there is only one network."""
        return list(command)

    def start(self, host: str | None, command: Sequence[str], log: Path) -> int:
        """With marks in its environment, by which it is found."""
        marks = {MARK: str(self.base), **({} if host is None else {HOST_MARK: host})}
        return started([], command, log, {**environment(self.addresses, host), **marks})

    def processes(self, host: str) -> dict[int, int]:
        """Those with the marks, and the groups of daemons whose pids are in ``*.pid`` files of the host's /run."""
        groups = []
        for file in self.outside(host, "/run").glob("*.pid"):
            with contextlib.suppress(ValueError):
                groups += [int(word) for word in file.read_text(encoding="ascii").split()]
        return {pid: pid for pid in {*marked(f"{MARK}={self.base}", f"{HOST_MARK}={host}"), *members(groups)}}

    def is_running(self, host: str, pid: int) -> bool:  # noqa: ARG002 - see Place
        """Whether this machine has this pid."""
        return kernel.born(pid) is not None

    def crash(self, host: str) -> None:
        """Kill all its processes."""
        for pid in self.processes(host):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self.processes(host), ending.STOP_SECONDS, lambda: f"{host} survives SIGKILL")

    def release(self) -> None:
        """There is nothing to release."""

    def connection(self) -> dict[str, Any]:
        """No connection at all."""
        return {"ansible_connection": "local"}

    def variables(self, host: str) -> dict[str, Any]:
        """Its address, and own places for what else would be in one directory for all, below the user's home."""
        return {
            "ansible_host": self.addresses[host],
            "ansible_remote_tmp": self.path(host, f"{files.HOME}/.ansible/tmp"),
            "ansible_async_dir": self.path(host, f"{files.HOME}/.ansible_async"),
            "haproxy_state_dir": self.path(host, "/var/lib/haproxyadmin"),
        }
