# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be told of maps and ACLs: which there are, their entries, and what HAProxy finds for a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from .._dialect.lookups import Lookup, parse_lookups
from .._dialect.patterns import ACL, MAP, Ref, Row
from .._errors import InputError, ObjectNotFound
from .._fleet import Fleet
from .._listing import entries
from .._plan import named
from .._process import Process
from .._protocol import decode, printable, word
from .._transport import Conversation
from .pattern_names import NameOf, find, read_sets, ref_of

Result = dict[str, Any]

# The option with the text to look for, by kind.
SOUGHT = {MAP: "key", ACL: "value"}


def gather_of(kind: str, params: Mapping[str, Any]) -> Callable[[Fleet], Result]:
    """What to ask the fleet.

    :raises InputError: for options that cannot be meant.
    """
    name = None if params[kind] is None else NameOf(kind, params[kind])
    sought = params[SOUGHT[kind]]
    if sought is not None:
        if name is None:
            raise InputError(f"{SOUGHT[kind]} is looked for in one {kind}; say which by the option {kind}")
        word(sought)

    def gather(fleet: Fleet) -> Result:
        if name is None:
            return {f"{kind}s": _listed(fleet, kind)}
        return _looked_up(fleet, name, sought) if sought is not None else _entries(fleet, name)

    return gather


def _listed(fleet: Fleet, kind: str) -> list[Result]:
    """All sets of the kind, by name, those without one behind."""
    found = fleet.each(lambda process: _own(process, kind))
    merged: dict[tuple[str, str], Result] = {}
    for process, rows in found.items():
        for row in rows:
            item = merged.setdefault(_identity(row), {"name": row.name, "uses": row.uses, "per_process": []})
            item["per_process"].append({"process": process, "number": row.number})
    return [merged[identity] for identity in sorted(merged, key=lambda it: (not it[0], it))]


def _own(process: Process, kind: str) -> Conversation[Sequence[Row]]:
    return (yield from read_sets(process, kind)).own


def _identity(row: Row) -> tuple[str, str]:
    return (row.name, "") if row.name else ("", row.described)


def _entries(fleet: Fleet, name: NameOf) -> Result:
    found = fleet.each(lambda process: _read(process, name, lambda ref: process.read(ref.show())))
    rows = _there(name, {process: it[0] for process, it in found.items()})
    lists = {process: [_entry(name.kind, entry) for entry in entries(found[process][1] or b"")] for process in rows}
    first = next(iter(lists))
    return {
        f"{name.kind}s": [
            {
                "name": rows[first].name,
                "uses": rows[first].uses,
                "consistent": all(those == lists[first] for those in lists.values()),
                "per_process": [
                    {"process": process, "number": rows[process].number, "entry_count": len(those), "entries": those}
                    for process, those in lists.items()
                ],
            }
        ]
    }


def _entry(kind: str, entry: bytes) -> object:
    text = printable(decode(entry))
    if kind == ACL:
        return text
    key, _blank, value = text.partition(" ")
    return {"key": key, "value": value}


def _looked_up(fleet: Fleet, name: NameOf, sought: str) -> Result:
    found = fleet.each(lambda process: _read(process, name, lambda ref: process.ask(ref.get(sought))))
    rows = _there(name, {process: it[0] for process, it in found.items()})
    lookups = {process: parse_lookups(found[process][1] or "") for process in rows}
    first = next(iter(lookups.values()))
    consistent = all(those == first for those in lookups.values())
    hit = next((it for it in first if it.found), None) if consistent else None
    return {
        "found": all(any(it.found for it in those) for those in lookups.values()),
        "key": hit.key if hit else None,
        **({"value": hit.value if hit else None} if name.kind == MAP else {}),
        "type": hit.match if hit else None,
        "consistent": consistent,
        "lookups": [{"process": process, **_told(name.kind, it)} for process, those in lookups.items() for it in those],
    }


def _told(kind: str, it: Lookup) -> Result:
    told = {"found": it.found, "type": it.match, "case_sensitive": it.case == "sensitive", "key": it.key}
    return {**told, "value": it.value, "value_type": it.value_type} if kind == MAP else told


def _read(
    process: Process, name: NameOf, ask: Callable[[Ref], Conversation[Any]]
) -> Conversation[tuple[Row | None, Any]]:
    """The set as a process lists it, and what it answers; nothing where it has none."""
    sets = yield from read_sets(process, name.kind)
    row = find(sets, name, shared=True)
    if row is None:
        return None, None
    return row, (yield from ask(ref_of(process, name.kind, row)))


def _there(name: NameOf, rows: Mapping[str, Row | None]) -> dict[str, Row]:
    """
    :raises ObjectNotFound: when no process has it.
    :raises InputError: when a number means different sets.
    """
    there = {process: row for process, row in rows.items() if row is not None}
    if not there:
        raise ObjectNotFound(f"no configuration loads {name.called} {name.given!r}")
    if len({_identity(row) for row in there.values()}) > 1:
        which = named(f"{row.name or row.described} on {process}" for process, row in there.items())
        raise InputError(f"{name.given} is not the same {name.kind} on every process: {which}")
    return there
