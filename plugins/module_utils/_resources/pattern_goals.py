# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From entries that are not as wished to goals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from .._fleet import PerProcess
from .._keyed import Wish
from .._plan import Goal
from .pattern_choice import ways
from .pattern_held import Held
from .pattern_names import NameOf
from .pattern_ways import Way

Now = PerProcess[Held]
Aimed = Mapping[str, Way]


def goals_of(name: NameOf, wish: Wish, now: Now, origin: Now, *, always: bool) -> Sequence[Goal[Held]]:
    """From what differs to goals: what is loaded and looked at beforehand, and how the entries come to be as wished.

    :param origin: what was before the task did anything, or what others had changed when it did.
    :param always: whether nothing but replacing the whole set at once will do.
    :raises HAProxyError: for what a process cannot do or would refuse.
    """
    targets = {process: _target(origin[process], wish) for process, held in now.items() if held.ref}
    first: dict[str, Aimed] = {}
    last: dict[str, Aimed] = {}
    back: dict[str, Aimed] = {}
    for process, target in targets.items():
        loading, way = ways(process, now[process], target, always=always, called=name.called)
        if loading:
            first[process] = {name.given: loading}
        if way:
            last[process] = {name.given: way}
        former = way and way.former(now[process])
        if former:
            back[process] = {name.given: former}
    goals: list[Goal[Held]] = []
    if first:
        from .pattern_others import inspect  # not every task loads a version

        goals.append(Goal(PerProcess(first), inspect=partial(inspect, loads=first, now=now)))
    if last:
        goals.append(Goal(PerProcess(last), former=PerProcess(back), hindsight=_hindsight(name.kind, wish, now)))
    return goals


def _target(origin: Held, wish: Wish) -> Wish:
    """What a process should have: what others changed meanwhile and this task took away, too."""
    if not origin.lost or wish.exclusive:
        return wish
    from .._merging import merged  # after a change of somebody else only

    return merged(origin.body, wish)


def _hindsight(kind: str, wish: Wish, before: Now) -> Callable[[Mapping[str, bytes], Now], Sequence[str]]:
    def judge(seen: Mapping[str, bytes], now: Now) -> Sequence[str]:
        if not seen:
            return ()
        from .pattern_others import hindsight  # where a version was committed

        return hindsight(kind, wish, seen, now, before=before)

    return judge
