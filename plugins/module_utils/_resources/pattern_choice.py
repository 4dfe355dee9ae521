# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way a process goes from the entries that it has to those that it should have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._dialect.patterns import POINTER
from .._errors import InputError
from .._features import has, require
from .._keyed import Deviation, Wish, key_of
from .._listing import pieces
from .._protocol import decode, printable
from .pattern_held import Held, deviation
from .pattern_types import impossible, takes
from .pattern_ways import Changing, Way

if TYPE_CHECKING:
    from .pattern_swaps import Loading

# Seconds, measured on 2 CPUs: what it costs HAProxy and its client to add an entry, to change one that is found by its
# key, to look at one on the way to a key where all are searched, and for one entry of a new version and at least.
_ADD, _KEYED, _SEARCHED = 4e-6, 8e-6, 4e-8
_VERSION, _AT_LEAST = 3e-6, 1e-3


def ways(process: str, held: Held, target: Wish, *, always: bool, called: str) -> tuple[Loading | None, Way | None]:
    """What is loaded beforehand, and how the entries come to be as wished.

    :param always: whether only all at once will do.
    :param called: the kind of set, for messages.
    :raises HAProxyError: for what this process cannot do or would refuse.
    """
    found = deviation(held, target)
    if found.nothing:
        return None, None
    if always:
        require(held.facts.version, "set_versions", process)
    _fits(process, held, target, found, called)
    if at_once(held, target, found, always=always):
        from .pattern_swaps import Committing, Loading  # not every set is replaced

        whole = target if target.exclusive else _merged(held.body, target)
        return Loading(whole), Committing(whole)
    if target.exclusive and not target.lines and not held.versions:
        from .pattern_swaps import Emptying  # few are emptied

        return None, Emptying(target)
    places = (*found.missing, *(place for place, _now in found.changed))
    doubtful = [place for place in places if not takes(held.types, target.lines[place], valued=target.valued)]
    if not (held.versions and doubtful):
        return None, Changing(target)
    from .pattern_swaps import Loading  # where HAProxy has to tell whether it takes an entry

    tried = Wish([target.lines[place] for place in doubtful], exclusive=True, valued=target.valued)
    return Loading(tried, doubtful), Changing(target)


def _merged(body: bytes, target: Wish) -> Wish:
    from .._merging import merged  # not every set is replaced

    return merged(body, target)


def at_once(held: Held, target: Wish, found: Deviation, *, always: bool) -> bool:
    """Whether the whole set is replaced."""
    # Up to 3.2 deleting takes all entries of a key, on 3.4 one of them: a new version suits all.
    keys = {key_of(line, valued=target.valued) for line in found.surplus}
    several = len(keys) < len(found.surplus) or any(key.startswith(POINTER) for key in keys)
    long = target.valued and not all(held.says(target.lines[place]) for place, _now in found.changed)
    must = always or found.renewed or found.disordered or several or long
    return held.versions and (bool(must) or cheaper_at_once(held, target, found))


def cheaper_at_once(held: Held, target: Wish, found: Deviation) -> bool:
    """Whether a new version costs less than the single changes."""
    each = _KEYED if has(held.facts.version, "sets_by_key") else max(_KEYED, _SEARCHED * found.size)
    singly = len(found.missing) * _ADD + (len(found.changed) + len(found.surplus) + len(found.renewed)) * each
    return singly > _AT_LEAST + _VERSION * (len(target.lines) if target.exclusive else found.afterwards(target))


def _fits(process: str, held: Held, target: Wish, found: Deviation, called: str) -> None:
    """
    :raises InputError: naming the first entry that this process cannot take.
    """
    changing = {place for place, _now in found.changed}
    places = [*found.missing, *sorted(changing)] if changing else found.missing
    wrong = impossible(held.types, target, places)
    if wrong is not None:
        kinds = ", ".join(sorted(held.types.methods))
        values = f" with values of type {held.types.value}" if held.types.value not in (None, "", "str") else ""
        raise InputError(f"{_entry(target, wrong)} cannot be one of {called} of type {kinds}{values}", process=process)
    lines = target.lines if len(places) == len(target.lines) else [target.lines[place] for place in places]
    short = min(held.room, held.line // 2 + 1)
    if all(len(piece) < short for piece in pieces(lines, short)):
        return
    for place in places:
        line = target.lines[place]
        by_payload = target.valued and (held.versions or place not in changing)
        if len(line) >= held.room or not (by_payload or held.says(line)):
            raise InputError(f"{_entry(target, place)} has {len(line)} bytes, more than process {process} takes")


def _entry(wish: Wish, place: int) -> str:
    return f"entry {place + 1}, {printable(decode(key_of(wish.lines[place], valued=wish.valued)))[:60]!r},"
