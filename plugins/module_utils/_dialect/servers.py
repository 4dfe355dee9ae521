# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers: ``show servers state``, ``show backend`` and ``set server``.

The state file's format is described in HAProxy's management guide, section 9.3, "show servers state"; the values of
its flags were read in ``include/haproxy/server-t.h`` and ``check-t.h`` and measured on all versions.
"""

from __future__ import annotations

from typing import NamedTuple

from .._errors import ReplyNotUnderstood
from .._protocol import Command, word

# srv_admin_state, in decimal. CMAINT stays set for ever on a server that the configuration disables: alone it is no
# maintenance.
MAINT_FORCED = 1
MAINT_INHERITED = 2
DRAIN_FORCED = 8
DRAIN_INHERITED = 16
MAINT_RESOLUTION = 32

# srv_op_state
STOPPED, STARTING, RUNNING, STOPPING = range(4)

# srv_check_state, srv_agent_state
CHECK_CONFIGURED = 2
CHECK_ENABLED = 4

SHOW_BACKENDS = Command("show backend")
SHOW_STATE = Command("show servers state")

# 2.2 in master-worker mode lists the master as a backend with a server for each worker.
_PSEUDO_BACKEND = "MASTER"


class ServerRow(NamedTuple):
    """One line of ``show servers state``: what the collection uses of it."""

    backend: str
    name: str
    op_state: int
    admin_state: int
    weight: int
    initial_weight: int
    check_state: int
    agent_state: int

    @property
    def own_state(self) -> str:
        """What was said to this server: ``ready``, ``drain`` or ``maint``."""
        if self.admin_state & MAINT_FORCED:
            return "maint"
        return "drain" if self.admin_state & DRAIN_FORCED else "ready"

    @property
    def effective_state(self) -> str:
        """The same with what it inherits from the server that it tracks and from its resolver."""
        if self.admin_state & (MAINT_FORCED | MAINT_INHERITED | MAINT_RESOLUTION):
            return "maint"
        return "drain" if self.admin_state & (DRAIN_FORCED | DRAIN_INHERITED) else "ready"

    @property
    def checked(self) -> bool:
        """Whether a health or an agent check runs (or would, out of maintenance)."""
        return bool((self.check_state | self.agent_state) & CHECK_ENABLED)


_COLUMNS = {
    "op_state": "srv_op_state",
    "admin_state": "srv_admin_state",
    "weight": "srv_uweight",
    "initial_weight": "srv_iweight",
    "check_state": "srv_check_state",
    "agent_state": "srv_agent_state",
}


def parse_state(table: str) -> dict[tuple[str, str], ServerRow]:
    """``show servers state`` as (backend, server) → row, in HAProxy's order.

    :raises ReplyNotUnderstood: naming the line that did not fit.
    """
    lines = table.splitlines()
    if len(lines) < 2 or lines[0] != "1" or not lines[1].startswith("# "):
        raise ReplyNotUnderstood(f"not a server state table of version 1: {table[:60]!r}")
    header = lines[1][2:].split(" ")
    try:
        at_backend, at_name = header.index("be_name"), header.index("srv_name")
        at = [header.index(column) for column in _COLUMNS.values()]
    except ValueError as error:
        raise ReplyNotUnderstood(f"the server state table has other columns: {lines[1]!r}") from error
    rows = {}
    for line in lines[2:]:
        cells = line.split(" ")
        try:
            row = ServerRow(cells[at_backend], cells[at_name], *(int(cells[column]) for column in at))
        except (IndexError, ValueError) as error:
            raise ReplyNotUnderstood(f"a line of the server state table: {line!r}") from error
        if row.backend != _PSEUDO_BACKEND or not row.name.startswith(("cur-", "old-")):
            rows[row.backend, row.name] = row
    return rows


def parse_backends(table: str) -> list[str]:
    """``show backend`` as names.

    :raises ReplyNotUnderstood: when it is no such list.
    """
    lines = table.splitlines()
    if not lines or lines[0] != "# name":
        raise ReplyNotUnderstood(f"not a list of backends: {table[:60]!r}")
    return [name for name in lines[1:] if name != _PSEUDO_BACKEND]


def set_state(backend: str, name: str, state: str) -> Command:
    """
    :param state: ``ready``, ``drain`` or ``maint``.
    """
    return _set_server(backend, name, "state", state)


def set_weight(backend: str, name: str, weight: int) -> Command:
    """
    :param weight: 0 to 256, absolute.
    """
    return _set_server(backend, name, "weight", str(weight))


def _set_server(backend: str, name: str, what: str, value: str) -> Command:
    text = f"set server {word(backend)}/{word(name)} {what} {word(value)}"
    return Command(text, kind=f"set server … {what} {value}", level="admin", silent=True)
