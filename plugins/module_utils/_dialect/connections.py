# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``show servers conn``: connections to servers. On an old worker of 2.2 the only table of sessions."""

from __future__ import annotations

from .._errors import ReplyNotUnderstood
from .._protocol import Command, lines_of
from .servers import Key

SHOW_CONNECTIONS = Command("show servers conn")


def parse_connections(table: str) -> dict[Key, int]:
    """``show servers conn`` as (backend, server) → connections in use.

    :raises ReplyNotUnderstood: when it is no such table.
    """
    header, *lines = lines_of(table) or [""]
    names = header.split(" ")
    if names[:2] != ["#", "bkname/svname"] or "used_cur" not in names:
        raise ReplyNotUnderstood(f"not a table of the servers' connections: {table[:60]!r}")
    at_used = names.index("used_cur") - 1
    used = {}
    for line in lines:
        cells = line.split(" ")
        backend, _slash, name = cells[0].partition("/")
        try:
            used[backend, name] = int(cells[at_used])
        except (IndexError, ValueError) as error:
            raise ReplyNotUnderstood(f"a line of the servers' connections: {line[:200]!r}") from error
    return used
