# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fault by module by version: what a task says and does when something breaks; the table is printed at the end.

The versions share the cells out; with LONG=1 in the environment all run all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from lab.versions import Version, versions

from .breaks import nothing
from .judged import kind_of
from .matrix import FAULTS, TooLateError, met
from .modules import DEEDS, Deed
from .moments import cut_short
from .places import modules
from .stage import Stages

CELLS = [
    (haproxy, fault, module)
    for haproxy in versions()
    for fault in FAULTS
    for module in modules()
    if FAULTS[fault].concerns(DEEDS[module], haproxy)
]


def _named(value: object) -> str:
    return f"haproxy={value}" if isinstance(value, Version) else str(value).replace("haproxy_", "")


@pytest.fixture(scope="module")
def stages() -> Iterator[Callable[[Version], Stages]]:
    """The fleets of each version."""
    kept: dict[Version, Stages] = {}

    def of(haproxy: Version) -> Stages:
        for other in set(kept) - {haproxy}:
            kept.pop(other).close()
        return kept.setdefault(haproxy, Stages(haproxy))

    yield of
    for each in kept.values():
        each.close()


def test_every_module_has_a_row() -> None:
    assert sorted(DEEDS) == modules()


@pytest.mark.in_turn
@pytest.mark.parametrize(("haproxy", "fault", "module"), CELLS, ids=_named)
def test_a_fault_is_one_sentence_and_nothing_is_half_known(
    stages: Callable[[Version], Stages],
    record_property: Callable[[str, object], None],
    haproxy: Version,
    fault: str,
    module: str,
) -> None:
    row = FAULTS[fault]
    for tries_left in (2, 1, 0):
        try:
            with stages(haproxy).stage(row.fleet, DEEDS[module], fresh=row.fresh) as stage:
                cell = met(stage, row.breaks, lied=row.lied)
            break
        except TooLateError:
            if not tries_left:
                raise
    kind = kind_of(cell.result)
    record_property("cell", [fault, module, haproxy.name, kind, cell.seconds])
    assert kind == row.expected(DEEDS[module], haproxy), cell.result.get("msg")


PLACES = 20
BROKEN_OFF = {"ClosedEarly", "ReplyNotUnderstood", "ProcessReplaced", "PartlyApplied"}


@pytest.mark.in_turn
@pytest.mark.parametrize("haproxy", versions(), ids=_named)
@pytest.mark.parametrize("module", modules())
def test_a_reply_cut_short_anywhere_is_an_error(
    stages: Callable[[Version], Stages],
    record_property: Callable[[str, object], None],
    haproxy: Version,
    module: str,
) -> None:
    """The two longest replies, at ten places each: what a process is, and what the task is about."""
    kinds, slowest = set(), 0.0
    for request in _longest(stages(haproxy), DEEDS[module]):
        for number in range(PLACES // 2):
            with stages(haproxy).stage("two", DEEDS[module], fresh=False) as stage:
                cell = met(stage, cut_short(request, number / (PLACES // 2 - 1)))
            kinds.add(kind_of(cell.result))
            slowest = max(slowest, cell.seconds)
    record_property("cell", [f"cut short at {PLACES} places", module, haproxy.name, "/".join(sorted(kinds)), slowest])
    assert kinds <= BROKEN_OFF


def _longest(stages: Stages, deed: Deed) -> tuple[bytes, bytes]:
    """The request that asks what a process is, and of the others the one whose reply is the longest."""
    with stages.stage("two", deed, fresh=False) as stage:
        met(stage, nothing)
        first, *others = stage.recorders[1].exchanges
    return first[0], max(others, key=lambda exchange: len(exchange[1]))[0]
