# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a plan to the world: apply, confirm, wait. A plan that is not carried out is what check mode shows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Callable, NamedTuple, TypeVar

from ._errors import ClosedEarly, CommandRefused, HAProxyError, NotConverged, PartlyApplied, WaitTimedOut
from ._fleet import Fleet, PerProcess, all_well
from ._plan import Goal, Plan, Resource, Stage, Until, listed
from ._process import Told
from ._protocol import Command

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


@dataclass
class Ledger:
    """What was done, for the message of a failure.

    :param done: process → commands that were carried out.
    """

    done: dict[str, list[Command]] = field(default_factory=dict)

    def add(self, process: str, commands: Sequence[Command]) -> None:
        self.done.setdefault(process, []).extend(commands)

    def lines(self) -> list[dict[str, str]]:
        return [line for process in sorted(self.done) for line in listed(process, self.done[process])]

    @contextmanager
    def told(self) -> Iterator[None]:
        """Let every error that passes say what was done until then."""
        try:
            yield
        except HAProxyError as error:
            if not error.done:
                error.done = self.lines()
            raise


def carry_out(
    fleet: Fleet, resource: Resource[S], plan: Plan[S], patience: Patience, clock: Clock = CLOCK
) -> PerProcess[S]:
    """Apply each stage of the plan, confirm it by reading, and wait for what it promises.

    :return: what was read last; what was observed before, when there was nothing to do or to wait for.
    :raises HAProxyError: with what was done, refused and not attempted.
    """
    ledger = Ledger()
    now = plan.before
    with ledger.told():
        for stage in plan.stages:
            if stage.steps:
                _apply(fleet, resource, stage, ledger)
                now = fleet.each(resource.observe)
                _confirm(resource, stage.goal, now)
            if stage.goal.until is not None:
                now = _wait(fleet, resource, stage.goal, stage.goal.until, now, patience, clock)
    return now


def _apply(fleet: Fleet, resource: Resource[S], stage: Stage[S], ledger: Ledger) -> None:
    """Send the steps of one stage to all processes at once; a refusal stops its process and no other.

    :raises HAProxyError: when one of them did not get to its end.
    """
    answers = fleet.attempt(
        {name: fleet[name].tell([step.command for step in steps]) for name, steps in stage.steps.items()}
    )
    told = {name: _settled(fleet, resource, stage, name, told) for name, told in all_well(answers).items()}
    for name, outcome in told.items():
        ledger.add(name, outcome.done)
    errors = [outcome.error for outcome in told.values() if outcome.error is not None]
    if errors:
        raise _failure(errors, told, ledger)


def _settled(fleet: Fleet, resource: Resource[S], stage: Stage[S], name: str, told: Told) -> Told:
    """The same, with commands of unknown fate judged by what can be read now."""
    if not told.unsure or not isinstance(told.error, (CommandRefused, ClosedEarly)):
        return told
    (now,) = fleet.attempt({name: resource.observe(fleet[name])}).values()
    if isinstance(now, HAProxyError):
        return told
    missed = resource.missed(now, stage.goal.aimed[name])
    keys = {step.command: step.key for step in stage.steps[name]}
    done = tuple(command for command in told.unsure if keys[command] not in missed)
    refused = tuple(command for command in told.unsure if keys[command] in missed)
    return told._replace(done=told.done + done, refused=told.refused + refused, unsure=())


def _failure(errors: Sequence[HAProxyError], told: Mapping[str, Told], ledger: Ledger) -> HAProxyError:
    """One error for all processes: the first one's words, and who got how far."""
    first = errors[0]
    done = ledger.lines()
    failure = first
    if done:
        processes = ", ".join(sorted(name for name, commands in ledger.done.items() if commands))
        sentence = f"{first}; {sum(map(len, ledger.done.values()))} commands were carried out before, on {processes}"
        failure = PartlyApplied(sentence, process=first.process, command=first.command)
        failure.__cause__ = first
    failure.done = done
    failure.refused = [
        {**line, "answer": outcome.error.message if outcome.error else ""}
        for name, outcome in told.items()
        for line in listed(name, outcome.refused)
    ]
    failure.not_attempted = _lines(told, "not_attempted")
    failure.unconfirmed = _lines(told, "unsure")
    return failure


def _lines(told: Mapping[str, Told], what: str) -> list[dict[str, str]]:
    return [line for name, outcome in told.items() for line in listed(name, getattr(outcome, what))]


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
    memory: Mapping[Any, float] = {}
    while True:
        seconds = clock.now() - began
        left, memory = until.judge(now, seconds, memory)
        if not left:
            return now
        if seconds >= patience.timeout:
            raise WaitTimedOut(f"after {patience.timeout:g} s still waiting for {'; '.join(left)}")
        clock.sleep(min(patience.interval, patience.timeout - seconds))
        now = fleet.each(resource.observe)
        _confirm(resource, goal, now)
