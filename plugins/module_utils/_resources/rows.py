# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What most tasks are about: how state and weight of a server are read, and how they are said."""

from __future__ import annotations

from .._dialect.servers import Server
from .._protocol import Command
from .._shapes import Field


def _say_state(now: Server, target: Server) -> Command:
    if now.present and target.present:
        from .._dialect.set_server import set_state  # most runs find everything as wished

        return set_state(target)
    from .._dialect.settings import add_server, del_server  # most servers are there, and stay

    return add_server(target) if target.present else del_server(now)


def _say_weight(_now: Server, target: Server) -> Command:
    from .._dialect.set_server import set_weight  # most runs find everything as wished

    return set_weight(target)


def _say_sessions(_now: Server, target: Server) -> Command:
    from .._dialect.settings import shutdown_sessions  # most tasks end none

    return shutdown_sessions(target)


STATE = Field[Server]("state", lambda server: server.state, _say_state)
WEIGHT = Field[Server]("weight", lambda server: server.weight, _say_weight)
SESSIONS = Field[Server]("sessions", lambda server: server.sessions > 0, _say_sessions, lasts=False)
FIELDS = (STATE, WEIGHT, SESSIONS)
