# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which strings go where. With ``LONG=1`` all go everywhere, on every version.

Otherwise every option sees the whole core, its strings shared among the versions; one that takes free text sees half of
it on each, and the strings beside the core are shared among the places of such text.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cache

from lab.versions import Version, newest, oldest, version, versions

from .corpus import CORE, NUMBERS_TOO, corpus
from .places import NUMBERS, Place, modules, places

LONG = os.environ.get("LONG") == "1"

_FREE_WORDS = ("TEXT", "OPTIONS", "COMMAND", "PART", "PAIR")
# Of what anything may stand in, these are what it is meant for; the others see a part of the core.
_MEANT = ("", "{value}")
_SHARE_OF_ODD = 12


def chosen_versions() -> tuple[Version, ...]:
    """The oldest, 3.0 and the newest; all with LONG=1."""
    return versions() if LONG else (oldest(), version("3.0"), newest())


@cache
def all_places() -> tuple[Place, ...]:
    return tuple(place for module in modules() for place in places(module))


def is_free(place: Place) -> bool:
    """Whether any text may come through, in a command of its own."""
    free = any(word in shape for shape in place.may_send for word in _FREE_WORDS) or place.looks_up
    return free and place.kind not in (*NUMBERS, "choices")


@cache
def free_places() -> tuple[Place, ...]:
    """Those where any text may come through, and where somebody means one."""
    return tuple(place for place in all_places() if is_free(place) and not _is_odd(place))


def _is_odd(place: Place) -> bool:
    """Whether it is a list or a dictionary where nobody means one."""
    return place.option.startswith("servers.") and place.kind == "raw" and place.shape not in _MEANT


def chosen(place: Place, haproxy: Version) -> Iterator[tuple[int, str]]:
    """Number of a task of the place, and the string that goes into it."""
    count = len(place.tasks())
    if LONG:
        both = ((number, text) for text in corpus() for number in range(count))
        yield from both if is_free(place) else ((number % count, text) for number, text in enumerate(corpus()))
        return
    turn = chosen_versions().index(haproxy)
    for number, text in enumerate(_texts(place, turn)):
        yield (number + turn) % count, text


def _texts(place: Place, turn: int) -> Sequence[str]:
    share = len(chosen_versions())
    if place.kind in NUMBERS:
        return NUMBERS_TOO[turn::share]
    if _is_odd(place):
        return CORE[(turn + all_places().index(place)) % _SHARE_OF_ODD :: _SHARE_OF_ODD]
    if not is_free(place):
        fewer = 2 if place.option.startswith("servers.") and place.shape else 1
        return CORE[turn :: share * fewer]
    rest = corpus()[len(CORE) :]
    here = free_places().index(place)
    core = CORE[(turn + here) % share :: share] if place.option.startswith("servers.") else CORE[(turn + here) % 2 :: 2]
    return (*core, *rest[here + turn * len(free_places()) :: len(free_places()) * share])
