# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tests run on which HAProxy.

A test runs on the oldest version, on the newest and on one between, with another number of processes on the newest than
on the oldest: its cases take turns. So every test meets three versions, one process and four, and every version and
number meets every kind of test. ``LONG=1`` runs all on all.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from zlib import crc32

from .versions import Version, newest, oldest


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

    :param one: on one layout each.
    """
    layouts: dict[tuple[str, str], set[Layout]] = defaultdict(set)
    for case in cases:
        if case.layout:
            layouts[case.function, case.others].add(case.layout)
    chosen: dict[tuple[str, str], set[Layout]] = {}
    turns: dict[str, int] = {}
    for (function, others), possible in layouts.items():
        # A function's first is drawn by its name, so that those with one case are spread, too.
        turn = turns.get(function, crc32(function.encode()))
        chosen[function, others] = {sorted(possible)[turn % len(possible)]} if one else {*_of_turn(turn, possible)}
        turns[function] = turn + 1
    return [case.layout is None or case.layout in chosen[case.function, case.others] for case in cases]


def _of_turn(turn: int, possible: set[Layout]) -> list[Layout]:
    """Those of the possible layouts that have this turn: one of each end, one between."""
    wanted = [(oldest(), turn), (newest(), turn + 1)]
    if between := sorted({layout.version for layout in possible} - {oldest(), newest()}):
        wanted.append((between[turn % len(between)], turn // len(between)))
    found = []
    for version, number in wanted:
        if numbers := sorted(layout.processes for layout in possible if layout.version == version):
            found.append(Layout(version, numbers[number % len(numbers)]))
    return found
