# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of a set: keys, perhaps with values, in an order; what it should hold, and how it differs from that.

An *entry* is bytes: the key, one blank, the value; or the key alone where there are no values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


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
