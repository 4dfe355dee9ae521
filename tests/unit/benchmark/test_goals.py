# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts as missed."""

from __future__ import annotations

import pytest

from benchmark.cases import TITLES
from benchmark.findings import RATIO, Finding
from benchmark.goals import GOALS, Goal, missed

SOME = Finding("info", "1,000 servers / raw CSV", 2.9, RATIO)
MANY = Finding("info", "5,000 servers / raw CSV", 2.8, RATIO)


@pytest.mark.parametrize(
    ("goal", "value", "met"),
    [
        pytest.param(Goal(1.1), 1.1, True, id="just met"),
        pytest.param(Goal(1.1), 1.11, False, id="just missed"),
        pytest.param(Goal(30, least=True), 30.0, True, id="just enough"),
        pytest.param(Goal(30, least=True), 29.9, False, id="too little"),
        pytest.param(Goal(1.1), float("nan"), False, id="no number"),
        pytest.param(Goal(30, least=True), float("nan"), False, id="no number where more is better"),
    ],
)
def test_a_goal_is_met_at_its_bound(goal: Goal, value: float, met: bool) -> None:
    assert goal.is_met(value) is met


@pytest.mark.parametrize(
    ("goal", "told"),
    [
        (Goal(1.1), "≤ 1.1 x"),
        (Goal(45 / 110), "≤ 0.409 x"),
        (Goal(45, "ms"), "≤ 45 ms"),
        (Goal(35, least=True), "≥ 35 x"),
    ],
)
def test_a_goal_says_what_it_wants(goal: Goal, told: str) -> None:
    assert str(goal) == told


@pytest.mark.parametrize(
    ("findings", "sentences"),
    [
        pytest.param([SOME, MANY], [], id="all met"),
        pytest.param(
            [SOME, MANY._replace(value=3.1)],
            ["info: 5,000 servers / raw CSV: 3.10 x, and ≤ 3 x is the goal"],
            id="missed",
        ),
        pytest.param([SOME], ["info: 5,000 servers / raw CSV: not measured"], id="not measured"),
        pytest.param([SOME, MANY, Finding("task", "x", 9e9, RATIO)], [], id="a figure without a goal"),
    ],
)
def test_a_missed_goal_is_a_sentence(findings: list[Finding], sentences: list[str]) -> None:
    assert missed(findings, ["info"]) == sentences


def test_cases_that_were_not_asked_for_miss_nothing() -> None:
    assert missed([], []) == []


def test_every_goal_belongs_to_a_case() -> None:
    assert {case for case, _name in GOALS} <= {*TITLES}
