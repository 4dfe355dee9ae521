# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of ``show stat``, read in bulk as CSV, and their cells as numbers and texts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from .._dialect import stat
from .._dialect.typed import Natures
from .._metrics import Stats, Value, value_of
from .._process import Process
from .._transport import Conversation

# Not read: the empty title behind the last comma, and the one of a mark between common and further columns.
NO_COLUMNS = ("", "-")

Key = tuple[str, str]
Shape = bytes


class Cells(NamedTuple):
    """One row as it came.

    :param kind: one of ``stat.FRONTEND``, ``BACKEND``, ``SERVER``.
    :param key: of proxy and server.
    :param shape: for each column a byte, not zero where the cell is not empty.
    """

    kind: str
    key: Key
    shape: Shape
    cells: list[str]


class Table(NamedTuple):
    """What one process says: the titles of the columns, and the rows."""

    header: list[str]
    rows: list[Cells]

    def cell(self, row: Cells, column: str) -> str:
        """A cell by the title of its column; nothing where there is none."""
        return row.cells[self.header.index(column)] if column in self.header else ""


NEEDED = ("pxname", "svname", "type", "iid", "sid")
Wanted = Callable[[str, str, str], bool]


def read_table(process: Process, kinds: Collection[str], wanted: Wanted) -> Conversation[Table]:
    """
    :param wanted: whether to keep the row of this kind, proxy and server.
    """
    header, lines = stat.parse_cells((yield from process.ask(stat.show_stat(kinds))), NEEDED)
    proxy, server, kind = (header.index(name) for name in ("pxname", "svname", "type"))
    rows = [
        Cells(cells[kind], (cells[proxy], cells[server]), bytes(map(bool, cells)), cells)
        for cells in lines
        if wanted(cells[kind], cells[proxy], cells[server])
    ]
    return Table(header, rows)


# Reading by it -------------------------------------------------------------------------------------------------------


def stats_of(table: Table, natures: Mapping[str, Natures]) -> Iterator[tuple[Cells, Stats]]:
    """Each row with its columns, as numbers and texts; those that are empty are left out.

    :param natures: kind of row → those of its columns.
    """
    readers: dict[tuple[str, Shape], _Reader] = {}
    for row in table.rows:
        reader = readers.get((row.kind, row.shape))
        if reader is None:
            reader = _Reader(table.header, row.shape, natures.get(row.kind, {}))
            readers[row.kind, row.shape] = reader
        yield row, reader.read(row.cells)


class _Reader:
    """Reads rows of one kind and shape."""

    def __init__(self, header: Sequence[str], shape: Shape, natures: Natures) -> None:
        self._columns = [
            (place, name, natures.get(name))
            for place, (name, there) in enumerate(zip(header, shape))
            if there and name not in NO_COLUMNS
        ]
        whole = [(place, name) for place, name, nature in self._columns if nature and nature.kind[1:] in ("32", "64")]
        self._numbers = [name for _place, name in whole]
        self._known = _Integers()
        self._pick = _picker([place for place, _name in whole])
        taken = set(self._numbers)
        self._others = [column for column in self._columns if column[1] not in taken]

    def read(self, cells: Sequence[str]) -> Stats:
        try:
            stats: dict[str, Value] = dict(zip(self._numbers, map(self._known.__getitem__, self._pick(cells))))
            columns = self._others
        except ValueError:  # a number that is none: no reason to fail, one cell is a text then
            stats, columns = {}, self._columns
        for place, name, nature in columns:
            stats[name] = value_of(cells[place], nature)
        return stats


class _Integers(dict[str, int]):
    """Text → number. Most of a table are a few numbers again and again, which are found sooner than they are read."""

    def __missing__(self, text: str) -> int:
        number = self[text] = int(text)
        return number


def _picker(places: Sequence[int]) -> Callable[[Sequence[str]], Sequence[str]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda cells: [cells[place] for place in places]
