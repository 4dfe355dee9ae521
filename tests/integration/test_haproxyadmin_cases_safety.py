# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What haproxyadmin's research wants of every task on four processes, cases X; and G13, G16 to G18, what it may say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from lab.apps import Apps
from lab.fleet import layout
from lab.oracle import servers
from lab.raw import connect
from lab.recorder import Recorders
from lab.running import Paused
from lab.tasks import Result, run
from lab.versions import Version, newest, oldest

from .spread import FRONTEND_MAXCONN, MAXCONN, WHERE, Spread, spread
from .test_haproxy_frontend import frontends
from .test_haproxy_global import limits

BOTH = [oldest(), newest()]
EACH = pytest.mark.parametrize("haproxy", BOTH, ids=lambda version: f"haproxy={version}")
NAME = "frontend1_proc34"


@pytest.fixture(params=BOTH, ids=lambda version: f"haproxy={version}")
def four(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Spread]:
    """nbproc 4 on the oldest version, four instances on the newest."""
    yield from spread(request.param, apps.ports)


@pytest.fixture(scope="module", params=BOTH, ids=lambda version: f"haproxy={version}")
def calm(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Spread]:
    """The same, for tests that must not change anything."""
    yield from spread(request.param, apps.ports)


def well(module: str, four: Spread, **options: Any) -> Result:
    """The result of a task that must go well."""
    result = run(module, {"socket": four.sockets, **options})
    assert not result.get("failed"), result["msg"]
    return result


def fails(module: str, four: Spread, **options: Any) -> Result:
    failure = run(module, {"socket": four.sockets, **options})
    assert failure.get("failed"), failure
    assert "exception" not in failure
    return failure


def maxconns(four: Spread) -> list[int]:
    return [limits(four.fleet, index)["maxconn"] for index in range(4)]


def untouched(four: Spread) -> bool:
    """Whether everything is as configured."""
    states = {truth.state for index in range(4) for truth in servers(four.fleet, index).values()}
    truths = {truth for index in range(4) for truth in frontends(four.fleet, index).values()}
    return states == {"ready"} and truths == {("OPEN", FRONTEND_MAXCONN)} and maxconns(four) == [MAXCONN] * 4


# Commands and refusals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [0, 5])
def test_g13_a_limit_of_tls_without_tls_is_a_sentence_and_nothing_is_sent(four: Spread, limit: int) -> None:
    """As a HAProxy without OpenSSL answers: the line is not there."""
    four.recorders[3].tamper = lambda _request, reply: re.sub(rb"SslRateLimit: .*\n", b"", reply)
    failure = fails("haproxy_global", four, rate_limit_ssl_sessions=limit, maxconn=7)
    assert failure["error"] == "InputError"
    assert failure["process"] == four.recorders.sockets[3]
    assert "rate_limit_ssl_sessions" in failure["msg"]
    assert "built without" in failure["msg"]
    assert four.recorders.writes() == [[]] * 4


def test_g16_captured_errors_are_told_by_the_process_that_captured_them(four: Spread) -> None:
    with connect(f"127.0.0.1:{four.ports['frontend_proc2']}") as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: lab\r\nbad header\x01: 1\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 400")
    rows = well("haproxy_info", four, gather_subset="errors")["errors"]
    assert [(row["process"], row["count"]) for row in rows] == list(
        zip(four.recorders.sockets, (0, 1, 0, 0), strict=True)
    )
    assert any("frontend_proc2" in line for line in rows[1]["lines"])
    shown = {}
    for proxy in ("frontend_proc2", "haproxy-stats2"):  # only the second instance knows them
        wish = {"socket": [four.recorders.sockets[1]], "command": [f"show errors {proxy}"]}
        shown[proxy] = "".join(row["stdout"] for row in run("haproxy_command", wish)["results"])
    assert {proxy: "bad header" in text for proxy, text in shown.items()} == {
        "frontend_proc2": True,
        "haproxy-stats2": False,
    }
    assert "Total events captured" in shown["haproxy-stats2"]


@pytest.mark.parametrize("command", ["bogus", "bogus command"])
def test_g17_an_unknown_command_is_recognised(four: Spread, command: str) -> None:
    failure = fails("haproxy_command", four, command=[command])
    assert failure["error"] == "UnknownCommand"
    assert (failure["command"], failure["done"]) == (command, [])


def test_g18_a_command_is_answered_by_each_process(four: Spread) -> None:
    result = well("haproxy_command", four, command=["show info"])
    assert [row["process"] for row in result["results"]] == four.recorders.sockets
    pids = [int(re.findall(r"(?m)^Pid: (\d+)$", row["stdout"])[0]) for row in result["results"]]
    assert pids == four.fleet.pids
    assert not result["changed"]


# X01: one option is one value ------------------------------------------------------------------------------------

ANOTHER = f"disable frontend {NAME}"
OPTIONS: dict[str, tuple[str, dict[str, Any], str]] = {
    "info's frontend": ("haproxy_info", {}, "frontend"),
    "info's backend": ("haproxy_info", {}, "backend"),
    "info's server": ("haproxy_info", {}, "server"),
    "info's subset": ("haproxy_info", {}, "gather_subset"),
    "a frontend's name": ("haproxy_frontend", {"maxconn": 7}, "name"),
    "a frontend's limit": ("haproxy_frontend", {"name": [NAME]}, "maxconn"),
    "a frontend's state": ("haproxy_frontend", {"name": [NAME]}, "state"),
    "a limit": ("haproxy_global", {}, "maxconn"),
    "a rate": ("haproxy_global", {}, "rate_limit_sessions"),
    "counters": ("haproxy_global", {}, "clear_counters"),
    "a command": ("haproxy_command", {}, "command"),
}
LINES = {"a semicolon": f"5;{ANOTHER}", "a line end": f"5\n{ANOTHER}", "both, in a name": f"{NAME} 5\n;{ANOTHER}"}


@pytest.mark.parametrize("text", LINES.values(), ids=[f"X01 {name}" for name in LINES])
@pytest.mark.parametrize(("module", "rest", "option"), OPTIONS.values(), ids=OPTIONS)
def test_no_option_becomes_another_command(
    calm: Spread, module: str, rest: dict[str, Any], option: str, text: str
) -> None:
    calm.recorders.clear()
    failure = fails(module, calm, **rest, **{option: text})
    assert failure.get("done", []) == []
    assert calm.recorders.writes() == [[]] * 4
    assert untouched(calm)


# Replies ---------------------------------------------------------------------------------------------------------

MANY = 400


@EACH
def test_x02_replies_beyond_64_kilobytes_are_whole(haproxy: Version) -> None:
    body = "backend www\n" + "".join(f"    server web{number:03} 127.0.0.1:9\n" for number in range(MANY))
    with layout(haproxy, 4, body) as fleet, Recorders(fleet) as recorders:
        result = run("haproxy_info", {"socket": [str(recorders.directory)]})
        assert [row["name"] for row in result["servers"]] == [f"web{number:03}" for number in range(MANY)]
        assert {tuple(each["process"] for each in row["per_process"]) for row in result["servers"]} == {
            tuple(recorders.sockets)
        }
        for recorder in recorders.all:
            assert max(len(reply) for _request, reply in recorder.exchanges) > 65536


# Of each module, a reading behind the first look at a process, which alone asks for the level.
CUT: dict[str, tuple[str, dict[str, Any], bytes]] = {
    "X03 info": ("haproxy_info", {}, b"show stat"),
    "X03 a frontend": ("haproxy_frontend", {"name": [NAME], "maxconn": 5}, b"show stat"),
    "X03 a limit": ("haproxy_global", {"maxconn": 5}, b"show info"),
    "X03 a command": ("haproxy_command", {"command": ["show info", "set maxconn global 5"]}, b"show info"),
}


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.99])
@pytest.mark.parametrize(("module", "options", "command"), CUT.values(), ids=CUT)
def test_a_reply_that_is_cut_short_is_a_failure(
    four: Spread, module: str, options: dict[str, Any], command: bytes, kept: float
) -> None:
    def cut(request: bytes, reply: bytes) -> bytes:
        return reply[: int(len(reply) * kept)] if command in request and b"show cli" not in request else reply

    four.recorders[3].tamper = cut
    failure = fails(module, four, **options)
    assert failure["error"] == "ClosedEarly", failure["msg"]
    assert failure["process"] == four.recorders.sockets[3]
    assert four.recorders.writes() == [[]] * 4
    assert untouched(four)


def test_x03_a_reading_that_is_not_answered_in_time_is_a_failure(four: Spread) -> None:
    """A process that hangs after it was found."""
    paused: list[Paused] = []

    def pause(request: bytes) -> bytes | None:
        if b"show cli" not in request and not paused:
            paused.append(four.fleet.pause(3))
        return None

    four.recorders[3].swallow = pause
    try:
        failure = fails("haproxy_info", four, timeout=0.5)
    finally:
        for each in paused:
            each.resume()
    assert paused
    assert failure["error"] == "TimedOut"
    assert failure["process"] == four.recorders.sockets[3]


# Judged beforehand, confirmed afterwards -------------------------------------------------------------------------


def test_x04_what_the_fourth_process_would_refuse_is_sent_to_none(four: Spread) -> None:
    """As of a process that was started with less."""
    four.recorders[3].tamper = lambda _request, reply: reply.replace(b"Hard_maxconn: 2000", b"Hard_maxconn: 400")
    failure = fails("haproxy_global", four, maxconn=500, rate_limit_sessions=9)
    assert failure["error"] == "InputError"
    assert failure["process"] == four.recorders.sockets[3]
    assert "more than the 400" in failure["msg"]
    assert four.recorders.writes() == [[]] * 4
    assert untouched(four)


LIES: dict[str, tuple[str, dict[str, Any], bytes]] = {
    "X05 a limit": ("haproxy_global", {"maxconn": 5}, b"set maxconn global"),
    "X05 a frontend's limit": ("haproxy_frontend", {"name": [NAME], "maxconn": 5}, b"set maxconn frontend"),
    "X05 a frontend's state": ("haproxy_frontend", {"name": [NAME], "state": "disabled"}, b"disable frontend"),
}


@pytest.mark.parametrize(("module", "wish", "command"), LIES.values(), ids=LIES)
def test_what_is_said_to_be_done_is_read_again(four: Spread, module: str, wish: dict[str, Any], command: bytes) -> None:
    """The fourth process takes the command as if it went well and does nothing."""
    four.recorders[3].swallow = lambda request: b"\n" * (request.count(b";") + 1) if command in request else None
    failure = fails(module, four, **wish)
    assert failure["error"] == "NotConverged"
    assert failure["process"] == four.recorders.sockets[3]
    assert four.recorders.sockets[3] in [line["process"] for line in failure["done"]]


# Order -----------------------------------------------------------------------------------------------------------


def order(result: Result) -> dict[str, list[Any]]:
    """The names of everything in a result, as they come."""
    return {
        "processes": [row["name"] for row in result["processes"]],
        "merged": list(result["info"]),
        **{
            key: [
                (row.get("backend"), row["name"], [each["process"] for each in row["per_process"]])
                for row in result[key]
            ]
            for key in ("frontends", "backends", "servers")
        },
    }


def test_x07_the_order_of_a_result_does_not_depend_on_how_it_was_asked_for(four: Spread) -> None:
    sockets = four.recorders.sockets
    expected = order(well("haproxy_info", four))
    assert expected["processes"] == sockets
    assert [name for _backend, name, _processes in expected["frontends"]] == sorted(WHERE)
    assert expected["servers"] == sorted(expected["servers"])
    for asked in (sockets[::-1], [sockets[2], str(four.recorders.directory)]):
        assert order(run("haproxy_info", {"socket": asked})) == expected
    for asked in (sockets, sockets[::-1]):
        wish = {"name": ["*"], "maxconn": 44, "socket": asked}
        told = run("haproxy_frontend", wish, check=True)
        assert [row["name"] for row in told["frontends"]] == sorted(WHERE)
        assert [line["process"] for line in told["commands"]] == sorted(line["process"] for line in told["commands"])
        assert list(run("haproxy_global", {"maxconn": 44, "socket": asked}, check=True)["before"]) == sockets
