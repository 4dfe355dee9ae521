# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one server is when it has been given a state, a weight and whatever else is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._dialect.servers import RUNNING, Key, Server
from .._fleet import PerProcess
from .._plan import Goal, Step
from .._shapes import Aimed
from .observed import Observed
from .values import Values


def at_once(now: PerProcess[Observed], wished: Mapping[str, Mapping[Key, Values]]) -> list[Goal[Observed]]:
    """The one goal of servers that get there in one go (``Values.at_once``); none where there are no servers.

    :param wished: process → server → what is asked of it.
    :raises InputError: for what a server cannot be given.
    """
    aimed = {
        process: {
            key: given_to(here.servers[key], values, values.settings, here.algorithms.get(key[0], ""), values.state)
            for key, values in wished[process].items()
        }
        for process, here in now.items()
        if wished[process]
    }
    return [Goal(PerProcess(aimed))] if aimed else []


def given_to(
    server: Server, values: Values, settings: Mapping[str, Any], algorithm: str, state: str | None = None
) -> Aimed[Server]:
    """The server when it has been given these things, and this state."""
    fields = set()
    deeds: Mapping[str, Step] = {}
    if state is not None:
        fields.add("state")
        server = _put(server, state)
    if "weight" in settings:
        from .weight import weight_of  # not every task sets one

        fields.add("weight")
        server = server._replace(weight=weight_of(server, settings["weight"], algorithm))
    if len(settings) > ("weight" in settings):
        from .settings import given  # not every task gives a server something

        server, more, deeds = given(server, settings, values.soft)
        fields |= more
    return Aimed(server, frozenset(fields), deeds)


def _put(server: Server, state: str) -> Server:
    back = server.state == "maint" and state != "maint" and not server.checked
    server = server.put(state)
    return server._replace(op_state=RUNNING) if back else server
