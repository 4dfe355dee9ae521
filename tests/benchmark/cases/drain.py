# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How soon a task that waits for a drain returns when the last session has ended.

The module is a process of its own. What is measured: from the last byte of the session's request to the end of that
process, less `wait_interval`, less what a drain without sessions takes from its last look to its end. Sessions end at
parts of the interval between two looks that are spread evenly; the worst part counts, with the median of its runs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmark.findings import Finding
from benchmark.measured import Running, command_of
from lab.apps import Apps
from lab.config import bind_lines
from lab.fleet import Fleet, one
from lab.ports import free_port
from lab.processes import wait_until
from lab.recorder import Recorder
from lab.sessions import hold_session
from lab.versions import newest

CASE = "drain"
INTERVALS = (0.1, 0.5)
"""Seconds; the second is the default."""
PHASES, RUNS = 4, 3
"""Parts of the interval at which sessions end, and runs of each."""
IDLE_RUNS = 5
START_SECONDS = 10.0


def run() -> Iterator[Finding]:
    """With each interval."""
    with _Drain.begun() as drain:
        idle = median(drain.without_session() for _run in range(IDLE_RUNS))
        yield Finding(CASE, "a drain without sessions, from its last look to its end", idle, "s")
        worst = []
        for interval in INTERVALS:
            above = [
                median(drain.noticed(interval, phase / PHASES) for _run in range(RUNS)) - idle - interval
                for phase in range(PHASES)
            ]
            worst.append(max(above))
            name = f"end noticed, above the idle run and wait_interval={interval:g}"
            yield Finding(CASE, f"{name}, in the middle", median(above), "s")
            yield Finding(CASE, f"{name}, at the worst part", worst[-1], "s")
        yield Finding(CASE, "end noticed, above the idle run and wait_interval", max(worst), "s")


class _Drain:
    """A server that can be drained, and who looks at it when."""

    def __init__(self, fleet: Fleet, port: int, folder: Path) -> None:
        self._fleet = fleet
        self._port = port
        self._folder = folder
        self._looks: list[float] = []

    @classmethod
    @contextmanager
    def begun(cls) -> Iterator[_Drain]:
        """Where all of it runs."""
        port = free_port()
        with Apps(1) as apps, TemporaryDirectory() as folder, one(newest(), body(apps.ports[0], port)) as fleet:
            yield cls(fleet, port, Path(folder))

    def without_session(self) -> float:
        """Seconds from the last look to the end."""
        with self._watched() as socket:
            end = self._end_of(self._started(socket, INTERVALS[0]))
            return end - self._looks[-1]

    def noticed(self, interval: float, phase: float) -> float:
        """Seconds from the end of the last session to that of the task.

        :param phase: at which part of the interval after a look it ends, from 0 to 1.
        """
        with self._watched() as socket, hold_session(self._port) as session:
            running = self._started(socket, interval)
            wait_until(lambda: bool(self._looks), START_SECONDS, lambda: "nobody looks at the server")
            time.sleep(max(0.0, self._looks[-1] + phase * interval - time.perf_counter()))
            begin = time.perf_counter()
            session.finish()
            return self._end_of(running) - begin

    def _started(self, socket: str, interval: float) -> Running:
        arguments = {"name": "web1", "backend": "www", "state": "drain", "wait": True, "wait_interval": interval}
        return Running(command_of("haproxy_server", {**arguments, "socket": [socket]}, self._folder), self._folder)

    def _end_of(self, running: Running) -> float:
        cost: dict[str, Any] = running.ended().result
        end = time.perf_counter()
        if not cost["changed"]:
            raise RuntimeError(f"nothing was drained: {cost}")
        return end

    @contextmanager
    def _watched(self) -> Iterator[str]:
        """A socket that tells each look at the draining server; afterwards it serves again."""
        self._looks.clear()

        written = False

        def look(request: bytes, reply: bytes) -> bytes:
            nonlocal written
            written = written or b"set server" in request
            if written and b"show stat" in request:
                self._looks.append(time.perf_counter())
            return reply

        with Recorder(self._fleet.sockets[0], tamper=look) as recorder:
            yield recorder.path
        self._fleet.ask(0, "set server www/web1 state ready")


def body(application: int, port: int) -> str:
    """A frontend at this port, and a server behind it."""
    return f"""\
frontend public
{bind_lines(port)}    default_backend www

backend www
    server web1 127.0.0.1:{application}
"""
