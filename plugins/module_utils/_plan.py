# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change as a value: what is, what should be, and the commands between. Nothing here talks to anybody.

``S`` is what one process says of the resource's kind of thing (its *state*). A resource aims at one or more goals,
one after the other; the plan holds the way from what was observed to the first goal and from each to the next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from ._fleet import Fleet, PerProcess
from ._process import Process
from ._protocol import Command
from ._transport import Conversation

S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)

# So many commands of one kind for one process are listed one by one; more are one line with a count.
LISTED = 200


class Step(NamedTuple):
    """One command and the object that it changes."""

    key: Any
    command: Command


class Verdict(NamedTuple):
    """Whether what a goal promises is true by now.

    :param left: what is missing, one text each; empty: all is true.
    :param memory: handed to the next judgement.
    """

    left: tuple[str, ...]
    memory: Mapping[Any, float]


class Until(Protocol[S_contra]):
    """What has to come true after a goal's commands."""

    def judge(self, now: PerProcess[S_contra], seconds: float, memory: Mapping[Any, float]) -> Verdict:
        """
        :param seconds: since the waiting began.
        :raises Hopeless: when it cannot come true.
        """


@dataclass(frozen=True)
class Goal(Generic[S]):
    """What should be on every process, and what has to come true before the task goes on.

    :param aimed: process → object → what should be of it. Objects that are not named are left alone.
    """

    aimed: PerProcess[Mapping[Any, Any]]
    until: Until[S] | None = None


class Resource(Protocol[S]):
    """One kind of thing that HAProxy has: what it is, what was wished for it, how to get there."""

    def observe(self, process: Process) -> Conversation[S]:
        """Read what is. The only function that asks anything."""

    def aim(self, now: PerProcess[S]) -> Sequence[Goal[S]]:
        """What should be.

        :raises InputError: for a wish that cannot come true; nothing was written yet.
        """

    def route(self, now: S, aimed: Mapping[Any, Any]) -> Iterable[Step]:
        """The commands that lead there, in order."""

    def predicted(self, now: S, aimed: Mapping[Any, Any]) -> S:
        """What will be read when these commands have been carried out."""

    def missed(self, now: S, aimed: Mapping[Any, Any]) -> dict[Any, str]:
        """The objects that are not as they should be: what is wished and what is read."""

    def view(self, now: PerProcess[S], keys: Sequence[Any]) -> dict[str, object]:
        """What people see of these objects; the diff is made of it."""

    def answer(self, before: PerProcess[S], after: PerProcess[S]) -> dict[str, object]:
        """The resource's own keys of a result."""


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

    def commands(self) -> list[dict[str, str]]:
        """What is sent, in the order of sending within each process."""
        sent: dict[str, list[Command]] = {}
        for stage in self.stages:
            for process, steps in stage.steps.items():
                sent.setdefault(process, []).extend(step.command for step in steps)
        return [line for process in sorted(sent) for line in listed(process, sent[process])]


def plan(fleet: Fleet, resource: Resource[S], before: PerProcess[S]) -> Plan[S]:
    """Everything that can be refused beforehand is refused here, for all processes.

    :raises HAProxyError: when a wish cannot come true on one of the processes.
    """
    now = before
    stages = []
    for goal in resource.aim(before):
        routes = {name: tuple(resource.route(now[name], aimed)) for name, aimed in goal.aimed.items()}
        stages.append(Stage(goal, {name: steps for name, steps in routes.items() if steps}))
        now = PerProcess({name: resource.predicted(now[name], goal.aimed.get(name, {})) for name in now})
    for stage in stages:
        for name, steps in stage.steps.items():
            for command in dict.fromkeys(step.command for step in steps):
                fleet[name].can(command)
    keys = dict.fromkeys(step.key for stage in stages for steps in stage.steps.values() for step in steps)
    return Plan(before, tuple(stages), now, tuple(sorted(keys)))


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
