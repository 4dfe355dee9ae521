# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table at the end of a run: faults down, modules across, in each cell what came of it and the longest time.

A test adds a cell by ``record_property("cell", [fault, module, version, kind, seconds])``, which reaches the process
that prints it however many workers there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

Cell = tuple[str, str, str, str, float]


def table(cells: Iterable[Cell]) -> list[str]:
    """The lines of the table; where versions differ a cell has the kinds of all, and its time is the longest."""
    rows: dict[str, dict[str, dict[str, float]]] = {}
    modules: dict[str, None] = {}
    versions: dict[str, None] = {}
    for fault, module, version, kind, seconds in cells:
        modules[module], versions[version] = None, None
        kinds = rows.setdefault(fault, {}).setdefault(module, {})
        kinds[kind] = max(kinds.get(kind, 0.0), seconds)
    if not rows:
        return []
    heading = [
        f"on HAProxy {', '.join(sorted(versions))}",
        *(name.removeprefix("haproxy_") for name in sorted(modules)),
    ]
    lines = [heading]
    lines += [[fault, *(_cell(row.get(module, {})) for module in sorted(modules))] for fault, row in rows.items()]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]


def _cell(kinds: dict[str, float]) -> str:
    return f"{'/'.join(sorted(kinds))} {max(kinds.values()):.1f}s" if kinds else "-"


def print_table(terminalreporter: pytest.TerminalReporter, order: Sequence[str]) -> None:
    """Print the table of this run, if there is any; `order` is that of the faults."""
    reports = [report for each in ("passed", "failed") for report in terminalreporter.getreports(each)]
    found = [value for report in reports for name, value in getattr(report, "user_properties", ()) if name == "cell"]
    places = {fault: place for place, fault in enumerate(order)}
    lines = table(tuple(cell) for cell in sorted(found, key=lambda cell: places.get(cell[0], len(places))))
    if lines:
        terminalreporter.section("faults: what comes of a task, and the longest time that it took")
        for line in lines:
            terminalreporter.write_line(line)
