# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``min_up``: no task takes more servers out of a backend than it says, on any process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from lab.apps import Apps
from lab.oracle import servers
from lab.ports import free_port
from lab.processes import wait_until
from lab.recorder import Recorder, Recorders
from lab.tasks import run
from lab.versions import Version, newest, oldest

from .drains import LONG, MODULE, Balancers, balancers, sticky_backend

PROCESSES = 4
MAINT: Mapping[str, Any] = {"state": "maint"}


def _more_backends(apps: Apps) -> str:
    one, two, three, four = (f"127.0.0.1:{port}" for port in apps.ports)
    return f"""\
backend pair
    server a1 {one}
    server a2 {two}
    server b1 {three} backup
    server b2 {four} backup
backend reserve
    server r1 {one} backup
    server r2 {two} backup
    server r3 {three} backup
backend mixed
    server up1 {one}
    server up2 {two}
    server dead1 127.0.0.1:{free_port()} check inter 100ms
    server off1 {three} disabled
    server zero1 {four} weight 0
backend chain
    server lead1 {one} check inter 200ms
    server tail1 {two} track chain/lead1
    server free1 {three}
"""


@pytest.fixture(params=[oldest(), newest()], ids=lambda version: f"haproxy={version}")
def haproxy(request: pytest.FixtureRequest) -> Version:
    """Counting is the collection's own; what it counts is read on every version by other tests."""
    version: Version = request.param
    return version


@pytest.fixture
def lab(haproxy: Version, apps: Apps) -> Iterator[Balancers]:
    """Four processes; mixed/dead1 is down on all of them."""
    running = balancers(haproxy, PROCESSES, sticky_backend(apps) + _more_backends(apps))
    with running.fleet:
        wait_until(
            lambda: all(running.cell(number, "dead1", "status", "mixed") == "DOWN" for number in range(PROCESSES)),
            LONG,
            lambda: "dead1 is not down",
        )
        yield running


class Case(NamedTuple):
    """A task about servers of one backend.

    `before` are commands for all processes; `only_first` for the first, `only_last` for the last.
    """

    backend: str
    names: Sequence[str]
    min_up: str | int
    wish: Mapping[str, Any] = MAINT
    before: Sequence[str] = ()
    only_first: Sequence[str] = ()
    only_last: Sequence[str] = ()


OUT1 = ("set server www/web1 state maint",)
OUT2 = ("set server www/web2 state maint",)

TAKEN: dict[str, Case] = {
    "enough are left": Case("www", ["web1"], 3),
    "exactly as many, two out": Case("www", ["web1", "web2"], "2"),
    "a percentage, rounded up": Case("www", ["web1"], "70%"),
    "a percentage that fits": Case("www", ["web1"], "75%"),
    "nothing has to be left": Case("www", ["*"], 0),
    "nothing has to be left, in percent": Case("www", ["*"], "0%"),
    "an active one is left beside backups": Case("pair", ["a1"], 1),
    "backups go beside active ones": Case("pair", ["b1", "b2"], 2),
    "backups go where too few active ones are": Case("pair", ["b1"], 3),
    "backups alone": Case("reserve", ["r1"], 2),
    "one that is down": Case("mixed", ["dead1"], 5),
    "one that is in maintenance": Case("mixed", ["off1"], 5),
    "one without weight": Case("mixed", ["zero1"], 5),
    "one of those that serve": Case("mixed", ["up1"], 1),
    "one that was out already": Case("www", ["web1"], 4, before=OUT1),
    "one that drained already": Case("www", ["web1"], 4, before=("set server www/web1 state drain",)),
    "one that had no weight already": Case("www", ["web1"], 4, before=("set server www/web1 weight 0",)),
    "out already and one more": Case("www", ["web1", "web2"], 2, before=OUT1),
    "one that comes back": Case("www", ["web1"], "100%", {"state": "ready"}, before=OUT1),
    "a weight that is none of 0": Case("www", ["web1"], 4, {"weight": "3"}),
    "out already where few are left": Case("www", ["web1"], 3, only_last=(*OUT1, *OUT2)),
}
REFUSED: dict[str, Case] = {
    "too few are left": Case("www", ["web1"], 4),
    "one too many": Case("www", ["web1", "web2"], "3"),
    "all of them": Case("www", ["*"], 1),
    "drain": Case("www", ["web1"], 4, {"state": "drain"}),
    "drain before the maintenance": Case("www", ["web1"], 4, {"state": "maint", "drain": True}),
    "absent": Case("www", ["web1"], 4, {"state": "absent"}),
    "weight 0": Case("www", ["web1"], 4, {"weight": "0"}),
    "weight 0%": Case("www", ["web1"], 4, {"weight": "0%"}),
    "ready without weight": Case("www", ["web1"], 4, {"state": "ready", "weight": "0"}),
    "said to be down": Case("www", ["web1"], 4, {"health_status": "down"}),
    "more than there are": Case("www", ["web1"], 5),
    "a percentage, rounded up": Case("www", ["web1"], "76%"),
    "all, in percent": Case("www", ["web1"], "100%"),
    "backups count as configured": Case("pair", ["a1"], "50%"),
    "backups do not serve": Case("pair", ["a1", "a2"], 1),
    "backups alone": Case("reserve", ["r1"], 3),
    "down, in maintenance and without weight do not serve": Case("mixed", ["up1"], 2),
    "already out and one too many": Case("www", ["web1", "web2"], 3, before=OUT1),
    "the worst process, the last": Case("www", ["web1"], 3, only_last=OUT2),
    "the worst process, the first": Case("www", ["web1"], 3, only_first=OUT2),
    "out everywhere but on one process": Case("www", ["web1"], 4, before=OUT1, only_last=("enable server www/web1",)),
    "one that another one tracks": Case("chain", ["lead1"], 2),
}


def _run(lab: Balancers, recorders: Recorders, case: Case, *, check: bool) -> dict[str, Any]:
    for command in case.before:
        lab.fleet.ask_all(command)
    for process, commands in ((0, case.only_first), (PROCESSES - 1, case.only_last)):
        for command in commands:
            lab.fleet.ask(process, command)
    recorders.clear()
    place = {"name": list(case.names), "backend": [case.backend], "socket": [str(recorders.directory)]}
    return run(MODULE, {**place, **case.wish, "min_up": case.min_up}, check=check)


@pytest.mark.parametrize("case", TAKEN.values(), ids=TAKEN)
def test_servers_that_may_go_go(lab: Balancers, case: Case) -> None:
    with Recorders(lab.fleet) as recorders:
        result = _run(lab, recorders, case, check=False)
    assert not result.get("failed"), result["msg"]


@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_too_many_are_refused_before_anything_is_sent(lab: Balancers, case: Case, check: bool) -> None:
    with Recorders(lab.fleet) as recorders:
        failure = _run(lab, recorders, case, check=check)
        assert recorders.writes() == [[]] * PROCESSES
        names = recorders.sockets
    assert failure.get("failed"), "the servers were taken out"
    assert failure["error"] == "InputError"
    assert not failure["changed"]
    assert f"min_up is {case.min_up} of the" in failure["msg"]
    assert f"servers of {case.backend}" in failure["msg"]
    assert case.names[-1].replace("*", "web1") in failure["msg"]
    worst = names[-1] if case.only_last else names[0]
    assert f"on process {worst}" in failure["msg"]


def test_the_message_counts(lab: Balancers) -> None:
    case = Case("www", ["web1", "web2"], "60%", only_last=("set server www/web4 state maint",))
    with Recorders(lab.fleet) as recorders:
        failure = _run(lab, recorders, case, check=False)
        first = recorders.sockets[0]
    sentence = f"that is 3; on process {first} 4 are in service, and without web1, web2 only 2 would be"
    assert sentence in failure["msg"]


@pytest.mark.parametrize("written", ["x", "101%", "-1", "1.5", "50 %", "", "½"])
def test_what_is_no_number_is_refused(lab: Balancers, written: str) -> None:
    with Recorders(lab.fleet) as recorders:
        failure = _run(lab, recorders, Case("www", ["web1"], written), check=False)
        assert recorders.writes() == [[]] * PROCESSES
    assert failure["failed"]
    assert failure["error"] == "InputError"
    assert "min_up" in failure["msg"]


ITEMS: dict[str, tuple[list[dict[str, Any]], dict[str, Any], bool]] = {
    "an item counts what the others take out": (
        [{"name": "web1", "min_up": 3}, {"name": "web2"}],
        {"backend": ["www"]},
        False,
    ),
    "given beside for all": ([{"name": "web1"}, {"name": "web2"}], {"backend": ["www"], "min_up": "3"}, False),
    "the strictest counts, first": (
        [{"name": "web1", "min_up": 3}, {"name": "web2", "min_up": 1}],
        {"backend": ["www"]},
        False,
    ),
    "the strictest counts, last": (
        [{"name": "web1", "min_up": 1}, {"name": "web2", "min_up": "75%"}],
        {"backend": ["www"]},
        False,
    ),
    "each backend apart": (
        [{"name": "web1", "backend": "www"}, {"name": "a1", "backend": "pair"}, {"name": "r1", "backend": "reserve"}],
        {"min_up": 1},
        True,
    ),
    "one backend too few": (
        [{"name": "web1", "backend": "www"}, {"name": "a1", "backend": "pair"}, {"name": "r1", "backend": "reserve"}],
        {"min_up": 2},
        False,
    ),
    "enough with all items": ([{"name": "web1"}, {"name": "web2"}], {"backend": ["www"], "min_up": 2}, True),
}


@pytest.mark.parametrize(("items", "beside", "taken"), ITEMS.values(), ids=ITEMS)
def test_min_up_of_a_list(lab: Balancers, items: list[dict[str, Any]], beside: dict[str, Any], taken: bool) -> None:
    with Recorders(lab.fleet) as recorders:
        arguments = {"servers": items, "state": "maint", "socket": [str(recorders.directory)], **beside}
        result = run(MODULE, arguments)
        writes = recorders.writes()
    assert bool(result.get("failed")) != taken, "the servers were taken out" if not taken else result["msg"]
    if not taken:
        assert "min_up" in result["msg"]
        assert writes == [[]] * PROCESSES
    states = {servers(lab.fleet, 0)["www", "web1"].state}
    assert states == ({"maint"} if taken else {"ready"})


@pytest.mark.parametrize("wish", [{"state": "drain", "wait": True}, {"state": "maint", "drain": True}, {"weight": "0"}])
def test_servers_that_somebody_else_takes_out_at_the_same_moment(lab: Balancers, wish: dict[str, Any]) -> None:
    others = lab.fleet

    def take_the_other(request: bytes, reply: bytes) -> bytes:
        if b"pair/a1" in request and b"set " in request:
            others.ask(1, "set server pair/a2 state maint")
        return reply

    with Recorder(others.sockets[0], tamper=take_the_other) as recorder:
        sockets = [recorder.path, *others.sockets[1:]]
        result = run(MODULE, {"name": "a1", "backend": "pair", "min_up": 1, "socket": sockets, **wish})
    assert result.get("failed"), "nobody noticed"
    assert "at the same time as pair/a1: on process" in result["msg"]
    assert result["msg"].endswith("the former state was restored")
    for number in range(PROCESSES):
        first = servers(others, number)["pair", "a1"]
        assert (first.state, first.weight) == ("ready", 1)
