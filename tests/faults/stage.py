# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fault happens to: the processes of one cell, a fleet of each kind kept for as long as nothing kills it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lab.recorder import Recorder, Recorders, Swallow, Tamper
from lab.tasks import run
from lab.versions import Version

from .lies import writes_of
from .modules import Deed
from .sample import Held, Sample, started

TIMEOUT = 1.0
"""Seconds that a task gives each exchange."""
SLACK = 0.5
"""Seconds beyond that in which a task must have ended."""

KINDS: dict[str, dict[str, Any]] = {
    "two": {"kind": "instances", "count": 2},
    "spare": {"kind": "instances", "count": 3},
    "levels": {"kind": "instances", "count": 1, "operator": True, "user": True},
    "few connections": {"kind": "instances", "count": 2, "global_lines": "stats maxconn 10"},
    "tcp": {"kind": "instances", "count": 2, "tcp": True},
    "master": {"kind": "master", "count": 1},
    "four": {"kind": "layout", "count": 4},
}
"""The fleets that faults ask for."""


Run = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Runs a module with these options, as :func:`lab.tasks.run` does."""


@dataclass
class Stage:
    """The processes of one cell, as they are before the fault. What a fault does is written into it.

    :param recorders: what stands between the task and the processes.
    :param home: what each process holds.
    :param addresses: what the task gets as its option ``socket``.
    :param called: the name of each recorder's process in results.
    :param behind: the index of the process that is behind each recorder.
    :param pids: of all processes of the fleet when it was started.
    :param more: further options of the task.
    :param spent: seconds of the task's time that the fault itself took.
    :param dead: indexes of the processes that do not live any more.
    """

    sample: Sample
    recorders: list[Recorder]
    deed: Deed
    home: list[Held]
    addresses: list[str]
    called: list[str]
    behind: list[int]
    pids: list[int]
    more: dict[str, Any] = field(default_factory=dict)
    spent: float = 0.0
    dead: set[int] = field(default_factory=set)
    run: Run = run

    def seen(self) -> dict[str, list[str]]:
        """Process → the write commands that its recorder saw."""
        return {name: recorder.writes() for name, recorder in zip(self.called, self.recorders, strict=True)}

    def refused(self) -> dict[str, list[str]]:
        """Process → of these, what it refused, with what stood behind that in the same line."""
        return {name: list(_refused(recorder)) for name, recorder in zip(self.called, self.recorders, strict=True)}

    def homes(self) -> dict[str, Held]:
        """Process → what it held before the task; without the dead."""
        return {name: self.home[index] for name, index in self._living()}

    def now(self) -> dict[str, Held]:
        """Process → what it holds now; without the dead."""
        return {name: self.sample.held(index) for name, index in self._living()}

    def _living(self) -> list[tuple[str, int]]:
        return [(name, index) for name, index in zip(self.called, self.behind, strict=True) if index not in self.dead]


def _refused(recorder: Recorder) -> Iterator[str]:
    """A line of silent commands is answered with an empty line for each, up to the first that is refused."""
    for request, reply in recorder.exchanges:
        silences = len(reply) - len(reply.lstrip(b"\n")) - 1
        if re.match(rb"\n+\[[0-7]\]: ", reply):
            yield from writes_of(request)[silences:]


class Cell(NamedTuple):
    """What came of one task: its result and seconds."""

    result: dict[str, Any]
    seconds: float


Break = Callable[[Stage], AbstractContextManager[None]]
"""Does something to the processes, until its context ends."""


class Stages:
    """The fleets of one version, each started when the first fault asks for it."""

    def __init__(self, haproxy: Version) -> None:
        self.version = haproxy
        self._stack = ExitStack()
        self._kept: dict[str, tuple[Sample, Recorders, list[Held], list[int]]] = {}

    @contextmanager
    def stage(self, kind: str, deed: Deed, *, fresh: bool) -> Iterator[Stage]:
        """A fleet of this kind with everything as configured; `fresh` ones are not used again."""
        with ExitStack() as stack:
            if fresh:
                sample, recorders = stack.enter_context(started(self.version, **KINDS[kind]))
                home, pids = sample.all_held(), sample.fleet.running
            else:
                sample, recorders, home, pids = self._kept_one(kind)
                stack.callback(_at_home, sample, home)
            recorders.clear()
            names = list(recorders.sockets)
            yield Stage(sample, list(recorders.all), deed, home, list(names), names, list(range(len(names))), pids)

    def close(self) -> None:
        """Stop them all."""
        self._stack.close()

    def _kept_one(self, kind: str) -> tuple[Sample, Recorders, list[Held], list[int]]:
        if kind not in self._kept:
            sample, recorders = self._stack.enter_context(started(self.version, **KINDS[kind]))
            self._kept[kind] = (sample, recorders, sample.all_held(), sample.fleet.running)
        return self._kept[kind]


def _at_home(sample: Sample, home: list[Held]) -> None:
    sample.tidy()
    assert sample.all_held() == home, "the lab could not bring the processes back to how they were"


@contextmanager
def meddling(*recorders: Recorder, tamper: Tamper | None = None, swallow: Swallow | None = None) -> Iterator[None]:
    """These recorders lie, until the context ends."""
    for recorder in recorders:
        recorder.tamper, recorder.swallow = tamper, swallow
    try:
        yield
    finally:
        for recorder in recorders:
            recorder.tamper = recorder.swallow = None
