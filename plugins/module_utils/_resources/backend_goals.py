# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a backend is and what is wished of it to goals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._dialect.servers import Key, Server
from .._fleet import PerProcess
from .._plan import Goal
from .._shapes import Aimed
from .backend_own import aimed
from .backend_wish import BackendWish
from .observed import Observed
from .values import Values

Now = PerProcess[Observed]
Wished = Mapping[str, Mapping[Key, Values]]


def goals_of(
    wish: BackendWish, now: Now, wished: Wished, goals: Callable[[Wished], Sequence[Goal[Observed]]]
) -> Sequence[Goal[Observed]]:
    """What is to become of the backend and its servers, those that come before those that go.

    :param wished: process → server → what is asked of it.
    :param goals: for some of these servers.
    :raises InputError: for what cannot come true.
    """
    leaving = {
        p: {key: it for key, it in those.items() if _leaves(now[p].servers[key], it)} for p, those in wished.items()
    }
    joining = {p: {key: it for key, it in those.items() if key not in leaving[p]} for p, those in wished.items()}
    if any(it.min_up is not None for those in wished.values() for it in those.values()):
        from .min_up import refuse_too_few  # not every task guards

        if refuse_too_few(now, wished, joined_first=True):
            joining = {p: {key: _sure(it) for key, it in those.items()} for p, those in joining.items()}
    return [
        *_own(wish, now, "first"),
        *goals(joining),
        *_own(wish, now, "between"),
        *_going_back(wish, goals(leaving), now),
        *_own(wish, now, "last"),
    ]


def _own(wish: BackendWish, now: Now, when: str) -> Sequence[Goal[Observed]]:
    """What happens to the backend itself before, between and after what happens to its servers."""
    every = {process: aimed(wish, seen.backend, when) for process, seen in now.items()}
    those = {process: {wish.own: it} for process, it in every.items() if it is not None}
    if not those:
        return ()
    former = PerProcess[Mapping[Key, Any]]({}) if wish.state == "absent" else None
    return _going_back(wish, [Goal(PerProcess(those), former=former)], now)


def _going_back(wish: BackendWish, goals: Sequence[Goal[Observed]], now: Now) -> Sequence[Goal[Observed]]:
    """With a backend that cannot be deleted as published as it was, where its servers get their former state."""
    if wish.state != "absent":
        return goals
    own = {
        process: {wish.own: Aimed(seen.backend, frozenset({"published"}))}
        for process, seen in now.items()
        if seen.backend.present
    }
    return [
        replace(
            goal,
            former=PerProcess({p: {**goal.former.get(p, {}), **own.get(p, {})} for p in {**goal.former, **own}}),
        )
        if goal.former is not None
        else goal
        for goal in goals
    ]


def _leaves(server: Server, values: Values) -> bool:
    """Whether the server goes out of service, and so has to wait for those that come. One that is made comes."""
    down = any(values.settings.get(name) in ("down", "stopping") for name in ("health_status", "agent_status"))
    weight = values.settings.get("weight")
    out = down or (weight is not None and not weight.number)
    return server.present and (values.state in ("absent", "maint", "drain") or out)


def _sure(values: Values) -> Values:
    """The same, waited for until it is so: nobody goes before."""
    return values._replace(wait=True, terms=values.terms._replace(on_timeout="fail"))
