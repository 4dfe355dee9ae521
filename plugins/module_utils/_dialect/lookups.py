# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``get map`` and ``get acl``: HAProxy's own lookup of a text, which ``Ref.get`` asks for."""

from __future__ import annotations

import re
from typing import NamedTuple

from .._errors import ReplyNotUnderstood
from .._protocol import lines_of, printable

# Taken apart in steps: one pattern for all of it took time with the square of a value that looks like this itself.
_FOUND = re.compile(r'(?:idx=(\w+), )?(?:key|pattern)="(.*)"$')
_VALUE, _TYPE = '", value="', re.compile(r'", type="(\w+)$')


class Lookup(NamedTuple):
    """What one use of a reference makes of a text.

    :param match: ``str``, ``ip``, ``beg`` and so on; ``case``: ``sensitive`` or ``insensitive``.
    :param found: whether an entry matches; then where it is kept (``tree`` or ``list``), its key, and of a map the value and
        its type.
    """

    match: str
    case: str
    found: bool
    kept_in: str | None
    key: str | None
    value: str | None
    value_type: str | None


def parse_lookups(table: str) -> list[Lookup]:
    """
    :raises ReplyNotUnderstood: for a line that tells no type.
    """
    lookups = []
    for line in lines_of(table):
        fields = re.match(r"type=(\w+), case=(\w+), (?:found|match)=(\w+)(?:, (.*))?$", line, re.DOTALL)
        if fields is None:
            raise ReplyNotUnderstood(f"a lookup that tells no type: {line[:200]!r}")
        found = _FOUND.match(fields[4] or "")
        entry = _entry(found[2]) if found else (None, None, None)
        lookups.append(Lookup(fields[1], fields[2], fields[3] == "yes", found[1] if found else None, *entry))
    return lookups


def _entry(text: str) -> tuple[str, str | None, str | None]:
    """The key and, of a map, the value and its type."""
    of = _TYPE.search(text)
    key, valued, value = text[: of.start()].partition(_VALUE) if of else (text, "", "")
    return (printable(key), printable(value), of[1]) if of and valued else (printable(text), None, None)
