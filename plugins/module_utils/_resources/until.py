# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server's state promises, and how one sees that it has come true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from .._dialect.servers import RUNNING, ServerRow
from .._errors import Hopeless
from .._fleet import PerProcess
from .._plan import Verdict
from .readings import Reading

Key = tuple[str, str]

# `UP (UNPUB)` is 3.4's word for a server of an unpublished backend.
_UP = ("UP", "UP (UNPUB)", "no check")
# No check has had a result yet since the server came back.
_NO_RESULT = "INI"


class Observed(Protocol):
    """What is needed of an observation."""

    @property
    def rows(self) -> dict[Key, ServerRow]: ...

    @property
    def readings(self) -> dict[Key, Reading]: ...


def _each(now: PerProcess[Any]) -> Iterator[tuple[str, Key, ServerRow, Reading]]:
    for process, observed in now.items():
        for key, reading in observed.readings.items():
            yield process, key, observed.rows[key], reading


class UntilDrained(NamedTuple):
    """No session on the server and nothing in its own queue, on any process."""

    def judge(self, now: PerProcess[Any], seconds: float, memory: Mapping[Any, float]) -> Verdict:
        left = tuple(
            f"{reading.sessions} sessions and {reading.queue} queued requests of {'/'.join(key)} on {process}"
            for process, key, _row, reading in _each(now)
            if reading.sessions or reading.queue
        )
        return Verdict(left, memory)


class UntilUp(NamedTuple):
    """Running and plainly up on every process, slow start over; or not checked at all.

    HAProxy says ``UP`` before it has checked when ``fall`` is 1. So a server that this task brings back counts only
    with the result of a check, and when it is read again at least an interval later.

    :param returning: (process, server) pairs that this task brings back from maintenance or drain.
    :param interval: seconds.
    """

    returning: frozenset[tuple[str, Key]]
    interval: float

    def judge(self, now: PerProcess[Any], seconds: float, memory: Mapping[Any, float]) -> Verdict:
        since: dict[Any, float] = {}
        left = []
        for process, key, row, reading in _each(now):
            name = "/".join(key)
            if row.effective_state != row.own_state:
                raise Hopeless(
                    f"{name} is ready itself, but in {row.effective_state} by {reading.inherited_from}, which this task "
                    "does not change",
                    process=process,
                )
            place = (process, key)
            if not _up(row, reading):
                left.append(f"{name} on {process}: {reading.status}{_last_words(reading)}")
            elif place in self.returning and row.checked:
                since[place] = memory.get(place, seconds)
                if seconds - since[place] < self.interval:
                    left.append(f"a second look at {name} on {process}: {reading.status}")
        return Verdict(tuple(left), since)


def _up(row: ServerRow, reading: Reading) -> bool:
    return row.op_state == RUNNING and reading.status in _UP and reading.check_status != _NO_RESULT


def _last_words(reading: Reading) -> str:
    words = (reading.check_status, reading.check_code, reading.last_check)
    said = ", ".join(str(word) for word in words if word is not None)
    return f" (last check: {said})" if said else ""
