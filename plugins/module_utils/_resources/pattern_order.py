# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How entries whose order counts get into their places."""

from __future__ import annotations

from collections.abc import Iterator

from .._keyed import Deviation, Wish, key_of
from .._listing import entries
from .pattern_held import Held


def in_order(held: Held, target: Wish, found: Deviation) -> Iterator[tuple[bytes | None, bytes]]:
    """The key to be deleted before (None: none) and the entry to be added at the end, from the first entry on that is
    not in its place.

    :param found: how what is held differs from the target.
    """
    there = {key_of(line, valued=target.valued) for line in entries(held.body)}
    kept = [line for line in entries(held.body) if key_of(line, valued=target.valued) in target.places]
    same = 0
    while same < min(len(kept), len(target.lines)) and kept[same] == target.lines[same]:
        same += 1
    same = min([same, *(target.places[key] for key, _now in found.renewed)])
    while True:  # a key of which one entry is in its place goes with all its entries
        later = dict.fromkeys(key_of(line, valued=target.valued) for line in target.lines[same:])
        first = min((target.places[key] for key in later), default=same)
        if first >= same:
            break
        same = first
    for line in target.lines[same:]:
        key = key_of(line, valued=target.valued)
        yield (key if key in there else None), line
        there.discard(key)
