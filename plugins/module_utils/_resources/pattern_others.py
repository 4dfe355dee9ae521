# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what was loaded is as it should be, and whether somebody else changed the same meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from .._comparing import compare
from .._errors import InputError, Overtaken
from .._fleet import PerProcess
from .._keyed import Wish, key_of
from .._listing import entries
from .._plan import named
from .._process import Process
from .._protocol import decode, printable
from .._transport import Conversation
from .pattern_held import Held
from .pattern_ways import Way

Now = PerProcess[Held]
Aimed = Mapping[str, Way]


def inspect(process: Process, version: str, *, loads: Mapping[str, Aimed], now: Now) -> Conversation[None]:
    """Read what was loaded in the version of this number.

    :raises InputError: naming what HAProxy did not take; Overtaken: when somebody else changed it.
    """
    held = now[process.name]
    for loading in loads[process.name].values():
        try:
            yield from loading.inspect(process, held, version)
        except InputError as error:
            yield from _unless_others(process, held, error)


def _unless_others(process: Process, held: Held, error: InputError) -> Conversation[None]:
    """Up to 3.1 what somebody sets or deletes meanwhile is set and deleted in what was loaded, too.

    :raises Overtaken: when somebody did; else the error.
    """
    if held.ref is not None:
        body = yield from process.read(held.ref.show())
        others = _keys_changed(held.body, body, valued=held.wished.valued)
        if others:
            text = named(repr(printable(decode(key))) for key in others)
            said = f"somebody else changed the same {held.ref.kind} on {process.name} meanwhile: {text}"
            raise Overtaken(said, {}) from error
    raise error


def hindsight(kind: str, wish: Wish, seen: Mapping[str, bytes], now: Now, *, before: Now) -> Sequence[str]:
    """What somebody else changed between this task's reading and its commit.

    :raises Overtaken: when the commit took that away, and it was none of this task's business; or when it got into
        what was committed (2.4 to 3.1).
    """
    warnings = []
    lost: dict[str, Held] = {}
    whose: list[str] = []
    for process, body in seen.items():
        held = before[process]
        others = _keys_changed(held.body, body, valued=wish.valued)
        if not others:
            continue
        text = named(repr(printable(decode(key))) for key in others)
        if not now[process].deviation.nothing or _leaves_alone(wish, others):
            lost[process] = replace(held, body=body, deviation=compare(body, wish), lost=True)
            whose.append(f"{text} on {process}")
        else:
            warnings.append(f"somebody else changed the same {kind} on {process} meanwhile: {text}")
    if lost:
        raise Overtaken(f"somebody else changed the same {kind} meanwhile: {named(whose)}", lost)
    return warnings


def _leaves_alone(wish: Wish, keys: Iterable[bytes]) -> bool:
    """Whether one of these keys is none of the task's business."""
    return not wish.exclusive and any(key not in wish.places and key not in wish.gone for key in keys)


def _keys_changed(one: bytes, other: bytes, *, valued: bool) -> list[bytes]:
    if one == other:
        return []
    return sorted({key_of(entry, valued=valued) for entry in set(entries(one)) ^ set(entries(other))})
