# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ways take turns, and are compared round by round."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from benchmark.findings import alternating, paired, seconds_of


def test_ways_take_turns_and_each_second_round_goes_backwards() -> None:
    order: list[str] = []

    def way(name: str) -> float:
        order.append(name)
        return float(len(order))

    ways: dict[str, Callable[[], float]] = {name: partial(way, name) for name in "abc"}
    found = alternating(ways, 3)
    assert order == [*"abc", *"cba", *"abc"]
    assert found == {"a": [1, 6, 7], "b": [2, 5, 8], "c": [3, 4, 9]}


@pytest.mark.parametrize(
    ("ours", "theirs", "ratio"),
    [
        pytest.param([3.0], [2.0], 1.5, id="one round"),
        pytest.param([2.0, 20.0, 3.0], [1.0, 10.0, 1.0], 2.0, id="a slow round slows both"),
        pytest.param([2.0, 90.0, 2.0], [1.0, 1.0, 1.0], 2.0, id="one that slows ours alone does not count"),
        pytest.param([1.0, 2.0], [1.0, 1.0], 1.5, id="between two"),
    ],
)
def test_the_ratio_is_that_of_the_middle_round(ours: list[float], theirs: list[float], ratio: float) -> None:
    assert paired(ours, theirs) == ratio


def test_rounds_that_lack_a_partner_are_no_rounds() -> None:
    with pytest.raises(ValueError, match="shorter"):
        paired([1.0, 2.0], [1.0])


def test_seconds_are_those_of_the_work() -> None:
    ran: list[int] = []
    assert 0 <= seconds_of(lambda: ran.append(1)) < 1
    assert ran == [1]
