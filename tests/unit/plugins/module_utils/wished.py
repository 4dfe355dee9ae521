# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers in memory, and what a task asks of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect import servers as dialect
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.servers import Key, Server
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import HAProxyError
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import PerProcess
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._plan import Goal
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.observed import Observed
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.readings import Reading
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.server import Servers
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.values import Values, values_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.wishes import Wishes
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._server_options import ARGUMENTS, wishes_of

from unit.plugins.module_utils.support import facts, process, reply_of, said, talk

DEFAULTS: dict[str, Any] = {name: spec.get("default") for name, spec in ARGUMENTS.items()}
"""Every option of the module, as Ansible gives them to a task that says nothing."""
FLAGS = {"ready": 0, "drain": 8, "maint": 1}
WEB1, WEB2, API1 = ("www", "web1"), ("www", "web2"), ("api", "web1")

CHECKED, UNCHECKED = 6, 0
"""``srv_check_state``, and ``srv_agent_state`` as far as it matters."""


def asked(**options: Any) -> Values:
    """What a task with these options asks of a server."""
    return values_of({**DEFAULTS, **options})


def wishes(**options: Any) -> Wishes:
    """The wishes of a task; for every server, where it names none."""
    whom = {} if "servers" in options else {"name": ["*"]}
    return wishes_of({**DEFAULTS, **whom, **options})


def item(name: str, backend: str | None = "www", **options: Any) -> dict[str, Any]:
    """An item of ``servers`` as Ansible gives it."""
    every = dict.fromkeys(ARGUMENTS["servers"]["options"])
    return {**every, "name": [name], "backend": None if backend is None else [backend], **options}


def resource(**options: Any) -> Servers:
    """The resource for options of the module."""
    return Servers(wishes(**options))


def reading(**fields: Any) -> Reading:
    """A reading of an unchecked server that runs."""
    usual = Reading("no check", 0, 0, None, None, None, None, None, "ready", None, False, None, False)
    return usual._replace(**fields)


def server(
    backend: str = "www", name: str = "web1", state: str = "ready", weight: int = 1, initial: int = 1, **fields: Any
) -> Server:
    """A server that runs, as 2.2 shows it if nothing else is said."""
    made = Server(backend, name, "2", dialect.RUNNING, FLAGS[state], weight, initial, UNCHECKED, UNCHECKED)
    return made._replace(**fields)


def full(**fields: Any) -> Server:
    """A server with everything, as newer versions show it."""
    usual: dict[str, Any] = {
        "address": "127.0.0.1",
        "port": 80,
        "ssl": False,
        "check_port": 0,
        "check_address": "",
        "agent_address": "",
        "agent_port": 0,
        "maxconn": 0,
        "check_state": CHECKED,
        "agent_state": CHECKED,
    }
    return server(**{**usual, **fields})


def seen(*servers: Server, backends: Sequence[str] = (), algorithms: Mapping[str, str] | None = None) -> Observed:
    """What a process says that has these servers."""
    every = {(one.backend, one.name): one for one in servers}
    return Observed(
        keys=[key for key, one in every.items() if one.present],
        backends=list(dict.fromkeys([*(one.backend for one in servers), *backends])),
        servers=every,
        readings={key: reading(effective_state=one.state) for key, one in every.items() if one.present},
        algorithms=dict(algorithms or {}),
        dynamic=True,
    )


def goals_of(of: Servers, now: Mapping[str, Observed]) -> Sequence[Goal[Observed]]:
    """What a task aims at that has done nothing yet."""
    return of.aim(PerProcess(now), PerProcess(now))


def commands(of: Servers, now: Mapping[str, Observed]) -> dict[str, list[str]]:
    """Process → the commands that lead from what is to what is aimed at, goal by goal."""
    found: dict[str, list[str]] = {name: [] for name in now}
    states = dict(now)
    for goal in goals_of(of, now):
        for name, aimed in goal.aimed.items():
            found[name].extend(step.command.text for step in of.route(states[name], aimed))
            states[name] = of.predicted(states[name], aimed)
    return found


def captured(version: str, when: str, **options: Any) -> Observed:
    """What a process of this version said: the replies ``WHEN_state`` and ``WHEN_stat``."""
    one = process(known=facts(f"{version}.0"))
    found = talk(
        resource(**options).observe(one), reply_of(version, f"{when}_state"), said(reply_of(version, f"{when}_stat"))
    )
    if isinstance(found, HAProxyError):
        raise found
    return found


def captured_server(version: str, when: str, key: Key) -> Server:
    """One server of these replies."""
    return captured(version, when, name=[key[1]], backend=[key[0]]).servers[key]
