# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes that a resource can have. A *record* is an object with named fields: a row of a table says how each
field is read and how it is said as a command, and this file does the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Callable, Generic, TypeVar

from ._fleet import PerProcess
from ._plan import Step
from ._protocol import Command

K = TypeVar("K")
R = TypeVar("R")


@dataclass(frozen=True)
class Field(Generic[R]):
    """One field of a record.

    :param read: its value in a record, as results show it.
    :param say: the command that gives the object the value which this record has.
    """

    name: str
    read: Callable[[R], object]
    say: Callable[[R], Command]


@dataclass(frozen=True)
class Aimed(Generic[R]):
    """What a record should be, and which of its fields the task speaks of. The others are left alone."""

    record: R
    fields: frozenset[str]


def route(rows: Callable[[R], Sequence[Field[R]]], now: Mapping[K, R], aimed: Mapping[K, Aimed[R]]) -> Iterable[Step]:
    """The commands for the fields that differ.

    :param rows: the fields of a record that is aimed at, in the order in which they must be said.
    """
    for key, target in aimed.items():
        for row in rows(target.record):
            if row.name in target.fields and row.read(now[key]) != row.read(target.record):
                yield Step(key, row.say(target.record))


def missed(
    rows: Sequence[Field[R]], now: Mapping[K, R], aimed: Mapping[K, Aimed[R]], called: Callable[[R], str]
) -> dict[K, str]:
    """The objects whose wished fields are not as aimed at, each with a sentence.

    :param called: what people call the object.
    """
    wrong: dict[K, str] = {}
    for key, target in aimed.items():
        found = now.get(key)
        name = called(target.record)
        if found is None:
            wrong[key] = f"{name} is gone"
            continue
        for row in rows:
            if row.name in target.fields and row.read(found) != row.read(target.record):
                wrong[key] = f"{row.name} of {name} is {row.read(found)}, not {row.read(target.record)}"
                break
    return wrong


def merged_view(rows: Sequence[Field[R]], records: Mapping[str, R]) -> dict[str, object]:
    """The fields of one object over the processes: the value where they agree, else process → value.

    :param records: process → the object there.
    """
    return {
        row.name: PerProcess({process: row.read(record) for process, record in records.items()}).merged()
        for row in rows
    }
