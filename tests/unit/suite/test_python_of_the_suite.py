# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the suite does not run on a Python that is too old for it is seen in its summary."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import pytest

from suite import long, pytests, pythons
from suite.log import Log
from suite.results import Row, judged

NO_LOG: Any = None
WITHOUT = "tests/unit/mutation needs Python 3.12"


def test_only_a_python_that_tells_which_lines_run_can_mutate() -> None:
    assert pythons.can_mutate() is (sys.version_info >= (3, 12))


def test_mutation_is_missing_on_an_older_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythons, "can_mutate", lambda: False)
    assert long.mutation(NO_LOG) == [Row("mutation", missing=("Python 3.12",))]


@pytest.mark.parametrize("able", [True, False])
def test_its_own_tests_are_skipped_there_and_fail_nobody(monkeypatch: pytest.MonkeyPatch, able: bool) -> None:
    asked: list[Sequence[str]] = []

    def run(_log: Log, area: str, _python: object, arguments: Sequence[str]) -> list[Row]:
        asked.append(arguments)
        return [Row(area, passed=5)]

    monkeypatch.setattr(pythons, "can_mutate", lambda: able)
    monkeypatch.setattr(pytests, "_pytest", run)
    (row,) = pytests.unit(NO_LOG)
    assert asked == [["tests/unit"] if able else ["tests/unit", "--ignore=tests/unit/mutation"]]
    strict = judged(row, strict=True)
    assert (strict.passed, strict.failed, dict(strict.skipped)) == (5, 0, {} if able else {WITHOUT: 1})
