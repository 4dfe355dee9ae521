# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The witness: ``python -m scenario.watch SPEC.json`` writes down drains, and holds a session on each balancer.

The session is one of app1. It ends `HELD_SECONDS` after all balancers were told to drain app1: whoever drains one balancer
after the other waits in vain. Where a reload came in between, it is an old worker that holds it.
"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from lab.raw import ask, connect

from . import readings
from .witness import Event, Eyes

INTERVAL_SECONDS = 0.1
HELD_SECONDS, LONGEST_SECONDS = 5.0, 60.0
"""After the last balancer was told, and after the first one."""
HELD = "app1"
BEGIN, MORE = b"GET / HTTP/1.1\r\nHost: held\r\n", b"X-More: is to come\r\n"
MORE_SECONDS = 10.0
"""A request that never ends, as nobody keeps a connection on which nothing is said for a minute."""


class Balancer:
    """One balancer under the eyes of the witness."""

    def __init__(self, name: str, sockets: Sequence[str], master: str | None, held: str) -> None:
        """Open the connection that is held."""
        self.name = name
        self._sockets = sockets
        self._master = master
        self._held: socket.socket | None = connect(held)
        self._held.sendall(BEGIN)
        self._said = time.time()
        self.told: float | None = None
        self._eyes = Eyes(name)

    def look(self, log: TextIO, let_go: float) -> None:
        """Read all processes once, and write down what is new; a balancer that is dead is looked at later."""
        try:
            states = [readings.servers_of(self._ask(path, readings.STATES)) for path in self._sockets]
            sessions = self._sessions()
        except (OSError, ValueError):
            return
        now = time.time()
        for event in self._eyes.see(now, states, sessions):
            log.write(event.line())
            if event.what == "drained" and event.application == HELD:
                self.told = self.told or now
        self._hold(now, log, let_go)
        log.flush()

    def _hold(self, now: float, log: TextIO, let_go: float) -> None:
        """Go on with the connection, or let go of it when it is time."""
        if self._held is None:
            return
        was_cut = _is_cut(self._held)
        if was_cut or now >= let_go:
            log.write(Event(now, "cut" if was_cut else "let go", self.name, HELD, self._old_workers()).line())
            self._held.close()
            self._held = None
        elif now >= self._said + MORE_SECONDS:
            self._said = now
            with contextlib.suppress(OSError):  # which the next look finds
                self._held.send(MORE)

    def _sessions(self) -> Mapping[str, int]:
        """By application; the held one counts, though the processes that are asked may not know it."""
        found: Counter[str] = Counter()
        for path in self._sockets:
            for name, count in readings.sessions_of(self._ask(path, readings.SESSIONS)).items():
                found[name.partition("/")[2]] += count
        if self._held is not None:
            found[HELD] += 1
        return found

    def _old_workers(self) -> int:
        if self._master is None:
            return 0
        return readings.old_workers_of(ask(self._master, "show proc", half_close=True).decode())

    @staticmethod
    def _ask(path: str, command: str) -> str:
        return ask(path, command).decode("utf-8", "replace")


def _is_cut(connection: socket.socket) -> bool:
    """Whether the other side has closed a connection, or answered, though it was not asked yet."""
    connection.setblocking(False)
    try:
        connection.recv(1)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def end_of(told: Sequence[float | None]) -> float:
    """When the sessions end, by when each balancer was told, or not yet."""
    known = [time for time in told if time is not None]
    if not known:
        return float("inf")
    return max(known) + HELD_SECONDS if len(known) == len(told) else min(known) + LONGEST_SECONDS


def main(spec: Mapping[str, Mapping[str, str]], log: Path) -> None:
    """Look until killed. The log is there when the connections are."""
    masters = spec["masters"]
    balancers = [
        Balancer(name, sockets, masters.get(name), spec["held"][name]) for name, sockets in spec["sockets"].items()
    ]
    with log.open("w", encoding="utf-8") as file:
        while True:
            let_go = end_of([balancer.told for balancer in balancers])
            for balancer in balancers:
                balancer.look(file, let_go)
            time.sleep(INTERVAL_SECONDS)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    main(given, Path(given["log"]))
