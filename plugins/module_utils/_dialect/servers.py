# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers: ``show servers state``, ``show backend`` and ``set server``.

The format is in HAProxy's management guide, section 9.3, "show servers state"; the flags are in its ``server-t.h`` and
``check-t.h`` and were measured on all versions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .._errors import ReplyNotUnderstood
from .._protocol import Command, lines_of, word

Key = tuple[str, str]

# srv_admin_state, in decimal. 4 stays set on a server that the configuration disables: alone it is no maintenance.
MAINT_FORCED = 1
MAINT_INHERITED = 2
DRAIN_FORCED = 8
DRAIN_INHERITED = 16
MAINT_RESOLUTION = 32
_FORCED = {"ready": 0, "drain": DRAIN_FORCED, "maint": MAINT_FORCED}

# srv_op_state: 0 stopped, 1 starting (slow start), 2 running, 3 stopping
RUNNING = 2

# srv_check_state and srv_agent_state
_CHECK_ENABLED = 4

SHOW_BACKENDS = Command("show backend")
SHOW_STATE = Command("show servers state")


class Server(NamedTuple):
    """What the collection uses of a line of ``show servers state``."""

    backend: str
    name: str
    backend_id: str
    op_state: int
    admin_state: int
    weight: int
    initial_weight: int
    check_state: int
    agent_state: int

    @property
    def called(self) -> str:
        return f"{self.backend}/{self.name}"

    @property
    def state(self) -> str:
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
        return bool((self.check_state | self.agent_state) & _CHECK_ENABLED)

    def put(self, state: str) -> Server:
        """This server after ``set server … state``: HAProxy switches between its flags and never sets both."""
        kept = self.admin_state & ~(MAINT_FORCED | DRAIN_FORCED)
        return self._replace(admin_state=kept | _FORCED[state])


class StateTable(NamedTuple):
    """``show servers state``: all servers by name, and the wanted ones whole."""

    keys: list[Key]
    wanted: dict[Key, Server]


_COLUMNS = (
    *("srv_op_state", "srv_admin_state", "srv_uweight", "srv_iweight"),
    *("srv_check_state", "srv_agent_state"),
)


def parse_state(table: str, wanted: Callable[[str, str], bool]) -> StateTable:
    """
    :param wanted: whether the server of this backend and name is to be read whole.
    :raises ReplyNotUnderstood: naming the line that did not fit.
    """
    lines = lines_of(table)
    if len(lines) < 2 or lines[0] != "1" or not lines[1].startswith("# "):
        raise ReplyNotUnderstood(f"not a server state table of version 1: {table[:60]!r}")
    header = lines[1][2:].split(" ")
    try:
        at_id, at_backend, at_name = (header.index(column) for column in ("be_id", "be_name", "srv_name"))
        at = [header.index(column) for column in _COLUMNS]
    except ValueError as error:
        raise ReplyNotUnderstood(f"the server state table has other columns: {lines[1]!r}") from error
    found = StateTable([], {})
    for line in lines[2:]:
        cells = line.split(" ")
        try:
            backend, name = cells[at_backend], cells[at_name]
            if _is_pseudo(backend, name):
                continue
            found.keys.append((backend, name))
            if wanted(backend, name):
                server = Server(backend, name, cells[at_id], *(int(cells[column]) for column in at))
                found.wanted[backend, name] = server
        except (IndexError, ValueError) as error:
            raise ReplyNotUnderstood(f"a line of the server state table: {line!r}") from error
    return found


def _is_pseudo(backend: str, name: str) -> bool:
    """2.2 in master-worker mode lists the master as a backend with a server for each worker."""
    return backend == "MASTER" and name.startswith(("cur-", "old-"))


def parse_backends(table: str) -> list[str]:
    """``show backend`` as names; 2.2 in master-worker mode names the master, too.

    :raises ReplyNotUnderstood: when it is no such list.
    """
    lines = lines_of(table)
    if not lines or lines[0] != "# name":
        raise ReplyNotUnderstood(f"not a list of backends: {table[:60]!r}")
    return lines[1:]


def set_state(server: Server) -> Command:
    """Give the server the state that this record has."""
    return _set_server(server, "state", server.state)


def set_weight(server: Server) -> Command:
    """Give the server the (absolute) weight that this record has."""
    return _set_server(server, "weight", str(server.weight))


def _set_server(server: Server, what: str, value: str) -> Command:
    text = f"set server {word(server.backend)}/{word(server.name)} {what} {word(value)}"
    return Command(text, kind=f"set server … {what} {value}", level="admin", silent=True)
