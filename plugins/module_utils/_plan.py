# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change as a value: what is, what should be, and the commands between. Nothing here talks to anybody.

``S`` is what one process says of the resource's kind of thing. A resource aims at goals, one after the other; the
plan holds the way from what was observed to the first, and from each to the next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Generic, NamedTuple, Optional, Protocol, TypeVar

from ._fleet import PerProcess
from ._protocol import Command

S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)

# More commands of one kind for one process than this are one line with a count.
LISTED = 200


# So many things are named in a message that could be endless.
NAMED = 5

# An object and one of its fields.
Part = tuple[Any, str]


class Step(NamedTuple):
    """One command, and the part of which object it changes."""

    part: Part
    command: Command


class Verdict(NamedTuple):
    """What is missing of what a goal promises, in one text, and the memory for the next judgement."""

    left: str
    memory: Mapping[Any, Any]


def verdict(left: Iterable[str], memory: Mapping[Any, Any]) -> Verdict:
    """The verdict when this is left: the first few in words."""
    rest = iter(left)
    named = list(islice(rest, NAMED))
    others = sum(1 for _text in rest)
    return Verdict("; ".join(named) + (f"; and {others} more" if others else ""), memory)


# Old worker → object → sessions; None: it does not answer.
Remains = PerProcess[Optional[Mapping[Any, int]]]


class Until(Protocol[S_contra]):
    """What has to come true after a goal's commands."""

    @property
    def counts_old(self) -> bool:
        """Whether what old workers still do counts, too."""

    def judge(self, now: PerProcess[S_contra], old: Remains, seconds: float, memory: Mapping[Any, Any]) -> Verdict:
        """
        :param seconds: since the waiting began.
        :raises Hopeless: when it cannot come true.
        """


@dataclass(frozen=True)
class Goal(Generic[S]):
    """What should be (process → object → its target), and what has to come true before the task goes on."""

    aimed: PerProcess[Mapping[Any, Any]]
    until: Until[S] | None = None


@dataclass(frozen=True)
class Stage(Generic[S]):
    """The way to one goal: process → steps. Processes without a step are absent."""

    goal: Goal[S]
    steps: dict[str, tuple[Step, ...]]


@dataclass(frozen=True)
class Plan(Generic[S]):
    """What a task does, before it does it."""

    before: PerProcess[S]
    stages: tuple[Stage[S], ...]
    after: PerProcess[S]
    changes: tuple[Any, ...] = field(default=())

    @property
    def changed(self) -> bool:
        return any(stage.steps for stage in self.stages)

    @property
    def counts_old(self) -> bool:
        return any(stage.goal.until is not None and stage.goal.until.counts_old for stage in self.stages)

    def commands(self) -> list[dict[str, str]]:
        """What is sent, in the order of sending within each process."""
        sent: dict[str, list[Command]] = {}
        for stage in self.stages:
            for process, steps in stage.steps.items():
                sent.setdefault(process, []).extend(step.command for step in steps)
        return [line for process in sorted(sent) for line in listed(process, sent[process])]


def listed(process: str, commands: Sequence[Command]) -> Iterable[dict[str, str]]:
    """Commands as a result shows them: of a kind that comes too often, one line with a count."""
    counts = Counter(command.kind for command in commands)
    shown: set[str] = set()
    for command in commands:
        if counts[command.kind] <= LISTED:
            yield {"process": process, "command": command.shown}
        elif command.kind not in shown:
            shown.add(command.kind)
            yield {"process": process, "command": f"{command.kind} ({counts[command.kind]} times)"}
