# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every test runs on the oldest HAProxy, on the newest and on one between; and every layout runs some of each kind."""

from __future__ import annotations

from collections import Counter

from lab.sharing import Case, Layout, case_of, layout_among, shared_out
from lab.versions import newest, oldest, versions

MIDDLE = versions()[1:-1]
LAYOUTS = [Layout(version, processes) for version in versions() for processes in (1, 4)]


def _everywhere(function: str, number: int) -> list[Case]:
    return [Case(function, str(each), layout) for each in range(number) for layout in LAYOUTS]


def _kept(cases: list[Case]) -> list[Case]:
    return [case for case, kept in zip(cases, shared_out(cases), strict=True) if kept]


def _layouts(cases: list[Case]) -> list[Layout]:
    return [case.layout for case in cases if case.layout]


def test_every_case_meets_the_ends_and_one_version_between_one_process_and_four() -> None:
    kept = _kept(_everywhere("f", 10))
    for number in range(10):
        first, between, last = _layouts([case for case in kept if case.others == str(number)])
        assert (first.version, last.version) == (oldest(), newest())
        assert between.version in MIDDLE
        assert {first.processes, last.processes} == {1, 4}


def test_slow_ones_meet_one_layout_and_take_turns() -> None:
    cases = _everywhere("f", len(LAYOUTS))
    kept = [case for case, runs in zip(cases, shared_out(cases, one=True), strict=True) if runs]
    assert sorted(_layouts(kept)) == LAYOUTS
    assert [case.others for case in kept] == [str(number) for number in range(len(LAYOUTS))]


def test_layouts_take_turns() -> None:
    counts = Counter(_layouts(_kept(_everywhere("f", 6 * len(MIDDLE)))))
    assert [counts[layout] for layout in LAYOUTS] == [9, 9, *[3] * 6, 9, 9]


def test_functions_of_one_case_are_spread() -> None:
    cases = [case for number in range(200) for case in _everywhere(f"function{number}", 1)]
    counts = Counter(_layouts(_kept(cases)))
    assert min(counts[layout] for layout in LAYOUTS) > 10


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
