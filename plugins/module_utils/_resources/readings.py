# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What moves by itself on a server: sessions, health, what it inherits. Never a change, only told and waited for."""

from __future__ import annotations

from typing import NamedTuple

from .._dialect.servers import DRAIN_INHERITED, MAINT_INHERITED, MAINT_RESOLUTION, ServerRow
from .._dialect.stat import Row

READ_COLUMNS = frozenset(
    (
        *("pxname", "svname", "type", "algo", "tracked"),
        *("status", "scur", "qcur", "check_status", "check_code", "last_chk", "last_agt", "agent_status"),
    )
)


class Reading(NamedTuple):
    """One server on one process at one moment; None: this process or version does not say.

    :param status: HAProxy's word for it (``UP``, ``UP 1/3``, ``DRAIN``, ``MAINT (via www/web1)``, ``no check`` …).
    :param sessions: current sessions (``scur``).
    :param queue: requests in the server's own queue (``qcur``).
    :param effective_state: ``ready``, ``drain`` or ``maint`` with what the server inherits.
    :param inherited_from: who keeps the server from its own state: the tracked server, ``resolver`` or None.
    """

    status: str
    sessions: int
    queue: int
    check_status: str | None
    check_code: int | None
    last_check: str | None
    agent: str | None
    effective_state: str
    inherited_from: str | None

    def as_result(self) -> dict[str, object]:
        return self._asdict()


def reading_of(cells: Row, row: ServerRow) -> Reading:
    """The reading in a row of ``show stat`` and one of ``show servers state``."""
    return Reading(
        status=cells["status"],
        sessions=int(cells["scur"] or 0),
        queue=int(cells["qcur"] or 0),
        check_status=cells["check_status"] or None,
        check_code=int(cells["check_code"]) if cells["check_code"] else None,
        last_check=cells["last_chk"] or None,
        agent=cells.get("last_agt") or cells.get("agent_status") or None,
        effective_state=row.effective_state,
        inherited_from=_inherited_from(row, cells.get("tracked", "")),
    )


def _inherited_from(row: ServerRow, tracked: str) -> str | None:
    if row.admin_state & (MAINT_INHERITED | DRAIN_INHERITED):
        return tracked or "the server that it tracks"
    return "resolver" if row.admin_state & MAINT_RESOLUTION else None
