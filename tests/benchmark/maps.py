# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What haproxy_map costs for many entries, beside the least that anybody could do, and beside haproxyadmin."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmark.measured import Cost, cost_of, middle, module
from benchmark.peers import load, said
from lab.fleet import one
from lab.ports import free_port
from lab.processes import Workspace
from lab.versions import newest
from suite.environment import InstallError, made
from suite.paths import CACHE, ROOT

RUNS = 5
LOADED, LARGEST, DIFFERENT = 100_000, 1_000_000, 100
SIZES = (1_000, 10_000, 100_000, 1_000_000)
# Entry by entry takes seconds for these; the whole is in proportion.
SINGLY = 10_000

_READ = """
import sys, time
from benchmark.peers import read
begin = time.perf_counter()
read(*sys.argv[1:])
print(time.perf_counter() - begin)
"""


class Place:
    """A process of the newest version with an empty map, and a folder for files."""

    def __init__(self, socket: str, folder: Path) -> None:
        self.socket = socket
        self.folder = folder
        self.map = str(folder / "hosts.map")

    def file(self, entries: int, *, other: int = 0) -> Path:
        """A file of so many entries, some of which have another value. Line by line, as memory is what is measured."""
        path = self.folder / f"{entries}-{other}"
        with path.open("w", encoding="ascii") as file:
            for number in range(entries):
                new = "_new" if other and number % (entries // other) == 0 else ""
                file.write(f"host{number:07}.example.com backend_{number % 50}{new}\n")
        return path

    def hold(self, source: Path) -> None:
        """Let the map have these entries."""
        said(self.socket, f"clear map {self.map}\n".encode())
        load(self.socket, self.map, source.read_bytes())

    def task(self, **options: Any) -> Cost:
        """The module as a process of its own."""
        return module("haproxy_map", {"map": self.map, "socket": [self.socket], "timeout": 60, **options}, self.folder)

    def raw_reading(self) -> Cost:
        """Read and parse, as a process of its own, which tells how long that took without its start."""
        command = ["env", f"PYTHONPATH={ROOT / 'tests'}", sys.executable, "-c", _READ, self.socket, self.map]
        cost = cost_of([*command], self.folder)
        return cost._replace(seconds=float(cost.printed))


@contextmanager
def serving() -> Iterator[Place]:
    workspace = Workspace()
    try:
        folder = workspace.directory
        (folder / "hosts.map").touch()
        use = f"    bind 127.0.0.1:{free_port()}\n    http-request set-header a %[path,map({folder / 'hosts.map'})]\n"
        with one(newest(), f"frontend f\n{use}") as fleet:
            yield Place(fleet.sockets[0], folder)
    finally:
        workspace.stop()


def repeated(prepare: Callable[[], object], work: Callable[[], Cost], runs: int = RUNS) -> Cost:
    """The medians of some runs, each prepared anew."""
    costs = []
    for _run in range(runs):
        prepare()
        costs.append(work())
    return middle(costs)


def maps() -> None:
    """Print the table."""
    with serving() as place:
        empty = place.file(0)
        floor = repeated(lambda: place.hold(empty), lambda: place.task(state="empty"))
        print(
            f"haproxy_map on HAProxy {newest()}, medians  doing nothing {floor.seconds:.3f} s {floor.megabytes:.0f} MB"
        )
        raw = _loading(place, floor)
        _by_haproxyadmin(place, raw)
        _growing(place, floor)
        _comparing(place, floor)
        _entries(place, floor, raw)  # last: what this process needs for them would count in what it starts later


def _loading(place: Place, floor: Cost) -> float:
    """A set into an empty map; returns the raw loader's seconds."""
    source, empty = place.file(LOADED), place.file(0)
    raw = []
    for _run in range(RUNS):
        place.hold(empty)
        begin = time.perf_counter()
        load(place.socket, place.map, source.read_bytes())
        raw.append(time.perf_counter() - begin)
    least = median(raw)
    print(f"{LOADED} entries into an empty map  raw loader {least:.3f} s")
    ways: dict[str, dict[str, Any]] = {
        "src, exclusive": {"src": str(source), "exclusive": True},
        "src, exclusive, atomic: always": {"src": str(source), "exclusive": True, "atomic": "always"},
        "src": {"src": str(source)},
    }
    for name, options in ways.items():
        cost = repeated(lambda: place.hold(empty), lambda options=options: place.task(**options))  # type: ignore[misc]
        _row(name, cost, cost.seconds - floor.seconds, least, "raw loader")
    return least


def _entries(place: Place, floor: Cost, raw: float) -> None:
    """The same set as it stands in a playbook."""
    empty = place.file(0)
    lines = place.file(LOADED).read_text(encoding="ascii").splitlines()
    options = {"entries": dict(line.split(" ") for line in lines), "exclusive": True}
    cost = repeated(lambda: place.hold(empty), lambda: place.task(**options))
    _row("entries, exclusive", cost, cost.seconds - floor.seconds, raw, "raw loader")


def _comparing(place: Place, floor: Cost) -> None:
    """A large set of which few entries differ."""
    old, new = place.file(LARGEST), place.file(LARGEST, other=DIFFERENT)
    place.hold(old)
    raw = repeated(lambda: None, place.raw_reading)
    print(f"{LARGEST} entries  raw reading and parsing {raw.seconds:.3f} s {raw.megabytes:.0f} MB")
    turns = [new, old]

    def changed() -> Cost:
        turns.reverse()
        cost = place.task(src=str(turns[1]), exclusive=True)
        if cost.result["updated"] != DIFFERENT:
            raise RuntimeError(f"not {DIFFERENT} entries differed: {cost.printed[:300]}")
        return cost

    cost = repeated(lambda: None, changed)
    _row(f"{DIFFERENT} differ, src, exclusive", cost, cost.seconds - floor.seconds, raw.seconds, "raw reading")
    same = repeated(lambda: None, lambda: place.task(src=str(turns[1]), exclusive=True))
    _row("none differs", same, same.seconds - floor.seconds, raw.seconds, "raw reading")


def _growing(place: Place, floor: Cost) -> None:
    """Time by the number of entries."""
    empty = place.file(0)
    for size in SIZES:
        source = place.file(size)
        cost = repeated(
            lambda: place.hold(empty),
            lambda source=source: place.task(src=str(source), exclusive=True),  # type: ignore[misc]
            runs=3,
        )
        each = (cost.seconds - floor.seconds) / size * 1e6
        print(f"  {size:>9} loaded  {cost.seconds:.3f} s {cost.megabytes:.0f} MB  above nothing {each:.2f} µs an entry")


def _by_haproxyadmin(place: Place, raw: float) -> None:
    """The same entry by entry."""
    try:
        python = made(CACHE / "peers", Path(sys.executable), "requirements-peers.txt")
        source = place.file(SINGLY)
        place.hold(place.file(0))
        # The folder of the sockets is the name's, as it is a fleet of one.
        command: list[str | Path] = [python, Path(__file__).with_name("entry_by_entry.py")]
        command += [Path(place.socket).parent, place.map, source]
        seconds = float(cost_of(command, place.folder).printed) * LOADED / SINGLY
    except (InstallError, subprocess.CalledProcessError) as error:
        print(f"  haproxyadmin: not measured, {error}")
        return
    print(f"  haproxyadmin, entry by entry (from {SINGLY})  {seconds:.1f} s  {seconds / raw:.0f} x raw loader")


def _row(name: str, cost: Cost, above: float, least: float, whose: str) -> None:
    print(
        f"  {name:32} {cost.seconds:.3f} s {cost.megabytes:.0f} MB  "
        f"above nothing {above:.3f} s  {above / least:.2f} x {whose}"
    )
