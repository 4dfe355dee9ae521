# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each figure of a soak can be red: something is done for seconds that it must show, and nothing else shows it.

All at once on the newest HAProxy, but for its own end; with LONG=1 one by one as well.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from lab.raw import connect
from lab.versions import newest

from .judged import FEWEST, Bound, Figure, growth, nothing_left, remains, some
from .playbooks import INTERPRETER, measured, written
from .report import text
from .samples import bytes_in_use
from .site import Site
from .soaking import Outcome, Plan, of_processes, soak

LONG = os.environ.get("LONG") == "1"
PLAN = Plan(newest(), seconds=4.0, rate=100.0, pause=0.0, interval=0.2, ansible=False, worker="soak.careless")
SHUT_SECONDS = 0.3
"""At a rate of 12 new connections a second to each door: some meet it."""

# What is done; each of them until the soak has ended.


@contextmanager
def _again(seconds: float, deed: Callable[[], object]) -> Iterator[None]:
    """Do it again and again in a thread, with so much time between."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(seconds):
            deed()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def _talk_without_end(site: Site) -> Iterator[None]:
    with ExitStack() as stack:
        for _each in range(3):
            stack.enter_context(connect(site.fleet.sockets[0]))
        yield


@contextmanager
def _clients_that_stay(site: Site) -> Iterator[None]:
    door = f"127.0.0.1:{site.doors[-2]}"
    with ExitStack() as stack, _again(0.05, lambda: stack.enter_context(connect(door))):
        yield


@contextmanager
def _shut_door(site: Site) -> Iterator[None]:
    site.fleet.ask(0, "disable frontend sticky_b")
    threading.Event().wait(SHUT_SECONDS)  # the requests of this time are what is meant
    site.fleet.ask(0, "enable frontend sticky_b")
    yield


@contextmanager
def _somebody_else(site: Site) -> Iterator[None]:
    with _again(0.01, lambda: site.fleet.ask(0, "set server www_a/app1 weight 33")):
        yield


@contextmanager
def _map_that_grows(site: Site) -> Iterator[None]:
    numbers = itertools.count()

    def add() -> None:
        lines = "".join(f"/a/key/that/is/added/and/never/removed/{next(numbers)} v\n" for _each in range(200))
        site.fleet.ask(0, f"add map {site.files}/b.long.map <<\n{lines}\n")

    with _again(0.02, add):
        yield


@contextmanager
def _death(site: Site) -> Iterator[None]:
    os.kill(site.pids[0], signal.SIGKILL)
    yield


@contextmanager
def _nothing(_site: Site) -> Iterator[None]:
    yield


class Disturbance(NamedTuple):
    """What is done, and the figures that must be red."""

    begins: Callable[[Site], AbstractContextManager[None]]
    red: Sequence[str]
    careless: str = ""
    """What the worker leaves behind."""


HELD = "differences in what HAProxy holds"
DISTURBANCES = {
    "a connection to the stats socket is never closed": Disturbance(
        _talk_without_end, ["HAProxy: stats connections", "HAProxy: descriptors"]
    ),
    "clients never leave": Disturbance(
        _clients_that_stay, ["HAProxy: connections of clients", "HAProxy: descriptors", "HAProxy: pools in use"]
    ),
    "a request fails": Disturbance(_shut_door, ["failed requests"]),
    "a task finds what it did not do": Disturbance(_somebody_else, ["failed tasks", HELD]),
    "a map is added to and never cleaned": Disturbance(_map_that_grows, ["HAProxy: memory of its own", HELD]),
    "a module keeps a list": Disturbance(
        _nothing, ["one process: memory of its own", "one process: pieces of memory"], "list"
    ),
    "a module keeps a descriptor": Disturbance(_nothing, ["one process: descriptors"], "descriptor"),
    "a module keeps a thread": Disturbance(_nothing, ["one process: threads"], "thread"),
}


def _red(outcome: Outcome) -> set[str]:
    return {figure.what for figure in outcome.figures if figure.broken}


def _disturbed(monkeypatch: pytest.MonkeyPatch, chosen: Sequence[Disturbance]) -> Outcome:
    monkeypatch.setenv("CARELESS", " ".join(each.careless for each in chosen))

    @contextmanager
    def all_of_them(site: Site) -> Iterator[None]:
        with ExitStack() as stack:
            for each in chosen:
                stack.enter_context(each.begins(site))
            yield

    outcome = soak(PLAN, all_of_them)
    print(text(outcome))
    return outcome


def test_each_figure_shows_what_is_done() -> None:
    """All at once: the figures that must be red are, and no others."""
    with pytest.MonkeyPatch.context() as patch:
        outcome = _disturbed(patch, list(DISTURBANCES.values()))
    assert _red(outcome) == {red for each in DISTURBANCES.values() for red in each.red}, text(outcome)


ALONE = {
    **DISTURBANCES,
    "nothing": Disturbance(_nothing, []),
    "a process dies": Disturbance(_death, ["processes that ended", "failed requests", "failed tasks"]),
}


@pytest.mark.parametrize("name", ALONE if LONG else ["a process dies"])
def test_each_alone_shows_in_its_figures_only(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    outcome = _disturbed(monkeypatch, [ALONE[name]])
    assert _red(outcome) == set(ALONE[name].red), text(outcome)


@pytest.mark.parametrize(("ballast", "is_red"), [(0, False), (1_000_000, True)], ids=["alike", "larger and larger"])
def test_processes_that_need_more_and_more_are_seen(tmp_path: Path, ballast: int, is_red: bool) -> None:
    """Through the interpreter that notes down what they use; each takes so many bytes more than the one before."""
    written(tmp_path, [], [], [*INTERPRETER, "-IS"])
    program = tmp_path / "AnsiballZ_haproxy_info.py"
    for number in range(2 * FEWEST):
        program.write_text(f"kept = b'x' * {number * ballast}\n", encoding="ascii")
        subprocess.run([tmp_path / "python", program], check=True)
    (figure,) = of_processes(measured(tmp_path))
    assert figure.what.startswith("haproxy_info")
    assert figure.broken is is_red, figure


def test_the_interpreter_gives_the_exit_code_back(tmp_path: Path) -> None:
    written(tmp_path, [], [], INTERPRETER)
    assert subprocess.run([tmp_path / "python", "-c", "raise SystemExit(7)"], check=False).returncode == 7


BOUND = Bound(10, 1, "")
# Values, and whether they are called growth.
SERIES: dict[str, tuple[list[float], bool]] = {
    "steady": ([5] * 40, False),
    "fills up once": ([0, 40, 80, *[100] * 37], False),
    "one value stands out": ([*[5] * 35, 900, *[5] * 4], False),
    "up and down": ([5, 95] * 20, False),
    "falls": (list(range(40, 0, -1)), False),
    "as much as is allowed": ([*[0] * 20, *[10] * 20], False),
    "a step": ([*[0] * 20, *[11] * 20], True),
    "grows": (list(range(40)), True),
    "eight values": (list(range(0, 80, 10)), True),
    "too few to tell": (list(range(0, 70, 10)), False),
}


@pytest.mark.parametrize(("values", "is_red"), SERIES.values(), ids=SERIES)
def test_growth_is_what_lasts(values: list[float], is_red: bool) -> None:
    figure = growth("", "", values, BOUND)
    assert figure.broken is is_red
    assert ("not judged" in figure.rule) == (len(values) < FEWEST)


STEADY, STEP = [5] * 40, [*[5] * 20, *[50] * 20]


@pytest.mark.parametrize(
    ("judge", "values", "after", "is_red"),
    [
        (nothing_left, STEADY, 5, False),
        (nothing_left, STEADY, 6, True),
        (nothing_left, STEP, 5, True),
        (remains, STEP, 5, False),
        (remains, STEADY, 6, True),
        (partial(remains, more=3), STEP, 8, False),
        (partial(remains, more=3), STEADY, 9, True),
    ],
)
def test_what_is_there_afterwards_is_left(
    judge: Callable[..., Figure], values: list[float], after: int, is_red: bool
) -> None:
    assert judge("", "", values, BOUND, 5, after).broken is is_red


def test_a_figure_without_which_the_others_mean_nothing() -> None:
    assert [some("", "", count, 3).broken for count in (2, 3)] == [True, False]


# As 2.2, 2.6 and 3.4 print it.
POOLS = {
    "Total: 18 pools, 70848 bytes allocated, 54464 used.": 54464,
    "Total: 19 pools, 55312 bytes allocated, 55312 used (~152 by thread caches).": 55160,
    "Total: 104 pools, 165704 bytes allocated, 165704 used (~18832 by thread caches).": 146872,
}


@pytest.mark.parametrize(("line", "expected"), POOLS.items(), ids=("2.2", "2.6", "3.4"))
def test_what_is_kept_for_later_use_is_not_in_use(line: str, expected: int) -> None:
    assert bytes_in_use(f"Uptime_sec: 1\n\n  - Pool trash : 1 used (~0 by thread caches)\n{line}\n\n") == expected


def test_pools_that_say_nothing_are_no_figure() -> None:
    with pytest.raises(ValueError, match="bytes in use"):
        bytes_in_use("Uptime_sec: 1\n")
