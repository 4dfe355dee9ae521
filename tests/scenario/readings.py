# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What HAProxy says of its servers, read without the collection; pure."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import NamedTuple


class Server(NamedTuple):
    """How a server is set on one process."""

    state: str
    """"maint", "drain" or "ready"; its own, whatever it inherits."""
    weight: int


Servers = Mapping[str, Server]
"""By "backend/name"."""

STATES = "show servers state"
SESSIONS = "show stat -1 4 -1"
"""4: servers only; -1: of all proxies, all of them."""

_MAINT, _DRAIN = 0x01, 0x08


def servers_of(reply: str) -> dict[str, Server]:
    """The servers in a reply to `STATES`. Raises ValueError for anything else."""
    lines = [line for line in reply.splitlines() if line.strip()]
    if len(lines) < 2 or not lines[1].startswith("# "):
        raise ValueError(f"no table of servers: {reply[:100]!r}")
    names = lines[1].removeprefix("# ").split()
    rows = [dict(zip(names, line.split(), strict=False)) for line in lines[2:]]
    return {
        f"{row['be_name']}/{row['srv_name']}": Server(_state(int(row["srv_admin_state"])), int(row["srv_uweight"]))
        for row in rows
    }


def rows_of(reply: str) -> list[dict[str, str]]:
    """The servers in a reply to `SESSIONS`, by HAProxy's own names of columns."""
    return [row for row in csv.DictReader(reply.lstrip("# ").splitlines()) if row.get("svname")]


def sessions_of(reply: str) -> dict[str, int]:
    """How many sessions each server has, by "backend/name"."""
    return {f"{row['pxname']}/{row['svname']}": int(row["scur"]) for row in rows_of(reply)}


def unchecked_of(reply: str) -> list[str]:
    """The servers of which no check has been good yet."""
    return [f"{row['pxname']}/{row['svname']}" for row in rows_of(reply) if not row["check_status"].endswith("OK")]


def old_workers_of(reply: str) -> int:
    """How many old workers a reply to ``show proc`` of a master lists."""
    _now, _mark, old = reply.partition("# old workers")
    return sum(line[:1].isdecimal() for line in old.partition("# programs")[0].splitlines())


def _state(flags: int) -> str:
    return "maint" if flags & _MAINT else "drain" if flags & _DRAIN else "ready"
