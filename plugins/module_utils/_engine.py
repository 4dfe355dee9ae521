# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from what is to what should be: plan, apply, confirm, wait. A plan that is not carried out is what check
mode shows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Generic, NamedTuple, TypeVar

from ._errors import (
    Fault,
    HAProxyError,
    NotConverged,
    WaitTimedOut,
)
from ._fleet import Fleet, PerProcess
from ._plan import Goal, Plan, Stage, Until, listed
from ._process import Told
from ._protocol import Command

if TYPE_CHECKING:
    from ._contracts import Resource

S = TypeVar("S")


class Patience(NamedTuple):
    """How long to wait for what a state promises, in seconds."""

    timeout: float
    interval: float


class Clock(NamedTuple):
    """Time, as far as the engine knows it."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


CLOCK = Clock()


@dataclass(frozen=True)
class Outcome(Generic[S]):
    """What a task came to: what was read last, and the seconds that it waited."""

    after: PerProcess[S]
    waited: float = 0.0


@dataclass(frozen=True)
class Ledger:
    """What was done (process → commands), for the message of a failure."""

    done: dict[str, list[Command]] = field(default_factory=dict)

    def add(self, process: str, commands: Sequence[Command]) -> None:
        if commands:
            self.done.setdefault(process, []).extend(commands)

    def lines(self) -> list[dict[str, str]]:
        return [line for process in sorted(self.done) for line in listed(process, self.done[process])]

    @contextmanager
    def told(self) -> Iterator[None]:
        """Let every error that passes say what was done until then."""
        try:
            yield
        except HAProxyError as error:
            error.done = error.done or self.lines()
            raise
        except Exception as error:
            raise Fault(f"{type(error).__name__}: {error}", done=self.lines()) from error


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
        for name, steps in stages[-1].steps.items():
            fleet[name].can([step.command for step in steps])
    keys = dict.fromkeys(step.part[0] for stage in stages for steps in stage.steps.values() for step in steps)
    return Plan(before, tuple(stages), now, tuple(sorted(keys)))


def carry_out(
    fleet: Fleet, resource: Resource[S], plan: Plan[S], patience: Patience, clock: Clock = CLOCK
) -> Outcome[S]:
    """Apply each stage of the plan, confirm it by reading, and wait for what it promises.

    :raises HAProxyError: with what was done, refused and not attempted.
    """
    ledger = Ledger()
    now = plan.before
    waited = 0.0
    with ledger.told():
        for stage in plan.stages:
            if stage.steps:
                _apply(fleet, resource, stage, ledger)
                now = fleet.each(resource.observe)
                _confirm(resource, stage.goal, now)
            if stage.goal.until is not None:
                began = clock.now()
                now = _wait(fleet, resource, stage.goal, stage.goal.until, now, patience, clock)
                waited += clock.now() - began
    return Outcome(now, waited)


def _apply(fleet: Fleet, resource: Resource[S], stage: Stage[S], ledger: Ledger) -> None:
    """Send the steps of one stage to all processes at once; a refusal stops its process and no other.

    :raises HAProxyError: when one of them did not get to its end.
    """
    commands = {name: [step.command for step in steps] for name, steps in stage.steps.items()}
    answers = fleet.attempt({name: fleet[name].tell(sent) for name, sent in commands.items()})
    told = {
        name: Told(unsure=tuple(commands[name]), error=answer) if isinstance(answer, HAProxyError) else answer
        for name, answer in answers.items()
    }
    failed = any(outcome.error for outcome in told.values())
    if failed:
        from ._aftermath import failure, settled  # needed after failures only

        told.update(settled(fleet, resource, stage, told))
    for name, outcome in told.items():
        ledger.add(name, outcome.done)
    if failed:
        raise failure(told, ledger.lines())


def _confirm(resource: Resource[S], goal: Goal[S], now: PerProcess[S]) -> None:
    """
    :raises NotConverged: when what is read is not what was aimed at.
    """
    for name, aimed in goal.aimed.items():
        missed = resource.missed(now[name], aimed)
        if missed:
            first = next(iter(missed.values()))
            more = f" (and {len(missed) - 1} more)" if len(missed) > 1 else ""
            raise NotConverged(
                f"process {name} took the commands, but what is read afterwards is something else: {first}{more}",
                process=name,
            )


def _wait(
    fleet: Fleet,
    resource: Resource[S],
    goal: Goal[S],
    until: Until[S],
    now: PerProcess[S],
    patience: Patience,
    clock: Clock,
) -> PerProcess[S]:
    """Read until the goal's promise has come true.

    :raises WaitTimedOut: naming what is left.
    :raises NotConverged: when somebody else undid the goal meanwhile.
    """
    began = clock.now()
    memory: Mapping[Any, Any] = {}
    while True:
        seconds = clock.now() - began
        old = fleet.each_old(resource.remains) if until.counts_old else PerProcess({})
        left, memory = until.judge(now, old, seconds, memory)
        if not left:
            return now
        if seconds >= patience.timeout:
            raise WaitTimedOut(f"after {patience.timeout:g} s still waiting for {left}")
        clock.sleep(min(patience.interval, patience.timeout - seconds))
        now = fleet.each(resource.observe)
        _confirm(resource, goal, now)
