# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of a set: keys, perhaps with values, in an order. What differs from a wish is worked out on what was read,
without a second copy of it: such a set may have a million entries.

An *entry* is bytes: the key, one blank, the value; or the key alone where there are no values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from operator import ne
from typing import NamedTuple

from ._listing import Lines, entries


def key_of(entry: bytes, *, valued: bool) -> bytes:
    return entry.partition(b" ")[0] if valued else entry


@dataclass(frozen=True)
class Wish:
    """What a set should hold.

    :param lines: entries that are to be there.
    :param gone: keys that are not to be there.
    :param exclusive: whether nothing else is to be there.
    :param valued: whether entries have values.
    """

    lines: Sequence[bytes]
    gone: frozenset[bytes] = frozenset()
    exclusive: bool = False
    valued: bool = True

    @cached_property
    def places(self) -> dict[bytes, int]:
        """Key → place of its first line."""
        lines = self.lines
        keys: Iterable[bytes] = (line.partition(b" ")[0] for line in lines) if self.valued else lines
        places = {key: place for place, key in enumerate(keys)}
        if len(places) < len(lines):
            for key, those in self.repeats.items():
                places[key] = those[0]
        return places

    @cached_property
    def repeats(self) -> dict[bytes, list[int]]:
        """Key → places of its lines, of keys that have several."""
        first: dict[bytes, int] = {}
        several: dict[bytes, list[int]] = {}
        for place, line in enumerate(self.lines):
            key = key_of(line, valued=self.valued)
            before = first.setdefault(key, place)
            if before != place:
                several.setdefault(key, [before]).append(place)
        return several


class Deviation(NamedTuple):
    """How a set differs from a wish.

    :param size: entries that it has.
    :param missing: places in the wish of lines that are to be added.
    :param changed: places of lines whose key has another value, and the entry as it is.
    :param surplus: entries that are to go.
    :param renewed: keys whose entries have to be made anew, and the entries as they are.
    :param repeated: keys that are there more often than the wish says, and how often.
    :param disordered: whether the order is not the wish's.
    """

    size: int
    missing: Sequence[int] = ()
    changed: Sequence[tuple[int, bytes]] = ()
    surplus: Sequence[bytes] = ()
    renewed: Sequence[tuple[bytes, Sequence[bytes]]] = ()
    repeated: Sequence[tuple[bytes, int]] = ()
    disordered: bool = False

    @property
    def changes(self) -> int:
        """How many entries are not as wished."""
        return len(self.missing) + len(self.changed) + len(self.surplus) + len(self.renewed)

    @property
    def nothing(self) -> bool:
        return not (self.changes or self.disordered)

    def afterwards(self, wish: Wish) -> int:
        """How many entries there are when the wish has come true."""
        if wish.exclusive:
            return len(wish.lines)
        fewer = sum(len(those) for _key, those in self.renewed) - sum(
            len(wish.repeats.get(key, (0,))) for key, _those in self.renewed
        )
        return self.size + len(self.missing) - len(self.surplus) - fewer


EMPTY = Deviation(0)


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
    return _with_repeats(body, wish, Deviation(count, missing, changed, surplus), again)


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


def _with_repeats(body: bytes, wish: Wish, found: Deviation, again: Iterable[bytes]) -> Deviation:
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
