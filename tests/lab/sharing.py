# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tests run on which HAProxy.

A layout is a version and a number of processes. A test of few cases runs on the newest version and on one other, the
oldest each second time, with another number of processes. The cases of a test that has many take turns: each runs on
one layout. So every version and number meets every kind of test. ``LONG=1`` runs all on all.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from zlib import crc32

from .versions import Version

MANY = 6
"""So many cases of one test take turns."""


class Layout(NamedTuple):
    """What a test runs on."""

    version: Version
    processes: int
    """How many; 0 where the test says so itself."""


class Case(NamedTuple):
    """A test with its parameters."""

    function: str
    others: str
    """Its parameters without the layout."""
    layout: Layout | None
    """None where it needs no HAProxy, or chooses one itself."""


def is_long() -> bool:
    """Whether everything is to run."""
    return os.environ.get("LONG") == "1"


def layout_among(parameters: Mapping[str, Any]) -> Layout | None:
    """The layout among a test's parameters: a version alone, or as the first of a tuple with the number of processes."""
    for value in parameters.values():
        match value:
            case Version():
                return Layout(value, 0)
            case (Version() as version, int() as processes, *_):
                return Layout(version, processes)
            case (Version() as version, *_):
                return Layout(version, 0)
    return None


def case_of(function: str, words: str, parameters: Mapping[str, Any]) -> Case:
    """The case with these parameters; `words` is how pytest names them."""
    layout = layout_among(parameters)
    if layout:
        words = words.replace(f"={layout.version}", "=")
        if layout.processes:
            words = words.replace(f"processes={layout.processes}", "processes=")
    return Case(function, words, layout)


def shared_out(cases: Sequence[Case], *, one: bool = False) -> list[bool]:
    """For each case whether it runs.

    :param one: on one layout each, however few there are.
    """
    layouts: dict[str, dict[str, set[Layout]]] = defaultdict(lambda: defaultdict(set))
    for case in cases:
        if case.layout:
            layouts[case.function][case.others].add(case.layout)
    chosen = {
        (function, others): _one_of(turn, possible) if one or len(each) >= MANY else _two_of(turn, possible)
        for function, each in layouts.items()
        # The first turn is drawn by the function's name, so that those with one case are spread, too.
        for turn, (others, possible) in enumerate(each.items(), crc32(function.encode()))
    }
    return [case.layout is None or case.layout in chosen[case.function, case.others] for case in cases]


def _one_of(turn: int, possible: set[Layout]) -> set[Layout]:
    return {sorted(possible)[turn % len(possible)]}


def _two_of(turn: int, possible: set[Layout]) -> set[Layout]:
    """One of the newest version there is, and one other: the oldest and those between alternately."""
    by_version: dict[Version, list[Layout]] = defaultdict(list)
    for layout in sorted(possible):
        by_version[layout.version].append(layout)
    first, *between, last = [*by_version] if len(by_version) > 1 else [*by_version] * 2
    other = between[turn // 2 % len(between)] if between and turn % 2 else first
    # Not of the turn alone: each version is to meet each number of processes.
    number = turn // 2 // (len(between) or 1)
    return {
        by_version[version][(number + extra) % len(by_version[version])] for version, extra in ((last, 0), (other, 1))
    }
