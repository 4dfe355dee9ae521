# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ran and how it ended: rows, the rules of STRICT, the summary. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

NOTHING_RAN = "no test ran"


@dataclass(frozen=True)
class Row:
    """The outcome of an area, or of an area on one HAProxy version."""

    area: str
    version: str = ""
    """The HAProxy version, or "" where that does not matter."""
    passed: int = 0
    failed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    """How many were skipped, by reason."""
    missing: tuple[str, ...] = ()
    """What the machine lacks: a HAProxy version, a Python, a tool."""
    problems: tuple[str, ...] = ()
    """What failed, by name."""
    seconds: float = 0.0

    @property
    def ran(self) -> int:
        return self.passed + self.failed


def failure(area: str, problem: str, version: str = "") -> Row:
    """The row of an area that broke down before it could count."""
    return Row(area, version, failed=1, problems=(problem,))


def judged(row: Row, *, strict: bool) -> Row:
    """Turn what is missing, and that nothing ran, into failures (strict) or into skips with the reason."""
    wanting = [f"{name} is missing" for name in row.missing]
    if not row.ran and not wanting and (strict or not row.skipped):
        wanting = [NOTHING_RAN]
    if strict:
        return replace(row, missing=(), failed=row.failed + len(wanting), problems=(*row.problems, *wanting))
    return replace(row, missing=(), skipped=row.skipped + Counter(wanting))


def with_versions(rows: Sequence[Row], area: str, versions: Iterable[str]) -> list[Row]:
    """Add an empty row for each HAProxy version on which nothing ran, so that it is judged like the others."""
    seen = {row.version for row in rows}
    return [*rows, *(Row(area, version) for version in versions if version not in seen)]


def has_failed(rows: Iterable[Row]) -> bool:
    return any(row.failed for row in rows)


def summary(rows: Sequence[Row], *, wall: float) -> str:
    """The table, what failed, and as last line the sum alone; `wall` is how long all took, in seconds."""
    table: list[tuple[str, ...]] = [("area", "HAProxy", "ran", "passed", "failed", "skipped", "seconds", "")]
    for row in rows:
        counts = (row.ran, row.passed, row.failed, row.skipped.total())
        why = "; ".join(f"{count} x {reason}" for reason, count in row.skipped.most_common())
        table.append((row.area, row.version, *map(str, counts), f"{row.seconds:.1f}", why))
    table.append(("all", "", "", "", "", "", f"{wall:.1f}", ""))
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(_cells(line, widths)).rstrip() for line in table]
    lines += [
        f"FAILED {' '.join(filter(None, (row.area, row.version)))}: {problem}"
        for row in rows
        for problem in row.problems
    ]
    passed, failed = sum(row.passed for row in rows), sum(row.failed for row in rows)
    skipped = sum(row.skipped.total() for row in rows)
    return "\n".join([*lines, "", f"{passed} passed, {failed} failed, {skipped} skipped"])


def _cells(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Words to the left, numbers to the right."""
    return [
        cell.rjust(width) if 2 <= place <= 6 else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(line, widths, strict=True))
    ]
