# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reply to a command with what was read immediately before it."""

from __future__ import annotations

from ._errors import ClosedEarly, ReplyNotUnderstood
from ._protocol import NUMBERED, Reply, Route, decode, still_there


def read_witnessed(raw: bytes, route: Route) -> tuple[bytes, Reply | None]:
    """What was read immediately before a silent command, and what was said when that was refused.

    :raises ClosedEarly, ReplyNotUnderstood: when it ends before that, or begins otherwise.
    """
    start = 1 if route.numbered else 0
    still_there(raw)
    if raw and raw[:start] != b"\n"[:start]:
        raise ReplyNotUnderstood(f"a reply that no command asked for: {raw[:60]!r}")
    if raw[start:] == b"\n\n":
        return b"", None
    if raw.endswith(b"\n\n\n") and len(raw) > start + 3:
        return raw[start:-3], None
    read, _blank, said = raw[start:].rstrip(b"\n").rpartition(b"\n\n")
    words = decode(said[:4096]).lstrip("\n")
    numbered = NUMBERED.match(words) if route.numbered else None
    if not raw.endswith(b"\n") or not (numbered or (not route.numbered and words and not words.startswith("0x"))):
        raise ClosedEarly(f"the reply is cut short after {len(raw)} bytes")
    return read, Reply(words[numbered.end() :], int(numbered[1])) if numbered else Reply(words, 3)
