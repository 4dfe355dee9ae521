# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task on one server costs by the number of processes that have it, and what one that hangs does to it.

The ratios are those of whole ad hoc runs. The module without Ansible stands beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmark.ansible import OURS, ad_hoc
from benchmark.findings import RATIO, Finding, alternating, paired
from benchmark.measured import above, module
from lab.config import servers_body
from lab.fleet import Fleet, instances
from lab.versions import newest

CASE = "processes"
COUNTS = (1, 4, 16, 64)
HANGING = 16
"""So many processes, of which one hangs."""
TIMEOUT = 1.0
ROUNDS, HUNG_ROUNDS = 7, 5


def run() -> Iterator[Finding]:
    """By number of processes, and with one that hangs."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        tasks = {number: _Task(stack.enter_context(_fleet(number)), folder) for number in COUNTS}
        yield from _growing(tasks)
        yield from _hanging(tasks[HANGING])


class _Task:
    """A task that changes one server on all processes of a fleet."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.fleet = fleet
        self._folder = folder
        self._weights = count(1)

    def ad_hoc(self) -> float:
        """A whole run of Ansible."""
        return ad_hoc(f"{OURS}.haproxy_server", self._arguments())

    def alone(self, *, fails: bool = False, **options: Any) -> float:
        """The module as a process of its own."""
        cost = module("haproxy_server", {**self._arguments(), **options}, self._folder, fails=fails)
        if not fails and not cost.result["changed"]:
            raise RuntimeError(f"nothing changed: {cost.printed[:300]}")
        return cost.seconds

    def _arguments(self) -> dict[str, Any]:
        """Another weight each time."""
        weight = str(11 + next(self._weights) % 200)
        return {"name": "web1", "backend": "www", "weight": weight, "socket": [str(self.fleet.directory)]}


def _fleet(number: int) -> Fleet:
    return instances(newest(), number, servers_body([1]))


def _growing(tasks: dict[int, _Task]) -> Iterator[Finding]:
    ways: dict[str, Callable[[], float]] = {}
    for number, task in tasks.items():
        ways[f"ad hoc {number}"] = task.ad_hoc
        ways[f"alone {number}"] = task.alone
    found = alternating(ways, ROUNDS)
    for number in tasks:
        yield Finding(
            CASE, "haproxy_server ad hoc, changed, by processes", median(found[f"ad hoc {number}"]), "s", number
        )
    for number in tasks:
        yield Finding(CASE, "the module alone, changed, by processes", median(found[f"alone {number}"]), "s", number)
    for number in COUNTS[1:]:
        yield Finding(CASE, f"{number} processes / 1", paired(found[f"ad hoc {number}"], found["ad hoc 1"]), RATIO)
    for number in COUNTS[1:]:
        ratio = paired(found[f"alone {number}"], found["alone 1"])
        yield Finding(CASE, f"{number} processes / 1, the module alone", ratio, RATIO)


def _hanging(task: _Task) -> Iterator[Finding]:
    """The module alone, where all processes answer, and where one is stopped: its socket takes connections and no more."""
    found = alternating({"all answer": partial(task.alone, timeout=TIMEOUT), **_with_one_hung(task)}, HUNG_ROUNDS)
    over = {how: median(above(times, found["all answer"])) - TIMEOUT for how, times in found.items()}
    del over["all answer"]
    for how, seconds in over.items():
        yield Finding(CASE, f"1 hung of {HANGING}, {how}, above the idle run and timeout", seconds, "s")
    yield Finding(CASE, f"1 hung of {HANGING}, above the idle run and timeout", max(over.values()), "s")


def _with_one_hung(task: _Task) -> dict[str, Callable[[], float]]:
    def hung(**options: Any) -> float:
        with task.fleet.pause(HANGING - 1):
            return task.alone(timeout=TIMEOUT, **options)

    return {
        "the task fails": partial(hung, fails=True),
        "on_unreachable=warn": partial(hung, on_unreachable="warn"),
    }
