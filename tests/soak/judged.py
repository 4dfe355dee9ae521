# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which promises were kept; pure. What may grow, and by how much before that is called growth."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

REQUESTS, TASKS, CONNECTIONS, HAPROXY, MODULE, PUT_BACK = PROMISES = (
    "no failed request",
    "no failed task",
    "no leaked connection",
    "no growth of HAProxy's memory",
    "no growth of the module's memory",
    "all as it was before",
)

FEWEST = 8
"""Values from which growth can be told: two in each quarter."""

KB = 1024


class Figure(NamedTuple):
    """One line of the table."""

    promise: str
    what: str
    before: str = ""
    early: str = ""
    late: str = ""
    after: str = ""
    rule: str = ""
    """What is allowed."""
    broken: bool = False


class Bound(NamedTuple):
    """How much larger than in the second quarter of a soak a figure may be in the last one."""

    more: float
    unit: int
    """So many of the figure are one in the table."""
    name: str


# Above what was seen where nothing leaks. Between the two quarters of ten minutes lay 3,100 tasks on 3.4 and 1,800 on 2.2
# with four processes, so 256 KB are 80 to 140 bytes a task: what leaks less is not seen. Seen there: HAProxy's memory 100 KB
# less on 3.4, and 70 to 90 KB more in each process of 2.2; its pools 30 KB less to 20 KB more, its descriptors 1 less; the
# worker's memory 30 KB less, and 150 pieces more (Python keeps some thousand empty tuples for later use); the peak of a
# module's processes 520 KB less to 260 KB more. HAProxy 2.2 grows under requests alone, without any task, by 1 KB a second
# at 300 a second: one process of it that takes all of them for ten minutes would go beyond this by itself.
HAPROXY_MEMORY = Bound(256, KB, "KB")
HAPROXY_HEAP = Bound(1024, KB, "KB")
"""In a short soak: in the first minute both heaps still grow, by 500 KB in 20 s."""
STEADY_SECONDS = 300.0
"""From here on the first quarter, which is not looked at, is longer than that minute.

A shorter soak may end while a busy machine has more requests under way than before, so that of what HAProxy has open
only that is judged which is left afterwards.
"""
HAPROXY_POOLS = Bound(128, KB, "KB")
KEPT = 256
"""KB more that may be in use after a short soak: 2.2 does not say what its threads keep for later use, up to 90 KB."""
HAPROXY_FDS = Bound(12, 1, "")
TALKS = Bound(2, 1, "")
WORKER_MEMORY = Bound(512, KB, "KB")
WORKER_HEAP = Bound(2048, KB, "KB")
WORKER_BLOCKS = Bound(1500, 1, "")
NONE_MORE = Bound(0, 1, "")
PEAK = Bound(512, KB, "KB")


def quarters(values: Sequence[float]) -> tuple[float, float]:
    """The medians of the second quarter and of the last one: one value that stands out moves neither.

    The first quarter is for what fills up once: caches, pools, the heap.
    """
    quarter = len(values) // 4
    return median(values[quarter : 2 * quarter]), median(values[-quarter:])


def growth(promise: str, what: str, values: Sequence[float], bound: Bound, before: str = "", after: str = "") -> Figure:
    """The figure of something that must not grow; where there are too few values that is said.

    `before` and `after` are shown beside it.
    """
    if len(values) < FEWEST:
        return Figure(promise, what, before, after=after, rule=f"{len(values)} values: not judged")
    early, late = quarters(values)
    too_much = late - early > bound.more * bound.unit
    rule = f"+{_more(bound.more, bound)} at most"
    return Figure(promise, what, before, shown(early, bound), shown(late, bound), after, rule, too_much)


def remains(
    promise: str, what: str, values: Sequence[float], bound: Bound, before: int, after: int, more: float = 0
) -> Figure:
    """The figure of something of which there must not be more afterwards than before, or only so much more.

    What there was meanwhile is shown beside it.
    """
    ends = (shown(value, bound) for value in (before, after))
    rule = f"after: +{_more(more, bound)} at most" if more else "after: as before"
    return growth(promise, what, values, bound, *ends)._replace(rule=rule, broken=after - before > more * bound.unit)


def nothing_left(promise: str, what: str, values: Sequence[float], bound: Bound, before: int, after: int) -> Figure:
    """The figure of something that must not grow, and of which there must be no more afterwards than before."""
    meanwhile, afterwards = growth(promise, what, values, bound), remains(promise, what, values, bound, before, after)
    return afterwards._replace(
        rule=f"{meanwhile.rule}, {afterwards.rule}", broken=meanwhile.broken or afterwards.broken
    )


def shown(value: float, bound: Bound) -> str:
    """It in the unit of its bound."""
    return _more(value / bound.unit, bound)


def _more(units: float, bound: Bound) -> str:
    return f"{units:,.0f} {bound.name}".rstrip()


def none(promise: str, what: str, count: int, among: int | None = None) -> Figure:
    """The figure of something of which there must be none, `among` so many others."""
    of = "" if among is None else f" of {among:,}"
    return Figure(promise, what, after=f"{count:,}{of}", rule="none", broken=count > 0)


def some(promise: str, what: str, count: int, least: int) -> Figure:
    """The figure of something without which the others mean nothing."""
    return Figure(promise, what, after=f"{count:,}", rule=f"{least:,} at least", broken=count < least)


def broken(figures: Sequence[Figure]) -> set[str]:
    """The promises that were not kept."""
    return {figure.promise for figure in figures if figure.broken}
