# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the run says at its end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from mutation.job import HUNG, UNREACHED, Verdict
from mutation.mutants import Mutant

Judged = Sequence[tuple[Mutant, Verdict]]


def share(judged: Judged) -> float:
    """The share that was caught, in percent."""
    return 100 * sum(verdict.caught for _mutant, verdict in judged) / len(judged) if judged else 0.0


def lines(judged: Judged, controls: Judged, core: Path) -> Iterator[str]:
    """The changes that nothing noticed, a table of all files, and what came of runs without a change."""
    sources = {mutant.file: (core / mutant.file).read_text(encoding="utf-8").split("\n") for mutant, _it in judged}
    by_file: dict[str, list[tuple[Mutant, Verdict]]] = defaultdict(list)
    for mutant, verdict in sorted(judged, key=lambda each: (each[0].file, each[0].number)):
        by_file[mutant.file].append((mutant, verdict))
        if not verdict.caught:
            why = "no test executes it" if verdict.outcome == UNREACHED else f"{verdict.tests} tests pass"
            source = sources[mutant.file][mutant.line - 1].strip()
            yield f"{mutant.file}:{mutant.line}: {mutant.what} ({why}): {source}"
    yield ""
    yield f"{'file':40} {'changes':>7} {'caught':>7} {'hung':>7} {'share':>7}"
    for file, those in by_file.items():
        yield _row(file, those)
    yield _row("all", judged)
    yield ""
    false = [(mutant, verdict) for mutant, verdict in controls if verdict.caught]
    for mutant, verdict in false:
        yield f"false alarm: {verdict.by or 'a run'} is {verdict.outcome} without the change of {mutant.file}:{mutant.line}"
    yield f"{len(controls)} runs without a change: {len(false)} false alarms"


def _row(name: str, judged: Judged) -> str:
    caught = sum(verdict.caught for _mutant, verdict in judged)
    hung = sum(verdict.outcome == HUNG for _mutant, verdict in judged)
    return f"{name:40} {len(judged):7} {caught:7} {hung:7} {share(judged):6.1f}%"
