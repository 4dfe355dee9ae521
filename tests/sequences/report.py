# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table at the end of a run: modules down, versions across, in each cell how many tasks there were.

A test adds a cell by ``record_property("steps", [version, what, verdict, count])``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import pytest

from .law import VERDICTS

PROPERTY = "steps"
Cell = tuple[str, str, str, int]


def table(cells: Iterable[Cell]) -> list[str]:
    """The lines of the table."""
    counts: Counter[tuple[str, str]] = Counter()
    verdicts: Counter[tuple[str, str]] = Counter()
    for version, what, verdict, count in cells:
        counts[what, version] += count
        verdicts[what, verdict] += count
    if not counts:
        return []
    versions = sorted({version for _what, version in counts}, key=lambda name: [int(part) for part in name.split(".")])
    whats = sorted({what for what, _version in counts}, key=lambda what: (not what.startswith("haproxy_"), what))
    lines = [["", *versions, *VERDICTS]]
    for what in whats:
        row = [counts[what, version] for version in versions] + [verdicts[what, verdict] for verdict in VERDICTS]
        lines.append([what, *map(_shown, row)])
    sums = [sum(counts[what, version] for what in whats) for version in versions]
    sums += [sum(verdicts[what, verdict] for what in whats) for verdict in VERDICTS]
    lines.append(["steps", *map(_shown, sums)])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [_line(line, widths) for line in lines]


def _shown(count: int) -> str:
    return str(count) if count else "-"


def _line(line: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(line, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)])


def print_table(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of this run, if there is any."""
    reports = [report for each in ("passed", "failed") for report in terminalreporter.getreports(each)]
    found = [value for report in reports for name, value in getattr(report, "user_properties", ()) if name == PROPERTY]
    lines = table(tuple(cell) for cell in found)
    if lines:
        terminalreporter.section("sequences: steps on each HAProxy, and what came of the tasks")
        for line in lines:
            terminalreporter.write_line(line)
