# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A witness beside Ansible: asks every process of HAProxy again and again in which state the servers are.

It is how the demo knows, without believing the module, when a drain began and how many sessions there were.
"""

from __future__ import annotations

import csv
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple, Self

from lab.raw import ask

INTERVAL_SECONDS = 0.05


class Drain(NamedTuple):
    """When a server was taken out of service; seconds of the machine's monotonic clock."""

    before: float
    """No process had been told to drain it yet."""
    after: float
    """The first reading that shows it draining on a process."""
    sessions: int
    """On all processes, at that reading."""


class Status(NamedTuple):
    """One server on one process."""

    draining: bool
    sessions: int


def statuses(reply: str) -> dict[str, Status]:
    """The servers in a reply to ``show stat``, by name."""
    rows = csv.DictReader(reply.lstrip("# ").splitlines())
    return {
        row["svname"]: Status(row["status"].startswith("DRAIN"), int(row["scur"])) for row in rows if row["type"] == "2"
    }


class Witness:
    """Reads all processes from a thread of its own while the context lasts."""

    def __init__(self, sockets: Sequence[str], backend: str) -> None:
        """Nothing is asked yet."""
        self._command = f"show stat {backend} 4 -1"  # 4: its servers only; -1: all of them
        self._sockets = sockets
        self._drains: dict[str, Drain] = {}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="witness")

    @property
    def drains(self) -> dict[str, Drain]:
        """The first drain of each server that was drained until now."""
        return dict(self._drains)

    def drain_of(self, server: str) -> Drain | None:
        """The first drain of this server, or None where none was seen until now."""
        return self._drains.get(server)

    def _watch(self) -> None:
        before = time.monotonic()
        while not self._ending.wait(INTERVAL_SECONDS):
            asked = time.monotonic()
            try:
                seen = [statuses(ask(socket, self._command).decode()) for socket in self._sockets]
            except OSError:  # HAProxy has gone: the generator tells the same
                continue
            after = time.monotonic()
            for name in {name for each in seen for name in each} - set(self._drains):
                here = [each[name] for each in seen if name in each]
                if any(status.draining for status in here):
                    self._drains[name] = Drain(before, after, sum(status.sessions for status in here))
            before = asked

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()
