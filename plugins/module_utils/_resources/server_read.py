# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one process says of the servers that a task is about."""

from __future__ import annotations

from collections.abc import Mapping

from .._dialect import servers, stat
from .._dialect.servers import Key, Server
from .._errors import ReplyNotUnderstood
from .._features import has
from .._process import Process
from .._transport import Conversation
from .observed import Observed
from .readings import NEEDED, WANTED, Reading, completed, reading_of
from .wishes import Wishes


def observe(process: Process, wishes: Wishes) -> Conversation[Observed]:
    names, table = yield from process.ask_tables((servers.SHOW_BACKENDS, servers.SHOW_STATE))
    state = servers.parse_state(table, wishes.look_at)
    backends = servers.parse_backends(names)
    found: dict[Key, Server] = {}
    readings: dict[Key, Reading] = {}
    algorithms: dict[str, str] = {}
    for command in stat.show_stat_of({server.backend_id for server in state.wanted.values()}):
        table = yield from process.ask(command)
        for cells in stat.parse_stat(table, NEEDED, WANTED):
            key = (cells["pxname"], cells["svname"])
            if cells["type"] == stat.SERVER and key in state.wanted:
                found[key] = completed(state.wanted[key], cells)
                readings[key] = reading_of(cells, found[key])
            elif cells["type"] == stat.BACKEND:
                algorithms[key[0]] = cells.get("algo", "")
    for key, server in state.wanted.items():
        # A backend that the configuration disables has servers but no statistics, and takes no command.
        if key not in readings and server.backend in algorithms:
            raise ReplyNotUnderstood(f"show stat has no row for {server.called}", process=process.name)
    dynamic = has(process.facts.version, "dynamic_servers")
    could_be = wishes.could_be(backends, new=dynamic)
    if could_be:
        from .makings import absent, algorithms_of  # most tasks are about servers that are there

        found.update({key: server for key, server in absent(could_be).items() if key not in state.wanted})
        algorithms.update((yield from algorithms_of(process)))
    tracked: Mapping[str, str] = {}
    if wishes.delete:
        from .makings import tracked_by  # few tasks delete servers

        tracked = yield from tracked_by(process)
    return Observed(state.keys, backends, found, readings, algorithms, dynamic, tracked)
