# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change as a value: what is, what should be, and the commands between. Nothing here talks to anybody.

``S`` is what one process says of the resource's kind of thing. A resource aims at goals, one after the other; the
plan holds the way from what was observed to the first, and from each to the next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Callable, Generic, NamedTuple, TypeVar

from ._fleet import PerProcess
from ._process import Process
from ._protocol import Command, printable
from ._transport import Conversation

if TYPE_CHECKING:
    from ._promises import Until

S = TypeVar("S")

# More commands of one kind for one process than this are one line with a count.
LISTED = 200

# So many things are named in a message that could be endless.
NAMED = 5

# An object and one of its fields.
Part = tuple[Any, str]


class Step(NamedTuple):
    """One command, and the part of which object it changes.

    :param seen: whether reading tells that it was carried out.
    """

    part: Part
    command: Command
    seen: bool = True


def named(texts: Iterable[str]) -> str:
    """The first few of many texts, and how many more."""
    rest = iter(texts)
    first = list(islice(rest, NAMED))
    others = sum(1 for _text in rest)
    return "; ".join(first) + (f"; and {others} more" if others else "")


@dataclass(frozen=True)
class Goal(Generic[S]):
    """What should be, and what has to come true before the task goes on.

    :param aimed: process → object → its target.
    :param sweep: objects whose sessions on old workers are to be ended.
    :param retry: how long, and how often (in seconds), to repeat a command that may not be carried out yet.
    :param former: what to go back to when this fails: process → object → its target.
    :param guard: why the commands cannot be sent yet; "": they can.
    :param inspect: reads what the commands made and no observation shows, in the version of this number; raises when
        it is not right. Nothing else is read then.
    :param hindsight: judges what was read immediately before commands that say so (process → data), and what there is
        now: warnings.
    """

    aimed: PerProcess[Mapping[Any, Any]]
    until: Until[S] | None = None
    sweep: frozenset[Any] = frozenset()
    retry: tuple[float, float] = (0.0, 0.0)
    former: PerProcess[Mapping[Any, Any]] | None = None
    guard: Callable[[PerProcess[S]], str] | None = None
    inspect: Callable[[Process, str], Conversation[None]] | None = None
    hindsight: Callable[[Mapping[str, bytes], PerProcess[S]], Sequence[str]] | None = None


Steps = dict[str, tuple[Step, ...]]


class Stage(Generic[S]):
    """The way to one goal: process → steps. Processes without a step are absent."""

    def __init__(self, goal: Goal[S], steps: Steps) -> None:
        self.goal = goal
        self.steps = steps


class Plan(Generic[S]):
    """What a task does, before it does it."""

    def __init__(
        self,
        before: PerProcess[S],
        stages: tuple[Stage[S], ...],
        after: PerProcess[S],
        changes: tuple[Any, ...] = (),
    ) -> None:
        self.before = before
        self.stages = stages
        self.after = after
        self.changes = changes

    @property
    def does_something(self) -> bool:
        """Whether there is a command to send or something to wait for."""
        return any(stage.steps or stage.goal.until for stage in self.stages)

    @property
    def counts_old(self) -> bool:
        return any(stage.goal.until is not None and stage.goal.until.empties for stage in self.stages)

    def commands(self) -> list[dict[str, str]]:
        """What is sent, in the order of sending within each process."""
        return told(steps for stage in self.stages for steps in stage.steps.items())

    def deeds(self) -> list[dict[str, str]]:
        """What is sent and cannot be read back."""
        return told(
            (process, target.deeds.values())
            for stage in self.stages
            for process, aimed in stage.goal.aimed.items()
            for target in aimed.values()
        )


def told(steps: Iterable[tuple[str, Iterable[Step]]]) -> list[dict[str, str]]:
    """Processes and steps as results show them."""
    sent: dict[str, list[Command]] = {}
    for process, those in steps:
        sent.setdefault(process, []).extend(step.command for step in those)
    return [line for process in sorted(sent) for line in listed(process, sent[process])]


def listed(process: str, commands: Sequence[Command]) -> Iterable[dict[str, str]]:
    """Commands as a result shows them: of a kind that comes too often, one line with a count."""
    counts = Counter(command.kind for command in commands)
    shown: set[str] = set()
    for command in commands:
        if counts[command.kind] <= LISTED:
            yield {"process": process, "command": printable(command.shown)}
        elif command.kind not in shown:
            shown.add(command.kind)
            yield {"process": process, "command": f"{command.kind} ({counts[command.kind]} times)"}
