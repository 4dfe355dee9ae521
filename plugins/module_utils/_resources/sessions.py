# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions of servers: those that old workers still have, and what ends those that are left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from .._dialect.connections import SHOW_CONNECTIONS, parse_connections
from .._dialect.servers import Key
from .._dialect.sessions import SHOW_SESSIONS, parse_sessions, shutdown_session
from .._fleet import PerProcess
from .._plan import Goal, Step
from .._process import Process
from .._shapes import Aimed
from .._terms import Place
from .._transport import Conversation
from .observed import Observed


def remains(process: Process, means: Callable[[Key], bool]) -> Conversation[Mapping[Key, int]]:
    """Sessions that an old worker still has: server → how many.

    :param means: whether a task is about this server.
    """
    (table,) = yield from process.ask_tables((SHOW_CONNECTIONS,))
    return {key: count for key, count in parse_connections(table).items() if means(key)}


def sweep(process: Process, keys: AbstractSet[Key]) -> Conversation[Sequence[Step]]:
    """The commands that end the sessions of these servers on an old worker."""
    table = yield from process.ask(SHOW_SESSIONS)
    return [
        Step((session.key, "sessions"), shutdown_session(session), seen=False)
        for session in parse_sessions(table)
        if session.key in keys
    ]


def last_resort(now: PerProcess[Observed], places: Sequence[Place]) -> Goal[Observed]:
    """What ends the sessions at these places, on old workers, too."""
    ended = set(places)
    keys = frozenset(key for _process, key in places if key is not None)
    aimed = {
        process: {
            key: Aimed(server._replace(sessions=0), frozenset({"sessions"}))
            for key, server in observed.servers.items()
            if (process, key) in ended
        }
        for process, observed in now.items()
    }
    return Goal(PerProcess(aimed), sweep=keys)
