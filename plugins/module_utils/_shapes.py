# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of resources. A *record* is an object with named fields: a row of a table says how each is read and how
it is said as a command, and this file does the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Callable, Generic, TypeVar

from ._fleet import PerProcess
from ._plan import Part, Step
from ._protocol import Command

K = TypeVar("K")
R = TypeVar("R")


@dataclass(frozen=True)
class Field(Generic[R]):
    """One field of a record: its value as results show it, and the command that gives the object this value."""

    name: str
    read: Callable[[R], object]
    say: Callable[[R], Command]


@dataclass(frozen=True)
class Aimed(Generic[R]):
    """What a record should be, and which of its fields the task speaks of. The others are left alone."""

    record: R
    fields: frozenset[str]


def route(rows: Sequence[Field[R]], now: Mapping[K, R], aimed: Mapping[K, Aimed[R]]) -> Iterable[Step]:
    """The commands for the fields that differ, in the order of the rows."""
    for key, target in aimed.items():
        for row in rows:
            if row.name in target.fields and row.read(now[key]) != row.read(target.record):
                yield Step((key, row.name), row.say(target.record))


def missed(
    rows: Sequence[Field[R]], now: Mapping[K, R], aimed: Mapping[K, Aimed[R]], called: Callable[[R], str]
) -> dict[Part, str]:
    """The wished fields that are not as aimed at, each with a sentence."""
    wrong: dict[Part, str] = {}
    for key, target in aimed.items():
        found = now.get(key)
        for row in rows:
            if row.name not in target.fields:
                continue
            if found is None:
                wrong[key, row.name] = f"{called(target.record)} is gone"
            elif row.read(found) != row.read(target.record):
                read, wished = row.read(found), row.read(target.record)
                wrong[key, row.name] = f"{row.name} of {called(target.record)} is {read}, not {wished}"
    return wrong


def merged_view(rows: Sequence[Field[R]], records: Mapping[str, R]) -> dict[str, object]:
    """The fields of one object over its processes: the value where they agree, else process → value."""
    return {
        row.name: PerProcess({process: row.read(record) for process, record in records.items()}).merged()
        for row in rows
    }
