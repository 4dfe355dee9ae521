# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a HAProxy process uses, read every few seconds without the collection's own code."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple, Self

from lab.raw import ask

from .proc import open_files, own_memory

SETTLE_SECONDS = 15.0
"""Connections to servers that nobody uses are closed within a second or two."""
POLL_SECONDS = 0.1


class Sample(NamedTuple):
    """One process at one moment."""

    memory: int
    """Bytes of its own."""
    pools: int
    """Bytes in use in its own pools, as it says itself, but for 2.2 without those that its threads keep for later use."""
    fds: int
    """Descriptors that it has open."""
    connections: int
    """Those of clients, as it says itself."""
    talks: int
    """Connections to its stats sockets, without the one that asks."""


def sample(socket: str, pid: int) -> Sample:
    """What this process uses now. Raises OSError where it has ended, ValueError where it does not tell."""
    # The descriptors first, so that the connection that asks is not among them.
    fds, memory = open_files(pid), own_memory(pid)
    told = ask(socket, "show info;show pools;show sess").decode("utf-8", "replace")
    return Sample(
        memory,
        bytes_in_use(told),
        fds,
        _number(r"^CurrConns: (\d+)$", told),
        len(re.findall(r" fe=GLOBAL ", told)) - 1,
    )


_POOLS = re.compile(r"^Total: .* (?P<used>\d+) used(?: \(~(?P<kept>\d+) by thread caches\))?", re.MULTILINE)


def bytes_in_use(told: str) -> int:
    """From the last line of ``show pools``, where what threads keep counts as used; all but 2.2 say how much that is.

    Raises ValueError where it is not there.
    """
    found = _POOLS.search(told)
    if found is None:
        raise ValueError("HAProxy does not tell the bytes in use")
    return int(found["used"]) - int(found["kept"] or 0)


def _number(pattern: str, told: str) -> int:
    found = re.search(pattern, told, re.MULTILINE)
    if found is None:
        raise ValueError(f"HAProxy does not tell {pattern}")
    return int(found[1])


def is_clean(now: Sample, before: Sample) -> bool:
    """Whether no more is open than before."""
    return now.fds <= before.fds and now.connections <= before.connections and now.talks <= before.talks


def settled(sockets: Sequence[str], pids: Sequence[int], before: Sequence[Sample]) -> list[Sample]:
    """Samples of all processes as soon as no more is open than before, or when that does not come."""
    end = time.monotonic() + SETTLE_SECONDS
    while True:
        now = [sample(*each) for each in zip(sockets, pids, strict=True)]
        if all(map(is_clean, now, before)) or time.monotonic() > end:
            return now
        time.sleep(POLL_SECONDS)


class Sampling:
    """Samples of all processes every few seconds in a thread, while the context lasts."""

    def __init__(self, sockets: Sequence[str], pids: Sequence[int], interval: float) -> None:
        """`interval` in seconds."""
        self.taken: list[list[Sample]] = []
        """A row for each moment, with a sample of each process."""
        self.error: Exception | None = None
        """Why there are no more."""
        self._processes = list(zip(sockets, pids, strict=True))
        self._interval = interval
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="samples")

    def series(self, process: int, what: str) -> list[int]:
        """One of the figures of a process, by the index of the process."""
        return [getattr(row[process], what) for row in self.taken]

    def _run(self) -> None:
        try:
            while not self._over.wait(self._interval):
                self.taken.append([sample(*each) for each in self._processes])
        except (OSError, ValueError) as error:
            self.error = error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join()
