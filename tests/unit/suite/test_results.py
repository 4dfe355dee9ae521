# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts as a failure, and what the summary says."""

from __future__ import annotations

from collections import Counter

import pytest

from suite.results import NOTHING_RAN, Row, failure, has_failed, judged, summary, with_versions

GOOD = Row("unit", passed=3)
EMPTY = Row("unit")
ALL_SKIPPED = Row("unit", skipped=Counter({"no HAProxy": 2}))
SOME_SKIPPED = Row("unit", passed=1, skipped=Counter({"no HAProxy": 2}))
NO_PYTHON = Row("unit", missing=("Python 3.9",))
LESS_PYTHON = Row("sanity", passed=3, missing=("Python 3.9",))
BAD = Row("unit", passed=1, failed=1, problems=("test_x",))


@pytest.mark.parametrize(
    ("row", "problems"),
    [
        pytest.param(GOOD, (), id="passed"),
        pytest.param(SOME_SKIPPED, (), id="some skipped"),
        pytest.param(BAD, ("test_x",), id="a failed test"),
        pytest.param(EMPTY, (NOTHING_RAN,), id="zero tests"),
        pytest.param(ALL_SKIPPED, (NOTHING_RAN,), id="all skipped"),
        pytest.param(NO_PYTHON, ("Python 3.9 is missing",), id="a missing Python"),
        pytest.param(LESS_PYTHON, ("Python 3.9 is missing",), id="a missing Python beside others"),
    ],
)
def test_strict_fails_what_is_missing_or_did_not_run(row: Row, problems: tuple[str, ...]) -> None:
    strict = judged(row, strict=True)
    assert strict.problems == problems
    assert strict.failed == len(problems)
    assert has_failed([strict]) == bool(problems)


@pytest.mark.parametrize(
    ("row", "skipped"),
    [
        pytest.param(GOOD, {}, id="passed"),
        pytest.param(EMPTY, {NOTHING_RAN: 1}, id="zero tests"),
        pytest.param(ALL_SKIPPED, {"no HAProxy": 2}, id="all skipped"),
        pytest.param(NO_PYTHON, {"Python 3.9 is missing": 1}, id="a missing Python"),
        pytest.param(LESS_PYTHON, {"Python 3.9 is missing": 1}, id="a missing Python beside others"),
    ],
)
def test_otherwise_it_is_skipped_with_the_reason(row: Row, skipped: dict[str, int]) -> None:
    lenient = judged(row, strict=False)
    assert lenient.skipped == Counter(skipped)
    assert not has_failed([lenient])


def test_a_failed_test_fails_always() -> None:
    for row in (BAD, failure("unit", "broke off")):
        assert has_failed([judged(row, strict=False)])
        assert has_failed([judged(row, strict=True)])


def test_a_version_without_a_test_fails_when_strict() -> None:
    rows = with_versions([Row("integration", "2.2", passed=1)], "integration", ["2.2", "2.6"])
    verdicts = {row.version: judged(row, strict=True).problems for row in rows}
    assert verdicts == {"2.2": (), "2.6": (NOTHING_RAN,)}


def test_summary_has_a_line_per_row_and_the_sum_alone_at_the_end() -> None:
    rows = [Row("integration", "2.2", 5, seconds=1.25), judged(ALL_SKIPPED, strict=False), BAD]
    lines = summary(rows, wall=3).splitlines()
    assert lines[0].split() == ["area", "HAProxy", "ran", "passed", "failed", "skipped", "seconds"]
    assert lines[1].split() == ["integration", "2.2", "5", "5", "0", "0", "1.2"]
    assert lines[2].split() == ["unit", "0", "0", "0", "2", "0.0", "2", "x", "no", "HAProxy"]
    assert "FAILED unit: test_x" in lines
    assert lines[-2:] == ["", "6 passed, 1 failed, 2 skipped"]
