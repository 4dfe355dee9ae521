# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What resources have in common whose objects are records and nothing more: no sessions, nothing to wait for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from ._dialect.info import Facts
from ._fleet import PerProcess
from ._plan import Part, Step
from ._sessionless import Sessionless
from ._shapes import Aimed, Field, merged_view, route, two_views


class Record(Protocol):
    """An object with a name for messages."""

    @property
    def called(self) -> str: ...


R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Seen(Generic[R]):
    """The objects of one process by name, and the process."""

    records: Mapping[str, R]
    facts: Facts


Now = PerProcess[Seen[R]]


class Records(Sessionless[Seen[R]], Generic[R]):
    """A resource: object → record on each process. What is missing is ``observe``, ``aim`` and ``answer``."""

    fields: ClassVar[Sequence[Field[Any]]] = ()

    def route(self, now: Seen[R], aimed: Mapping[str, Aimed[R]]) -> Iterable[Step]:
        return route(self.fields, now.records, aimed)

    def predicted(self, now: Seen[R], aimed: Mapping[str, Aimed[R]]) -> Seen[R]:
        return replace(now, records={**now.records, **{key: target.record for key, target in aimed.items()}})

    def missed(self, now: Seen[R], aimed: Mapping[str, Aimed[R]]) -> dict[Part, str]:
        from ._missed import missed  # once commands were sent

        return missed(self.fields, now.records, aimed, lambda record: record.called)

    def view(self, now: Now[R], keys: Sequence[str]) -> dict[str, object]:
        return {key: self.item(now, key) for key in keys}

    def diff(self, before: Now[R], after: Now[R], keys: Sequence[str]) -> list[dict[str, object]]:
        return [two_views(self.view(before, keys), self.view(after, keys))]

    def item(self, now: Now[R], key: str) -> dict[str, object]:
        """An object's fields over all processes that have it."""
        here = {process: seen.records[key] for process, seen in now.items() if key in seen.records}
        return merged_view({process: self.values(record) for process, record in here.items()})

    def values(self, record: R) -> dict[str, object]:
        """The fields that can be read."""
        read = ((field.name, field.read(record)) for field in self.fields)
        return {name: value for name, value in read if value is not None}
