# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the processes that answer are the same, and which are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ._address import Address
from ._dialect.info import LEVELS
from ._fleet import Skipped
from ._process import Answer, Process


def distinct(
    found: Sequence[Process],
    answers: Mapping[Address, Answer],
    ask: Callable[[Iterable[Address]], dict[Address, Answer]],
    skipped: list[Skipped],
    *,
    writes: bool,
) -> list[Process]:
    """The distinct processes; of an ``nbproc`` also those that were not given.

    :param skipped: takes what stays out of reach of a module that only reads.
    :raises FleetError: where a module that writes cannot reach all.
    """
    usable = [process for process in found if not process.shared]
    if any(process.facts.nbproc > 1 for process in found):
        from ._nbproc import completed, unreached  # gone since HAProxy 2.5

        usable = completed(found, answers, ask, writes=writes)
        skipped += [Skipped(process.name, sentence) for process, sentence in unreached(usable)]
    return _one_each(usable)


def _one_each(found: Iterable[Process]) -> list[Process]:
    """One process for each identity: under its first direct name, asked through the address with the highest level."""
    known: dict[tuple[str, ...], Process] = {}
    for process in sorted(found, key=lambda process: process.reloads is not None):
        first = known.setdefault(process.facts.identity, process)
        best = max(first, process, key=lambda one: LEVELS.index(one.facts.level))
        reloads = first.reloads if process.reloads is None else process.reloads
        known[process.facts.identity] = best._replace(name=first.name, reloads=reloads)
    return list(known.values())
