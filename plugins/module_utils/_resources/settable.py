# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server has that can be set, as results show it."""

from __future__ import annotations

from collections.abc import Collection

from .._dialect.servers import CONFIGURED, ENABLED, STOPPED, STOPPING, Server

_FORCED = {STOPPED: "down", STOPPING: "stopping"}


def switched(state: int) -> str | None:
    """Whether a check runs, of its state; None: there is none."""
    if not state & CONFIGURED:
        return None
    return "enabled" if state & ENABLED else "disabled"


def forced(server: Server) -> str | None:
    """What the server was said to be, where no check says otherwise and no maintenance hides it."""
    if server.checked or server.tracks or server.effective_state == "maint":
        return None
    return _FORCED.get(server.op_state, "up")


def settable(server: Server, spoken: Collection[str]) -> dict[str, object]:
    """Everything that can be read of the server and set again, by the names of the module's options.

    :param spoken: options that the task speaks of.
    """
    if not server.present:
        return {"state": server.state}
    values: dict[str, object] = {"state": server.state, "weight": server.weight, "maxconn": server.maxconn}
    # Where the server has a name, its resolver may give it another address at any time.
    if server.fqdn and "address" not in spoken:
        values["fqdn"] = server.fqdn
    else:
        values["address"] = server.address
    if server.address:
        values["port"] = server.port
    values["ssl"] = server.ssl
    if server.check_state & CONFIGURED:
        values["health_check"] = switched(server.check_state)
        values["check_address"] = server.check_address
        values["check_port"] = server.check_port
    if server.agent_state & CONFIGURED:
        values["agent_check"] = switched(server.agent_state)
        values["agent_address"] = server.agent_address
        values["agent_port"] = server.agent_port
    if "health_status" in spoken:
        values["health_status"] = forced(server)
    return {name: value for name, value in values.items() if value not in (None, "")}
