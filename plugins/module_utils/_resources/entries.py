# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries as a user writes them, as a wish. What HAProxy cannot be told exactly is refused here, with its number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._dialect.patterns import MAP
from .._dialect.plain_lines import plain
from .._errors import InputError
from .._keyed import Wish, key_of
from .._listing import Lines, as_lines
from .._protocol import encode


def wish_of(kind: str, params: Mapping[str, Any]) -> Wish:
    """
    :raises InputError: for what cannot be meant or said, naming the entry.
    """
    valued, state, exclusive = kind == MAP, params["state"], params["exclusive"]
    given = params["entries"] is not None or params["src"] is not None
    if state == "empty":
        if given:
            raise InputError("state=empty takes neither entries nor src")
        return Wish((), exclusive=True, valued=valued)
    if not given:
        raise InputError(f"state={state} takes entries or src")
    if exclusive and state == "absent":
        raise InputError("exclusive says which entries stay; it goes with state=present only")
    source = params["src"]
    if source is None:
        lines = _written(kind, params["entries"], keys_only=state == "absent")
    else:
        from .pattern_src import read  # not every task has a file

        lines = read(source, valued=valued, keys_only=state == "absent")
    if not valued:
        lines = as_lines(list(dict.fromkeys(lines)))  # twice is no more than once
    if state == "absent":
        keys = frozenset(key_of(line, valued=valued) for line in lines)
        return Wish((), gone=keys, valued=valued)
    if exclusive and not lines:
        raise InputError("an exclusive set without entries would empty it; that is said as state=empty")
    return Wish(lines, exclusive=exclusive, valued=valued)


def _written(kind: str, option: object, *, keys_only: bool) -> Lines:
    """The option ``entries``."""
    plain_ones = None if kind == MAP and keys_only else _plain(kind, option)
    if plain_ones:
        return plain_ones
    from .entries_judged import one_by_one  # most texts are plain

    return as_lines(list(one_by_one(kind, option, keys_only=keys_only)))


def _plain(kind: str, option: object) -> Lines | None:
    """The entries of a map's dictionary, or an ACL's list, of texts in which none is doubtful; None: they have to be
    looked at one by one."""
    if not isinstance(option, Mapping if kind == MAP else list):
        return None
    try:
        said = map(" ".join, option.items()) if isinstance(option, Mapping) else option
        text = plain(encode("\n".join([*said, ""])), valued=kind == MAP)
        blanks = kind == MAP and " " in "".join(option)
    except (TypeError, UnicodeEncodeError):  # no text; half a surrogate pair
        return None
    lines = None if blanks or text is None else Lines(text)
    return lines if lines and len(lines) == len(option) else None  # none with a line's end within
