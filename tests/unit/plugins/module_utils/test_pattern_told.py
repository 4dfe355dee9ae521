# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What results tell of changed entries: counts, and a diff that stays short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import PerProcess
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._keyed import Wish
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.pattern_diff import (
    ORDER,
    SHOWN,
    diffs,
    text_of,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.pattern_held import Held
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.pattern_told import counts
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.pattern_ways import Changing

from unit.plugins.module_utils.pattern_sets import REG, STR, absent, held


def _counted(wish: Wish, now: Mapping[str, Sequence[bytes] | None]) -> dict[str, Any]:
    before = {name: absent(wish) if those is None else held(those, wish, types=REG) for name, those in now.items()}
    after = {name: Changing(wish).predicted(one) if one.ref else one for name, one in before.items()}
    return counts(PerProcess(before), PerProcess(after))


@pytest.mark.parametrize(
    ("wish", "now", "added", "removed", "updated", "count"),
    [
        pytest.param(Wish([b"a 1"]), [b"a 1"], 0, 0, 0, 1, id="nothing"),
        pytest.param(Wish([b"a 1", b"b 1"]), [b"x 1"], 2, 0, 0, 3, id="added"),
        pytest.param(Wish([], frozenset([b"a"])), [b"a 1", b"b 1"], 0, 1, 0, 1, id="removed"),
        pytest.param(Wish([], frozenset([b"a"])), [b"a 1", b"a 2"], 0, 2, 0, 0, id="removed twice"),
        pytest.param(Wish([b"a 1"]), [b"a 2", b"x 1"], 0, 0, 1, 2, id="updated"),
        pytest.param(Wish([b"a 1"], exclusive=True), [b"a 1", b"a 1"], 0, 0, 1, 1, id="made anew"),
        pytest.param(Wish([b"a 1"], exclusive=True), [b"b 1", b"c 1"], 1, 2, 0, 1, id="replaced"),
        pytest.param(Wish([b"a 1"]), [b"a 1", b"a 1"], 0, 0, 0, 2, id="there twice, which is left so"),
    ],
)
def test_counts_of_one_process(
    wish: Wish, now: list[bytes], added: int, removed: int, updated: int, count: int
) -> None:
    told = _counted(wish, {"p1": now})
    one = {"added": added, "removed": removed, "updated": updated, "entry_count": count}
    assert told == {**one, "reordered": False, "per_process": [{"process": "p1", **one}]}


def test_counts_of_several_processes_count_each_entry_once() -> None:
    wish = Wish([b"a 1", b"b 1"], exclusive=True)
    told = _counted(wish, {"p1": [b"a 2", b"x 1"], "p2": [b"x 1", b"y 1"], "p3": [b"a 1", b"b 1"], "p4": None})
    assert {name: told[name] for name in ("added", "removed", "updated", "entry_count")} == {
        "added": 2,
        "removed": 2,
        "updated": 1,
        "entry_count": 2,
    }
    assert [(one["process"], one["added"], one["removed"], one["updated"]) for one in told["per_process"]] == [
        ("p1", 1, 1, 1),
        ("p2", 2, 2, 0),
        ("p3", 0, 0, 0),
    ]


def test_counts_that_differ_afterwards_are_told_per_process() -> None:
    assert _counted(Wish([b"a 1"]), {"p1": [], "p2": [b"x 1"]})["entry_count"] == {"p1": 1, "p2": 2}


def test_another_order_is_told() -> None:
    wish = Wish([b"a 1", b"b 1"], exclusive=True)
    told = _counted(wish, {"p1": [b"b 1", b"a 1"], "p2": [b"a 1", b"b 1"]})
    assert (told["reordered"], told["added"], told["removed"], told["updated"]) == (True, 0, 0, 0)


# Diffs -----------------------------------------------------------------------------------------------------------


def _diff(wish: Wish, now: Mapping[str, Held]) -> list[tuple[str, str, str, str]]:
    return [
        (str(one["before_header"]), str(one["before"]), str(one["after_header"]), str(one["after"]))
        for one in diffs(wish, now)
    ]


@pytest.mark.parametrize(
    ("wish", "now", "before", "after"),
    [
        pytest.param(Wish([b"a 1"]), [b"a 1"], "", "", id="nothing"),
        pytest.param(Wish([b"a 1"]), [b"x 1"], "", "a 1\n", id="added, and what stays is not shown"),
        pytest.param(Wish([], frozenset([b"a"])), [b"a 1", b"b 1"], "a 1\n", "", id="removed"),
        pytest.param(Wish([b"a 1"]), [b"a 2"], "a 2\n", "a 1\n", id="updated"),
        pytest.param(Wish([b"a 1"], exclusive=True), [b"a 1", b"a 2"], "a 1\na 2\n", "a 1\n", id="made anew"),
        pytest.param(
            Wish([b"a 1", b"b 2", b"c 3"], exclusive=True),
            [b"b 1", b"a 1", b"x 1"],
            "b 1\nx 1\n",
            "b 2\nc 3\n",
            id="all kinds",
        ),
        pytest.param(
            Wish([b"a 1", b"b 1"], exclusive=True), [b"b 1", b"a 1"], f"{ORDER}\n", "", id="another order only"
        ),
        pytest.param(Wish([b"\xe9 \xff"]), [], "", "\\xe9 \\xff\n", id="bytes"),
    ],
)
def test_the_diff_has_the_lines_that_change(wish: Wish, now: list[bytes], before: str, after: str) -> None:
    assert _diff(wish, {"p1": held(now, wish, types=REG)}) == [("running", before, "wished", after)]


def test_processes_with_the_same_to_change_share_a_diff() -> None:
    wish = Wish([b"a 1"])
    now = {
        "p1": held([], wish),
        "p2": held([b"x 1"], wish),
        "p3": held([b"a 2"], wish),
        "p4": held([b"a 1"], wish),
        "p5": absent(wish),
    }
    assert _diff(wish, now) == [
        ("running (p1, p2)", "", "wished (p1, p2)", "a 1\n"),
        ("running (p3)", "a 2\n", "wished (p3)", "a 1\n"),
    ]


def test_when_nothing_changes_anywhere_there_is_one_empty_diff() -> None:
    wish = Wish([b"a 1"])
    assert _diff(wish, {"p1": held([b"a 1"], wish), "p2": absent(wish)}) == [("running", "", "wished", "")]


@pytest.mark.parametrize("count", [SHOWN - 1, SHOWN, SHOWN + 1, 10 * SHOWN])
def test_a_long_diff_is_cut_with_a_count(count: int) -> None:
    wish = Wish([b"key%d new" % n for n in range(count)], exclusive=True)
    ((_h, before, _g, after),) = _diff(wish, {"p1": held([b"key%d old" % n for n in range(count)], wish, types=STR)})
    for text, word in ((before, "old"), (after, "new")):
        lines = text.splitlines()
        assert lines[: min(count, SHOWN)] == [f"key{n} {word}" for n in range(min(count, SHOWN))]
        assert lines[SHOWN:] == ([f"… {count} lines change in all"] if count > SHOWN else [])


def test_text_of_reads_no_more_lines_than_it_shows() -> None:
    lines = iter([b"a"] * (SHOWN + 5))
    text_of(lines, SHOWN + 5)
    assert len(list(lines)) == 5
