# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a scenario begins and ends; between the two it is known by its directory."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from lab.errors import LabError
from lab.hosts import left

from .plan import BALANCERS, SCENARIOS
from .site import Site

NAME = "scenario"
TRAFFIC = "traffic"


def create(name: str, directory: Path, kind: str | None = None) -> str:
    """Let the hosts of a scenario run under load; returns what there is, in words. LabError where something is not."""
    scenario = SCENARIOS[name]
    directory.mkdir(parents=True, exist_ok=True)
    (directory / NAME).write_text(name, encoding="ascii")
    state = left.up(directory, scenario.plan(), kind)
    made = site(directory)
    made.begin()
    made.begin_watch()
    reloaded = [name for name, each in made.balancers.items() if each.plan.layout == "master_worker"]
    for balancer in reloaded:
        made.balancers[balancer].reload()
    made.wait_checked(BALANCERS)
    made.begin_traffic(TRAFFIC)
    words = [f"{len(made.balancers)} load balancers, hosts are {state['kind']}"]
    words += [f"old workers on {balancer}" for balancer in reloaded]
    return "; ".join([*words, *([state["why"]] if state["why"] else [])])


def site(directory: Path) -> Site:
    """The hosts of a directory. Raises LabError where there are none."""
    scenario = SCENARIOS[(directory / NAME).read_text(encoding="ascii")]
    balancers = {name: left.balancer(directory, name) for name in BALANCERS}
    return Site(scenario, left.place(directory), balancers, directory, directory / left.INVENTORY)


def destroy(directory: Path) -> None:
    """End all and remove every trace; nothing to do is fine."""
    if not directory.exists():
        return
    with contextlib.suppress(LabError, OSError):
        site(directory).end()
    left.down(directory)
    shutil.rmtree(directory)
