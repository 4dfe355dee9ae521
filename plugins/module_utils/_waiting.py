# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for what a goal promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from ._fleet import Fleet, PerProcess
from ._promises import Until
from ._sending import Clock, Ledger
from ._terms import Place

if TYPE_CHECKING:
    from ._contracts import Resource

S = TypeVar("S")


def wait(
    fleet: Fleet,
    resource: Resource[S],
    until: Until[S],
    now: PerProcess[S],
    waited: float,
    ledger: Ledger,
    clock: Clock,
    confirm: Callable[[PerProcess[S]], None],
) -> PerProcess[S]:
    """Read until the goal's promise has come true, or nobody waits for it any more.

    :param waited: seconds that the task has waited before.
    :param confirm: raises when somebody undid what was done.
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
        confirm(now)
