# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tasks cost HAProxy itself, beside the peers: its own time of the processor, and how long its thread is held."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import median

from benchmark.findings import RATIO, Finding
from benchmark.goals import GOALS
from benchmark.held import Holds, bulk, swaps, too_much_at_once
from benchmark.installed import PEER, python
from benchmark.lone import Lone, mapping_body, servers_body
from lab.versions import Version, newest, oldest

CASE = "load"
HELD = "longest hold of HAProxy's thread / its longest single command"
RUNS = 5
MANY, LARGE = 100, 1000
MAPS = (10_000, 100_000)
_SCRIPT = Path(__file__).parents[1] / "by_haproxyadmin.py"


def run() -> Iterator[Finding]:
    with Lone(newest(), servers_body(MANY)) as lone:
        yield from _changes(lone)
    with Lone(newest(), servers_body(LARGE)) as lone:
        yield from _statistics(lone)
    for size in MAPS:
        with Lone(newest(), mapping_body()) as lone:
            yield from _maps(lone, size)
    yield from _holds()


def _changes(lone: Lone) -> Iterator[Finding]:
    """Of one server, and of a hundred; the peers' loops run once, as they take long."""
    weights = cycle("12")

    def ours(name: str) -> None:
        lone.task("haproxy_server", {"name": name, "backend": "www", "weight": next(weights)}, changed=True)

    def peer(names: list[str]) -> None:
        weight = next(weights)
        for name in names:
            _peer(lone, name, weight)

    everyone = [f"s{number}" for number in range(MANY)]
    ready = {"name": "s0", "backend": "www", "state": "ready"}
    idle = partial(lone.task, "haproxy_server", ready, changed=False)
    yield _load(lone, "haproxy_server, nothing to change", idle)
    yield _load(lone, "haproxy_server, one change", lambda: ours("s0"))
    yield _load(lone, f"{PEER}, one change", lambda: peer(["s0"]))
    yield _load(lone, "haproxyadmin, one change", lambda: _ancestor(lone, "change", next(weights), "s0"))
    yield _load(lone, f"haproxy_server, {MANY} changes", lambda: ours("*"))
    yield _load(lone, f"{PEER}, a loop of {MANY}", lambda: peer(everyone), runs=1)
    yield _load(lone, f"haproxyadmin, {MANY} changes", lambda: _ancestor(lone, "change", next(weights), *everyone))


def _statistics(lone: Lone) -> Iterator[Finding]:
    what = f"{LARGE:,} servers"
    yield _load(lone, f"haproxy_info, {what}", lambda: lone.task("haproxy_info", {}, changed=False))
    yield _load(lone, f"haproxyadmin, name, status and weight of {what}", lambda: _ancestor(lone, "look"), runs=1)


def _maps(lone: Lone, size: int) -> Iterator[Finding]:
    """Every entry of a map replaced; haproxyadmin adds them to an empty one."""
    swap = swaps(lone, size)
    swap(lone.socket)
    yield _load(lone, "haproxy_map, all entries replaced", lambda: swap(lone.socket), size=size)
    if size == min(MAPS):
        file = lone.entries(size, "other")
        lone.fleet.ask(0, f"clear map {lone.map}", timeout=60)
        add = partial(_ancestor, lone, "add", lone.map, str(file))
        yield _load(lone, "haproxyadmin, entries added", add, runs=1, size=size)


def _holds() -> Iterator[Finding]:
    """The bulk tasks, each beside the longest of its own commands.

    :raises RuntimeError: when too many commands at once are not seen to hold the thread: nothing else would be, then.
    """
    control = too_much_at_once(oldest())
    yield from _hold(oldest(), control)
    if control.task - control.nothing < 2 * GOALS[CASE, HELD].bound * (control.single - control.nothing):
        raise RuntimeError(f"{control.what} do not seem to hold HAProxy {oldest()}")
    every = [(version, holds) for version in (oldest(), newest()) for holds in bulk(version)]
    for version, holds in every:
        yield from _hold(version, holds)
    if worst := max((holds.ratio for _version, holds in every if holds.sharp), default=None):
        yield Finding(CASE, HELD, worst, RATIO)


def _hold(version: Version, holds: Holds) -> Iterator[Finding]:
    name = f"HAProxy {version}: {holds.what}"
    yield Finding(CASE, f"{name}, longest hold of the thread", holds.task * 1e6, "µs")
    yield Finding(CASE, f"{name}, its longest single command", holds.single * 1e6, "µs")


def _load(lone: Lone, name: str, work: Callable[[], object], runs: int = RUNS, size: int = 0) -> Finding:
    """The median of some runs."""
    found = median(lone.load(work) for _run in range(runs))
    return Finding(CASE, f"{name}, HAProxy's own", found * 1e3, "ms", size)


def _peer(lone: Lone, server: str, weight: str) -> None:
    """The module as Ansible starts it on a host."""
    arguments = {"socket": lone.socket, "backend": "www", "host": server, "state": "enabled", "weight": weight}
    file = lone.folder / "peer.json"
    file.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}), encoding="utf-8")
    module = "ansible_collections.community.general.plugins.modules.haproxy"
    done = subprocess.run([str(python()), "-m", module, str(file)], check=True, capture_output=True, text=True)
    if not json.loads(done.stdout)["changed"]:
        raise RuntimeError(f"{PEER} changed nothing")


def _ancestor(lone: Lone, *words: str) -> None:
    """haproxyadmin."""
    command = [str(python()), str(_SCRIPT), str(Path(lone.socket).parent), *words]
    subprocess.run(command, check=True, capture_output=True, text=True)
