# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of resources. A *record* is an object with named fields: a row of a table says how each is read and how
it is said as a command, and this file does the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Callable, Generic, TypeVar

from ._fleet import PerProcess
from ._plan import Step
from ._protocol import Command

K = TypeVar("K")
R = TypeVar("R")


class Field(Generic[R]):
    """One field of a record.

    :param read: its value as results show it; None: it cannot be read there, and whoever sets it does a deed.
    :param say: the command that takes the object from one record to the value that another has.
    :param lasts: whether what is read afterwards must be what was aimed at.
    """

    def __init__(
        self, name: str, read: Callable[[R], object], say: Callable[[R, R], Command], *, lasts: bool = True
    ) -> None:
        self.name = name
        self.read = read
        self.say = say
        self.lasts = lasts


class Aimed(Generic[R]):
    """What a record should be, and which of its fields the task speaks of. The others are left alone.

    :param deeds: field → step, for what cannot be read: sent whatever is there.
    """

    def __init__(self, record: R, fields: frozenset[str], deeds: Mapping[str, Step] | None = None) -> None:
        self.record = record
        self.fields = fields
        self.deeds = deeds or {}


def route(rows: Sequence[Field[R]], now: Mapping[K, R], aimed: Mapping[K, Aimed[R]]) -> Iterable[Step]:
    """The commands for the fields that differ, in the order of the rows. One command may serve two fields."""
    for key, target in aimed.items():
        said = set()
        for row in rows:
            if row.name in target.deeds:
                yield target.deeds[row.name]
            elif row.name in target.fields and row.read(now[key]) != row.read(target.record):
                step = Step((key, row.name), row.say(now[key], target.record), row.lasts)
                if step.command not in said:
                    said.add(step.command)
                    yield step


def two_views(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, object]:
    """A diff as Ansible takes it."""
    return {"before_header": "running", "after_header": "wished", "before": before, "after": after}


def merged_view(values: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    """The fields of one object over its processes: the value that all have, else process → value.

    :param values: process → field → value.
    """
    view: dict[str, object] = {}
    for name in dict.fromkeys(name for fields in values.values() for name in fields):
        here = PerProcess({process: fields[name] for process, fields in values.items() if name in fields})
        view[name] = here.merged() if len(here) == len(values) else dict(here)
    return view
