# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a set differs from a wish, worked out on what was read, without a second copy of it: such a set may have a million
entries."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from operator import ne

from ._keyed import Deviation, Wish
from ._listing import Lines, entries


def compare(body: bytes, wish: Wish) -> Deviation:
    """How the set that HAProxy shows differs from the wish.

    :raises ReplyNotUnderstood: as :func:`entries`.
    """
    if not body:
        return Deviation(0, range(len(wish.lines)))
    if isinstance(wish.lines, Lines) and wish.lines.shown_in(body):
        return Deviation(len(wish.lines))
    have, lines = list(entries(body)), list(wish.lines)
    at_a_glance = _in_step(have, wish) if len(have) == len(lines) and not wish.gone else None
    if at_a_glance is not None:
        return at_a_glance
    valued, exclusive, gone, places = wish.valued, wish.exclusive, wish.gone, wish.places
    seen = bytearray(len(lines))
    changed: list[tuple[int, bytes]] = []
    surplus: list[bytes] = []
    again = set(wish.repeats) if len(places) < len(lines) else set()
    count, last, ascending = 0, -1, True
    for entry in have:
        count += 1
        key = entry.partition(b" ")[0] if valued else entry
        place = places.get(key)
        if place is None:
            if exclusive or key in gone:
                surplus.append(entry)
        elif seen[place]:
            again.add(key)
        else:
            seen[place] = 1
            if entry != lines[place]:
                changed.append((place, entry))
            ascending = ascending and place > last
            last = max(last, place)
    missing = [] if seen.count(0) == 0 else [place for place, found in enumerate(seen) if not found]
    if not again:
        disordered = exclusive and (not ascending or bool(missing and missing[0] < last))
        return Deviation(count, missing, changed, surplus, (), (), disordered)
    from ._repeated import with_repeats  # in most sets each key is there once

    return with_repeats(body, wish, Deviation(count, missing, changed, surplus), again)


def _in_step(have: Sequence[bytes], wish: Wish) -> Deviation | None:
    """How a set differs that has the wish's keys in the wish's order; None: it has others, or this is not plain."""
    lines = wish.lines
    changed = [(place, have[place]) for place in compress(range(len(lines)), map(ne, have, lines))]
    if not changed:
        return Deviation(len(lines))
    if not wish.valued or len(changed) > len(lines) // 10:
        return None
    keys = {entry.partition(b" ")[0] for _place, entry in changed}
    if any(not lines[place].startswith(entry.partition(b" ")[0] + b" ") for place, entry in changed):
        return None
    # "set map" changes all entries of a key: one that changes must be there once.
    once = sum([line.partition(b" ")[0] in keys for line in lines]) == len(changed) == len(keys)
    return Deviation(len(lines), (), changed) if once else None
