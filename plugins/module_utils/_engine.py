# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out a plan: apply, confirm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from ._errors import HAProxyError
from ._fleet import Fleet, PerProcess
from ._plan import Plan, Stage, Steps
from ._plan import told as as_lines
from ._planning import steps_to
from ._protocol import Command
from ._sending import CLOCK, Clock, Ledger, attempted, may_yet

if TYPE_CHECKING:
    from ._contracts import Resource

S = TypeVar("S")


@dataclass(frozen=True)
class Outcome(Generic[S]):
    """What a task came to: what was read last, the seconds that it waited, and what it did."""

    after: PerProcess[S]
    waited: float = 0.0
    ledger: Ledger = field(default_factory=Ledger)


def carry_out(fleet: Fleet, resource: Resource[S], plan: Plan[S], clock: Clock = CLOCK) -> Outcome[S]:
    """Apply each stage of the plan, confirm it by reading, and wait for what it promises.

    A stage's way is found again from what was read last: somebody else may have moved something meanwhile.

    :raises HAProxyError: with what was done, refused and not attempted.
    """
    ledger = Ledger()
    now = plan.before
    waited = 0.0
    with ledger.told():
        for number, stage in enumerate(plan.stages):
            goal, planned, later = stage.goal, stage.steps, plan.stages[number:]
            if now is not plan.before:
                stage = Stage(goal, steps_to(fleet, resource, goal, now, goal.sweep))
            try:
                if stage.steps and goal.guard is not None:
                    from ._aftermath import pass_guard  # where servers are deleted only

                    now = pass_guard(fleet, resource, goal, now, waited, clock)
                later = later[1:]
                if stage.steps:
                    _apply(fleet, resource, stage, planned, waited, ledger, clock)
                if stage.steps and goal.inspect is None:
                    now = fleet.each(resource.observe)
                    if goal.hindsight is not None:
                        ledger.warnings.extend(goal.hindsight(ledger.seen, now))
                    _confirm(resource, stage, ledger.words, now)
                if goal.until is not None:
                    from ._waiting import wait  # most tasks do not wait

                    began = clock.now()
                    confirm = partial(_confirm, resource, Stage(goal, {}), {})
                    now = wait(fleet, resource, goal.until, now, waited, ledger, clock, confirm)
                    waited += clock.now() - began
            except HAProxyError as error:
                error.not_attempted = [*error.not_attempted, *as_lines(it for one in later for it in one.steps.items())]
                if goal.former is not None:
                    from ._aftermath import go_back  # needed after failures only

                    go_back(fleet, resource, goal.former, error, ledger.also)
                raise
    return Outcome(now, waited, ledger)


def _apply(
    fleet: Fleet, resource: Resource[S], stage: Stage[S], planned: Steps, waited: float, ledger: Ledger, clock: Clock
) -> None:
    """Send the steps of one stage to all processes at once; a refusal stops its process and no other.

    :param planned: those that check mode would have shown.
    :param waited: seconds that the task has waited before.
    :raises HAProxyError: when one of them did not get to its end.
    """
    commands = {name: [step.command for step in steps] for name, steps in stage.steps.items()}
    told = attempted(fleet, commands, ledger.versions)
    if any(may_yet(one) for one in told.values()):
        from ._aftermath import insist  # needed where HAProxy says "not yet" only

        timeout, interval = stage.goal.retry
        told = insist(fleet, told, (timeout - waited, interval), clock, ledger.also)
    if stage.goal.inspect is not None:
        from ._drafts import inspect  # where whole sets are replaced only

        inspect(fleet, stage.goal.inspect, told)
    failed = any(outcome.error for outcome in told.values())
    if failed:
        from ._aftermath import failure, settled  # needed after failures only

        told.update(settled(fleet, resource, stage, told))
    for name, outcome in told.items():
        ledger.take(name, outcome, {step.command for step in planned.get(name, ())})
    if failed:
        raise failure(told, ledger.lines())


def _confirm(
    resource: Resource[S], stage: Stage[S], words: Mapping[tuple[str, Command], str], now: PerProcess[S]
) -> None:
    """
    :raises NotConverged: when what is read is not what was aimed at.
    """
    for name, aimed in stage.goal.aimed.items():
        missed = resource.missed(now[name], aimed)
        if missed:
            from ._aftermath import not_converged  # needed after failures only

            raise not_converged(name, missed, stage.steps.get(name, ()), words)
