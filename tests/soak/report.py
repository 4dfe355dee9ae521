# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A soak as a table; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .judged import PROMISES, broken
from .soaking import Outcome

MOST_SAID = 5
"""So many failures are told in full."""
LONGEST_SAID = 2000
"""Characters of one."""


def text(outcome: Outcome) -> str:
    """What is printed."""
    plan = outcome.plan
    processes = "one process" if plan.processes == 1 else f"{plan.processes} processes"
    lines = [
        f"Soak of HAProxy {plan.version}, {processes}, {outcome.seconds:,.0f} s: {outcome.load.sentence()}",
        "",
        *table([("module", "tasks in one process", "by Ansible", "longest"), *_tasks(outcome)]),
        "",
        *table(
            [
                ("what", "before", "2nd quarter", "last quarter", "after", "allowed", ""),
                *((*each[1:7], "BROKEN" if each.broken else "") for each in outcome.figures),
            ]
        ),
        "",
    ]
    red = broken(outcome.figures)
    lines += [f"{'BROKEN' if promise in red else 'kept':7} {promise}" for promise in PROMISES]
    for failure in outcome.load.failures[:MOST_SAID]:
        lines += ["", f"failed: {failure.line().strip()}"]
    for said in outcome.wrong[:MOST_SAID]:
        lines += ["", said[-LONGEST_SAID:]]
    return "\n".join(lines)


def _tasks(outcome: Outcome) -> list[tuple[str, ...]]:
    played = Counter(each.module for each in outcome.played)
    told = Counter(each.module for each in outcome.told)
    rows = [
        (module, f"{told[module]:,}", f"{played[module]:,}", f"{_longest(outcome, module):.1f} s")
        for module in sorted({*told, *played})
    ]
    return [*rows, ("all", f"{len(outcome.told):,}", f"{len(outcome.played):,}", "")]


def _longest(outcome: Outcome, module: str) -> float:
    return max((each.seconds for each in outcome.told if each.module == module), default=0.0)


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
