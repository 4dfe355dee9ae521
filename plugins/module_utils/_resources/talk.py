# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes through the processes: protocol errors that they captured, and their sessions. Both need level operator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._dialect.errors import SHOW_ERRORS, parse_errors
from .._dialect.sessions import SHOW_SESSIONS, fields_of, parse_lines
from .._fleet import Fleet
from .._process import Process
from .._protocol import Command, printable
from .._telling import can
from .._transport import Conversation
from .filters import Filters

Row = dict[str, Any]


def errors(fleet: Fleet) -> list[Row]:
    """What each process captured last of requests and responses that broke the protocol.

    :raises PermissionDenied: when a socket is below level operator.
    """
    rows = []
    for name, text in _texts(fleet, SHOW_ERRORS):
        count, lines = parse_errors(text)
        rows.append({"process": name, "count": count, "lines": [printable(line) for line in lines]})
    return rows


def sessions(fleet: Fleet, filters: Filters) -> list[Row]:
    """Each session, with all that HAProxy says of it.

    :raises PermissionDenied: as :func:`errors`.
    """
    return [row for name, table in _texts(fleet, SHOW_SESSIONS) for row in _sessions(name, table, filters)]


def _sessions(process: str, table: str, filters: Filters) -> Iterator[Row]:
    for pointer, text in parse_lines(table):
        fields = fields_of(printable(text))
        places = [_named(fields.get(name)) for name in ("fe", "be", "srv")]
        if filters.session(*places):
            yield {**fields, "process": process, "id": pointer, **dict(zip(("frontend", "backend", "server"), places))}


def _named(value: object) -> str | None:
    """The name in a field; HAProxy writes <NONE> and <none> where there is none."""
    return value if isinstance(value, str) and not value.startswith("<") else None


def _texts(fleet: Fleet, command: Command) -> list[tuple[str, str]]:
    """What each process answers; an old worker that ends meanwhile says nothing."""

    def read(process: Process) -> Conversation[str]:
        return process.ask(command)

    # Judged first, all of them: one that may not answer is told before any is asked.
    for process in fleet.processes:
        can(process, (command,))
    old = [(name, text) for name, text in fleet.each_old(read).items() if text is not None]
    return [*fleet.each(read).items(), *old]
