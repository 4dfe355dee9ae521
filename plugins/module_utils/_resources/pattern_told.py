# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task did to the entries of a set, as results tell it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from itertools import islice
from operator import or_

from .._fleet import PerProcess
from .._keyed import Deviation, Wish
from .._protocol import decode, printable
from .pattern_held import Held

# So many lines of a diff are shown; a count stands for the others.
SHOWN = 200
ORDER = "(the same entries in another order)"


def counts(before: PerProcess[Held], after: PerProcess[Held]) -> dict[str, object]:
    """How many entries were added, removed and updated, on one process at least and on each."""
    here = {process: held for process, held in before.items() if held.ref}
    found = [held.deviation for held in here.values()]
    return {
        "added": len(found[0].missing if len(found) == 1 else set[int]().union(*(one.missing for one in found))),
        "removed": sum(reduce(or_, (Counter(one.surplus) for one in found), Counter()).values()),
        "updated": len(
            {place for one in found for place, _now in one.changed}
            | {key for one in found for key, _now in one.renewed}
        ),
        "reordered": any(one.disordered for one in found),
        "entry_count": PerProcess({process: after[process].deviation.size for process in here}).merged(),
        "per_process": [
            {"process": process, **_counts(held.deviation), "entry_count": after[process].deviation.size}
            for process, held in here.items()
        ],
    }


def _counts(found: Deviation) -> dict[str, int]:
    return {
        "added": len(found.missing),
        "removed": len(found.surplus),
        "updated": len(found.changed) + len(found.renewed),
    }


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
