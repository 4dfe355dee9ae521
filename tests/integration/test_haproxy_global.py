# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxy_global against real HAProxy processes: the law, what HAProxy would misread, and counters that begin anew."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from lab.apps import Apps
from lab.config import bind_lines, servers_body
from lab.fleet import Fleet, layout, one
from lab.ports import free_port
from lab.prophecy import TOLD, sent
from lab.raw import connect
from lab.recorder import Recorder, Recorders
from lab.tasks import Result, run
from lab.versions import Version, newest, oldest, versions

from .conftest import Balancer
from .spread import MAXCONN, Spread, spread

MODULE = "haproxy_global"
# What the processes start with.
CONFIGURED = 200
RATES = {
    "rate_limit_connections": ("connections", "ConnRateLimit", 1),
    "rate_limit_sessions": ("sessions", "SessRateLimit", 1),
    "rate_limit_ssl_sessions": ("ssl-sessions", "SslRateLimit", 1),
    "rate_limit_http_compression": ("http-compression", "CompressBpsRateLim", 1024),
}
"""Option → HAProxy's word in the command, its word in ``show info``, and how many of what it shows are one."""

Truth = dict[str, int]


def limits(fleet: Fleet, index: int) -> Truth:
    """Option → value on one process, read without the collection's own code."""
    said = dict(line.split(": ", 1) for line in fleet.ask(index, "show info").splitlines() if ": " in line)
    rates = {option: int(said[shown]) // unit for option, (_word, shown, unit) in RATES.items()}
    return {"maxconn": int(said["Maxconn"]), **rates}


def put(fleet: Fleet, index: int, **differing: int) -> None:
    """Bring one process to these values, everything else to what it started with."""
    commands = [f"set maxconn global {differing.get('maxconn', 0)}"]
    commands += [f"set rate-limit {RATES[option][0]} global {differing.get(option, 0)}" for option in RATES]
    fleet.ask(index, ";".join(commands))


@dataclass(frozen=True)
class Counted(Balancer):
    """One or four processes, and the port of their frontend."""

    port: int

    def start_from(self, **differing: Truth) -> None:
        """As configured, except the processes p1, p2 …"""
        for index in range(len(self.recorders)):
            put(self.fleet, index, **differing.get(f"p{index + 1}", {}))
        self.recorders.clear()

    def truths(self) -> dict[str, Truth]:
        """By the names that results use."""
        return {socket: limits(self.fleet, index) for index, socket in enumerate(self.recorders.sockets)}


@pytest.fixture(
    scope="module",
    params=[(version, count) for version in versions() for count in (1, 4)],
    ids=lambda param: f"haproxy={param[0]}-processes={param[1]}",
)
def counted(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Counted]:
    """Each version, as one process and as four."""
    version, count = request.param
    port = free_port()
    binds = bind_lines(port, processes=count if version.has_nbproc else 1)
    with layout(version, count, servers_body(apps.ports, binds=binds)) as fleet, Recorders(fleet) as recorders:
        yield Counted(fleet, recorders, port)


def applied(arguments: dict[str, Any], *, check: bool = False) -> Result:
    """The result of a task that must go well."""
    result = run(MODULE, arguments, check=check)
    assert not result.get("failed"), result["msg"]
    return result


def told(result: Result) -> dict[str, Any]:
    """What a result says of the change."""
    return {key: result.get(key) for key in (*TOLD, "before", "after")}


def holds(arguments: dict[str, Any], recorders: Recorders) -> Result:
    """The law, for a module that answers with ``before`` and ``after`` (``lab.prophecy`` is for rows)."""
    nothing: list[list[str]] = [[]] * len(recorders)
    recorders.clear()
    predicted = applied(arguments, check=True)
    assert recorders.writes() == nothing, "check mode wrote"
    result = applied(arguments)
    assert recorders.writes() == sent(result), "the result tells other commands than were sent"
    assert told(predicted) == told(result), "check mode predicted something else"
    assert result["changed"] == (recorders.writes() != nothing)
    recorders.clear()
    again = applied(arguments)
    assert recorders.writes() == nothing, "the second run wrote"
    assert not again["changed"]
    assert again["before"] == again["after"] == result["after"]
    return result


def fails(balancer: Balancer, wish: dict[str, Any], error: str, *words: str) -> Result:
    """The same failure in check mode and outside it, before anything is sent."""
    balancer.recorders.clear()
    outcomes = [run(MODULE, {**wish, "socket": balancer.sockets}, check=check) for check in (True, False)]
    for failure in outcomes:
        assert failure.get("failed"), failure
        assert failure["error"] == error, failure["msg"]
        assert "exception" not in failure
        assert all(word in failure["msg"] for word in words), failure["msg"]
    assert balancer.recorders.writes() == [[]] * len(balancer.recorders)
    return outcomes[1]


# The law ---------------------------------------------------------------------------------------------------------

CASES: dict[str, dict[str, Any]] = {
    "fewer connections": {"maxconn": 100},
    "one connection": {"maxconn": 1},
    "as many as configured": {"maxconn": CONFIGURED},
    "back to the configured number": {"maxconn": 0},
    "new connections": {"rate_limit_connections": 99999},
    "new sessions": {"rate_limit_sessions": 5},
    "new TLS sessions": {"rate_limit_ssl_sessions": 6},
    "compression": {"rate_limit_http_compression": 7},
    "compression, the most": {"rate_limit_http_compression": 2**22 - 1},
    "a rate, the most": {"rate_limit_connections": 2**31 - 1},
    "all of them": {"maxconn": 3, **dict.fromkeys(RATES, 4)},
    "none of them": {},
}


@pytest.mark.parametrize("wish", CASES.values(), ids=CASES)
def test_prophecy_of_a_case(counted: Counted, wish: dict[str, Any]) -> None:
    counted.start_from()
    result = holds({**wish, "socket": counted.sockets}, counted.recorders)
    assert result["after"] == counted.truths()
    expected = {option: value for option, value in wish.items() if value or option != "maxconn"}
    untouched = {"maxconn": CONFIGURED, **dict.fromkeys(RATES, 0)}
    assert list(result["after"].values()) == [{**untouched, **expected}] * len(counted.recorders)


def test_processes_that_disagree_converge(counted: Counted) -> None:
    """Only the processes that deviate get a command."""
    counted.start_from(
        p1={"maxconn": 50, "rate_limit_sessions": 9},
        p2={"rate_limit_sessions": 8},
        p3={"maxconn": 50, "rate_limit_http_compression": 3},
        p4={"maxconn": 60, "rate_limit_sessions": 9},
    )
    wish = {"maxconn": 50, "rate_limit_sessions": 9, "socket": counted.sockets}
    result = holds(wish, counted.recorders)
    assert result["after"] == counted.truths()
    wanted = [
        [],
        ["set maxconn global 50", "set rate-limit sessions global 9"],
        ["set rate-limit sessions global 9"],
        ["set maxconn global 50"],
    ]
    assert sent(result) == wanted[: len(counted.recorders)]
    assert {(truth["maxconn"], truth["rate_limit_sessions"]) for truth in counted.truths().values()} == {(50, 9)}
    if len(counted.recorders) == 4:
        assert counted.truths()[counted.recorders.sockets[2]]["rate_limit_http_compression"] == 3


def test_back_to_the_configured_number_is_for_those_that_left_it(counted: Counted) -> None:
    counted.start_from(p1={"maxconn": 7}, p3={"maxconn": 8})
    result = holds({"maxconn": 0, "socket": counted.sockets}, counted.recorders)
    assert sent(result) == [["set maxconn global 0"], [], ["set maxconn global 0"], []][: len(counted.recorders)]
    assert {truth["maxconn"] for truth in counted.truths().values()} == {CONFIGURED}


def test_compression_is_said_in_kilobytes(counted: Counted) -> None:
    """HAProxy takes kilobytes and shows bytes."""
    counted.start_from()
    applied({"rate_limit_http_compression": 20, "socket": counted.sockets})
    for index in range(len(counted.recorders)):
        assert "CompressBpsRateLim: 20480\n" in counted.fleet.ask(index, "show info")


# Refusals --------------------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "above the start value": ({"maxconn": 201}, ("201", "the 200 that process", "without a reload")),
    "a negative maxconn": ({"maxconn": -1}, ("maxconn is -1",)),
    "far too large a maxconn": ({"maxconn": 2**31}, ("maxconn is 2147483648",)),
    **{f"a negative {option}": ({option: -1}, (f"{option} is -1",)) for option in RATES},
    **{f"too large a {option}": ({option: 2**32}, (f"{option} is {2**32}",)) for option in RATES},
    "compression that wraps": ({"rate_limit_http_compression": 2**22}, ("rate_limit_http_compression is",)),
    "one of several": ({"maxconn": 5, "rate_limit_sessions": -1}, ("rate_limit_sessions is -1",)),
}


@pytest.mark.parametrize(("wish", "words"), REFUSED.values(), ids=REFUSED)
def test_what_haproxy_would_refuse_or_misread_is_refused(
    counted: Counted, wish: dict[str, Any], words: tuple[str, ...]
) -> None:
    counted.start_from(p1={"maxconn": 33})
    before = counted.truths()
    fails(counted, wish, "InputError", *words)
    assert counted.truths() == before


@pytest.mark.parametrize("option", ["maxconn", *RATES])
@pytest.mark.parametrize("value", [True, False, "many", "", "5.5", 5.5, "-", "0x10", [1], {"a": 1}], ids=repr)
def test_what_is_no_whole_number_is_refused_before_anything_is_asked(option: str, value: object) -> None:
    """Neither as a truth, of which HAProxy makes 0, nor as a text."""
    failure = run(MODULE, {option: value, "socket": ["/nonexistent/haproxy.sock"]})
    assert failure["failed"]
    assert option in failure["msg"]
    assert "/nonexistent" not in failure["msg"]


def test_one_process_that_started_with_less_keeps_all_from_a_change(haproxy: Version, apps: Apps) -> None:
    with (
        one(haproxy, servers_body(apps.ports), global_lines="maxconn 500") as large,
        one(haproxy, servers_body(apps.ports)) as small,
        Recorder(large.sockets[0]) as first,
        Recorder(small.sockets[0]) as second,
    ):
        wish = {"maxconn": 300, "rate_limit_sessions": 7, "socket": [first.path, second.path]}
        failure = run(MODULE, wish)
        assert failure["error"] == "InputError"
        assert failure["process"] == second.path
        assert failure["done"] == []
        assert (first.writes(), second.writes()) == ([], [])
        result = applied({**wish, "maxconn": 0})
        assert [result["after"][recorder.path]["maxconn"] for recorder in (first, second)] == [500, 200]
        assert not applied({**wish, "maxconn": 0})["changed"]


@pytest.mark.parametrize("wish", [{"rate_limit_ssl_sessions": 5}, {"rate_limit_ssl_sessions": 0}], ids=str)
def test_a_process_without_tls_has_no_limit_of_tls_sessions(counted: Counted, wish: dict[str, Any]) -> None:
    """As a HAProxy without OpenSSL answers: the line is not there."""
    counted.start_from()
    lacking = counted.recorders[len(counted.recorders) - 1]
    lacking.tamper = lambda _request, reply: re.sub(rb"SslRateLimit: .*\n", b"", reply)
    try:
        failure = fails(counted, wish, "InputError", "rate_limit_ssl_sessions", lacking.path, "built without")
        assert failure["process"] == lacking.path
        result = applied({"rate_limit_sessions": 3, "socket": counted.sockets})
        assert "rate_limit_ssl_sessions" not in result["after"][lacking.path]
    finally:
        lacking.tamper = None


def test_a_low_level_is_refused_beforehand(haproxy: Version, apps: Apps) -> None:
    with one(haproxy, servers_body(apps.ports), operator=True, user=True) as fleet:
        for address, level in ((fleet.operator_sockets[0], "operator"), (fleet.user_sockets[0], "user")):
            with Recorder(address) as recorder:
                for wish in ({"maxconn": 5}, {"rate_limit_sessions": 5}, {"clear_counters": "all"}):
                    failure = run(MODULE, {**wish, "socket": [recorder.path]})
                    assert failure["error"] == "PermissionDenied"
                    assert f"has level {level}" in failure["msg"]
                assert recorder.writes() == []
        assert applied({"clear_counters": "max", "socket": [fleet.operator_sockets[0]]})["changed"]
        assert run(MODULE, {"clear_counters": "max", "socket": [fleet.user_sockets[0]]})["error"] == "PermissionDenied"


# Counters --------------------------------------------------------------------------------------------------------


def request(port: int) -> None:
    """One request that is answered."""
    with connect(f"127.0.0.1:{port}") as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n")
        while client.recv(65536):
            pass


def counters(fleet: Fleet) -> dict[str, int]:
    """Sessions of the frontend and their peak, added up over the processes."""
    found = {"stot": 0, "smax": 0}
    for reply in fleet.ask_all("show stat public 1 -1"):
        titles, row, *_more = reply.strip("\n").splitlines()
        cells = dict(zip(titles.removeprefix("# ").split(","), row.split(","), strict=False))
        found = {name: count + int(cells[name]) for name, count in found.items()}
    return found


@pytest.mark.parametrize("which", ["max", "all"])
def test_counters_begin_anew_each_time(counted: Counted, which: str) -> None:
    """A deed: always a change, never confirmed, and check mode leaves them alone."""
    counted.start_from()
    wish = {"clear_counters": which, "socket": counted.sockets}
    command = {"max": "clear counters", "all": "clear counters all"}[which]
    for _time in range(2):
        for _request in range(4):
            request(counted.port)
        before = counters(counted.fleet)
        assert before["stot"] >= 4
        assert before["smax"] >= 1
        counted.recorders.clear()
        predicted = applied(wish, check=True)
        assert counted.recorders.writes() == [[]] * len(counted.recorders)
        assert counters(counted.fleet) == before
        result = applied(wish)
        assert told(predicted) == told(result)
        assert counted.recorders.writes() == sent(result) == [[command]] * len(counted.recorders)
        assert result["changed"]
        assert result["unconfirmed"] == result["commands"]
        assert result["before"] == result["after"]
        after = counters(counted.fleet)
        assert after["smax"] == 0
        assert after["stot"] == (0 if which == "all" else before["stot"])


def test_limits_and_counters_in_one_task(counted: Counted) -> None:
    counted.start_from()
    wish = {"maxconn": 9, "clear_counters": "max", "socket": counted.sockets}
    first, second = applied(wish), applied(wish)
    assert sent(first) == [["set maxconn global 9", "clear counters"]] * len(counted.recorders)
    assert sent(second) == [["clear counters"]] * len(counted.recorders)
    assert first["changed"]
    assert second["changed"]


# haproxyadmin's own configuration (cases G07 to G15 of its research) ---------------------------------------------


@pytest.fixture(params=[oldest(), newest()], ids=lambda version: f"haproxy={version}")
def four(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Spread]:
    """nbproc 4 on the oldest version, four instances on the newest."""
    yield from spread(request.param, apps.ports)


def each(four: Spread, option: str) -> list[int]:
    return [limits(four.fleet, index)[option] for index in range(4)]


def test_g07_maxconn_is_of_each_process(four: Spread) -> None:
    assert each(four, "maxconn") == [MAXCONN] * 4
    holds({"maxconn": 500, "socket": four.sockets}, four.recorders)
    assert each(four, "maxconn") == [500] * 4


def test_g08_above_the_start_value_no_process_is_changed(four: Spread) -> None:
    failure = run(MODULE, {"maxconn": MAXCONN + 1, "rate_limit_sessions": 4, "socket": four.sockets})
    assert failure["error"] == "InputError"
    assert str(MAXCONN) in failure["msg"]
    assert each(four, "maxconn") == [MAXCONN] * 4
    assert four.recorders.writes() == [[]] * 4


def test_g09_zero_is_the_start_value_and_said_once(four: Spread) -> None:
    four.fleet.ask(1, "set maxconn global 777")
    result = holds({"maxconn": 0, "socket": four.sockets}, four.recorders)
    assert four.commands(result) == [(2, "set maxconn global 0")]
    assert each(four, "maxconn") == [MAXCONN] * 4


@pytest.mark.parametrize("value", [-5, "abc", True])
def test_g10_what_haproxy_misreads_never_gets_there(four: Spread, value: object) -> None:
    assert run(MODULE, {"maxconn": value, "socket": four.sockets})["failed"]
    assert each(four, "maxconn") == [MAXCONN] * 4


@pytest.mark.parametrize("option", RATES)
def test_g11_to_g13_rate_limits_there_and_back(four: Spread, option: str) -> None:
    for limit in (99999, 0):
        holds({option: limit, "socket": four.sockets}, four.recorders)
        assert each(four, option) == [limit] * 4


@pytest.mark.parametrize("option", RATES)
def test_g14_a_negative_rate_is_refused(four: Spread, option: str) -> None:
    assert run(MODULE, {option: -1, "socket": four.sockets})["error"] == "InputError"
    assert four.recorders.writes() == [[]] * 4


def test_g15_clearing_counters_is_always_a_change(four: Spread) -> None:
    for which in ("max", "all", "all"):
        result = applied({"clear_counters": which, "socket": four.sockets})
        assert result["changed"]
        assert len(result["unconfirmed"]) == 4
