# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the load generator asks: quick requests and slow ones, on kept connections and new ones, at a rate or without end."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .load_client import Client, Clients, Target
from .load_log import Request

PAUSE_SECONDS = 0.1
"""How long a client that asks without end waits after a failure, or a dead balancer would be asked most."""

SLOW = ("/slow/1000", "/slow/2000", "/slow/3000")
SLOW_SECONDS = 2.0
"""The milliseconds in the path, on the average."""

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Load:
    """How much is asked; half of what has a rate is on kept connections, half on new ones."""

    rate: float | None = 130.0
    """Quick requests a second; None: as many as are answered."""
    clients: int = 16
    """Clients that make the quick ones; of those without a rate every fourth makes a new connection for each."""
    slow: float = 16.0
    """Slow requests a second: twice as many are under way at a time."""
    timeout: float = TIMEOUT_SECONDS
    """Seconds for one request from beginning to end; it has failed when it takes longer."""

    def words(self) -> list[str]:
        """The options of the command line."""
        rate = "most" if self.rate is None else f"{self.rate:g}"
        numbers = [f"--clients={self.clients}", f"--slow={self.slow:g}", f"--timeout={self.timeout:g}"]
        return [f"--rate={rate}", *numbers]


FLOOD = Load(rate=None, clients=32, slow=24.0)
"""As much as the machine gives."""


class Stream(NamedTuple):
    """Requests of one kind."""

    paths: tuple[str, ...]
    """Asked in turn."""
    rate: float | None
    """Requests a second; None: each client asks again when it is answered."""
    clients: int | None
    """So many take turns; None, only with a rate: as many as it takes."""
    keep: bool
    """Whether connections are kept."""


def streams_of(load: Load, targets: int) -> list[Stream]:
    """The kinds of requests that make this load; each has a client for each of so many targets at least."""
    clients = max(load.clients, targets)
    found = []
    if load.rate is None:
        found += [Stream(("/",), None, clients, True), Stream(("/",), None, max(clients // 4, targets), False)]
    elif load.rate:
        found += [Stream(("/",), load.rate / 2, clients, True), Stream(("/",), load.rate / 2, None, False)]
    if load.slow:
        # A third more than are under way on the average.
        kept = max(round(load.slow / 2 * SLOW_SECONDS * 4 / 3), targets)
        found += [Stream(SLOW, load.slow / 2, kept, True), Stream(SLOW, load.slow / 2, None, False)]
    return found


class Asking:
    """A stream at work. A request that is late delays none but those of its own client."""

    def __init__(self, stream: Stream, clients: Clients, targets: Sequence[Target]) -> None:
        """`targets` are asked in turn, each client always the same one."""
        self._stream = stream
        self._clients = clients
        self._paths = itertools.cycle(stream.paths)
        self._targets = itertools.cycle(targets)
        self._begin = time.monotonic()
        self._asked = 0
        self._paused: deque[tuple[float, Client]] = deque()
        self._idle = deque(self._client() for _each in range(stream.clients or 0))

    def due(self, now: float) -> float:
        """Ask what is to be asked by `now`; returns when the next is."""
        if self._stream.rate is None:
            while self._paused and self._paused[0][0] <= now:
                self._idle.append(self._paused.popleft()[1])
            for client in self._taken(len(self._idle)):
                client.ask(next(self._paths))
            return self._paused[0][0] if self._paused else now + PAUSE_SECONDS
        for client in self._taken(int((now - self._begin) * self._stream.rate) + 1 - self._asked):
            client.ask(next(self._paths))
            self._asked += 1
        return self._begin + self._asked / self._stream.rate

    def over(self, client: Client, made: Request) -> None:
        """A client has been answered, or not."""
        if self._stream.clients is None:
            return
        if self._stream.rate is None and not made.succeeded:
            self._paused.append((time.monotonic() + PAUSE_SECONDS, client))
        else:
            self._idle.append(client)

    def _taken(self, count: int) -> Iterable[Client]:
        """So many clients that have nothing to do, or those that there are."""
        for _each in range(count):
            if self._stream.clients is None:
                yield self._client()
            elif self._idle:
                yield self._idle.popleft()
            else:
                return

    def _client(self) -> Client:
        return Client(self._clients, self, next(self._targets), keep=self._stream.keep)
