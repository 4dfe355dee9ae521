# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How one server gets from what it is to what is wished: a few legs, each confirmed before the next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .._dialect.servers import Server
from .._shapes import Aimed
from .given import given_to
from .values import Values

# The legs, in the order in which all servers of a task take theirs: it is made; its checks are switched on, where that
# must be before they are changed; it is given what it has to have before it gets traffic; gets its state; goes from
# drain to maintenance; loses its sessions; is deleted.
CREATE, CHECK, SETTLE, GO, MAINT, KILL, REMOVE = range(7)

# What is said of a server's health: maintenance would undo it.
_HEALTH = ("health_status", "agent_status")
# What HAProxy takes only while the check of that name is enabled.
_WHILE_ENABLED = {
    "health_check": ("check_address", "check_port"),
    "agent_check": ("agent_address", "agent_port", "agent_send", "agent_status"),
}


class Leg(NamedTuple):
    """A part of the way, and what the server is at its end."""

    number: int
    aimed: Aimed[Server]


def way(server: Server, values: Values, algorithm: str) -> Iterator[Leg]:
    """
    :param algorithm: of the backend; "": not known.
    :raises InputError: for what this server cannot be given.
    """
    if not server.present:
        if values.state == "absent":
            return
        from .creation import created, first_values  # most servers are there

        server, values = created(server, values, algorithm), first_values(values)
        yield Leg(CREATE, Aimed(server, frozenset({"state"})))
    checks = {name: "enabled" for name in _WHILE_ENABLED if _comes_first(name, values)}
    if checks:
        leg = given_to(server, values, checks, algorithm)
        yield Leg(CHECK, leg)
        server = leg.record
    state = None if values.state == "present" else values.state
    before = {name: value for name, value in values.settings.items() if name not in _HEALTH}
    if state == "ready":
        leg = given_to(server, values, before, algorithm)
        if before:
            yield Leg(SETTLE, leg)
        health = {name: value for name, value in values.settings.items() if name in _HEALTH}
        yield Leg(GO, given_to(leg.record, values, health, algorithm, state))
        return
    if values.drains_first and server.state != "maint":
        agent = {name: value for name, value in before.items() if (name, value) == ("agent_check", "disabled")}
        leg = given_to(server, values, agent, algorithm, "drain")
        yield Leg(GO, leg)
        server = leg.record._replace(sessions=0)
    last = "maint" if state == "absent" else state
    leg = given_to(server, values, values.settings, algorithm, last)
    yield Leg(MAINT if values.drains_first else GO, leg)
    server = leg.record._replace(sessions=0) if values.waits_for_sessions and not values.kills_first else leg.record
    if values.shutdown_sessions:
        server = server._replace(sessions=0)
        yield Leg(KILL, Aimed(server, frozenset({"sessions"})))
    if state == "absent":
        yield Leg(REMOVE, Aimed(server._replace(present=False), frozenset({"state"})))


def _comes_first(check: str, values: Values) -> bool:
    settings = values.settings
    return settings.get(check) == "enabled" and any(name in settings for name in _WHILE_ENABLED[check])
