# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What moves by itself on a server: sessions, health, what it inherits. Never a change, only told and waited for."""

from __future__ import annotations

from typing import NamedTuple

from .._dialect.servers import DRAIN_INHERITED, ENABLED, MAINT_INHERITED, MAINT_RESOLUTION, Server
from .._dialect.stat import Row
from .._errors import ReplyNotUnderstood
from .._protocol import printable

NEEDED = ("pxname", "svname", "type", "status", "scur", "qcur", "check_status", "check_code", "last_chk")
WANTED = ("check_duration", "check_fall", "last_agt", "agent_status", "tracked", "algo", "slim", "bck")

# HAProxy's mark before the status of a check that is under way.
_IN_FLIGHT = "* "


# Of a reading, what only the waiting needs.
_NOT_TOLD = ("in_flight", "fall", "agent_runs")


class Reading(NamedTuple):
    """One server on one process at one moment; None: this process or version does not say.

    :param queue: requests in the server's own queue (``qcur``).
    :param check_duration: milliseconds.
    :param inherited_from: the tracked server, ``resolver`` or None.
    :param in_flight: a check is under way; what is told is of the one before.
    :param fall: failed checks that take the server down.
    :param agent_runs: its agent may set state, weight and connection limit at any time.
    """

    status: str
    sessions: int
    queue: int
    check_status: str | None
    check_code: int | None
    check_duration: int | None
    last_check: str | None
    agent: str | None
    effective_state: str
    inherited_from: str | None
    in_flight: bool
    fall: int | None
    agent_runs: bool

    @property
    def check(self) -> tuple[object, ...]:
        """All that is told of the last check: when it differs from before, another check has come to its end."""
        return (self.check_status, self.check_code, self.check_duration, self.last_check)

    def as_result(self) -> dict[str, object]:
        return {name: value for name, value in self._asdict().items() if name not in _NOT_TOLD}


def completed(server: Server, cells: Row) -> Server:
    """The server with what only ``show stat`` tells of it.

    :raises ReplyNotUnderstood: when a number is none.
    """
    try:
        return server._replace(
            maxconn=int(cells.get("slim") or 0),
            sessions=int(cells["scur"] or 0),
            backup=cells.get("bck") == "1",
            tracks=cells.get("tracked") or None,
        )
    except ValueError as error:
        raise ReplyNotUnderstood(f"the statistics of {server.called}: {error}") from error


def reading_of(cells: Row, server: Server) -> Reading:
    """The reading in a row of ``show stat`` and one of ``show servers state``.

    :raises ReplyNotUnderstood: when a number is none.
    """
    check = cells["check_status"]
    try:
        return Reading(
            status=cells["status"],
            sessions=int(cells["scur"] or 0),
            queue=int(cells["qcur"] or 0),
            check_status=check[len(_IN_FLIGHT) :] if check.startswith(_IN_FLIGHT) else check or None,
            check_code=_number(cells["check_code"]),
            check_duration=_number(cells.get("check_duration", "")),
            last_check=printable(cells["last_chk"]) or None,
            agent=printable(cells.get("last_agt") or cells.get("agent_status") or "") or None,
            effective_state=server.effective_state,
            inherited_from=_inherited_from(server, cells.get("tracked", "")),
            in_flight=check.startswith(_IN_FLIGHT),
            fall=_number(cells.get("check_fall", "")),
            agent_runs=bool(server.agent_state & ENABLED),
        )
    except ValueError as error:
        raise ReplyNotUnderstood(f"the statistics of {server.called}: {error}") from error


def _number(text: str) -> int | None:
    return int(text) if text else None


def _inherited_from(server: Server, tracked: str) -> str | None:
    if server.admin_state & (MAINT_INHERITED | DRAIN_INHERITED):
        return tracked or "the server that it tracks"
    return "resolver" if server.admin_state & MAINT_RESOLUTION else None
