# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entries that maps are filled with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmark.large_map import Place, lines


def test_keys_differ_and_come_in_order() -> None:
    keys = [line.split()[0] for line in lines(2_000)]
    assert keys == sorted(set(keys))


@pytest.mark.parametrize(("entries", "other"), [(1_000, 100), (1_000, 1), (1_000, 1_000), (1_000, 0)])
def test_so_many_have_another_value(entries: int, other: int) -> None:
    pairs = list(zip(lines(entries), lines(entries, other), strict=True))
    assert sum(old != new for old, new in pairs) == other
    assert all(old.split()[0] == new.split()[0] for old, new in pairs)


def test_a_file_and_the_arguments_of_a_task_hold_the_same(tmp_path: Path) -> None:
    place = Place("/nowhere/p1.sock", tmp_path)
    arguments = json.loads(place.arguments(100).read_text())["ANSIBLE_MODULE_ARGS"]
    assert [f"{key} {value}" for key, value in arguments["entries"].items()] == place.file(100).read_text().splitlines()
    assert (arguments["map"], arguments["socket"], arguments["exclusive"]) == (place.map, [place.socket], True)
