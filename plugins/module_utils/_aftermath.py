# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""After what went wrong: what was done all the same and the one error that tells it; what was before a reload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from ._errors import ClosedEarly, CommandRefused, HAProxyError, PartlyApplied, ProcessReplaced
from ._fleet import Fleet, PerProcess
from ._plan import Part, Plan, Stage, Step, listed
from ._process import Told

if TYPE_CHECKING:
    from ._contracts import Resource

S = TypeVar("S")


def settled(fleet: Fleet, resource: Resource[S], stage: Stage[S], told: Mapping[str, Told]) -> dict[str, Told]:
    """Of those that were stopped, what reading says now of the commands whose fate is unknown.

    One that hangs or is gone is not asked again.
    """
    stopped = {name: one for name, one in told.items() if isinstance(one.error, (CommandRefused, ClosedEarly))}
    settled = {}
    for name, now in fleet.attempt({name: resource.observe(fleet[name]) for name in stopped}).items():
        if isinstance(now, ProcessReplaced):
            settled[name] = stopped[name]._replace(error=now)
        elif not isinstance(now, HAProxyError):
            settled[name] = _judged(stopped[name], stage.steps[name], resource.missed(now, stage.goal.aimed[name]))
    return settled


def _judged(told: Told, steps: Sequence[Step], missed: Mapping[Part, str]) -> Told:
    failed = {step.command for step in steps if step.part in missed}
    done = tuple(command for command in told.unsure if command not in failed)
    refused = tuple(command for command in told.unsure if command in failed)
    return told._replace(done=told.done + done, refused=told.refused + refused, unsure=())


def failure(told: Mapping[str, Told], done: Sequence[Mapping[str, str]]) -> HAProxyError:
    """One error for all processes: the first one's words, and who got how far.

    :param done: what was carried out, in this stage and before.
    """
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
    error.refused = [
        {**line, "answer": outcome.error.message if outcome.error else ""}
        for name, outcome in told.items()
        for line in listed(name, outcome.refused)
    ]
    error.not_attempted = [line for name, one in told.items() for line in listed(name, one.not_attempted)]
    error.unconfirmed = [line for name, one in told.items() for line in listed(name, one.unsure)]
    return error


def since(former: Fleet, first: Plan[S], fleet: Fleet, planned: Plan[S]) -> Plan[S]:
    """The plan that was made again, with what processes that live on were before the task touched them."""
    seen = {process.facts.identity: first.before[process.name] for process in former.processes}
    before = {one.name: seen.get(one.facts.identity, planned.before[one.name]) for one in fleet.processes}
    return replace(planned, before=PerProcess(before), changes=tuple(sorted({*first.changes, *planned.changes})))
