# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many servers in one task, all of them changed each time, beside ping, and beside a peer that needs a loop for them.

The loop and the task are compared by what each adds to a play that has no task: so the start of Ansible, which is the
same for both, is out, and the first use of a module, for which Ansible makes a payload, counts for both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from statistics import median
from typing import Any

from benchmark.ansible import OURS, PING, ad_hoc, play
from benchmark.findings import RATIO, Finding, alternating, paired
from benchmark.installed import PEER, collections
from benchmark.lone import servers_body
from benchmark.measured import above
from benchmark.slopes import Weights, further
from lab.fleet import Fleet, one
from lab.versions import newest

CASE = "servers"
AD_HOC_RUNS, PLAY_RUNS, GROWING_RUNS = 9, 5, 3
MODULE = f"{OURS}.haproxy_server"
MANY = 100
SIZES = (1, 10, 100, 1000)
LOOPS = (1, 10, 100)


class Crowd:
    """A process with so many servers in one backend, and tasks that change all of them."""

    def __init__(self, fleet: Fleet, size: int) -> None:
        self.size = size
        self.weights = Weights(fleet)
        self._socket = fleet.sockets[0]

    def options(self) -> dict[str, Any]:
        """Of haproxy_server."""
        return {"socket": [self._socket], "backend": "www", "name": "*", "weight": self.weights.another()}

    def task(self) -> Mapping[str, Any]:
        return {MODULE: self.options()}

    def loop(self) -> Mapping[str, Any]:
        """The same with the peer, server by server."""
        options = {"socket": self._socket, "backend": "www", "host": "{{ item }}", "state": "enabled"}
        names = [f"s{number}" for number in range(self.size)]
        return {PEER: {**options, "weight": self.weights.another()}, "loop": names}

    def arrived(self) -> None:
        """Raises RuntimeError where something was not changed."""
        for number in (0, self.size - 1):
            self.weights.arrived(f"www/s{number}")


def run() -> Iterator[Finding]:
    with ExitStack() as fleets:
        crowds = {size: Crowd(fleets.enter_context(one(newest(), servers_body(size))), size) for size in SIZES}
        yield from _whole(crowds[MANY])
        yield from _further(crowds[MANY])
        yield from _growing(crowds)


def _whole(crowd: Crowd) -> Iterator[Finding]:
    found = alternating({"ping": lambda: ad_hoc(PING), "ours": lambda: ad_hoc(MODULE, crowd.options())}, AD_HOC_RUNS)
    crowd.arrived()
    yield Finding(CASE, "ansible.builtin.ping, ad hoc", median(found["ping"]), "s")
    yield Finding(CASE, f"haproxy_server, ad hoc, {MANY} servers changed", median(found["ours"]), "s")
    yield Finding(CASE, f"ad hoc, {MANY} servers changed / ping", paired(found["ours"], found["ping"]), RATIO)


def _further(crowd: Crowd) -> Iterator[Finding]:
    found = alternating({"ping": lambda: further(lambda: {PING: {}}), "ours": lambda: further(crowd.task)}, PLAY_RUNS)
    crowd.arrived()
    yield Finding(CASE, "ansible.builtin.ping, a further task", median(found["ping"]), "s")
    yield Finding(CASE, f"haproxy_server, a further task, {MANY} servers changed", median(found["ours"]), "s")
    ratio = paired(found["ours"], found["ping"])
    yield Finding(CASE, f"a further task, {MANY} servers changed / ping's", ratio, RATIO)


def _growing(crowds: Mapping[int, Crowd]) -> Iterator[Finding]:
    """What one task adds to an empty play, and what a loop of the peer does."""
    peers = collections()
    ways: dict[str, Callable[[], float]] = {"empty": lambda: play([])}
    ways |= {f"ours {size}": partial(_play, crowds[size].task) for size in SIZES}
    ways |= {f"theirs {size}": partial(_play, crowds[size].loop, collections=peers) for size in LOOPS}
    found = alternating(ways, GROWING_RUNS)
    for crowd in crowds.values():
        crowd.arrived()
    added = {way: above(runs, found["empty"]) for way, runs in found.items()}
    yield Finding(CASE, "a play without a task", median(found["empty"]), "s")
    for size in SIZES:
        yield Finding(CASE, "haproxy_server, one task", median(added[f"ours {size}"]), "s", size)
    for size in LOOPS:
        yield Finding(CASE, f"{PEER}, a loop", median(added[f"theirs {size}"]), "s", size)
    times = paired(added[f"theirs {MANY}"], added[f"ours {MANY}"])
    yield Finding(CASE, f"loop of {MANY} {PEER} / one task", times, RATIO)
    whole = paired(found[f"theirs {MANY}"], found[f"ours {MANY}"])
    yield Finding(CASE, "the same with the start of Ansible on both sides", whole, RATIO)


def _play(task: Callable[[], Mapping[str, Any]], **options: Any) -> float:
    return play([task()], **options)
