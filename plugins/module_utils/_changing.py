# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task that changes something: observe, plan, show or do it, and tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ._errors import Overtaken, ProcessReplaced
from ._fleet import Fleet, PerProcess
from ._plan import Plan
from ._planning import plan
from ._runner import Params, Result, Task

if TYPE_CHECKING:
    from ._contracts import Resource

S = TypeVar("S")


def run(argument_spec: Mapping[str, Any], resource_of: Callable[[Params], Resource[S]], **rules: Any) -> None:
    """Be a module that changes something, with these options beside those of every module.

    :param rules: what else AnsibleModule takes, such as ``mutually_exclusive``.
    """
    Task(argument_spec, **rules).answer(lambda task: _change(task, resource_of(task.params)))


def _change(task: Task, resource: Resource[S]) -> Result:
    """Do it; when HAProxy is reloaded or somebody else changes the same meanwhile, plan again, once."""
    tries = _Tries(task, resource)
    try:
        return tries.once({})
    except (Overtaken, ProcessReplaced) as error:
        task.warn(f"planned again: {error}")
        task.also_done += [*error.done, *error.also_done]
        return tries.once(error.found if isinstance(error, Overtaken) else {})


class _Tries:
    """A task's way to its wish, which may take a second try."""

    def __init__(self, task: Task, resource: Resource[Any]) -> None:
        self._task = task
        self._resource = resource
        self._first: tuple[Fleet, Plan[Any]] | None = None

    def once(self, found: Mapping[str, Any]) -> Result:
        """
        :param found: what processes had immediately before this task changed it.
        """
        task, resource = self._task, self._resource
        fleet = task.fleet(writes=True)
        before = fleet.each(resource.observe)
        origin = before
        if self._first:
            from ._aftermath import origin_of  # needed after a reload only

            origin = PerProcess({**origin_of(*self._first, fleet, before), **found})
        planned = plan(fleet, resource, before, origin)
        changes = planned.changes
        if self._first:
            changes = tuple(sorted({*self._first[1].changes, *changes}))
        told = Plan(origin, planned.stages, planned.after, changes)
        self._first = (fleet, told)
        task.known.update(resource.known(origin))
        for warning in resource.warnings(before):
            task.warn(warning)
        file = resource.file(told.before, told.after)
        if planned.counts_old and fleet.old is None:
            task.warn("old workers are unknown: add the master socket, so that their sessions are waited for, too")
        after, waited, commands = planned.after, 0.0, planned.commands()
        if not task.predicts:
            after, waited, commands = before, 0.0, []
            if file is not None:
                file.begin()
            if planned.does_something:
                after, waited, commands = self._carry_out(fleet, planned)
        result = {
            "changed": bool(commands or task.also_done or file),
            "commands": commands,
            "unconfirmed": planned.deeds(),
            **resource.answer(told.before, after, waited),
        }
        diffs = resource.diff(told.before, told.after, told.changes) if task.shows_diff else []
        if file is not None:
            module = task.module
            result.update(file.result(module.backup_local, module.atomic_move, commands, writes=not task.predicts))
            diffs += [file.diff] if task.shows_diff else []
        if task.shows_diff:
            result["diff"] = diffs[0] if len(diffs) == 1 else diffs
        return result

    def _carry_out(self, fleet: Fleet, planned: Plan[Any]) -> tuple[PerProcess[Any], float, list[dict[str, str]]]:
        """What is read afterwards, the seconds that it waited, and the commands of the plan that were sent."""
        from ._engine import carry_out  # most runs find everything as wished

        outcome = carry_out(fleet, self._resource, planned)
        self._task.also_done += outcome.ledger.also
        for warning in outcome.ledger.warnings:
            self._task.warn(warning)
        return outcome.after, outcome.waited, outcome.ledger.lines()
