# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task does to the entries of a set, in the form of a map or ACL file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from .._keyed import Deviation, Wish
from .._protocol import decode, printable
from .pattern_held import Held

# So many lines of a diff are shown; a count stands for the others.
SHOWN = 200
ORDER = "(the same entries in another order)"


def diffs(wish: Wish, before: Mapping[str, Held]) -> list[dict[str, object]]:
    """The lines that change, in the form of a file; once for processes that have the same to change."""
    groups: dict[tuple[str, str], list[str]] = {}
    for process, held in before.items():
        if held.ref is not None:
            groups.setdefault(_sides(wish, held.deviation), []).append(process)
    several = len(groups) > 1
    changing = {sides: processes for sides, processes in groups.items() if any(sides)}
    return [
        {
            "before_header": f"running ({', '.join(processes)})" if several and processes else "running",
            "after_header": f"wished ({', '.join(processes)})" if several and processes else "wished",
            "before": sides[0],
            "after": sides[1],
        }
        for sides, processes in (changing or {("", ""): []}).items()
    ]


def _sides(wish: Wish, found: Deviation) -> tuple[str, str]:
    before, after = text_of(_old(found), found.changes), text_of(_new(wish, found), found.changes)
    return (before, after) if before or after or not found.disordered else (f"{ORDER}\n", "")


def _old(found: Deviation) -> Iterator[bytes]:
    yield from (now for _place, now in found.changed)
    for _key, those in found.renewed:
        yield from those
    yield from found.surplus


def _new(wish: Wish, found: Deviation) -> Iterator[bytes]:
    yield from (wish.lines[place] for place, _now in found.changed)
    for key, _now in found.renewed:
        yield from (wish.lines[place] for place in wish.repeats.get(key, [wish.places[key]]))
    yield from (wish.lines[place] for place in found.missing)


def text_of(lines: Iterable[bytes], changes: int) -> str:
    """The first lines of many, and of how many."""
    shown = [printable(decode(line)) for line in islice(lines, SHOWN)]
    more = [f"… {changes} lines change in all"] if len(shown) == SHOWN and changes > SHOWN else []
    return "".join(f"{line}\n" for line in [*shown, *more])
