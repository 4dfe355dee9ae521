# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``servers``: many servers with wishes of their own, in one task and under one wait."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import pytest

from lab.apps import Apps
from lab.oracle import Key, Truth, put, servers
from lab.prophecy import holds
from lab.recorder import Recorders
from lab.tasks import run
from lab.versions import Version

from .drains import (
    INTERVAL,
    LONG,
    MODULE,
    SLACK,
    Balancers,
    Waiting,
    balancers,
    sticky_backend,
    wait_ended,
    warnings_of,
)

API = """
backend api
    server web1 127.0.0.1:9 weight 20
    server api1 127.0.0.1:9 weight 20
"""
START = {("www", f"web{number}"): Truth("ready", 1, 1) for number in range(1, 5)} | {
    ("api", "web1"): Truth("ready", 20, 20),
    ("api", "api1"): Truth("ready", 20, 20),
}


@pytest.fixture(params=[1, 4], ids=lambda count: f"processes={count}")
def lab(request: pytest.FixtureRequest, haproxy: Version, apps: Apps) -> Iterator[Balancers]:
    """One process or four, all servers ready."""
    running = balancers(haproxy, request.param, sticky_backend(apps) + API)
    with running.fleet:
        yield running


@pytest.fixture
def single(haproxy: Version, apps: Apps) -> Iterator[Balancers]:
    """One process."""
    running = balancers(haproxy, 1, sticky_backend(apps) + API)
    with running.fleet:
        yield running


def _is(lab: Balancers, process: int, **differing: str) -> None:
    """What one process says: ``www_web1="maint 1"`` and so on, everything else as at the start."""
    wanted: dict[Key, Truth] = dict(START)
    for name, words in differing.items():
        backend, server = name.split("_")
        state, weight = words.split()
        wanted[backend, server] = Truth(state, int(weight), START[backend, server].initial_weight)
    assert servers(lab.fleet, process) == wanted


def _arguments(lab: Balancers, items: Sequence[Mapping[str, Any]], **beside: Any) -> dict[str, Any]:
    return {"servers": list(items), "socket": lab.socket, **beside}


CASES: dict[str, tuple[list[dict[str, Any]], dict[str, Any], dict[str, str]]] = {
    "different wishes": (
        [
            {"name": "web1", "backend": "www", "state": "drain"},
            {"name": "web2", "backend": "www", "weight": 50},
            {"name": ["web3", "web4"], "backend": "www", "state": "maint", "weight": "300%"},
            {"name": "api1", "state": "disabled"},
        ],
        {},
        {
            "www_web1": "drain 1",
            "www_web2": "ready 50",
            "www_web3": "maint 3",
            "www_web4": "maint 3",
            "api_api1": "maint 20",
        },
    ),
    "globs, and the backend apart": (
        [{"name": "web*", "backend": "www", "state": "drain"}, {"name": "*", "backend": ["a*"], "weight": "50%"}],
        {},
        {**{f"www_web{number}": "drain 1" for number in range(1, 5)}, "api_web1": "ready 10", "api_api1": "ready 10"},
    ),
    "what stands beside is for all": (
        [{"name": "web1"}, {"name": "web2"}],
        {"backend": ["www"], "state": "maint", "weight": "7"},
        {"www_web1": "maint 7", "www_web2": "maint 7"},
    ),
    "an item's own word wins": (
        [{"name": "web1"}, {"name": "web2", "state": "drain"}, {"name": "web1", "backend": "api", "weight": 5}],
        {"backend": ["www"], "state": "maint"},
        {"www_web1": "maint 1", "www_web2": "drain 1", "api_web1": "maint 5"},
    ),
    "an item that asks nothing": ([{"name": "web1"}, {"name": "web2", "state": "drain"}], {}, {"www_web2": "drain 1"}),
    "drain for one": (
        [{"name": "web1", "drain": True}, {"name": "web2"}],
        {"backend": ["www"], "state": "maint", "wait_timeout": LONG},
        {"www_web1": "maint 1", "www_web2": "maint 1"},
    ),
}


@pytest.mark.parametrize(("items", "beside", "wanted"), CASES.values(), ids=CASES)
def test_prophecy_of_a_list(
    lab: Balancers, items: list[dict[str, Any]], beside: dict[str, Any], wanted: dict[str, str]
) -> None:
    with Recorders(lab.fleet) as recorders:
        arguments = {**_arguments(lab, items, **beside), "socket": [str(recorders.directory)]}
        holds(MODULE, arguments, recorders, "servers")
    for process in range(len(lab.ports)):
        _is(lab, process, **wanted)


def test_all_drains_are_one_wait(lab: Balancers) -> None:
    """Both servers drain at the same time: what takes a second for each takes a second for both."""
    with lab.hold(0, "web1") as first, lab.hold(len(lab.ports) - 1, "web2") as second:
        items = [{"name": name, "backend": "www"} for name in ("web1", "web2")]
        beside = {"state": "maint", "drain": True, "wait_interval": INTERVAL, "wait_timeout": LONG}
        task = Waiting(_arguments(lab, items, **beside))
        lab.wait_for("drain", "web1")
        lab.wait_for("drain", "web2")
        time.sleep(max(0.0, task.began + 1 - time.monotonic()))  # how long the clients' work takes
        first.finish()
        assert task.keeps_waiting()
        assert lab.states("web1") == ["drain"] * len(lab.ports), "the task waits for all, then goes on with all"
        finished = time.monotonic()
        second.finish()
        result = task.succeeded()
    assert task.ended - finished < INTERVAL + SLACK
    assert 0.5 < result["drained_seconds"] <= task.ended - task.began
    assert lab.states("web1") == lab.states("web2") == ["maint"] * len(lab.ports)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "the same server twice": (
        {"servers": [{"name": "web1", "backend": "www"}, {"name": ["web2", "web1"], "backend": "www", "weight": 5}]},
        "two items of servers are about www/web1",
    ),
    "the same server by a glob": (
        {"servers": [{"name": "web1", "backend": "www"}, {"name": "web[12]"}]},
        "two items of servers are about www/web1",
    ),
    "the same server by its name everywhere": (
        {"servers": [{"name": "api1"}, {"name": "api1", "backend": "api"}]},
        "two items of servers are about api/api1",
    ),
    "name beside servers": ({"name": ["web1"], "servers": [{"name": "web2"}]}, "mutually exclusive"),
    "neither": ({}, "one of the following is required: name, servers"),
    "no item": ({"servers": []}, "servers is empty"),
    "an item without a name": ({"servers": [{"backend": "www"}]}, "name"),
    "an unknown option": ({"servers": [{"name": "web1", "wheight": 3}]}, "wheight"),
    "a state that there is not": ({"servers": [{"name": "web1", "state": "off"}]}, "an item of servers"),
    "a wrong type": ({"servers": [{"name": "web1", "drain": "perhaps"}]}, "an item of servers"),
    "a wrong type beside another item": (
        {"servers": [{"name": "web1", "state": "drain"}, {"name": "web2", "backend": "www", "port": "many"}]},
        "an item of servers",
    ),
    "a value for an unknown process": (
        {"servers": [{"name": "web1", "weight": {"/nowhere.sock": 3}}]},
        "process /nowhere.sock",
    ),
    "a wrong value for a process": ({"servers": [{"name": "web1", "state": {"p": "off"}}]}, "an item of servers"),
    "both times in an item": (
        {"servers": [{"name": "web1", "wait_retries": 3, "wait_timeout": 3}]},
        "wait_retries",
    ),
}


@pytest.mark.parametrize(("options", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_is_refused_before_anything_is_sent(
    single: Balancers, options: dict[str, Any], words: str
) -> None:
    with Recorders(single.fleet) as recorders:
        failure = run(MODULE, {"socket": recorders.sockets, "state": "drain", **options})
        assert recorders.writes() == [[]]
    assert failure.get("failed"), f"{options} was taken"
    assert words in failure["msg"]
    _is(single, 0)


def test_a_value_for_each_process(haproxy: Version, apps: Apps) -> None:
    lab = balancers(haproxy, 4, sticky_backend(apps) + API)
    with lab.fleet, Recorders(lab.fleet) as recorders:
        first, second, third, _fourth = recorders.sockets
        item = {"name": "web1", "backend": "www", "state": {first: "drain", second: "maint"}, "weight": {third: "9"}}
        arguments = {"servers": [item], "socket": [str(recorders.directory)]}
        result = holds(MODULE, arguments, recorders, "servers")
        _is(lab, 0, www_web1="drain 1")
        _is(lab, 1, www_web1="maint 1")
        _is(lab, 2, www_web1="ready 9")
        _is(lab, 3)
        (row,) = result["servers"]
        states = ("drain", "maint", "ready", "ready")
        assert row["after"]["state"] == dict(zip(recorders.sockets, states, strict=True))
        assert row["before"]["state"] == "ready"
        assert not row["consistent"]


def test_what_was_before_and_after_can_be_fed_back(haproxy: Version, apps: Apps) -> None:
    """From four processes that disagree to one wish, back, and forth again."""
    lab = balancers(haproxy, 4, sticky_backend(apps) + API)
    with lab.fleet, Recorders(lab.fleet) as recorders:
        for process, state in enumerate(("ready", "drain", "maint", "ready")):
            put(lab.fleet, process, {("www", "web1"): Truth(state, 1 + process, 1)})
        former = [servers(lab.fleet, process) for process in range(4)]
        place = {"socket": [str(recorders.directory)]}
        wish = [
            {"name": "*", "backend": "www", "state": "maint", "weight": 33},
            {"name": "web1", "backend": "api", "state": "drain", "weight": "0%"},
        ]
        there = holds(MODULE, {"servers": wish, **place}, recorders, "servers")
        later = [servers(lab.fleet, process) for process in range(4)]
        back = holds(MODULE, {"servers": [row["before"] for row in there["servers"]], **place}, recorders, "servers")
        assert [servers(lab.fleet, process) for process in range(4)] == former
        assert [row["after"] for row in back["servers"]] == [row["before"] for row in there["servers"]]
        holds(MODULE, {"servers": [row["after"] for row in there["servers"]], **place}, recorders, "servers")
        assert [servers(lab.fleet, process) for process in range(4)] == later


def test_each_item_has_its_own_end_of_waiting(lab: Balancers) -> None:
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(lab.hold(0, f"web{number}")) for number in (1, 2, 3))
        items: list[dict[str, Any]] = [
            {"name": "web1", "wait_timeout": 0.3, "on_timeout": "shutdown"},
            {"name": "web2", "wait_timeout": 0.3, "on_timeout": "continue"},
            {"name": "web3"},
        ]
        beside = {"backend": ["www"], "state": "drain", "wait": True, "wait_interval": INTERVAL, "wait_timeout": LONG}
        task = Waiting(_arguments(lab, items, **beside))
        wait_ended(first)
        assert task.keeps_waiting(), "web3 has all of its time"
        assert third.finish().startswith(b"HTTP/1.1 200")
        result = task.succeeded()
        assert second.is_open()
    assert result["also_done"] == [{"process": lab.names[0], "command": "shutdown sessions server www/web1"}]
    assert "no longer waiting for 1 sessions and 0 queued requests of www/web2" in warnings_of(result)
    assert "www/web1" not in warnings_of(result)


def test_one_item_that_fails_fails_the_task(single: Balancers) -> None:
    with single.hold(0, "web1"), single.hold(0, "web2"):
        items = [{"name": "web1", "on_timeout": "continue"}, {"name": "web2", "on_timeout": "fail"}]
        beside = {"backend": ["www"], "state": "drain", "wait": True, "wait_interval": INTERVAL, "wait_timeout": 0.3}
        failure = run(MODULE, _arguments(single, items, **beside))
    assert failure["error"] == "WaitTimedOut"
    assert "www/web2" in failure["msg"]


@pytest.mark.parametrize(
    ("own", "beside"),
    [({"wait_timeout": 0.3}, {"wait_retries": 1000}), ({"wait_retries": 1}, {"wait_timeout": 1000})],
    ids=["timeout", "retries"],
)
def test_an_items_own_time_wins_over_the_one_beside(
    single: Balancers, own: dict[str, Any], beside: dict[str, Any]
) -> None:
    """Whichever of the two ways of saying it either uses."""
    with single.hold(0, "web1") as session:
        item = {"name": "web1", "backend": "www", **own}
        task = Waiting(_arguments(single, [item], state="drain", wait=True, wait_interval=INTERVAL, **beside))
        task.settle(2 * SLACK)
        waits = task.waits
        session.finish()
        task.join()
    assert not waits, "the item's own time was not heard"
    assert task.result["error"] == "WaitTimedOut"


@pytest.mark.parametrize("strict", [True, False])
def test_each_item_says_whether_it_has_to_be_found(single: Balancers, strict: bool) -> None:
    items: list[dict[str, Any]] = [
        {"name": "web9", "backend": "www", "fail_on_not_found": False, "state": "maint"},
        {"name": "api9", "state": "maint", "fail_on_not_found": strict},
        {"name": "web1", "backend": "www", "state": "drain"},
    ]
    result = run(MODULE, _arguments(single, items))
    if strict:
        assert result["error"] == "ObjectNotFound"
        assert "api9" in result["msg"]
        assert "web9" not in result["msg"]
        _is(single, 0)
    else:
        assert not result.get("failed"), result["msg"]
        assert [(row["backend"], row["name"]) for row in result["servers"]] == [("www", "web1")]
        _is(single, 0, www_web1="drain 1")
