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

SHOW_SESSIONS = Command("show sess", level="operator")

_SESSION = re.compile(r"(0x[0-9a-f]+): .*?\bbe=(\S+) srv=(\S+) ")


class Session(NamedTuple):
    """``pointer`` names it for HAProxy as long as it lives."""

    pointer: str
    key: Key


def parse_sessions(table: str) -> Iterator[Session]:
    """The sessions that have a server.

    :raises ReplyNotUnderstood: for a line that is none of a session.
    """
    for line in filter(None, lines_of(table)):
        if not line.startswith("0x"):
            raise ReplyNotUnderstood(f"a line of the sessions: {line[:80]!r}")
        found = _SESSION.match(line)
        if found is not None and found[3] != "<none>":
            yield Session(found[1], (found[2], found[3]))


def shutdown_session(session: Session) -> Command:
    """End one session; that it has ended by itself is as good."""
    text = f"shutdown session {session.pointer}"
    return Command(text, "shutdown session …", "admin", as_good="No such session")
