# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""After what went wrong: asking again, giving up, going back; what was done all the same and the one error that tells
it; what was before a reload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from ._errors import (
    ClosedEarly,
    CommandRefused,
    HAProxyError,
    NotConverged,
    Overtaken,
    PartlyApplied,
    ProcessReplaced,
    TransportError,
    WaitTimedOut,
)
from ._fleet import Fleet, PerProcess
from ._plan import Goal, Part, Plan, Stage, Step, listed, named
from ._planning import steps_to
from ._promises import KILLED, Until
from ._protocol import Command
from ._sending import Clock, Ledger, attempted, may_yet
from ._telling import Told
from ._terms import Place

if TYPE_CHECKING:
    from ._contracts import Resource

S = TypeVar("S")


def insist(
    fleet: Fleet, told: Mapping[str, Told], retry: tuple[float, float], clock: Clock, also: list[dict[str, str]]
) -> dict[str, Told]:
    """Repeat what HAProxy refuses for the moment, until the time is over.

    :param retry: how long and how often, in seconds.
    :param also: takes the commands that were sent again.
    """
    timeout, interval = retry
    ends = clock.now() + timeout
    told = dict(told)
    while clock.now() < ends:
        waiting = {name: one.refused + one.not_attempted for name, one in told.items() if may_yet(one)}
        if not waiting:
            break
        clock.sleep(min(interval, ends - clock.now()))
        for name, one in attempted(fleet, waiting).items():
            also += listed(name, waiting[name][:1])
            told[name] = one._replace(done=told[name].done + one.done, words={**told[name].words, **one.words})
    return told


def pass_guard(
    fleet: Fleet, resource: Resource[S], goal: Goal[S], now: PerProcess[S], waited: float, clock: Clock
) -> PerProcess[S]:
    """Wait until a goal's guard lets its commands pass, as long as they may be repeated.

    :raises WaitTimedOut: with the guard's words; nothing was sent.
    """
    timeout, interval = goal.retry
    ends = clock.now() + timeout - waited
    while goal.guard is not None:
        why = goal.guard(now)
        if not why:
            break
        if clock.now() >= ends:
            raise WaitTimedOut(why)
        clock.sleep(min(interval, ends - clock.now()))
        now = fleet.each(resource.observe)
    return now


def too_late(
    fleet: Fleet,
    resource: Resource[S],
    until: Until[S],
    now: PerProcess[S],
    late: Mapping[Place, str],
    extended: AbstractSet[Place],
    seconds: float,
    waited: float,
    ledger: Ledger,
) -> dict[Place, float]:
    """Do what is to be done about what did not come true in time; how long to wait for each from now on.

    :param extended: those that were waited for longer already.
    :param waited: seconds of earlier waits.
    :raises WaitTimedOut: when that is to fail the task.
    """
    wishes = {place: "continue" if place in extended else until.terms(place).on_timeout for place in late}
    if "fail" in wishes.values():
        raise WaitTimedOut(
            f"after {round(seconds + waited, 3):g} s still waiting for {named(late.values())}",
            process=next(iter(late))[0],
        )
    left = [text for place, text in late.items() if wishes[place] == "continue"]
    if left:
        ledger.warnings.append(f"after {round(seconds + waited, 3):g} s no longer waiting for {named(left)}")
    ends = [place for place in late if wishes[place] == "shutdown"]
    if ends:
        goal = resource.last_resort(now, ends)
        steps = steps_to(fleet, resource, goal, now, goal.sweep)
        told = attempted(fleet, {name: [step.command for step in those] for name, those in steps.items()})
        for name, one in told.items():
            ledger.also.extend(listed(name, one.done))
        for one in told.values():
            if one.error is not None:
                raise one.error
    return {place: inf if wishes[place] == "continue" else seconds + KILLED for place in late}


def go_back(
    fleet: Fleet,
    resource: Resource[S],
    former: PerProcess[Mapping[Any, Any]],
    error: HAProxyError,
    also: list[dict[str, str]],
) -> None:
    """Bring things back to what they were before the change that failed, and let the error say so.

    :param also: takes the commands that were sent.
    """
    if isinstance(error, (Overtaken, ProcessReplaced)):
        return
    silent = {*error.unreached, *([error.process] if _is_silent(error) else [])}
    left = [f"{name}: it does not answer" for name in former if name in silent]
    former = PerProcess({name: target for name, target in former.items() if name not in silent})
    observed = fleet.attempt({name: resource.observe(fleet[name]) for name in former})
    steps = {
        name: tuple(resource.route(now, former[name]))
        for name, now in observed.items()
        if not isinstance(now, HAProxyError)
    }
    told = attempted(fleet, {name: [step.command for step in those] for name, those in steps.items() if those})
    for name, one in told.items():
        also += listed(name, one.done)
    left += [f"{name}: {now}" for name, now in observed.items() if isinstance(now, HAProxyError)]
    answering = [name for name, now in observed.items() if not isinstance(now, HAProxyError)]
    again = fleet.attempt({name: resource.observe(fleet[name]) for name in answering})
    left += [f"{name}: {now}" for name, now in again.items() if isinstance(now, HAProxyError)]
    for name, now in again.items():
        if not isinstance(now, HAProxyError):
            left += [f"{text} on {name}" for text in resource.missed(now, former[name]).values()]
    if left:
        error.message += f"; the former state could not be restored: {named(left)}"
    elif told:
        error.message += "; the former state was restored"


def _is_silent(error: object) -> bool:
    """Whether asking the process again would only cost time."""
    return isinstance(error, TransportError) and not isinstance(error, ClosedEarly)


def settled(fleet: Fleet, resource: Resource[S], stage: Stage[S], told: Mapping[str, Told]) -> dict[str, Told]:
    """Of those that were stopped, what reading says now of the commands whose fate is unknown.

    One that hangs or is gone is not asked again.
    """
    stopped = {
        name: one
        for name, one in told.items()
        if isinstance(one.error, (CommandRefused, ClosedEarly)) and name in stage.goal.aimed
    }
    settled = {}
    for name, now in fleet.attempt({name: resource.observe(fleet[name]) for name in stopped}).items():
        if isinstance(now, ProcessReplaced):
            settled[name] = stopped[name]._replace(error=now)
        elif _is_silent(now):
            settled[name] = stopped[name]._replace(reached=False)
        elif not isinstance(now, HAProxyError):
            settled[name] = _judged(stopped[name], stage.steps[name], resource.missed(now, stage.goal.aimed[name]))
    return settled


def _judged(told: Told, steps: Sequence[Step], missed: Mapping[Part, str]) -> Told:
    seen = {step.command: step.part not in missed for step in steps if step.seen}
    done = tuple(command for command in told.unsure if seen.get(command) is True)
    refused = tuple(command for command in told.unsure if seen.get(command) is False)
    unsure = tuple(command for command in told.unsure if command not in seen)
    return told._replace(done=told.done + done, refused=told.refused + refused, unsure=unsure)


def failure(told: Mapping[str, Told], done: Sequence[Mapping[str, str]]) -> HAProxyError:
    """One error for all processes: the first one's words, and who got how far.

    :param done: what was carried out, in this stage and before.
    """
    refused = [
        {**line, "answer": outcome.error.answer if isinstance(outcome.error, CommandRefused) else str(outcome.error)}
        for name, outcome in told.items()
        for line in listed(name, outcome.refused)
    ]
    errors = [outcome.error for outcome in told.values() if outcome.error is not None]
    first = errors[0]
    others = f" (and {len(errors) - 1} more of {len(told)} processes)" if len(errors) > 1 else ""
    error = first
    if done and not isinstance(first, ProcessReplaced):
        processes = sorted({line["process"] for line in done})
        sentence = f"{first}{others}; commands were carried out on {', '.join(processes)}"
        error = PartlyApplied(sentence, process=first.process, command=first.command)
        error.__cause__ = first
    else:
        error.message += others
    error.done = done
    error.refused = refused
    error.not_attempted = [line for name, one in told.items() for line in listed(name, one.not_attempted)]
    error.unconfirmed = [line for name, one in told.items() for line in listed(name, one.unsure)]
    error.unreached = [name for name, one in told.items() if not one.reached or _is_silent(one.error)]
    return error


def not_converged(
    name: str, missed: Mapping[Part, str], steps: Sequence[Step], words: Mapping[tuple[str, Command], str]
) -> NotConverged:
    """The error for what is not as it was aimed at.

    :param words: what HAProxy said beside, by process and command.
    """
    part, first = next(iter(missed.items()))
    more = f" (and {len(missed) - 1} more)" if len(missed) > 1 else ""
    said = [words.get((name, step.command), "") for step in steps if step.part == part]
    also = f"; HAProxy had said {said[0]!r}" if any(said) else ""
    return NotConverged(
        f"process {name} took the commands, but what is read afterwards is something else: {first}{more}{also}",
        process=name,
    )


def origin_of(former: Fleet, first: Plan[S], fleet: Fleet, now: PerProcess[S]) -> PerProcess[S]:
    """What processes that live on were before the task touched them; of the others what they are now."""
    seen = {process.facts.identity: first.before[process.name] for process in former.processes}
    return PerProcess({one.name: seen.get(one.facts.identity, now[one.name]) for one in fleet.processes})
