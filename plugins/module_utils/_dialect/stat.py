# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``show stat``: counters, sessions and health, by HAProxy's own column names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from .._errors import ReplyNotUnderstood
from .._protocol import Command, lines_of

# Values of the column `type`; the type argument of the command is a set of bits: 1, 2 and 4 for these.
FRONTEND, BACKEND, SERVER = "0", "1", "2"
BITS = {FRONTEND: 1, BACKEND: 2, SERVER: 4}
_BACKENDS_AND_SERVERS = 6

# The one algorithm whose name says that it takes no other weights than the configured one and none.
STATIC = "static-rr"

SHOW_BACKENDS = Command("show stat -1 2 -1")
SHOW_SERVERS = Command("show stat -1 4 -1")

# From so many backends on, one table of all is cheaper than one exchange for each.
_ONE_BY_ONE = 8

Row = dict[str, str]


def show_stat_of(backend_ids: Collection[str]) -> list[Command]:
    """The rows of these backends and their servers (and perhaps of others).

    Asked by id, of one and the same moment: a name would find a frontend of that name first (up to 3.3).
    """
    if len(backend_ids) > _ONE_BY_ONE:
        return [Command(f"show stat -1 {_BACKENDS_AND_SERVERS} -1")]
    return [Command(f"show stat #{number} {_BACKENDS_AND_SERVERS} -1") for number in sorted(backend_ids)]


def show_stat(kinds: Collection[str]) -> Command:
    """All rows of these kinds."""
    return Command(f"show stat -1 {sum(BITS[kind] for kind in kinds)} -1")


def parse_stat(table: str, needed: Collection[str], wanted: Collection[str] = ()) -> Iterator[Row]:
    """Rows as column → text, with these columns only.

    :param needed: columns that every version has.
    :param wanted: columns that may be absent.
    :raises ReplyNotUnderstood: when it is no such table, or a row has other columns than the heading.
    """
    header, lines = parse_cells(table, needed)
    taken = [(place, name) for place, name in enumerate(header) if name in needed or name in wanted]
    for cells in lines:
        yield {name: cells[place] for place, name in taken}


def parse_cells(table: str, needed: Collection[str] = ()) -> tuple[list[str], Iterator[list[str]]]:
    """The heading and the rows, each a cell for each column of it.

    :raises ReplyNotUnderstood: as :func:`parse_stat`, of a row when it is its turn.
    """
    if not table.startswith("# pxname,svname,"):
        raise ReplyNotUnderstood(f"not a table of statistics: {table[:60]!r}")
    lines = _lines(table[2:])
    header = next(lines)
    if not set(needed) <= set(header):
        raise ReplyNotUnderstood(f"the table of statistics lacks {', '.join(sorted(set(needed) - set(header)))}")
    return header, lines


def _lines(text: str) -> Iterator[list[str]]:
    """The lines, all as long as the first."""
    lines: Iterable[list[str]] = (line.split(",") for line in lines_of(text))
    if '"' in text:
        from .quoted import quoted  # few tables have texts with commas or lines' ends

        lines = quoted(text)
    width = 0
    for cells in lines:
        width = width or len(cells)
        if len(cells) != width:
            begin = repr(cells[:2])[:60]
            raise ReplyNotUnderstood(f"a row of {len(cells)} cells in a table of {width}: {begin}")
        yield cells
