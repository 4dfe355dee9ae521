# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one process has of a map or an ACL."""

from __future__ import annotations

import re
from dataclasses import replace

from .._comparing import compare
from .._dialect.patterns import MAP
from .._keyed import Wish, key_of
from .._listing import entries
from .._plan import named
from .._process import Process
from .._protocol import decode, encode
from .._transport import Conversation
from .pattern_held import Held
from .pattern_names import NameOf, Sets, find, read_sets, ref_of

# Bytes that a line needs besides the entries of its payload and the set's name.
_MARKS = 64


def observe(process: Process, name: NameOf, wish: Wish, *, typed: bool) -> Conversation[Held]:
    """
    :param typed: whether its types are wanted also where everything is as wished.
    """
    sets = yield from read_sets(process, name.kind)
    row = find(sets, name)
    if row is None:
        return Held(process.facts, wish, described=_why_none(name, sets))
    ref = ref_of(process, name.kind, row)
    body = yield from process.read(ref.show())
    found = compare(body, wish)
    marks = sum(map(len, (process.route.start, process.route.each, encode(ref.called)))) + _MARKS
    room, line = process.whole_bound - marks, process.bound - marks
    held = Held(process.facts, wish, ref, row.name or row.described, body, found, room=room, line=line)
    if found.nothing and not typed:
        return held
    from .._dialect.lookups import parse_lookups  # most runs find everything as wished
    from .pattern_types import types_of

    lookups = parse_lookups((yield from process.ask(ref.get(_probe(body)))))
    types = types_of(lookups, valued=wish.valued)
    if not types.ordered:
        held = replace(held, deviation=found._replace(disordered=False))
    return replace(held, types=types)


def _why_none(name: NameOf, sets: Sets) -> str:
    if find(sets, name, other=True):
        return "it is an ACL there, not a map: use haproxy_acl" if name.kind == MAP else "it is a map there"
    return f"there are {named(row.name for row in sets.own if row.name) or 'none'}"


def _probe(body: bytes) -> str:
    """A text that HAProxy finds there, if this can be told; of a network its first address."""
    first = next(entries(body), b"x")
    return re.sub("/[0-9.]+$", "", decode(key_of(first, valued=True)))
