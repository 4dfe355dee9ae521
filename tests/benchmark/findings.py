# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a benchmark found, and how its ways take turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import NamedTuple

RATIO = "x"


class Finding(NamedTuple):
    """One figure."""

    case: str
    name: str
    value: float
    unit: str
    """s, ms, µs, MB, KB, or RATIO."""
    size: int = 0
    """What it grows with (entries, servers, processes); 0 where nothing grows. Those with a size are plotted."""


def alternating(ways: Mapping[str, Callable[[], float]], runs: int) -> dict[str, list[float]]:
    """So many runs of each way, in seconds (or whatever they return).

    The ways take turns, and each second round goes backwards: what the machine does beside this hits all of them alike.
    """
    found: dict[str, list[float]] = {name: [] for name in ways}
    for run in range(runs):
        for name in list(ways) if run % 2 == 0 else reversed(list(ways)):
            found[name].append(ways[name]())
    return found


def paired(ours: list[float], theirs: list[float]) -> float:
    """How many times theirs ours is: the median of the rounds' ratios."""
    return median(mine / other for mine, other in zip(ours, theirs, strict=True))


def seconds_of(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
