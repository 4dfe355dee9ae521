# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prophecy over sequences: whatever tasks, outside changes and reloads came before, each task obeys its law.

With LONG=1 there are 10,000 steps on each version, others each time; the steps that lead to a failure are printed.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from faults.places import modules, specification

from .machine import LONG, RULES, run_sequences
from .report import PROPERTY
from .world import World

# Processes → sequences and their length: 60 steps on each version, or 10,000.
SHORT = {1: (3, 14), 4: (2, 9)}
MANY = {1: (160, 50), 4: (110, 50)}


def test_tasks_obey_the_law_in_any_order(world: World, record_property: Callable[[str, object], None]) -> None:
    count, length = (MANY if LONG else SHORT)[world.count]
    seed = int("".join(map(str, (*world.fleet.version.number, world.count))))
    try:
        run_sequences(world, count, length, seed)
    finally:
        for (what, verdict), steps in sorted(world.steps.items()):
            record_property(PROPERTY, [world.fleet.version.name, what, verdict, steps])


def test_every_module_has_rules() -> None:
    assert sorted(RULES) == modules()


@pytest.mark.parametrize("module", RULES)
def test_every_option_is_drawn_or_left_out_for_a_reason(module: str) -> None:
    rules = RULES[module]
    assert rules.drawn.isdisjoint(rules.left_out)
    assert rules.drawn | rules.left_out.keys() == specification(module).keys()
