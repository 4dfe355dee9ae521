# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set as it is to be when a wish that leaves the rest alone has come true."""

from __future__ import annotations

from ._keyed import Wish, key_of
from ._listing import entries


def merged(body: bytes, wish: Wish) -> Wish:
    """Everything that the set is to hold when this wish, which leaves the rest alone, has come true."""
    if not body:
        return Wish(wish.lines, exclusive=True, valued=wish.valued)
    lines: list[bytes] = []
    put: set[bytes] = set()
    for entry in entries(body):
        key = key_of(entry, valued=wish.valued)
        if key in wish.gone:
            continue
        if key not in wish.places:
            lines.append(entry)
        elif key in wish.repeats:
            if key not in put:
                lines += [wish.lines[place] for place in wish.repeats[key]]
        else:
            lines.append(wish.lines[wish.places[key]])
        put.add(key)
    lines += [line for line in wish.lines if key_of(line, valued=wish.valued) not in put]
    return Wish(lines, exclusive=True, valued=wish.valued)
