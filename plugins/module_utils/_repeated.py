# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a set differs from a wish where keys are there, or are to be there, more than once."""

from __future__ import annotations

from collections.abc import Iterable

from ._keyed import Deviation, Wish, key_of
from ._listing import entries


def with_repeats(body: bytes, wish: Wish, found: Deviation, again: Iterable[bytes]) -> Deviation:
    """The same, judged anew for keys that are there, or are to be there, more than once."""
    have: dict[bytes, list[bytes]] = {key: [] for key in sorted(again)}
    kept = []
    for entry in entries(body):
        key = key_of(entry, valued=wish.valued)
        if key in have:
            have[key].append(entry)
        if key in wish.places:
            kept.append(entry)
    places = {key: wish.repeats.get(key, [wish.places[key]]) for key in have}
    theirs = {place for those in places.values() for place in those}
    missing = [place for place in found.missing if place not in theirs]
    changed = [it for it in found.changed if it[0] not in theirs]
    renewed: list[tuple[bytes, list[bytes]]] = []
    repeated: list[tuple[bytes, int]] = []
    for key, now in have.items():
        wished = [wish.lines[place] for place in places[key]]
        if len(now) > len(wished):
            repeated.append((key, len(now)))
        if now == wished[: len(now)]:
            missing += places[key][len(now) :]
        elif len(wished) == 1 and not wish.exclusive:
            other = [entry for entry in now if entry != wished[0]]
            changed += [(places[key][0], other[0])] if other else []
        else:
            renewed.append((key, now))
    later = [*kept, *(wish.lines[place] for place in sorted(missing))]
    order, wished_order = ([key_of(entry, valued=wish.valued) for entry in those] for those in (later, wish.lines))
    return Deviation(
        found.size,
        sorted(missing),
        sorted(changed),
        found.surplus,
        renewed,
        repeated,
        disordered=wish.exclusive and not renewed and order != wished_order,
    )
