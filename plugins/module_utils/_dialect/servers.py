# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers: ``show servers state`` and ``show backend``.

The format is in HAProxy's management guide, section 9.3, "show servers state"; the flags are in its ``server-t.h`` and
``check-t.h`` and were measured on all versions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .._errors import ReplyNotUnderstood
from .._protocol import Command, lines_of

Key = tuple[str, str]

# srv_admin_state, in decimal. 4 stays set on a server that the configuration disables: alone it is no maintenance.
MAINT_FORCED = 1
MAINT_INHERITED = 2
DRAIN_FORCED = 8
DRAIN_INHERITED = 16
MAINT_RESOLUTION = 32
_FORCED = {"ready": 0, "drain": DRAIN_FORCED, "maint": MAINT_FORCED}

# srv_op_state
STOPPED, STARTING, RUNNING, STOPPING = range(4)

# srv_check_state and srv_agent_state
CONFIGURED = 2
ENABLED = 4
PAUSED = 8

SHOW_BACKENDS = Command("show backend")
SHOW_STATE = Command("show servers state")


class Server(NamedTuple):
    """A server as one process has it: a line of ``show servers state``, then some of ``show stat``.

    None: this version does not show it, or there is none; ``""``: there is none, and one could be set. An address is
    as HAProxy prints it.

    :param backup: whether it gets traffic only when no other server can.
    :param present: False stands for a server that could be there.
    :param options: keywords that a new server is made with.
    """

    backend: str
    name: str
    backend_id: str
    op_state: int
    admin_state: int
    weight: int
    initial_weight: int
    check_state: int
    agent_state: int
    address: str | None = None
    fqdn: str | None = None
    port: int | None = None
    ssl: bool | None = None
    check_port: int | None = None
    check_address: str | None = None
    agent_address: str | None = None
    agent_port: int | None = None
    maxconn: int | None = None
    sessions: int = 0
    backup: bool = False
    tracks: str | None = None
    present: bool = True
    options: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        return f"{self.backend}/{self.name}"

    @property
    def made(self) -> bool:
        """Whether this is a server that a task makes, and not one that was read."""
        return not self.backend_id

    @property
    def state(self) -> str:
        """What was said to this server: ``ready``, ``drain`` or ``maint``; ``absent``."""
        if not self.present:
            return "absent"
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
        return bool((self.check_state | self.agent_state) & ENABLED)

    @property
    def check_sleeps(self) -> bool:
        """Whether the health check is paused though the server is not in maintenance.

        Maintenance pauses checks. One that is disabled then, and enabled when the server is back, stays paused until the
        next maintenance ends (all versions).
        """
        return bool(self.check_state & PAUSED) and self.effective_state != "maint"

    def put(self, state: str) -> Server:
        """This server after ``set server … state``: HAProxy switches between its flags and never sets both."""
        kept = self.admin_state & ~(MAINT_FORCED | DRAIN_FORCED)
        return self._replace(admin_state=kept | _FORCED[state])


class StateTable(NamedTuple):
    """``show servers state``: all servers by name, and the wanted ones whole."""

    keys: list[Key]
    wanted: dict[Key, Server]


_NUMBERS = ("srv_op_state", "srv_admin_state", "srv_uweight", "srv_iweight", "srv_check_state", "srv_agent_state")
# Of these, the second line is there from 2.4 on.
_TEXTS = ("srv_addr", "srv_fqdn", "srv_port")
_LATER = ("srv_use_ssl", "srv_check_port", "srv_check_addr", "srv_agent_addr", "srv_agent_port")


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
        numbers = [header.index(column) for column in _NUMBERS]
        texts = [header.index(column) for column in (*_TEXTS, *_LATER) if column in header or column in _TEXTS]
    except ValueError as error:
        raise ReplyNotUnderstood(f"the server state table has other columns: {lines[1][:1000]!r}") from error
    found = StateTable([], {})
    for line in lines[2:]:
        cells = line.split(" ")
        try:
            if len(cells) != len(header):
                raise ValueError(f"{len(cells)} cells in a table of {len(header)}")
            backend, name = cells[at_backend], cells[at_name]
            if _is_pseudo(backend, name):
                continue
            found.keys.append((backend, name))
            if wanted(backend, name):
                op, admin, weight, initial, check, agent = (int(cells[it]) for it in numbers)
                places = _places(*[cells[it] for it in texts])
                server = Server(backend, name, cells[at_id], op, admin, weight, initial, check, agent, *places)
                found.wanted[backend, name] = server
        except (IndexError, ValueError, TypeError) as error:
            raise ReplyNotUnderstood(f"a line of the server state table: {line[:200]!r}") from error
    return found


def _places(address: str, fqdn: str, port: str, *later: str) -> Sequence[Any]:
    first = (_text(address), _text(fqdn.lower()), int(port))
    if not later:
        return first
    ssl, check_port, check, agent, agent_port = later
    return (*first, ssl == "1", int(check_port), _text(check) or "", _text(agent) or "", int(agent_port))


def _text(cell: str) -> str | None:
    return None if cell == "-" else cell


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
