# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One HAProxy of one thread that has nothing else to do, and what tasks cost it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from benchmark.holding import processor_seconds
from benchmark.measured import module
from lab.fleet import one
from lab.ports import free_port
from lab.processes import Workspace
from lab.versions import Version

_WATCHED = 1.0
"""Seconds for which it is watched doing nothing."""


class Lone:
    """The process, a folder, and an empty file for a map; a context manager."""

    def __init__(self, version: str | Version, body: str) -> None:
        """
        :param body: "{map}" in it is the map's file.
        """
        self._workspace = Workspace()
        self.folder = self._workspace.directory
        self.map = str(self.folder / "hosts.map")
        Path(self.map).touch()
        self.fleet = one(version, body.format(map=self.map))
        self.socket = self.fleet.sockets[0]
        (self.pid,) = self.fleet.pids
        begin = processor_seconds(self.pid)
        time.sleep(_WATCHED)
        self._idle = (processor_seconds(self.pid) - begin) / _WATCHED

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.fleet.stop()
        self._workspace.stop()

    def load(self, work: Callable[[], object]) -> float:
        """Seconds of the processor that HAProxy computes for some work, above what it does meanwhile by itself."""
        begin, computed = time.monotonic(), processor_seconds(self.pid)
        work()
        return processor_seconds(self.pid) - computed - self._idle * (time.monotonic() - begin)

    def task(self, name: str, options: dict[str, Any], *, changed: bool, socket: str = "") -> None:
        """A module as Ansible starts it on a host.

        :param socket: where it is to ask instead.
        :raises RuntimeError: unless it changed something, as it should, or nothing: what is measured is that.
        """
        result = module(name, {"socket": [socket or self.socket], "timeout": 60, **options}, self.folder).result
        if result["changed"] != changed:
            raise RuntimeError(f"{name} says that changed is {result['changed']}")

    def entries(self, size: int, value: str) -> Path:
        """A file of so many entries of a map, all with this value."""
        path = self.folder / value
        path.write_text("".join(f"host{number:07}.example.com {value}\n" for number in range(size)), encoding="ascii")
        return path


def servers_body(size: int) -> str:
    """A backend with so many servers, s0 and further, of weight 256."""
    servers = (f"    server s{number} 127.0.0.1:{10_000 + number} weight 256\n" for number in range(size))
    return "backend www\n    balance roundrobin\n" + "".join(servers)


def mapping_body() -> str:
    """A frontend that uses the map."""
    return f"frontend f\n    bind 127.0.0.1:{free_port()}\n    http-request set-header a %[path,map({{map}})]\n"
