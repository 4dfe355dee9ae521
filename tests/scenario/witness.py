# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a witness writes down of the drains of a deploy, and what follows from it; pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .readings import Servers


class Event(NamedTuple):
    """Something that happened to an application on a balancer."""

    time: float
    """Of the clock on the wall: the first reading that shows it."""
    what: str
    """"drained" on all processes, "emptied" of its last session while drained, "back"; a held one was "let go" or "cut"."""
    balancer: str
    application: str
    old_workers: int = 0
    """With the last two: how many old workers there were just before."""

    def line(self) -> str:
        """The line of the log."""
        return json.dumps(self._asdict()) + "\n"


def events_of(text: str) -> list[Event]:
    """The events of a log."""
    return [Event(**json.loads(line)) for line in text.splitlines()]


class Eyes:
    """Turns readings of one balancer into events."""

    def __init__(self, balancer: str) -> None:
        """Nothing was seen."""
        self._balancer = balancer
        self._drained: set[str] = set()
        self._emptied: set[str] = set()

    def see(
        self, time: float, states: Sequence[Servers], sessions: Mapping[str, int], backend: str = "www"
    ) -> list[Event]:
        """What is new: the servers of each process, and the sessions of each application, old workers included."""
        found = []
        for name in {name.removeprefix(f"{backend}/") for name in states[0] if name.startswith(f"{backend}/")}:
            drains = all(process[f"{backend}/{name}"].state == "drain" for process in states)
            found += self._seen(time, name, drains=drains, is_empty=not sessions.get(name))
        return found

    def _seen(self, time: float, name: str, *, drains: bool, is_empty: bool) -> list[Event]:
        found = []
        if drains and name not in self._drained:
            self._drained.add(name)
            found.append(Event(time, "drained", self._balancer, name))
        if drains and is_empty and name not in self._emptied:
            self._emptied.add(name)
            found.append(Event(time, "emptied", self._balancer, name))
        if not drains and name in self._drained:
            self._drained.discard(name)
            self._emptied.discard(name)
            found.append(Event(time, "back", self._balancer, name))
        return found


@dataclass(frozen=True)
class Drain:
    """The first drain of an application, on all balancers that had it in service; times are of the wall."""

    drained: Mapping[str, float] = field(default_factory=dict)
    emptied: Mapping[str, float] = field(default_factory=dict)

    @property
    def begin(self) -> float:
        """When the first balancer had been told."""
        return min(self.drained.values())

    @property
    def spread(self) -> float:
        """Seconds from the first balancer to the last one."""
        return max(self.drained.values()) - self.begin

    @property
    def end(self) -> float:
        """When the last session had ended, on all balancers."""
        return max(self.emptied.values())

    @property
    def each(self) -> dict[str, float]:
        """The seconds of each balancer."""
        return {name: self.emptied[name] - time for name, time in self.drained.items()}


def drains_of(events: Iterable[Event]) -> dict[str, Drain]:
    """The first drain of each application."""
    found: dict[str, Drain] = {}
    for event in events:
        if event.what in ("drained", "emptied"):
            drain = found.setdefault(event.application, Drain({}, {}))
            times = dict(getattr(drain, event.what))
            times.setdefault(event.balancer, event.time)
            found[event.application] = Drain(**{**drain.__dict__, event.what: times})
    return {name: drain for name, drain in found.items() if drain.drained.keys() == drain.emptied.keys()}
