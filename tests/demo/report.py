# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the load generator saw, as a table; pure. All times are seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lab.load_log import Request

from .witness import Drain

LEAST_REQUESTS = 2000
NOBODY = "-"
"""The name of no server: the request got to none, or nothing tells to which."""


@dataclass(frozen=True)
class ServerReport:
    """What became of the requests to one server."""

    name: str
    requests: int
    failed: int
    seconds_out: float
    """The longest time for which it was given no request that succeeded."""
    under_way: int | None
    """Slow requests that were under way when its drain began; None when it was not drained."""
    finished: int | None
    """Those of them that were answered in full by the version that was to go."""
    versions: tuple[str, ...]
    """Of the application, in the order of their first answers."""


@dataclass(frozen=True)
class Report:
    """What became of all requests."""

    servers: tuple[ServerReport, ...]
    seconds: float
    """From the first request to the last answer."""
    outcomes: Mapping[str, int]
    """What came instead of success, and how often."""

    @property
    def requests(self) -> int:
        """All that were made."""
        return sum(server.requests for server in self.servers)

    @property
    def failed(self) -> int:
        """Those that the application did not answer with success, in full and in time."""
        return sum(server.failed for server in self.servers)


def report(requests: Sequence[Request], names: Iterable[str], drains: Mapping[str, Drain]) -> Report:
    """Sum up the generator's log; `names` are the servers, `drains` when each was taken out of service."""
    wanted = list(names)
    by_server: dict[str, list[Request]] = {name: [] for name in wanted}
    for request in sorted(requests):
        by_server.setdefault(request.server if request.server in wanted else NOBODY, []).append(request)
    return Report(
        servers=tuple(_server(name, log, drains.get(name)) for name, log in by_server.items()),
        seconds=max((r.end for r in requests), default=0.0) - min((r.start for r in requests), default=0.0),
        outcomes=Counter(request.kind for request in requests if not request.succeeded),
    )


def _server(name: str, log: Sequence[Request], drain: Drain | None) -> ServerReport:
    answered = [request for request in log if request.succeeded]
    versions = tuple(dict.fromkeys(request.version for request in sorted(answered, key=lambda each: each.end)))
    under_way = [] if drain is None else [each for each in log if each.is_slow and _spans(each, drain)]
    finished = [each for each in under_way if each.succeeded and each.version == versions[0]]
    return ServerReport(
        name=name,
        requests=len(log),
        failed=len(log) - len(answered),
        seconds_out=max((after.start - before.start for before, after in pairwise(answered)), default=0.0),
        under_way=None if drain is None else len(under_way),
        finished=None if drain is None else len(finished),
        versions=versions,
    )


def _spans(request: Request, drain: Drain) -> bool:
    """Whether it was surely under way when the drain began, whenever between the two readings that was."""
    return request.start < drain.before and request.end > drain.after


def shortcomings(seen: Report) -> list[str]:
    """What keeps this from being a deploy that lost nothing under real load, in sentences; none: it was one."""
    said = []
    if seen.failed:
        kinds = ", ".join(f"{count} x {outcome}" for outcome, count in sorted(seen.outcomes.items()))
        said.append(f"{seen.failed} requests failed: {kinds}")
    if seen.requests < LEAST_REQUESTS:
        said.append(f"there were {seen.requests} requests, fewer than {LEAST_REQUESTS}")
    for server in seen.servers:
        if server.name == NOBODY:
            continue
        if not server.under_way:
            said.append(f"no slow request was under way on {server.name} when its drain began")
        elif server.finished != server.under_way:
            said.append(f"of {server.under_way} slow requests on {server.name} {server.finished} finished")
        if len(server.versions) != 2:
            said.append(f"{server.name} was not deployed: {_arrow(server)}")
    return said


def table(seen: Report) -> str:
    """The report for an 80-column terminal."""
    head = ("server", "requests", "failed", "out of service", "slow at drain", "finished", "version")
    rows = [head, *(_row(server) for server in seen.servers)]
    under_way = [server.under_way for server in seen.servers if server.under_way is not None]
    finished = [server.finished for server in seen.servers if server.finished is not None]
    sums = (str(sum(under_way)), str(sum(finished))) if under_way else (NOBODY, NOBODY)
    rows.append(("all", str(seen.requests), str(seen.failed), NOBODY, *sums, f"in {seen.seconds:.1f} s"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if 0 < place < len(head) - 1 else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _row(server: ServerReport) -> tuple[str, ...]:
    drained = (NOBODY if count is None else str(count) for count in (server.under_way, server.finished))
    out = NOBODY if server.name == NOBODY else f"{server.seconds_out:.1f} s"
    return (server.name, str(server.requests), str(server.failed), out, *drained, _arrow(server))


def _arrow(server: ServerReport) -> str:
    return " -> ".join(server.versions) or NOBODY
