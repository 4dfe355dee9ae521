# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Figures as a file and as a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.findings import RATIO, Finding
from benchmark.page import keep, kept, page, told

MET = Finding("task", "ad hoc, changed / ping", 1.04, RATIO)
MISSED = Finding("task", "ad hoc, unchanged / ping", 1.234, RATIO)
PLAIN = Finding("task", "ansible.builtin.ping, ad hoc", 0.75, "s")
GROWING = Finding("servers", "haproxy_server, one task", 1234.0, "µs", 100)
CASES = {"task": [PLAIN, MET, MISSED], "servers": [GROWING]}


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    keep(file, CASES)
    assert kept(file) == CASES
    # Each figure on a line of its own.
    assert sum("ping" in line for line in file.read_text().splitlines()) == 3


def test_before_the_first_run_nothing_is_kept(tmp_path: Path) -> None:
    assert kept(tmp_path / "figures.json") == {}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.234, "1.23 x"),
        (0.0456, "0.0456 x"),
        (99.94, "99.9 x"),
        (123.4, "123 x"),
        (1234567.0, "1,234,567 x"),
        (-123.4, "-123 x"),
    ],
)
def test_three_digits_count(value: float, text: str) -> None:
    assert told(Finding("task", "x", value, RATIO)) == text


def test_the_page_has_a_table_a_case_with_goals_beside_figures() -> None:
    titles = {"drain": "Nothing was measured", "servers": "Many", "task": "One"}
    text = page(titles, CASES, "A machine.")
    assert text.index("A machine.") < text.index("## Many") < text.index("## One")
    assert "Nothing was measured" not in text
    assert "| ansible.builtin.ping, ad hoc | 0.75 s |  |" in text
    assert "| ad hoc, changed / ping | 1.04 x | ≤ 1.1 x |" in text
    assert "| ad hoc, unchanged / ping | 1.23 x | **missed**: ≤ 1.1 x |" in text
