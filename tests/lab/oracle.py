# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process says of its servers, read without the collection's own code: what tests hold results against."""

from __future__ import annotations

from typing import NamedTuple

from .running import Fleet

Key = tuple[str, str]


class Truth(NamedTuple):
    """One server on one process: its own state, weight, configured weight."""

    state: str
    weight: int
    initial_weight: int


def servers(fleet: Fleet, process: int) -> dict[Key, Truth]:
    """(backend, server) → truth, on the process with this index."""
    _version, header, *lines = fleet.ask(process, "show servers state").strip("\n").splitlines()
    names = header.removeprefix("# ").split()
    found = {}
    for line in lines:
        cells = dict(zip(names, line.split(), strict=True))
        if cells["be_name"] == "MASTER":  # how 2.2 in master-worker mode lists the master
            continue
        flags = int(cells["srv_admin_state"])
        state = "maint" if flags % 2 else "drain" if flags // 8 % 2 else "ready"
        truth = Truth(state, int(cells["srv_uweight"]), int(cells["srv_iweight"]))
        found[cells["be_name"], cells["srv_name"]] = truth
    return found


def put(fleet: Fleet, process: int, wanted: dict[Key, Truth]) -> None:
    """Bring the servers of one process into these states. Their weights must be allowed by the algorithm."""
    commands = []
    now = servers(fleet, process)
    for (backend, name), truth in wanted.items():
        if now[backend, name] != truth:
            commands.append(f"set server {backend}/{name} weight {truth.weight}")
            commands.append(f"set server {backend}/{name} state {truth.state}")
    for first in range(0, len(commands), 50):
        fleet.ask(process, ";".join(commands[first : first + 50]))
