# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxy_map of many entries: the work grows as the sets do, and is that of sending and reading them, a few times.

Generous, as other tests run at the same time; ``./dev bench`` tells what it takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmark.peers import load, read
from lab.fleet import Fleet, one
from lab.ports import free_port
from lab.processes import Workspace
from lab.recorder import Recorder
from lab.tasks import Result, run
from lab.versions import Version, newest

MODULE = "haproxy_map"
FEW, MANY = 2_000, 20_000
# What is not in proportion to the set: exchanges, the first run of code.
CONSTANT_SECONDS = 0.5
TIMES = 10


class Large:
    """One process with an empty map, and files for it."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.fleet = fleet
        self.map = str(folder / "hosts.map")
        self._folder = folder

    def file(self, entries: int, *, other: int = 0) -> Path:
        """A file of so many entries, some of which have another value."""
        path = self._folder / f"{entries}-{other}"
        values = ("new" if other and number % (entries // other) == 0 else "old" for number in range(entries))
        path.write_text("".join(f"host{n:06}.example {value}\n" for n, value in enumerate(values)), encoding="ascii")
        return path

    def clear(self) -> None:
        self.fleet.ask(0, f"clear map {self.map}", 60.0)

    def done(self, source: Path, **options: object) -> Result:
        """Make the map hold what the file does."""
        wish = {"map": self.map, "src": str(source), "exclusive": True, "socket": self.fleet.sockets, "timeout": 60}
        result = run(MODULE, {**wish, **options})
        assert not result.get("failed"), result["msg"]
        return result


def serving(version: Version) -> Iterator[Large]:
    workspace = Workspace()
    try:
        file = workspace.directory / "hosts.map"
        file.touch()
        body = f"frontend f\n    bind 127.0.0.1:{free_port()}\n    http-request set-header a %[path,map({file})]\n"
        with one(version, body) as fleet:
            yield Large(fleet, workspace.directory)
    finally:
        workspace.stop()


@pytest.fixture
def large() -> Iterator[Large]:
    """The newest version."""
    yield from serving(newest())


@pytest.fixture
def any_large(haproxy: Version) -> Iterator[Large]:
    """Each version."""
    yield from serving(haproxy)


def seconds(prepare: Callable[[], object], work: Callable[[], object]) -> float:
    """The least of some measurements, which other work on the machine disturbs least."""
    taken = []
    for _time in range(3):
        prepare()
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return min(taken)


def test_all_is_there_and_was_asked_for_few_times(any_large: Large) -> None:
    """What there is is read once, what was loaded once more, and once what serves then."""
    source = any_large.file(MANY)
    with Recorder(any_large.fleet.sockets[0]) as recorder:
        result = any_large.done(source, socket=[recorder.path])
        assert (result["added"], result["entry_count"]) == (MANY, MANY)
        readings = [request for request, reply in recorder.exchanges if len(reply) > source.stat().st_size]
        assert len(readings) <= 2
    expected = dict(line.split(b" ") for line in source.read_bytes().splitlines())
    assert read(any_large.fleet.sockets[0], any_large.map) == expected
    assert not any_large.done(source)["changed"]


def test_few_changes_of_many_entries_are_few_commands(any_large: Large) -> None:
    """The set is read before and after, and nothing is loaded anew where single commands are cheaper."""
    any_large.done(any_large.file(MANY))
    with Recorder(any_large.fleet.sockets[0]) as recorder:
        result = any_large.done(any_large.file(MANY, other=10), socket=[recorder.path])
        assert (result["added"], result["removed"], result["updated"]) == (0, 0, 10)
        assert not result["atomic"]
        assert len(recorder.writes()) == 10
        assert len([request for request, _reply in recorder.exchanges if b"show map /" in request]) == 2


def test_the_time_to_load_is_that_of_a_raw_loader_a_few_times(large: Large) -> None:
    source = large.file(MANY)
    raw = seconds(large.clear, lambda: load(large.fleet.sockets[0], large.map, source.read_bytes()))
    ours = seconds(large.clear, lambda: large.done(source))
    assert ours <= TIMES * raw + CONSTANT_SECONDS


def test_the_time_to_compare_is_that_of_reading_and_parsing_a_few_times(large: Large) -> None:
    source = large.file(MANY)
    large.done(source)
    raw = seconds(lambda: None, lambda: read(large.fleet.sockets[0], large.map))
    ours = seconds(lambda: None, lambda: large.done(source))
    assert ours <= TIMES * raw + CONSTANT_SECONDS


@pytest.mark.parametrize("other", [0, 100], ids=["loaded", "a hundred differ"])
def test_the_time_grows_as_the_set_does(large: Large, other: int) -> None:
    def taken(entries: int) -> float:
        old, new = large.file(entries), large.file(entries, other=other)
        prepare = (lambda: large.done(old)) if other else large.clear
        return seconds(prepare, lambda: large.done(new))

    assert taken(MANY) <= MANY / FEW * 2 * taken(FEW) + CONSTANT_SECONDS
