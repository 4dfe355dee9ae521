# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What haproxy_info costs for many servers, beside reading the CSV of ``show stat`` and taking it apart.

The module is a process of its own, without Ansible. Its floor is the same task on a process that has one server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmark.findings import RATIO, Finding, alternating, paired
from benchmark.measured import above, module, raw
from benchmark.peers import statistics
from lab.fleet import Fleet, one
from lab.versions import newest

CASE = "info"
SIZES = (1_000, 5_000)
ROUNDS = 7
TASKS: Mapping[str, Mapping[str, Any]] = {"": {}, ", gather_subset=servers": {"gather_subset": ["servers"]}}
"""What is asked for: the default is all of frontends, backends, servers and the process."""


def run() -> Iterator[Finding]:
    """By number of servers."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        fleets = {size: stack.enter_context(one(newest(), body(size))) for size in (1, *SIZES)}
        ways: dict[str, Callable[[], float]] = {}
        for size, fleet in fleets.items():
            ways[f"raw {size}"] = partial(_raw, fleet, folder)
            for how in TASKS:
                ways[f"{size}{how}"] = partial(_ours, fleet, folder, TASKS[how], size)
        found = alternating(ways, ROUNDS)
    for size in SIZES:
        yield Finding(CASE, "raw CSV of servers", median(found[f"raw {size}"]), "s", size)
        for how in TASKS:
            yield Finding(CASE, f"haproxy_info of servers{how}", median(found[f"{size}{how}"]), "s", size)
    for how in TASKS:
        yield Finding(CASE, f"1 server{how}", median(found[f"1{how}"]), "s")
        for size in SIZES:
            ratio = paired(above(found[f"{size}{how}"], found[f"1{how}"]), found[f"raw {size}"])
            yield Finding(CASE, f"{size:,} servers{how} / raw CSV", ratio, RATIO)


def body(servers: int) -> str:
    """A backend of so many servers whose first checks are far away, so that HAProxy has nothing else to do."""
    lines = (f"    server s{number} 127.0.0.1:{10_000 + number} check inter 1h\n" for number in range(servers))
    return "backend www\n    balance roundrobin\n" + "".join(lines)


def _raw(fleet: Fleet, folder: Path) -> float:
    return raw(statistics, fleet.sockets[0], folder=folder).seconds


def _ours(fleet: Fleet, folder: Path, options: Mapping[str, Any], size: int) -> float:
    cost = module("haproxy_info", {"socket": fleet.sockets, "timeout": 60, **options}, folder)
    if len(cost.result["servers"]) != size:
        raise RuntimeError(f"not {size} servers: {cost.printed[:300]}")
    return cost.seconds
