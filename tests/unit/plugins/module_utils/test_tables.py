# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cells of a table of ``show stat`` as numbers and texts, whatever columns a row has."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.typed import Nature, Natures
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.tables import Cells, Table, stats_of

HEADER = ["pxname", "scur", "slim", "status", "-", "rate", ""]
NATURES: Mapping[str, Natures] = {
    "2": {
        "pxname": Nature("K", "N", "str"),
        "scur": Nature("M", "G", "u32"),
        "slim": Nature("C", "L", "s64"),
        "status": Nature("S", "O", "str"),
        "rate": Nature("M", "R", "flt"),
    }
}


def _table(*rows: list[str], kind: str = "2") -> Table:
    return Table(HEADER, [Cells(kind, ("www", "web1"), bytes(map(bool, cells)), cells) for cells in rows])


@pytest.mark.parametrize(
    ("cells", "stats"),
    [
        pytest.param(["www", "12", "345", "UP", "-", "1.5", ""],
                     {"pxname": "www", "scur": 12, "slim": 345, "status": "UP", "rate": 1.5}, id="all"),
        pytest.param(["www", "12", "", "UP", "", "", ""], {"pxname": "www", "scur": 12, "status": "UP"}, id="one number"),
        pytest.param(["", "12", "", "", "", "", ""], {"scur": 12}, id="nothing but a number"),
        pytest.param(["www", "", "", "UP", "", "", ""], {"pxname": "www", "status": "UP"}, id="no number"),
        pytest.param(["", "", "", "", "", "", ""], {}, id="nothing"),
        pytest.param(["www", "0", "-7", "", "", "", ""], {"pxname": "www", "scur": 0, "slim": -7}, id="below nothing"),
        pytest.param(["www", "12", "many", "", "", "", ""], {"pxname": "www", "scur": 12, "slim": "many"},
                     id="a number that is none"),
    ],
)  # fmt: skip
def test_a_row_has_what_is_not_empty(cells: list[str], stats: dict[str, object]) -> None:
    ((row, read),) = stats_of(_table(cells), NATURES)
    assert (row.key, dict(read)) == (("www", "web1"), stats)


def test_rows_of_other_columns_are_read_side_by_side() -> None:
    table = _table(["a", "1", "", "", "", "", ""], ["b", "", "2", "", "", "", ""], ["c", "3", "", "", "", "", ""])
    assert [dict(read) for _row, read in stats_of(table, NATURES)] == [
        {"pxname": "a", "scur": 1},
        {"pxname": "b", "slim": 2},
        {"pxname": "c", "scur": 3},
    ]


def test_a_column_that_is_not_there_is_empty() -> None:
    """An old HAProxy lacks some."""
    table = _table(["www", "12", "", "UP", "", "", ""])
    (row,) = table.rows
    assert [table.cell(row, column) for column in ("scur", "slim", "sid")] == ["12", "", ""]
