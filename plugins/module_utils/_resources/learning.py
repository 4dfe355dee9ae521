# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What HAProxy itself says of the nature of each column of ``show stat``.

The typed format is ten times as large as the CSV. So the natures are learned from a few rows, once for each version of
the fleet, and all rows are read by them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from .._dialect import typed
from .._dialect.typed import Natures
from .._errors import HAProxyError
from .._features import Version
from .._fleet import Fleet
from .._process import Process
from .._transport import Conversation
from .tables import NO_COLUMNS, Table

# For each kind and version. Two or three show all columns of a kind but for rare ones (agents, slow starts).
MOST_ROWS = 16

# Version and kind of row.
Place = tuple[Version, str]
Learned = dict[Place, Natures]


class Sample(NamedTuple):
    """A row that shows the natures of these columns."""

    process: Process
    kind: str
    proxy_id: str
    server_id: str
    columns: frozenset[str]

    @property
    def place(self) -> Place:
        return (self.process.facts.version, self.kind)


def learn(fleet: Fleet, tables: Mapping[str, Table]) -> Learned:
    """The nature of each column, for each version and kind of row, as far as any row shows it.

    :raises HAProxyError: when a current process gives none.
    """
    samples: dict[Place, list[Sample]] = {}
    for name, table in tables.items():
        for sample in _samples(fleet[name], table):
            samples.setdefault(sample.place, []).append(sample)
    asked: dict[str, list[Sample]] = {}
    for each in samples.values():
        for sample in enough(each):
            asked.setdefault(sample.process.name, []).append(sample)
    learned: Learned = {}
    for name, answer in fleet.attempt({name: _ask(chosen) for name, chosen in asked.items()}).items():
        if not isinstance(answer, HAProxyError):
            for sample, natures in zip(asked[name], answer):
                learned.setdefault(sample.place, {}).update(natures)
        elif not fleet[name].old:  # an old worker may have ended: its rows are read as their text looks
            raise answer
    return learned


def _samples(process: Process, table: Table) -> Iterator[Sample]:
    """A row of each shape."""
    for row in {(row.kind, row.shape): row for row in table.rows}.values():
        columns = (name for name, there in zip(table.header, row.shape) if there and name not in NO_COLUMNS)
        yield Sample(process, row.kind, table.cell(row, "iid"), table.cell(row, "sid"), frozenset(columns))


def enough(samples: Iterable[Sample]) -> list[Sample]:
    """As few of these as show all the columns that any of them shows, and boundedly many. Old workers come last."""
    waiting = sorted(samples, key=lambda sample: (sample.process.old, sample.process.name))
    lacking = {column for sample in waiting for column in sample.columns}
    chosen: list[Sample] = []
    while lacking and len(chosen) < MOST_ROWS:
        best = max(waiting, key=lambda sample: len(lacking & sample.columns))
        lacking -= best.columns
        chosen.append(best)
    return chosen


def _ask(samples: Sequence[Sample]) -> Conversation[list[Natures]]:
    found = []
    for sample in samples:
        command = typed.show_typed(sample.kind, sample.proxy_id, sample.server_id)
        found.append(typed.parse_row((yield from sample.process.ask(command))))
    return found


def natures_for(learned: Learned, version: Version) -> dict[str, Natures]:
    """Kind of row → natures, of one version."""
    return {kind: natures for (known, kind), natures in learned.items() if known == version}


def natures_of_all(learned: Learned, kind: str) -> Natures:
    """Of one kind of row, of all versions; the newest has the last word."""
    return {
        name: nature
        for (_version, it), natures in sorted(learned.items())
        if it == kind
        for name, nature in natures.items()
    }
