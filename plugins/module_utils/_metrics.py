# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the values of several processes become one, by the nature that HAProxy gives each field."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Optional, Union

from ._dialect.typed import Nature
from ._protocol import printable

Value = Union[int, float, str]
Number = Union[int, float]
Stats = Mapping[str, Value]

# Values and, for each, the requests that it speaks for → one value; TypeError: there is none. None instead: they must
# agree, and every process must have one.
Merge = Callable[[Sequence[Any], Sequence[Number]], Value]
Rule = Optional[Merge]


def add(values: Sequence[Number], _requests: Sequence[Number]) -> Number:
    return sum(values)


def greatest(values: Sequence[Number], _requests: Sequence[Number]) -> Number:
    return max(values)


def least(values: Sequence[Number], _requests: Sequence[Number]) -> Number:
    return min(values)


def latest(values: Sequence[Number], _requests: Sequence[Number]) -> Number:
    """The least age; -1 is that of what never was."""
    return min((value for value in values if value >= 0), default=-1)


def mean(values: Sequence[Number], _requests: Sequence[Number]) -> Number:
    return values[0] if len(set(values)) == 1 else round(sum(values) / len(values), 3)


def weighted(values: Sequence[Number], requests: Sequence[Number]) -> Number:
    """The average over all requests; over the processes where nobody had any."""
    total = sum(requests)
    if len(set(values)) == 1 or not total:
        return mean(values, requests)
    return round(sum(value * count for value, count in zip(values, requests)) / total, 3)


def heard(values: Sequence[Value], _requests: Sequence[Number]) -> Value:
    """What all say that say anything. HAProxy forgets the last check's words while the next is under way."""
    if len(set(values)) > 1:
        values = [_settled(value) for value in values]
    if len(set(values)) > 1:
        raise TypeError(values)
    return values[0]


def _settled(value: Value) -> Value:
    """Without HAProxy's mark of a check that is under way: it comes and goes."""
    return value[len(_IN_FLIGHT) :] if isinstance(value, str) and value.startswith(_IN_FLIGHT) else value


_IN_FLIGHT = "* "

AGREE: Rule = None

# Origins ("*": any), natures ("*": any) → rule; the first that fits. A text that is not measured must agree. The guide
# docs/docsite/rst/statistics.rst has this table for people.
BY_NATURE: tuple[tuple[str, str, Rule], ...] = (
    ("*", "L", add),
    ("KSCP", "*", AGREE),
    ("*", "ON", heard),
    ("*", "CGR", add),
    ("*", "M", greatest),
    ("*", "m", least),
    ("*", "a", weighted),
    ("*", "A", latest),
    ("*", "D", greatest),
)

# Fields whose nature says less than their name does.
BY_NAME: Mapping[str, Rule] = {
    "rate_max": greatest,  # of a backend: a gauge
    "MaxSessRate": greatest,  # a rate
    "Stopping": AGREE,  # gauges that are yes or no
    "BusyPolling": AGREE,
}
_PERCENTAGE = "_pct"

# Of these columns the first that there is counts the requests that averages are of.
REQUESTS = ("stot", "req_tot", "CumReq")

# What names one process's own place: it may differ, and nothing is inconsistent by it.
PLACES = frozenset({"pid", "iid", "sid"})


_INTEGER = re.compile(r"-?[0-9]+", re.ASCII)


def value_of(text: str, nature: Nature | None) -> Value:
    """A value of the type that HAProxy gives it; where nobody told that, a number where it looks like one."""
    kind = nature.kind if nature else "u64" if _INTEGER.fullmatch(text) else "str"
    if kind != "str":
        with suppress(ValueError):
            return float(text) if kind == "flt" else int(text)
    return text if text.isascii() else printable(text)


def rule_of(name: str, nature: Nature | None) -> Rule:
    """
    :param nature: None: no process told it.
    """
    if nature is None:
        return AGREE
    if nature.kind == "str":
        return heard if nature.origin == "M" else AGREE
    if name in BY_NAME:
        return BY_NAME[name]
    if name.endswith(_PERCENTAGE):
        return mean
    for origins, natures, rule in BY_NATURE:
        if (origins == "*" or nature.origin in origins) and (natures == "*" or nature.nature in natures):
            return rule
    return AGREE


def rules_of(natures: Mapping[str, Nature]) -> dict[str, Rule]:
    return {name: rule_of(name, nature) for name, nature in natures.items()}


def merged(
    rows: Mapping[str, Stats], rules: Mapping[str, Rule], agreeing: Collection[str] | None = None
) -> tuple[dict[str, object], bool]:
    """One object over its processes: each field's one value, or process → value where they must agree and do not; and
    whether those agree that must.

    :param rows: process → what it says; at least one.
    :param agreeing: the processes that must agree; None: all.
    """
    if len(rows) == 1:
        return dict(*rows.values()), True
    processes, said = list(rows), list(rows.values())
    bound = [place for place, process in enumerate(processes) if agreeing is None or process in agreeing]
    requests = [_requests(row) for row in said]
    stats: dict[str, object] = {}
    consistent = True
    for name, values in _columns(said):
        rule = rules.get(name, AGREE)
        if rule is None and values.count(values[0]) == len(values):
            stats[name] = values[0]
            continue
        if rule is not None:
            try:
                stats[name] = rule(values, requests) if None not in values else _of_some(rule, values, requests)
            except TypeError:  # it is no number everywhere, or different things were heard
                pass
            else:
                continue
        stats[name] = {process: value for process, value in zip(processes, values) if value is not None}
        if rule is not heard and name not in PLACES and len({values[place] for place in bound}) > 1:
            consistent = False
    return stats, consistent


def _columns(rows: Sequence[Stats]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Each field with what each row says in it."""
    names = list(rows[0])
    if all(list(row) == names for row in rows):  # the rule, and much faster
        return zip(names, zip(*(row.values() for row in rows)))
    every = dict.fromkeys(name for row in rows for name in row)
    return ((name, tuple(row.get(name) for row in rows)) for name in every)


def _of_some(rule: Merge, values: Sequence[Any], requests: Sequence[Number]) -> Value:
    """The rule where not every process has the field."""
    there = [(value, count) for value, count in zip(values, requests) if value is not None]
    return rule([value for value, _count in there], [count for _value, count in there])


def _requests(row: Stats) -> Number:
    counts = (row[name] for name in REQUESTS if name in row)
    return next((count for count in counts if not isinstance(count, str)), 0)
