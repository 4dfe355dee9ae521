# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``show sess``: who is being served, and how to end one. What an old worker still takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .._errors import ReplyNotUnderstood
from .._protocol import Command, lines_of
from .servers import Key

SHOW_SESSIONS = Command("show sess", "show sess", "operator")

_SESSION = re.compile(r"(?<!\S)be=(\S+) srv=(\S+) ")


class Session(NamedTuple):
    """``pointer`` names it for HAProxy as long as it lives."""

    pointer: str
    key: Key


# What else is said of a session: name=value, name=[a,b] or name[a,b].
_FIELD = re.compile(r"\b([A-Za-z0-9_]+)(?:=(\[[^][]*\](?!\S)|[^\s()]*)|(\[[^][]*\]))")
# No more digits than a number has: Python refuses thousands of them.
_COUNT = re.compile("[0-9]{1,20}")
_COUNTS = ("epoch", "calls", "rate", "cpu", "lat", "rc")


def parse_lines(table: str) -> Iterator[tuple[str, str]]:
    """The pointer of each session, and what is said of it.

    :raises ReplyNotUnderstood: for a line that is none of a session.
    """
    for line in filter(None, lines_of(table)):
        pointer, colon, text = line.partition(": ")
        if not (colon and line.startswith("0x")):
            raise ReplyNotUnderstood(f"a line of the sessions: {line[:80]!r}")
        yield pointer, text


def fields_of(text: str) -> dict[str, int | str]:
    """What is said of a session, under HAProxy's own names."""
    fields: dict[str, int | str] = {}
    for name, value, listed in _FIELD.findall(text):
        said = value or listed
        fields[name] = int(said) if name in _COUNTS and _COUNT.fullmatch(said) else said
    return fields


def parse_sessions(table: str) -> Iterator[Session]:
    """The sessions that have a server.

    :raises ReplyNotUnderstood: for a line that is none of a session.
    """
    for pointer, text in parse_lines(table):
        found = _SESSION.search(text)
        if found is not None and found[2] != "<none>":
            yield Session(pointer, (found[1], found[2]))


def shutdown_session(session: Session) -> Command:
    """End one session; that it has ended by itself is as good."""
    text = f"shutdown session {session.pointer}"
    return Command(text, "shutdown session …", "admin", as_good="No such session")
