# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out a plan: apply, confirm, wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ._errors import HAProxyError, NotConverged
from ._fleet import Fleet, PerProcess
from ._plan import Goal, Place, Plan, Stage, Steps, Until
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
                    _confirm(resource, stage, now, ledger.words)
                if goal.until is not None:
                    began = clock.now()
                    now = _wait(fleet, resource, goal, goal.until, now, waited, ledger, clock)
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
    resource: Resource[S], stage: Stage[S], now: PerProcess[S], words: Mapping[tuple[str, Command], str]
) -> None:
    """
    :raises NotConverged: when what is read is not what was aimed at.
    """
    for name, aimed in stage.goal.aimed.items():
        missed = resource.missed(now[name], aimed)
        if missed:
            part, first = next(iter(missed.items()))
            more = f" (and {len(missed) - 1} more)" if len(missed) > 1 else ""
            said = [words.get((name, step.command), "") for step in stage.steps.get(name, ()) if step.part == part]
            also = f"; HAProxy had said {said[0]!r}" if any(said) else ""
            raise NotConverged(
                f"process {name} took the commands, but what is read afterwards is something else: {first}{more}{also}",
                process=name,
            )


def _wait(
    fleet: Fleet,
    resource: Resource[S],
    goal: Goal[S],
    until: Until[S],
    now: PerProcess[S],
    waited: float,
    ledger: Ledger,
    clock: Clock,
) -> PerProcess[S]:
    """Read until the goal's promise has come true, or nobody waits for it any more.

    :param waited: seconds that the task has waited before.
    :raises WaitTimedOut: naming what is left.
    :raises NotConverged: when somebody else undid the goal meanwhile.
    """
    began = clock.now()
    memory: Mapping[Any, Any] = {}
    longer: dict[Place, float] = dict.fromkeys(ledger.given_up, inf)

    def due(place: Place) -> float:
        timeout, _on_timeout, afresh = until.terms(place)
        return longer.get(place, timeout if afresh else timeout - waited)

    while True:
        seconds = clock.now() - began
        old = fleet.each_old(resource.remains) if until.empties else PerProcess({})
        left, memory = until.judge(now, old, seconds, memory)
        late = {place: text for place, text in left.items() if seconds >= due(place)}
        if late:
            from ._aftermath import too_late  # needed after failures only

            longer.update(too_late(fleet, resource, until, now, late, set(longer), seconds, waited, ledger))
            ledger.given_up.update(place for place, due_then in longer.items() if due_then == inf)
        pauses = [due(place) - seconds for place in left]
        if all(pause == inf for pause in pauses):
            return now
        clock.sleep(min(until.interval, *pauses))
        now = fleet.each(resource.observe)
        _confirm(resource, Stage(goal, {}), now, {})
