# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traffic through a balancer: steady streams of requests, and a log with a line for each.

The generator is a process of its own (``python -m lab.traffic PORT LOG``), so that nobody starves it. Its rates hold
whatever the answers: a request that is late delays none but those of its own connection. It repeats no request.
SIGTERM makes it send no new ones; it ends when those under way have been answered.
"""

from __future__ import annotations

import asyncio
import itertools
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, NamedTuple

from .errors import LabError
from .http_client import Connection
from .processes import Workspace, wait_until

TIMEOUT_SECONDS = 10.0
"""For one request from beginning to end; it has failed when it takes longer."""

START_SECONDS = 15.0


class Request(NamedTuple):
    """One line of the log."""

    start: float
    """Seconds of the machine's monotonic clock, which all processes share."""
    seconds: float
    """Until the last byte of the answer, or the failure."""
    outcome: str
    """The status, such as "200"; without an answer the kind of the error, such as "ConnectionResetError"."""
    server: str
    """The server that answered, or that HAProxy had chosen; "-" where nothing tells."""
    version: str
    """The version of the application that answered, or "-"."""
    path: str
    connection: str
    """"kept" where the connection is kept for the next request, else "new"."""

    @property
    def end(self) -> float:
        """When it was over, on the same clock."""
        return self.start + self.seconds

    @property
    def succeeded(self) -> bool:
        """Whether the application itself answered, with success."""
        return self.outcome == "200"

    @property
    def is_slow(self) -> bool:
        """Whether it asked for the slow page."""
        return self.path.startswith("/slow")

    def line(self) -> str:
        """The line of the log; ``parsed`` reads it."""
        return " ".join((f"{self.start:.6f}", f"{self.seconds:.6f}", *self[2:])) + "\n"


def parsed(line: str) -> Request:
    """A line of the log. Raises ValueError for anything else."""
    start, seconds, outcome, server, version, path, connection = line.split()
    return Request(float(start), float(seconds), outcome, server, version, path, connection)


class Stream(NamedTuple):
    """Requests at a steady rate."""

    path: str
    rate: float
    """Requests a second, over all connections."""
    connections: int
    """That many keep-alive connections take turns; 0: each request has a connection of its own."""


STREAMS = (
    Stream("/", rate=70, connections=8),
    Stream("/", rate=60, connections=0),
    # 2 s each, so about 32 are under way at a time, half of them on kept connections.
    Stream("/slow", rate=8, connections=24),
    Stream("/slow", rate=8, connections=0),
)
"""Quick requests in number, and enough slow ones that each of four servers always has some."""


class _Generator:
    """All streams, until it is told to stop."""

    def __init__(self, port: int, log: IO[str]) -> None:
        self._port = port
        self._log = log
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Returns when it was stopped and every request has ended."""
        loop = asyncio.get_running_loop()
        for end in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(end, self._stop.set)
        async with asyncio.TaskGroup() as group:
            for stream in STREAMS:
                if stream.connections == 0:
                    group.create_task(self._on_new_connections(stream, group))
                for number in range(stream.connections):
                    group.create_task(self._on_kept_connection(stream, number))

    async def _on_new_connections(self, stream: Stream, group: asyncio.TaskGroup) -> None:
        async for _number in self._ticks(1 / stream.rate, 0.0):
            connection = Connection(self._port, keep=False)
            group.create_task(self._request(connection, stream.path))

    async def _on_kept_connection(self, stream: Stream, number: int) -> None:
        connection = Connection(self._port, keep=True)
        period = stream.connections / stream.rate
        async for _number in self._ticks(period, period * number / stream.connections):
            await self._request(connection, stream.path)
        connection.close()

    async def _ticks(self, period: float, first: float) -> AsyncIterator[int]:
        """One item each `period` seconds, the first after `first`; what a slow consumer missed comes at once."""
        begin = time.monotonic() + first
        for number in itertools.count():
            pause = begin + number * period - time.monotonic()
            try:
                await asyncio.wait_for(self._stop.wait(), max(pause, 0.0))
            except TimeoutError:
                yield number
            else:
                return

    async def _request(self, connection: Connection, path: str) -> None:
        start = time.monotonic()
        server, version = "-", "-"
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                answer = await connection.get(path)
            outcome, server, version = str(answer.status), *(answer.headers.get(n, "-") for n in _TELLING)
        except (OSError, EOFError, ValueError) as error:
            outcome = type(error).__name__
            connection.close()
        kind = "kept" if connection.keep else "new"
        self._log.write(Request(start, time.monotonic() - start, outcome, server, version, path, kind).line())


_TELLING = ("x-server", "x-version")


class Traffic:
    """The generator at work; it ends with the workspace at the latest."""

    def __init__(self, workspace: Workspace, port: int) -> None:
        """Start it against this port of loopback; returns when the first request has ended. Raises LabError."""
        self._log = workspace.directory / "traffic.log"
        self._errors = workspace.directory / "traffic.errors"
        path = f"PYTHONPATH={Path(__file__).resolve().parents[1]}"
        command: list[str | Path] = ["env", path, sys.executable, "-m", "lab.traffic", str(port), self._log]
        self._process = workspace.start(command, self._errors)
        wait_until(self._flows, START_SECONDS, lambda: "the load generator makes no requests")

    def _flows(self) -> bool:
        if self._process.poll() is not None:
            raise LabError(f"the load generator ended at once:\n{self._errors.read_text(encoding='utf-8')}")
        return self._log.stat().st_size > 0

    def finished(self) -> list[Request]:
        """Let the requests under way end, and return all that were made, in the order of their ends.

        Raises LabError where the generator did not come to a good end itself.
        """
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(TIMEOUT_SECONDS + 5.0)
        except subprocess.TimeoutExpired as error:
            raise LabError("the load generator does not end") from error
        if code != 0:
            raise LabError(f"the load generator ended with code {code}:\n{self._errors.read_text(encoding='utf-8')}")
        with self._log.open(encoding="utf-8") as lines:
            return [parsed(line) for line in lines]


def _main(port: int, log: Path) -> None:
    with log.open("w", encoding="utf-8", buffering=1) as file:
        asyncio.run(_Generator(port, file).run())


if __name__ == "__main__":
    _main(int(sys.argv[1]), Path(sys.argv[2]))
