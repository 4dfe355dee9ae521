# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server's state promises, and how one sees that it has come true."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._dialect.servers import RUNNING, Key, Server
from .._errors import Hopeless
from .._fleet import PerProcess
from .._plan import Remains, Verdict, verdict
from .readings import Reading

Place = tuple[str, Key]

# `UP (UNPUB)` is 3.4's word for a server of an unpublished backend.
_UP = ("UP", "UP (UNPUB)", "no check")
# No check has had a result yet.
_NO_RESULT = "INI"
# HAProxy's default for `inter`, and a little: a check that nothing shows is taken to have happened by then.
_ONE_CHECK = 2.2


def _each(now: PerProcess[Any], places: Collection[Place]) -> Iterator[tuple[Place, Server, Reading]]:
    for process, observed in now.items():
        for key, reading in observed.readings.items():
            if (process, key) in places:
                yield (process, key), observed.servers[key], reading


@dataclass(frozen=True)
class UntilDrained:
    """No session on the servers and nothing in their own queues, on any process, old workers included.

    :param places: (process, server) pairs that the task is about.
    """

    places: frozenset[Place]
    counts_old: bool = True

    def judge(
        self,
        now: PerProcess[Any],
        old: Remains,
        seconds: float,
        memory: Mapping[Any, Any],
    ) -> Verdict:
        return verdict(self._left(now, old), memory)

    def _left(self, now: PerProcess[Any], old: Remains) -> Iterator[str]:
        for (process, _key), server, reading in _each(now, self.places):
            if reading.sessions or reading.queue:
                counts = f"{reading.sessions} sessions and {reading.queue} queued requests"
                yield f"{counts} of {server.called} on {process}"
        keys = {key for _process, key in self.places}
        for process, sessions in old.items():
            if sessions is None:
                yield f"the old worker {process}, which does not answer"
            for key, count in (sessions or {}).items():
                if count and key in keys:
                    yield f"{count} sessions of {'/'.join(key)} on the old worker {process}"


@dataclass(frozen=True)
class UntilUp:
    """Running and plainly up on every process, slow start over; or not checked at all.

    HAProxy says ``UP`` before it has checked when ``fall`` is 1, with the result of the last check before the
    maintenance beside it. So a server that this task brings back counts only with the result of a check, when it is
    read again at least an interval later, and, where ``fall`` is 1, when a check is seen to have come to its end
    since; where nothing shows that (the next result may look like the last one), after the time of a usual check.

    :param places: (process, server) pairs that the task is about.
    :param returning: of these, those that the task brings back.
    :param stopped: of these, those that were in maintenance: a draining server's checks never stopped.
    :param interval: seconds.
    """

    places: frozenset[Place]
    returning: frozenset[Place]
    stopped: frozenset[Place]
    interval: float
    counts_old: bool = False

    def judge(
        self,
        now: PerProcess[Any],
        old: Remains,
        seconds: float,
        memory: Mapping[Any, Any],
    ) -> Verdict:
        remembered: dict[Any, Any] = {}
        return verdict(list(self._left(now, seconds, memory, remembered)), remembered)

    def _left(
        self, now: PerProcess[Any], seconds: float, memory: Mapping[Any, Any], remembered: dict[Any, Any]
    ) -> Iterator[str]:
        for place, server, reading in _each(now, self.places):
            process = place[0]
            if server.effective_state != server.state:
                raise Hopeless(
                    f"{server.called} is ready itself, but in {server.effective_state} by {reading.inherited_from}, "
                    "which this task does not change",
                    process=process,
                )
            ended = self._check_ended(place, reading, memory, remembered)
            if not _up(server, reading):
                yield f"{server.called} on {process}: {reading.status}{_last_words(reading)}"
            elif place in self.returning and server.checked:
                since = remembered[place] = memory.get(place, seconds)
                wanted = self.interval if ended or (reading.fall or 0) > 1 else max(self.interval, _ONE_CHECK)
                if reading.in_flight or seconds - since < wanted:
                    yield f"a second look at {server.called} on {process}: {reading.status}"

    def _check_ended(
        self, place: Place, reading: Reading, memory: Mapping[Any, Any], remembered: dict[Any, Any]
    ) -> bool:
        """Whether a check was seen to come to its end since the server came back."""
        first = remembered[place, "first"] = memory.get((place, "first"), reading.check)
        in_flight = remembered[place, "in flight"] = reading.in_flight or memory.get((place, "in flight"), False)
        ended: bool = memory.get((place, "ended"), place not in self.stopped)
        if not reading.in_flight and (in_flight or reading.check != first):
            ended = True
        remembered[place, "ended"] = ended
        return ended


def _up(server: Server, reading: Reading) -> bool:
    return server.op_state == RUNNING and reading.status in _UP and reading.check_status != _NO_RESULT


def _last_words(reading: Reading) -> str:
    words = (reading.check_status, reading.check_code, reading.last_check)
    said = ", ".join(str(word) for word in words if word is not None)
    return f" (last check: {said})" if said else ""
