# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What haproxy_map costs for many entries, beside the least that anybody could do, and beside haproxyadmin.

The module is a process of its own, without Ansible. Its floor is the task that finds another map empty, as wished.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

from benchmark import installed
from benchmark.findings import RATIO, Finding, alternating, paired
from benchmark.large_map import Place, serving
from benchmark.measured import Running, above
from suite.paths import ROOT

CASE = "maps"
ROUNDS = 5
LOADED, LARGEST, DIFFERENT = 100_000, 1_000_000, 100
# How often each size is loaded; what takes less is noisier.
SIZES: Mapping[int, int] = {1_000: 7, 10_000: 7, 100_000: 3, LARGEST: 3}
# Entry by entry takes seconds for these; the whole is in proportion.
SINGLY = 10_000
_FLOOR, _RAW = "nothing to do", "raw"


def run() -> Iterator[Finding]:
    """Into an empty map, in all ways; by size; and a large one of which little or nothing differs."""
    with serving() as place:
        yield from _loading(place)
        yield from _growing(place)
        yield from _comparing(place)


def _loading(place: Place) -> Iterator[Finding]:
    """A set into an empty map."""
    source, written = str(place.file(LOADED)), place.arguments(LOADED)
    options: Mapping[str, Mapping[str, Any]] = {
        "": {"src": source, "exclusive": True},
        ", atomic=always": {"src": source, "exclusive": True, "atomic": "always"},
        ", not exclusive": {"src": source},
    }
    ways = {how: place.emptied(lambda its=its: place.task(**its)) for how, its in options.items()}  # type: ignore[misc]
    ways[", entries in the task"] = place.emptied(lambda: place.written_task(written))
    both = {
        _FLOOR: lambda: place.idle_task().seconds,
        _RAW: place.emptied(lambda: place.raw_loading(LOADED)),
    }
    found = alternating({**both, **ways}, ROUNDS)
    name = f"{LOADED:,} into an empty map"
    yield Finding(CASE, "nothing to do", median(found[_FLOOR]), "s")
    yield Finding(CASE, f"{name}, raw loader", median(found[_RAW]), "s")
    for how in ways:
        yield Finding(CASE, f"{name}{how}", median(found[how]), "s")
        ratio = paired(above(found[how], found[_FLOOR]), found[_RAW])
        yield Finding(CASE, f"{name}{how} / raw loader", ratio, RATIO)
    singly = _entry_by_entry(place) * LOADED / SINGLY
    name = f"haproxyadmin, {LOADED:,} entry by entry"
    yield Finding(CASE, name, singly, "s")
    yield Finding(CASE, f"{name} / one task", singly / median(found[""]), RATIO)


def _entry_by_entry(place: Place) -> float:
    """The seconds of haproxyadmin."""
    place.hold(0)
    # The folder of the sockets is the name's, as it is a fleet of one.
    words: list[str | Path] = [
        installed.python(),
        ROOT / "tests/benchmark/by_haproxyadmin.py",
        Path(place.socket).parent,
        "add",
        place.map,
    ]
    return float(Running([*words, place.file(SINGLY)], place.folder).ended().printed)


def _growing(place: Place) -> Iterator[Finding]:
    """Time by the number of entries."""
    each = {}
    for size, rounds in SIZES.items():
        source = str(place.file(size))
        found = alternating(
            {
                _FLOOR: lambda: place.idle_task().seconds,
                _RAW: place.emptied(lambda size=size: place.raw_loading(size)),  # type: ignore[misc]
                "ours": place.emptied(lambda source=source: place.task(src=source, exclusive=True)),  # type: ignore[misc]
            },
            rounds,
        )
        each[size] = median(above(found["ours"], found[_FLOOR])) / size
        yield Finding(CASE, "haproxy_map, into an empty map", median(found["ours"]), "s", size)
        yield Finding(CASE, "raw loader", median(found[_RAW]), "s", size)
        yield Finding(CASE, f"an entry of {size:,}, above nothing to do", each[size] * 1e6, "µs")
    yield Finding(CASE, "an entry of 1,000,000 / an entry of 10,000", each[LARGEST] / each[10_000], RATIO)


def _comparing(place: Place) -> Iterator[Finding]:
    """A large set of which few entries differ, or none."""
    place.hold(LARGEST)
    sources = cycle([str(place.file(LARGEST, other=DIFFERENT)), str(place.file(LARGEST))])
    current = str(place.file(LARGEST))
    memory = []

    def changed() -> float:
        nonlocal current
        current = next(sources)
        cost = place.task(src=current, exclusive=True)
        if cost.result["updated"] != DIFFERENT:
            raise RuntimeError(f"not {DIFFERENT} entries differed: {cost.printed[:300]}")
        memory.append(cost.megabytes)
        return cost.seconds

    found = alternating(
        {
            _FLOOR: lambda: place.idle_task().seconds,
            _RAW: lambda: place.raw_reading().seconds,
            f"of which {DIFFERENT} differ": changed,
            "none differs": lambda: place.task(src=current, exclusive=True).seconds,
        },
        3,
    )
    name = f"{LARGEST:,}"
    yield Finding(CASE, f"{name}, raw reading", median(found[_RAW]), "s")
    for how in list(found)[2:]:
        yield Finding(CASE, f"{name}, {how}", median(found[how]), "s")
        ratio = paired(above(found[how], found[_FLOOR]), found[_RAW])
        yield Finding(CASE, f"{name}, {how} / raw reading", ratio, RATIO)
    yield Finding(CASE, f"{name}, of which {DIFFERENT} differ, memory", max(memory), "MB")
