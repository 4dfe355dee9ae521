# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server's state promises, and how one sees that it has come true."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .._dialect.servers import RUNNING, Key, Server
from .._errors import Hopeless
from .._fleet import PerProcess
from .._promises import KILLED, Remains, Verdict
from .._shapes import Aimed
from .._terms import Place, Terms
from .readings import Reading
from .values import Values

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
class UntilServers:
    """Some servers have no session and nothing in their own queues, on any process, old workers included; others are
    running and plainly up on every process, slow start over, or not checked at all.

    HAProxy says ``UP`` before it has checked when ``fall`` is 1, with the result of the last check before the
    maintenance beside it. So a server that this task brings back counts only with the result of a check, when it is
    read again at least an interval later, and, where ``fall`` is 1, when a check is seen to have come to its end
    since; where nothing shows that (the next result may look like the last one), after the time of a usual check.

    :param values: what is asked of the server at each place.
    :param drains: places that are to lose their sessions.
    :param ups: places that are to come up.
    :param returning: of these, those that the task brings back.
    :param stopped: of these, those that were in maintenance: a draining server's checks never stopped.
    :param fixed: how long all of this may take; None: as long as is asked of each server.
    """

    values: Mapping[Place, Values]
    drains: frozenset[Place] = frozenset()
    ups: frozenset[Place] = frozenset()
    returning: frozenset[Place] = frozenset()
    stopped: frozenset[Place] = frozenset()
    fixed: Terms | None = None

    @cached_property
    def empties(self) -> frozenset[Key]:
        return frozenset(key for _process, key in self.drains)

    @cached_property
    def interval(self) -> float:
        return min(values.interval for values in self.values.values())

    @cached_property
    def _by_key(self) -> dict[Key, Values]:
        return {key: values for (_process, key), values in self.values.items()}

    def terms(self, place: Place) -> Terms:
        if self.fixed is not None:
            return self.fixed
        if place[1] is None:  # an old worker as such: whoever waits longest waits for it
            return max(values.terms for values in self.values.values())
        terms = (self.values.get(place) or self._by_key[place[1]]).terms
        # Ending sessions brings no server up.
        return terms._replace(on_timeout="fail") if place in self.ups and terms.on_timeout == "shutdown" else terms

    def judge(
        self,
        now: PerProcess[Any],
        old: Remains,
        seconds: float,
        memory: Mapping[Any, Any],
    ) -> Verdict:
        remembered: dict[Any, Any] = {}
        left = {**dict(self._sessions(now, old)), **dict(self._not_up(now, seconds, memory, remembered))}
        return Verdict(left, remembered)

    def _sessions(self, now: PerProcess[Any], old: Remains) -> Iterator[tuple[Place, str]]:
        for place, server, reading in _each(now, self.drains):
            if reading.sessions or reading.queue:
                counts = f"{reading.sessions} sessions and {reading.queue} queued requests"
                yield place, f"{counts} of {server.called} on {place[0]}"
        for process, sessions in old.items():
            if sessions is None:
                yield (process, None), f"the old worker {process}, which does not answer"
            for key, count in (sessions or {}).items():
                if count and key in self.empties:
                    yield (process, key), f"{count} sessions of {'/'.join(key)} on the old worker {process}"

    def _not_up(
        self, now: PerProcess[Any], seconds: float, memory: Mapping[Any, Any], remembered: dict[Any, Any]
    ) -> Iterator[tuple[Place, str]]:
        for place, server, reading in _each(now, self.ups):
            process = place[0]
            if server.effective_state != server.state and "fqdn" not in self.values[place].settings:
                raise Hopeless(
                    f"{server.called} is ready itself, but in {server.effective_state} by {reading.inherited_from}, "
                    "which this task does not change",
                    process=process,
                )
            ended = self._check_ended(place, reading, memory, remembered)
            if not _up(server, reading):
                asleep = "; its check sleeps until it has been in maintenance again" if server.check_sleeps else ""
                yield place, f"{server.called} on {process}: {reading.status}{_last_words(reading)}{asleep}"
            elif place in self.returning and server.checked:
                since = remembered[place] = memory.get(place, seconds)
                interval = self.values[place].interval
                wanted = interval if ended or (reading.fall or 0) > 1 else max(interval, _ONE_CHECK)
                unsure = reading.in_flight and not ended
                if unsure or seconds - since < wanted:
                    yield place, f"a second look at {server.called} on {process}: {reading.status}"

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


_KILLED = Terms(KILLED, "continue", afresh=True)


def until_killed(values: Mapping[Place, Values], aimed: PerProcess[Mapping[Key, Aimed[Server]]]) -> UntilServers | None:
    """Until the sessions that were ended are gone, where no new ones can come."""
    closed = frozenset(place for place in values if aimed[place[0]][place[1]].record.effective_state == "maint")
    return UntilServers(values, drains=closed, fixed=_KILLED) if closed else None
