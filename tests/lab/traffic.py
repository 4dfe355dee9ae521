# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traffic through balancers: a load of quick and slow requests, a log with a line for each, and a report of it.

The generator is a process of its own, so that nobody starves it::

    python -m lab.traffic --rate=most --log=LOG --report=REPORT 10.0.0.1:8080 10.0.0.2:8080

It repeats no request and forgives none: what is not an application's own 200, in full and in time, has failed.
SIGTERM makes it send no new ones; when those under way have been answered it writes the report, says it in a sentence on
standard output, and ends with code 0, whatever failed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TextIO

from .errors import LabError
from .load_client import SWEEP_SECONDS, Clients, Target
from .load_log import Closed, Request, requests_in
from .load_report import LoadReport, Sums, read
from .load_streams import FLOOD, Asking, Load, streams_of
from .processes import Workspace, members, wait_until

__all__ = ["FLOOD", "Load", "LoadReport", "Request", "Traffic"]

START_SECONDS = 15.0
END_SECONDS = 5.0
"""Beyond the time that the last request may take."""


class Traffic:
    """The generator at work; it ends with the workspace at the latest."""

    def __init__(
        self, workspace: Workspace, targets: int | Sequence[str], load: Load | None = None, prefix: Sequence[str] = ()
    ) -> None:
        """Start it against these targets, each ``address:port``, or a port of loopback; by default with a ``Load()``.

        `prefix` stands before its command, such as ``nsenter --net=FILE``; it may become the command or wait for it.
        Returns when the first request has ended. Raises LabError.
        """
        number = sum(1 for _each in workspace.directory.glob("traffic*.log"))
        base = workspace.directory / f"traffic{number or ''}"
        self._log, self._report, self._errors = (base.with_suffix(f".{end}") for end in ("log", "json", "errors"))
        names = [f"127.0.0.1:{targets}"] if isinstance(targets, int) else targets
        load = load or Load()
        self._end_seconds = load.timeout + END_SECONDS
        path = f"PYTHONPATH={Path(__file__).resolve().parents[1]}"
        command = [*prefix, "env", path, sys.executable, "-m", "lab.traffic", *load.words()]
        self._process = workspace.start(
            [*command, f"--log={self._log}", f"--report={self._report}", *names], self._errors
        )
        wait_until(self._flows, START_SECONDS, lambda: "the load generator makes no requests")

    def _flows(self) -> bool:
        if self._process.poll() is not None:
            raise LabError(f"the load generator ended at once:\n{self._errors.read_text(encoding='utf-8')}")
        return self._log.stat().st_size > 0

    def finished(self) -> list[Request]:
        """Let the requests under way end, and return all that were made, in the order of their ends.

        Raises LabError where the generator did not come to a good end itself.
        """
        self._end()
        with self._log.open(encoding="utf-8") as lines:
            return requests_in(lines)

    def report(self) -> LoadReport:
        """Let the requests under way end, and return what became of all. Raises LabError as ``finished`` does."""
        self._end()
        return read(self._report.read_text(encoding="utf-8"))

    def _end(self) -> None:
        if self._report.exists():
            return
        # A prefix that waits may take the generator along when it is killed: it is spared, and ends by itself.
        group = members([self._process.pid])
        for pid in [pid for pid in group if pid != self._process.pid] or group:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        wait_until(self._has_ended, self._end_seconds, lambda: "the load generator does not end")

    def _has_ended(self) -> bool:
        runs = self._process.poll() is None or bool(members([self._process.pid]))
        if self._report.exists():  # looked for after its writer
            return True
        if not runs:
            words = self._errors.read_text(encoding="utf-8").strip()
            raise LabError(f"the load generator ended without a report:\n{words}")
        return False


class _Generator:
    """All streams, until it is told to stop."""

    def __init__(self, targets: Sequence[Target], load: Load, log: TextIO | None) -> None:
        self.sums = Sums()
        self._log = log
        self._clients = Clients(self._note, load.timeout)
        streams = streams_of(load, len(targets))
        # Each begins with another target, so that those with few clients do not all have the same ones.
        turned = (
            [*targets[number % len(targets) :], *targets[: number % len(targets)]] for number in range(len(streams))
        )
        self._asking = [Asking(stream, self._clients, those) for stream, those in zip(streams, turned, strict=True)]
        self._is_over = False

    def run(self) -> None:
        """Returns when it was stopped and every request has ended."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        flushed = time.monotonic()
        while not self._is_over or self._clients.busy:
            now = time.monotonic()
            if self._log and now - flushed >= SWEEP_SECONDS:
                self._log.flush()
                flushed = now
            next_due = min([now + SWEEP_SECONDS, *([] if self._is_over else [each.due(now) for each in self._asking])])
            self._clients.turn(next_due - time.monotonic())
        self._clients.close()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._is_over = True

    def _note(self, entry: Request | Closed) -> None:
        self.sums.add(entry)
        if self._log:
            self._log.write(entry.line())


def _main() -> None:
    parser = argparse.ArgumentParser(prog="lab.traffic")
    parser.add_argument("targets", nargs="+", type=Target, metavar="ADDRESS:PORT")
    parser.add_argument("--log", type=Path, help="a line for each request; 50 MB for half a million")
    parser.add_argument("--report", type=Path, required=True, help="JSON, written at the end")
    parser.add_argument("--rate", type=_rate, default=Load.rate, help='quick requests a second, or "most"')
    parser.add_argument("--clients", type=int, default=Load.clients)
    parser.add_argument("--slow", type=float, default=Load.slow, help="requests a second that take 1, 2 or 3 s")
    parser.add_argument("--timeout", type=float, default=Load.timeout, help="seconds for a request")
    chosen = parser.parse_args()
    load = Load(chosen.rate, chosen.clients, chosen.slow, chosen.timeout)
    with chosen.log.open("w", encoding="utf-8") if chosen.log else contextlib.nullcontext() as log:
        generator = _Generator(chosen.targets, load, log)
        generator.run()
    seen = generator.sums.report(time.process_time())
    part = chosen.report.with_suffix(".part")
    part.write_text(seen.text(), encoding="utf-8")
    part.replace(chosen.report)
    print(seen.sentence(), flush=True)


def _rate(word: str) -> float | None:
    return None if word == "most" else float(word)


if __name__ == "__main__":
    _main()
