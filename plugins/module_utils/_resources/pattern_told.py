# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task did to the entries of a set, as results tell it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import reduce
from operator import or_

from .._fleet import PerProcess
from .._keyed import Deviation, Wish
from .._plan import named
from .._protocol import decode, printable
from .pattern_held import Held
from .pattern_names import NameOf

Now = PerProcess[Held]


def warnings(name: NameOf, wish: Wish, before: Now) -> Iterable[str]:
    """What the user should know of entries that the task leaves as they are."""
    if not _consistent(wish, before):
        which = named(process for process, held in before.items() if held.ref)
        yield f"{which} have other entries beside those of this task; exclusive makes them the same"
    for process, held in before.items():
        if held.ref is None:
            yield f"process {process} does not have {name.called} {name.given}: {held.described}"
        if held.deviation.repeated and not wish.exclusive:
            those = named(f"{printable(decode(key))!r} {times} times" for key, times in held.deviation.repeated)
            yield f"keys that are there more than once on {process}: {those}; exclusive repairs that"


def _consistent(wish: Wish, before: Now) -> bool:
    """Whether all processes that have the set end with the same entries."""
    here = [held for held in before.values() if held.ref]
    if wish.exclusive or len(here) < 2:
        return True
    from .._merging import merged  # where there are several

    wholes = (sorted(merged(held.body, wish).lines) for held in here)
    first = next(wholes)
    return all(whole == first for whole in wholes)


def told(name: NameOf, wish: Wish, before: Now, after: Now, *, always: bool) -> dict[str, object]:
    """The keys of a result that are about the set.

    :param always: whether nothing but replacing the whole set at once would do.
    """
    changing = [held for held in before.values() if held.ref and not held.deviation.nothing]
    atomic = True
    if changing:
        from .pattern_choice import at_once  # most runs find everything as wished

        atomic = all(at_once(held, wish, held.deviation, always=always) for held in changing)
    return {
        name.kind: name.given,
        **counts(before, after),
        "atomic": atomic,
        "consistent": _consistent(wish, before),
    }


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
