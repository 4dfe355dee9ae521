# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is and what is wished to goals: the ways of all servers, leg by leg, and what is waited for between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import TYPE_CHECKING

from .._dialect.servers import Key, Server
from .._errors import InputError
from .._fleet import PerProcess
from .._plan import Goal, named
from .._shapes import Aimed
from .._terms import Place
from .observed import Observed
from .way import CHECK, CREATE, GO, KILL, REMOVE, SETTLE, way

if TYPE_CHECKING:
    from .until import UntilServers
    from .values import Values

Assigned = Mapping[str, "Mapping[Key, Values]"]
Targets = PerProcess[Mapping[Key, Aimed[Server]]]


def goals_of(now: PerProcess[Observed], origin: PerProcess[Observed], wished: Assigned) -> Sequence[Goal[Observed]]:
    """
    :param origin: what was before the task did anything; the same, unless it plans again.
    :param wished: process → server → what is asked of it.
    :raises InputError: for what a server cannot be given.
    """
    legs: dict[int, dict[str, dict[Key, Aimed[Server]]]] = {}
    for process, observed in now.items():
        for key, values in wished[process].items():
            _refuse_tracked(observed, key, values)
            for leg in way(observed.servers[key], values, observed.algorithms.get(key[0], "")):
                legs.setdefault(leg.number, {}).setdefault(process, {})[key] = leg.aimed
    return [_goal(number, PerProcess(legs[number]), now, origin, wished) for number in sorted(legs)]


def _goal(
    number: int, aimed: Targets, now: PerProcess[Observed], origin: PerProcess[Observed], wished: Assigned
) -> Goal[Observed]:
    every = {(process, key): wished[process][key] for process, those in aimed.items() for key in those}
    first = {place: origin[place[0]].servers.get(place[1], now[place[0]].servers[place[1]]) for place in every}
    former = _former(number, every, first)
    if number in (CREATE, CHECK, SETTLE):
        return Goal(aimed, former=former)
    if number == KILL:
        from .until import until_killed  # not every task ends sessions

        keys = frozenset(key for _process, key in every)
        return Goal(aimed, until_killed(every, aimed), sweep=keys, former=former)
    if number == REMOVE:
        retry = max((values.terms.timeout, values.interval) for values in every.values())
        return Goal(aimed, retry=retry, former=former, guard=partial(_still_served, frozenset(every)))
    return Goal(aimed, _until(number, every, first), former=former)


def _refuse_tracked(observed: Observed, key: Key, values: Values) -> None:
    server = observed.servers[key]
    if values.state == "absent" and server.present and server.called in observed.tracked:
        raise InputError(f"{server.called} cannot be deleted: {observed.tracked[server.called]} tracks it")


def _still_served(places: AbstractSet[Place], now: PerProcess[Observed]) -> str:
    """Why nothing may be deleted yet: HAProxy would refuse it on one process, when it is gone from the others."""
    busy = [
        f"{now[p].servers[k].called} on {p}"
        for p, k in sorted(places)
        if k in now[p].servers and now[p].servers[k].sessions
    ]
    return f"sessions are left on {named(busy)}, so nothing is deleted anywhere" if busy else ""


def _until(number: int, every: Mapping[Place, Values], first: Mapping[Place, Server]) -> UntilServers | None:
    drains = {place for place, values in every.items() if values.waits_for_sessions and not values.kills_first}
    ups = {place for place, values in every.items() if number == GO and _comes_up(values, first[place])}
    if not drains and not ups:
        return None
    from .until import UntilServers  # not every task waits

    return UntilServers(
        every,
        drains=frozenset(drains),
        ups=frozenset(ups),
        returning=frozenset(place for place in ups if first[place].state != "ready"),
        stopped=frozenset(place for place in ups if first[place].state in ("maint", "absent")),
    )


def _comes_up(values: Values, first: Server) -> bool:
    return values.wait and (values.state == "ready" or (values.state == "present" and not first.present))


def _former(number: int, every: Mapping[Place, Values], first: Mapping[Place, Server]) -> Targets | None:
    """What to go back to when the goal fails: servers that were to go, their state; servers that are new, nothing.

    A server that is only draining until now stays so, and a new one that has got its state keeps it.
    """
    places: Iterable[Place] = [
        place for place, it in every.items() if it.state == "absent" and (number != GO or not it.drain)
    ]
    if number in (CREATE, CHECK, SETTLE):
        places = [place for place, server in first.items() if not server.present]
    former: dict[str, dict[Key, Aimed[Server]]] = {}
    for process, key in places:
        former.setdefault(process, {})[key] = Aimed(first[process, key], frozenset({"state"}))
    return PerProcess(former) if former else None
