# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long bulk tasks hold HAProxy's thread, each beside the longest of its own commands, said one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from statistics import median
from typing import NamedTuple

from benchmark.holding import longest_hold
from benchmark.lone import Lone, mapping_body, servers_body
from lab.raw import ask
from lab.recorder import Recorder
from lab.versions import Version

RUNS = 5
_SHARP = 1.5
_TOO_MANY = 300
_GIVEN = re.compile(r"New version created: (\d+)")
_VERSION = re.compile(r" @\d+ ")

Work = Callable[[str], object]
"""A task that asks at this socket, and changes all of what it is about each time."""


class Holds(NamedTuple):
    """Seconds of the processor, medians of some runs of the longest of each.

    :param nothing: of a connection that only says an empty line, which is what all others have, too.
    """

    what: str
    task: float
    single: float
    nothing: float

    @property
    def sharp(self) -> bool:
        """Whether the commands can be told from the connections on which they come."""
        return self.single >= _SHARP * self.nothing

    @property
    def ratio(self) -> float:
        """Without the connections."""
        return (self.task - self.nothing) / (self.single - self.nothing)


def bulk(version: Version, runs: int = RUNS) -> Iterator[Holds]:
    """What reads or changes much."""
    for size in (100, 1000):
        with Lone(version, servers_body(size)) as lone:
            yield _holds(lone, f"haproxy_server, {size:,} changes", _changes(lone), runs)
            if size == 1000:
                yield _holds(lone, f"haproxy_info, {size:,} servers", _look(lone), runs)
    if version.number < (2, 4):  # it cannot replace a map at once
        return
    with Lone(version, mapping_body()) as lone:
        swap = swaps(lone, 100_000)
        swap(lone.socket)
        yield _holds(lone, "haproxy_map, 100,000 entries replaced", swap, runs)


def swaps(lone: Lone, size: int) -> Work:
    """Every entry of the map gets another value."""
    values = count(1)

    def work(socket: str) -> None:
        file = lone.entries(size, f"value{next(values)}")
        options = {"map": lone.map, "src": str(file), "exclusive": True, "atomic": "always"}
        lone.task("haproxy_map", options, changed=True, socket=socket)
        file.unlink()

    return work


def _changes(lone: Lone) -> Work:
    weights = count(1)

    def work(socket: str) -> None:
        options = {"name": "*", "backend": "www", "weight": str(next(weights))}
        lone.task("haproxy_server", options, changed=True, socket=socket)

    return work


def _look(lone: Lone) -> Work:
    return lambda socket: lone.task("haproxy_info", {}, changed=False, socket=socket)


def _holds(lone: Lone, what: str, work: Work, runs: int) -> Holds:
    """The task and its commands take turns: each finds what the other one left."""
    with Recorder(lone.socket) as recorder:
        work(recorder.path)
        commands = recorder.commands()
    return _compared(lone, what, lambda: work(lone.socket), commands, runs)


def _compared(lone: Lone, what: str, work: Callable[[], object], commands: Sequence[str], runs: int) -> Holds:
    tasks, singles, nothing = [], [], []
    for _run in range(runs):
        tasks.append(longest_hold(lone.pid, lone.socket, work))
        singles.append(longest_hold(lone.pid, lone.socket, lambda: say(lone.socket, commands)))
        nothing.append(longest_hold(lone.pid, lone.socket, lambda: ask(lone.socket, b"\n")))
    return Holds(what, median(tasks), median(singles), median(nothing))


def too_much_at_once(version: Version, runs: int = RUNS) -> Holds:
    """What no task does: many commands in a line that HAProxy carries out in one go, as the oldest does."""
    changes = [f"set server www/s{number} weight 7" for number in range(_TOO_MANY)]
    with Lone(version, servers_body(_TOO_MANY)) as lone:
        line = "; ".join(changes).encode()
        return _compared(lone, f"{_TOO_MANY} commands in a line", lambda: ask(lone.socket, line), changes, runs)


def say(address: str, commands: Sequence[str]) -> None:
    """Say commands again, each on a connection of its own, with the version that HAProxy gives out this time."""
    version = ""
    for command in commands:
        first, *payload = command.split("\n")
        if version:
            first = _VERSION.sub(f" @{version} ", first, count=1)
        text = "\n".join([first, *payload, "", ""]) if payload else first
        if found := _GIVEN.search(ask(address, text.encode("utf-8", "surrogateescape"), 60.0).decode()):
            version = found[1]
