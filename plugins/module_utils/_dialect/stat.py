# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``show stat``: counters, sessions and health, by HAProxy's own column names."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator

from .._errors import ReplyNotUnderstood
from .._protocol import Command, word

# Values of the column `type`; the type argument of the command is a set of bits: 2 for backends, 4 for servers.
BACKEND, SERVER = "1", "2"
_BACKENDS_AND_SERVERS = 6

# From so many backends on, one table of all is cheaper than one exchange for each.
_ONE_BY_ONE = 8

Row = dict[str, str]


def show_stat_of(backends: Collection[str]) -> list[Command]:
    """The rows of these backends and their servers (and perhaps of others)."""
    if len(backends) > _ONE_BY_ONE:
        return [Command(f"show stat -1 {_BACKENDS_AND_SERVERS} -1")]
    return [Command(f"show stat {word(name)} {_BACKENDS_AND_SERVERS} -1") for name in sorted(backends)]


def parse_stat(table: str, columns: Collection[str]) -> Iterator[Row]:
    """Rows as column → text, with the wanted columns only; one that the version lacks is absent.

    :raises ReplyNotUnderstood: when it is no such table, or a row has other columns than the heading.
    """
    if not table.startswith("# pxname,svname,"):
        raise ReplyNotUnderstood(f"not a table of statistics: {table[:60]!r}")
    lines = csv.reader(table[2:].splitlines(keepends=True), strict=True)
    header = next(lines, [])
    wanted = [(place, name) for place, name in enumerate(header) if name in columns]
    try:
        for cells in lines:
            if len(cells) != len(header):
                raise ReplyNotUnderstood(f"a row of {len(cells)} cells in a table of {len(header)}: {cells[:2]!r}")
            yield {name: cells[place] for place, name in wanted}
    except csv.Error as error:
        raise ReplyNotUnderstood(f"line {lines.line_num} of the statistics: {error}") from error
