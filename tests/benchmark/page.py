# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings as a file and as a page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.findings import Finding
from benchmark.goals import GOALS

_HEAD = """\
<!--
Copyright (c) 2026, haproxyadmin.haproxy contributors
SPDX-License-Identifier: GPL-3.0-or-later

Made by ./dev bench.
-->

# Figures

"""


def kept(file: Path) -> dict[str, list[Finding]]:
    """What earlier runs found, by case."""
    if not file.exists():
        return {}
    return {
        case: [Finding(case, *rest) for rest in rows] for case, rows in json.loads(file.read_text())["cases"].items()
    }


def keep(file: Path, cases: Mapping[str, Sequence[Finding]]) -> None:
    """One line a figure, so that a change can be read."""
    folded = {
        case: "[\n   " + ",\n   ".join(json.dumps(list(found[1:]), ensure_ascii=False) for found in rows) + "\n  ]"
        for case, rows in cases.items()
    }
    inner = ",\n".join(f'  "{case}": {rows}' for case, rows in folded.items())
    file.write_text(f'{{"cases": {{\n{inner}\n }}}}\n', encoding="utf-8")


def page(titles: Mapping[str, str], cases: Mapping[str, Sequence[Finding]], machine: str) -> str:
    """Markdown: a table a case; goals beside those that have one, "missed" where it was."""
    parts = [f"{_HEAD}{machine}\n"]
    for case, title in titles.items():
        if rows := cases.get(case):
            lines = ["| | | goal |", "|---|---:|---|", *map(_row, rows)]
            parts.append(f"\n## {title}\n\n`./dev bench {case}`\n\n" + "\n".join(lines) + "\n")
    return "".join(parts)


def told(found: Finding) -> str:
    """The value with its unit; three digits that count."""
    value = f"{found.value:,.0f}" if abs(found.value) >= 100 else f"{found.value:.3g}"
    return f"{value} {found.unit}"


def _row(found: Finding) -> str:
    goal = GOALS.get((found.case, found.name))
    verdict = "" if goal is None else str(goal) if goal.is_met(found.value) else f"**missed**: {goal}"
    return f"| {found.name} | {told(found)} | {verdict} |"
