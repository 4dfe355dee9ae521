# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of a load, summed up; pure. Written as JSON for playbooks, said in a sentence for people."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .load_log import Closed, Request

MOST_FAILURES = 1000
"""So many are listed one by one: a dead balancer makes ten thousands. All are counted."""


@dataclass(frozen=True)
class Count:
    """Requests to a target, or to a server."""

    requests: int
    failed: int
    versions: Mapping[str, int]
    """Successes by the version of the application."""


@dataclass(frozen=True)
class LoadReport:
    """The sums of a load; all times are seconds."""

    begin: float
    """When the first request was made, on the machine's monotonic clock."""
    seconds: float
    """From the first request to the last one, its answer not waited for."""
    slow: int
    """Requests for a slow page."""
    longest: float
    """What the longest success took."""
    targets: Mapping[str, Count]
    servers: Mapping[str, Count]
    """By name; "-" where nothing tells."""
    closed_idle: Mapping[str, int]
    """By target: kept connections that it closed while nothing was asked on them. No failures."""
    kinds: Mapping[str, int]
    """What came instead of success, and how often."""
    failures: tuple[Request, ...]
    """The first ones."""
    each_second: tuple[tuple[int, int], ...]
    """Of each whole second of the clock, from that of ``begin`` on: requests made, and how many of them failed."""
    cpu_seconds: float = 0.0
    """What the generator itself used of a processor."""

    @property
    def requests(self) -> int:
        """All that were made."""
        return sum(count.requests for count in self.targets.values())

    @property
    def failed(self) -> int:
        """Those that no application answered with success, in full and in time."""
        return sum(self.kinds.values())

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds if self.seconds else 0.0

    def failed_at(self, *targets: str) -> int:
        """Failures at these targets: those of a balancer that is killed on purpose are told apart by it."""
        return sum(self.targets[target].failed for target in targets if target in self.targets)

    def sentence(self) -> str:
        """Such as "37,412 requests, 1,180/s, 0 failed"."""
        kinds = ", ".join(f"{count:,} x {kind}" for kind, count in sorted(self.kinds.items()))
        return f"{self.requests:,} requests, {self.rate:,.0f}/s, {self.failed:,} failed{f' ({kinds})' if kinds else ''}"

    def text(self) -> str:
        """The report as JSON; ``read`` reads it."""
        said = asdict(self)
        said["failures"] = [failure._asdict() for failure in self.failures]
        sums = {"requests": self.requests, "failed": self.failed, "rate": round(self.rate, 1)}
        return json.dumps({"sentence": self.sentence(), **sums, **said}, indent=1) + "\n"


def read(text: str) -> LoadReport:
    """The report in this JSON. Raises ValueError, TypeError or KeyError for anything else."""
    said: dict[str, Any] = json.loads(text)
    for name in ("sentence", "requests", "failed", "rate"):
        del said[name]
    for name in ("targets", "servers"):
        said[name] = {key: Count(**count) for key, count in said[name].items()}
    said["failures"] = tuple(Request(**failure) for failure in said["failures"])
    said["each_second"] = tuple((made, failed) for made, failed in said["each_second"])
    return LoadReport(**said)


class _Count:
    """A ``Count`` that grows."""

    def __init__(self) -> None:
        self._requests = 0
        self._failed = 0
        self._versions: Counter[str] = Counter()

    def add(self, request: Request) -> None:
        self._requests += 1
        if request.succeeded:
            self._versions[request.version] += 1
        else:
            self._failed += 1

    def count(self) -> Count:
        return Count(self._requests, self._failed, dict(sorted(self._versions.items())))


class Sums:
    """A report that grows with each entry of a log, whose order does not matter; its size does not grow with them."""

    def __init__(self) -> None:
        """Nothing was asked."""
        self._targets: dict[str, _Count] = defaultdict(_Count)
        self._servers: dict[str, _Count] = defaultdict(_Count)
        self._closed: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._failures: list[Request] = []
        self._made: Counter[int] = Counter()
        self._failed: Counter[int] = Counter()
        self._slow, self._longest, self._first, self._last = 0, 0.0, float("inf"), float("-inf")

    def add(self, entry: Request | Closed) -> None:
        """Count it."""
        if isinstance(entry, Closed):
            self._closed[entry.target] += 1
            return
        self._targets[entry.target].add(entry)
        self._servers[entry.server].add(entry)
        self._slow += entry.is_slow
        self._first, self._last = min(self._first, entry.start), max(self._last, entry.start)
        second = int(entry.start)
        self._made[second] += 1
        if entry.succeeded:
            self._longest = max(self._longest, entry.seconds)
            return
        self._failed[second] += 1
        self._kinds[entry.kind] += 1
        if len(self._failures) < MOST_FAILURES:
            self._failures.append(entry)

    def report(self, cpu_seconds: float = 0.0) -> LoadReport:
        """What was counted until now."""
        made = self._made
        return LoadReport(
            begin=self._first if made else 0.0,
            seconds=round(self._last - self._first, 6) if made else 0.0,
            slow=self._slow,
            longest=self._longest,
            targets={name: count.count() for name, count in sorted(self._targets.items())},
            servers={name: count.count() for name, count in sorted(self._servers.items())},
            closed_idle=dict(sorted(self._closed.items())),
            kinds=dict(sorted(self._kinds.items())),
            failures=tuple(self._failures),
            each_second=tuple((made[each], self._failed[each]) for each in range(min(made), max(made) + 1))
            if made
            else (),
            cpu_seconds=round(cpu_seconds, 3),
        )


def summed(entries: Iterable[Request | Closed], cpu_seconds: float = 0.0) -> LoadReport:
    """The report of a whole log."""
    sums = Sums()
    for entry in entries:
        sums.add(entry)
    return sums.report(cpu_seconds)
