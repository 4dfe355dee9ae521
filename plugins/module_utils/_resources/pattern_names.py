# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which map or ACL a name means: that of its file, a virtual one, or a number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from .._dialect.patterns import ACL, LISTS, MAP, Ref, Row, parse_list
from .._errors import InputError
from .._features import has
from .._process import Process
from .._protocol import Command
from .._transport import Conversation

# What the configuration may say before a file's name, and HAProxy leaves out.
_PREFIXES = ("file@", "opt@")


class NameOf:
    """A set as the user calls it.

    :raises InputError: when this can be no name.
    """

    def __init__(self, kind: str, given: str) -> None:
        if not given:
            raise InputError(f"{kind} is empty")
        number = re.fullmatch(r"#(\d+)", given)
        self.kind = kind
        self.given = given
        self.called = CALLED[kind]
        self.number = int(number[1]) if number else None
        self.name = next((given[len(prefix) :] for prefix in _PREFIXES if given.startswith(prefix)), given)


# What a set of each kind is called in a sentence.
CALLED = {MAP: "a map", ACL: "an ACL"}


class Sets(NamedTuple):
    """The sets of one process: those of the wanted kind, and the others'."""

    own: Sequence[Row]
    others: Sequence[Row]


def read_sets(process: Process, kind: str) -> Conversation[Sets]:
    """
    :raises PermissionDenied: where only administrators may see them.
    """
    if has(process.facts.version, "sets_need_admin") and process.facts.level != "admin":
        from .._telling import can  # where it will not do

        can(process, [Command(LISTS[0].text, LISTS[0].text, "admin")])
    maps, acls = map(parse_list, (yield from process.ask_tables(LISTS)))
    return Sets(maps, acls) if kind == MAP else Sets(acls, maps)


def ref_of(process: Process, kind: str, row: Row) -> Ref:
    """How this process calls the set; by its number only where it has no name."""
    level = "admin" if has(process.facts.version, "sets_need_admin") else "user"
    return Ref(kind, row.name or f"#{row.number}", level)


def find(sets: Sets, wanted: NameOf, *, other: bool = False, shared: bool = False) -> Row | None:
    """The set with this name.

    :param other: among those of the other kind.
    :param shared: whether an ACL may be a map as well.
    :raises InputError: for an ACL that is a map as well: HAProxy takes no entry without a value for it.
    """
    row = _among(sets.others if other else sets.own, wanted)
    if row and not (other or shared) and wanted.kind == ACL and any(it.number == row.number for it in sets.others):
        raise InputError(f"{wanted.given} is a map, too, whose entries have values: use haproxy_map")
    return row


def _among(rows: Sequence[Row], wanted: NameOf) -> Row | None:
    if wanted.number is not None:
        return next((row for row in rows if row.number == wanted.number), None)
    return next((row for row in rows if row.name == wanted.name), None)
