# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is to a plan. Check mode ends here."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, TypeVar

from ._fleet import Fleet, PerProcess
from ._plan import Goal, Plan, Stage, Steps

if TYPE_CHECKING:
    from ._contracts import Resource

S = TypeVar("S")


def plan(fleet: Fleet, resource: Resource[S], before: PerProcess[S], origin: PerProcess[S]) -> Plan[S]:
    """Everything that can be refused beforehand is refused here, for all processes.

    :param origin: what was before the task did anything; the same, unless it plans again.
    :raises HAProxyError: when a wish cannot come true on one of the processes.
    """
    now = before
    stages = []
    emptied: frozenset[Any] = frozenset()
    for goal in resource.aim(before, origin):
        steps = steps_to(fleet, resource, goal, now, goal.sweep - emptied)
        emptied |= goal.until.empties if goal.until else frozenset()
        stages.append(Stage(goal, steps))
        now = PerProcess({name: resource.predicted(now[name], goal.aimed.get(name, {})) for name in now})
        for name, those in steps.items():
            from ._telling import can  # most runs find everything as wished

            can(fleet[name], [step.command for step in those])
    keys = dict.fromkeys(step.part[0] for stage in stages for steps in stage.steps.values() for step in steps)
    return Plan(before, tuple(stages), now, tuple(sorted(keys)))


def steps_to(fleet: Fleet, resource: Resource[S], goal: Goal[S], now: PerProcess[S], sweep: AbstractSet[Any]) -> Steps:
    """The way to a goal.

    :param sweep: objects whose sessions on old workers are to be ended.
    """
    routes = {name: tuple(resource.route(now[name], aimed)) for name, aimed in goal.aimed.items()}
    if sweep:
        swept = fleet.each_old(lambda process: resource.sweep(process, sweep))
        routes.update({name: tuple(those or ()) for name, those in swept.items()})
    return {name: steps for name, steps in routes.items() if steps}
