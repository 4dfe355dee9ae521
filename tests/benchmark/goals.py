# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wanted of each figure: ratios within one run, or seconds over the same module's idle run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from benchmark.findings import RATIO, Finding


class Goal(NamedTuple):
    """A bound; `least` where more is better."""

    bound: float
    unit: str = RATIO
    least: bool = False

    def is_met(self, value: float) -> bool:
        return value >= self.bound if self.least else value <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.least else '≤'} {self.bound:.3g} {self.unit}"


# By case and name of the figure.
GOALS: Mapping[tuple[str, str], Goal] = {
    ("task", "ad hoc, unchanged / ping"): Goal(1.10),
    ("task", "ad hoc, changed / ping"): Goal(1.10),
    ("task", "a further task, unchanged / ping's"): Goal(1.25),
    ("task", "a further task, changed / ping's"): Goal(1.25),
    ("servers", "ad hoc, 100 servers changed / ping"): Goal(1.2),
    ("servers", "a further task, 100 servers changed / ping's"): Goal(1.35),
    ("servers", "loop of 100 community.general.haproxy / one task"): Goal(35, least=True),
    ("processes", "16 processes / 1"): Goal(1.3),
    ("processes", "64 processes / 1"): Goal(1.8),
    ("processes", "1 hung of 16, above the idle run and timeout"): Goal(0.5, "s"),
    ("maps", "100,000 into an empty map / raw loader"): Goal(1.5),
    ("maps", "haproxyadmin, 100,000 entry by entry / one task"): Goal(30, least=True),
    ("maps", "1,000,000, of which 100 differ / raw reading"): Goal(2),
    ("maps", "1,000,000, of which 100 differ, memory"): Goal(600, "MB"),
    ("maps", "an entry of 1,000,000 / an entry of 10,000"): Goal(1.5),
    ("info", "1,000 servers / raw CSV"): Goal(3),
    ("info", "5,000 servers / raw CSV"): Goal(3),
    ("drain", "end noticed, above the idle run and wait_interval"): Goal(0.1, "s"),
    ("imports", "most source above ping"): Goal(100, "KB"),
    # 45 ms on the machine on which ansible.module_utils.basic took 110.
    ("imports", "longest import above basic / basic"): Goal(45 / 110),
    ("imports", "longest import above basic / basic, Python 3.9"): Goal(45 / 110),
    ("load", "longest hold of HAProxy's thread / its longest single command"): Goal(1.5),
}


def missed(findings: Iterable[Finding], cases: Iterable[str]) -> list[str]:
    """A sentence for each goal of these cases that was missed, or of which nothing was measured."""
    values = {(found.case, found.name): found for found in findings}
    chosen = {*cases}
    sentences = []
    for (case, name), goal in GOALS.items():
        if case not in chosen:
            continue
        found = values.get((case, name))
        if found is None:
            sentences.append(f"{case}: {name}: not measured")
        elif not goal.is_met(found.value):
            sentences.append(f"{case}: {name}: {found.value:.2f} {found.unit}, and {goal} is the goal")
    return sentences
