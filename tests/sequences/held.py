# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process holds that tasks can change, read without the collection's own code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from integration.conftest import _given
from integration.patterns import entries_at
from integration.test_haproxy_frontend import frontends
from integration.test_haproxy_global import limits
from lab.running import Fleet

Thing = tuple[str, ...]
"""What it is and its name: ``("server", "www", "web1")``, ``("map", "str.map")``, ``("limit", "maxconn")``."""

Held = dict[Thing, Any]
"""A thing → what a process has of it: of a server a dictionary by the names of options."""

SERVER, BACKEND, FRONTEND, LIMIT = "server", "backend", "frontend", "limit"
# What checks change by themselves.
_MOVING = ("health_status",)


def held(fleet: Fleet, index: int, sets: Iterable[tuple[str, str, str]]) -> Held:
    """What the process with this index holds; `sets` are kind, name and path of each map and ACL."""
    found: Held = dict(_servers(fleet, index))
    found.update({(FRONTEND, name): truth for name, truth in frontends(fleet, index).items()})
    found.update({(LIMIT, option): value for option, value in limits(fleet, index).items()})
    for kind, name, path in sets:
        found[kind, name] = entries_at(fleet.sockets[index], kind, path)
    return found


def _servers(fleet: Fleet, index: int) -> Held:
    """Backends, their servers and the cookies that they have."""
    _version, header, *lines = fleet.ask(index, "show servers state").strip("\n").splitlines()
    columns = [name.removeprefix("srv_") for name in header.removeprefix("# ").split()]
    titles, *rows = fleet.ask(index, "show stat -1 6 -1").strip("\n").splitlines()
    names = titles.removeprefix("# ").split(",")
    stat = [dict(zip(names, row.split(","), strict=False)) for row in rows]
    servers = {(each["pxname"], each["svname"]): each for each in stat}
    found: Held = {}
    for line in lines:
        cells = dict(zip(columns, line.split(), strict=True))
        place = (cells["be_name"], cells["name"])
        if place in servers:  # 2.2 lists its master, too
            own = {name: value for name, value in _given(cells).items() if name not in _MOVING}
            found[SERVER, *place] = {**own, "maxconn": int(servers[place]["slim"] or 0)}
    for backend, name in servers:
        if name == "BACKEND":
            status = servers[backend, name]["status"]
            cookies = {server: cells["cookie"] for (of, server), cells in servers.items() if of == backend}
            found[BACKEND, backend] = ("unpublished" if status.endswith("(UNPUB)") else "published", cookies)
    return found
