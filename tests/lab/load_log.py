# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of the load generator: a line for each request, and one for each kept connection that was closed while idle."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

NOBODY = "-"
"""The name of no server, and no version: nothing tells."""


class Request(NamedTuple):
    """A request that has ended."""

    start: float
    """Seconds of the machine's monotonic clock, which all processes share."""
    seconds: float
    """Until the last byte of the answer, or the failure; those of making a connection are among them."""
    outcome: str
    """The status, such as "200"; without a whole answer the kind of the error, such as "ConnectionResetError"."""
    server: str
    """The server that answered, or that HAProxy had chosen; "-" where nothing tells."""
    version: str
    """The version of the application that answered, or "-"."""
    path: str
    connection: str
    """"kept" where the connection is kept for the next request, else "new"."""
    target: str
    """Who was asked, as ``address:port``."""

    @property
    def end(self) -> float:
        """When it was over, on the same clock."""
        return self.start + self.seconds

    @property
    def succeeded(self) -> bool:
        """Whether an application itself answered with success: its answers say its name, those of a balancer do not."""
        return self.outcome == "200" and self.server not in (NOBODY, "<NOSRV>")

    @property
    def kind(self) -> str:
        """What came instead of success."""
        return "200 of no application" if self.outcome == "200" else self.outcome

    @property
    def is_slow(self) -> bool:
        """Whether it asked for a slow page."""
        return self.path.startswith("/slow")

    def line(self) -> str:
        """The line of the log; ``parsed`` reads it."""
        return " ".join((f"{self.start:.6f}", f"{self.seconds:.6f}", *self[2:])) + "\n"


class Closed(NamedTuple):
    """A kept connection that the other side closed while nothing was asked on it, as HTTP allows: no failure."""

    time: float
    """When that was noticed; seconds of the same clock."""
    target: str

    def line(self) -> str:
        """The line of the log; ``parsed`` reads it."""
        return f"closed {self.time:.6f} {self.target}\n"


def parsed(line: str) -> Request | Closed:
    """A line of the log. Raises ValueError for anything else."""
    first, *rest = line.split()
    if first == "closed":
        time, target = rest
        return Closed(float(time), target)
    seconds, outcome, server, version, path, connection, target = rest
    return Request(float(first), float(seconds), outcome, server, version, path, connection, target)


def requests_in(lines: Iterable[str]) -> list[Request]:
    """The requests of a log, in the order of their ends."""
    return [entry for entry in map(parsed, lines) if isinstance(entry, Request)]
