# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user should know of a change that will not last."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from .._dialect.servers import ENABLED, Server
from .._plan import Part, named
from .observed import Observed
from .settable import switched
from .values import Values


def advice(pairs: Collection[tuple[Server, Values]]) -> Iterable[str]:
    """One sentence for each kind of change that something else undoes.

    :param pairs: each server on each process, and what is asked of it.
    """
    yield from _about(
        "is made at run time: the next reload forgets it, and 'default-server' of the configuration is not applied to it",
        (server for server, values in pairs if not server.present and values.creates),
    )
    yield from _about(
        "is deleted at run time: if the configuration has it, the next reload brings it back; of its keywords 'before' holds "
        "only those that HAProxy shows",
        (server for server, values in pairs if server.present and values.state == "absent"),
    )
    yield from _about(
        "has an agent check, which may undo 'ready'; agent_check=disabled in the same task would stop it",
        (server for server, values in pairs if _agent_may_undo(server, values)),
    )
    yield from _about(
        "has a health check that was disabled in maintenance, so that HAProxy lets it sleep: enabled, it runs only after "
        "another state=maint and state=ready",
        (server for server, values in pairs if server.check_sleeps and _stays_asleep(server, values)),
    )
    yield from _about(
        "has a host name: if a resolver looks it up, it may change the address again",
        (server for server, values in pairs if server.fqdn and _moves(server, values)),
    )


def agents_blamed(wrong: Mapping[Part, str], now: Observed) -> dict[Part, str]:
    """What is not as it should be, and the last word of an agent that may have said so."""
    blamed = dict(wrong)
    for key, field in wrong:
        reading = now.readings.get(key)
        if field in ("state", "weight", "maxconn") and reading is not None and reading.agent_runs:
            blamed[key, field] += f" (its agent check may have said so; its last word: {reading.agent})"
    return blamed


def _agent_may_undo(server: Server, values: Values) -> bool:
    stopped = values.settings.get("agent_check") == "disabled"
    comes_back = values.state == "ready" and server.state != "ready" and not values.wait
    return comes_back and bool(server.agent_state & ENABLED) and not stopped


def _stays_asleep(server: Server, values: Values) -> bool:
    enabled = values.settings.get("health_check", switched(server.check_state)) == "enabled"
    return enabled and values.state not in ("maint", "absent")


def _moves(server: Server, values: Values) -> bool:
    return bool(values.settings.get("address", server.address) != server.address)


def _about(what: str, servers: Iterable[Server]) -> Iterable[str]:
    called = sorted({server.called for server in servers})
    if called:
        yield f"{named(called)} {what}"
