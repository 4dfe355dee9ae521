# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every test runs on the newest HAProxy and on another, or takes turns; and every layout runs some of each kind."""

from __future__ import annotations

from collections import Counter

from lab.sharing import MANY, Case, Layout, case_of, layout_among, shared_out
from lab.versions import newest, oldest, versions

MIDDLE = versions()[1:-1]
LAYOUTS = [Layout(version, processes) for version in versions() for processes in (1, 4)]


def _everywhere(function: str, number: int) -> list[Case]:
    return [Case(function, str(each), layout) for each in range(number) for layout in LAYOUTS]


def _kept(cases: list[Case]) -> list[Case]:
    return [case for case, kept in zip(cases, shared_out(cases), strict=True) if kept]


def _layouts(cases: list[Case]) -> list[Layout]:
    return [case.layout for case in cases if case.layout]


def test_a_case_of_few_meets_the_newest_and_one_other_with_another_number_of_processes() -> None:
    kept = _kept(_everywhere("f", MANY - 1))
    for number in range(MANY - 1):
        other, last = _layouts([case for case in kept if case.others == str(number)])
        assert last.version == newest() != other.version
        assert {other.processes, last.processes} == {1, 4}


def test_each_of_many_meets_one_layout_and_they_take_turns() -> None:
    kept = _kept(_everywhere("f", 3 * len(LAYOUTS)))
    assert len({case.others for case in kept}) == len(kept) == 3 * len(LAYOUTS)
    assert {*Counter(_layouts(kept)).values()} == {3}


def test_slow_ones_meet_one_layout_and_take_turns() -> None:
    cases = _everywhere("f", len(LAYOUTS))
    kept = [case for case, runs in zip(cases, shared_out(cases, one=True), strict=True) if runs]
    assert sorted(_layouts(kept)) == LAYOUTS
    assert [case.others for case in kept] == [str(number) for number in range(len(LAYOUTS))]


def test_functions_of_one_case_are_spread() -> None:
    cases = [case for number in range(200) for case in _everywhere(f"function{number}", 1)]
    counts = Counter(_layouts(_kept(cases)))
    assert min(counts[layout] for layout in LAYOUTS) > 10
    oldest_ones = [counts[layout] for layout in LAYOUTS if layout.version == oldest()]
    assert sum(oldest_ones) > 80


def test_what_only_one_layout_has_runs_there() -> None:
    cases = [Case("f", str(number), Layout(MIDDLE[0], 4)) for number in range(5)]
    assert shared_out(cases) == [True] * 5


def test_what_needs_no_version_runs() -> None:
    assert shared_out([Case("f", "", None)] * 3) == [True] * 3


def test_a_second_look_leaves_out_no_more() -> None:
    kept = _kept(_everywhere("f", 7))
    assert _kept(kept) == kept


def test_a_case_is_the_same_on_every_layout() -> None:
    words = {
        case_of("f", f"haproxy={version}-processes={processes}-web1]", {"balancer": (version, processes)})[:2]
        for version, processes in LAYOUTS
    }
    assert words == {("f", "haproxy=-processes=-web1]")}


def test_a_layout_is_found_among_parameters() -> None:
    assert layout_among({"haproxy": newest()}) == Layout(newest(), 0)
    assert layout_among({"count": 4, "sets": (oldest(), 4)}) == Layout(oldest(), 4)
    assert layout_among({"cell": (oldest(), "dead")}) == Layout(oldest(), 0)
    assert layout_among({"count": 4, "none": ()}) is None
