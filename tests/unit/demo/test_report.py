# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the generator's log to the table and the verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from demo.report import LEAST_REQUESTS, NOBODY, Report, ServerReport, report, shortcomings, table
from demo.witness import Drain
from lab.load_log import Request

DRAIN = Drain(before=10.0, after=10.1, sessions=2)


def request(start: float, seconds: float = 0.01, **said: str) -> Request:
    fields = {"outcome": "200", "server": "web1", "version": "v1", "path": "/", "connection": "new", **said}
    return Request(start, seconds, **fields, target="127.0.0.1:80")


def slow(start: float, **said: str) -> Request:
    return request(start, 2.0, path="/slow/2000", **said)


@pytest.mark.parametrize(
    ("log", "under_way", "finished"),
    [
        pytest.param([slow(9.0)], 1, 1, id="under way"),
        pytest.param([slow(7.9)], 0, 0, id="over before"),
        pytest.param([slow(8.05)], 0, 0, id="over between the readings: not sure"),
        pytest.param([slow(10.05)], 0, 0, id="begun between the readings: not sure"),
        pytest.param([request(9.99, 0.5)], 0, 0, id="quick ones do not count"),
        pytest.param([slow(9.0), slow(9.5, outcome="502", version="-")], 2, 1, id="one was cut off"),
        pytest.param([slow(9.0), slow(9.5, version="v2")], 2, 1, id="one was answered by the next version"),
        pytest.param([slow(9.0), slow(9.5, server="web2")], 1, 1, id="on another server"),
    ],
)
def test_slow_requests_at_the_drain(log: list[Request], under_way: int, finished: int) -> None:
    web1 = report([request(1.0), *log], ["web1", "web2"], {"web1": DRAIN}).servers[0]
    assert (web1.under_way, web1.finished) == (under_way, finished)


def test_time_out_of_service_is_the_longest_pause_between_successes() -> None:
    log = [request(1.0), request(9.0, version="v2"), request(4.0), request(6.0, outcome="503"), request(9.5)]
    assert report(log, ["web1"], {}).servers[0].seconds_out == 5.0


def test_failures_that_no_server_gave_are_nobodys() -> None:
    seen = report([request(1.0), request(2.0, outcome="503", server="<NOSRV>", version="-")], ["web1"], {})
    assert [(server.name, server.requests, server.failed) for server in seen.servers] == [
        ("web1", 1, 0),
        (NOBODY, 1, 1),
    ]
    assert seen.outcomes == {"503": 1}


def test_versions_are_in_the_order_of_their_answers() -> None:
    log = [request(1.0), request(3.0, version="v2"), request(2.0)]
    assert report(log, ["web1"], {}).servers[0].versions == ("v1", "v2")


def test_a_report_of_nothing_is_no_success() -> None:
    seen = report([], ["web1"], {})
    assert seen.requests == 0
    assert len(shortcomings(seen)) == 3


GOOD = ServerReport("web1", LEAST_REQUESTS, 0, 4.0, 3, 3, ("v1", "v2"))


@pytest.mark.parametrize(
    ("server", "sentence"),
    [
        (replace(GOOD, failed=1), "1 requests failed: 1 x 502"),
        (replace(GOOD, requests=LEAST_REQUESTS - 1), "there were 1999 requests, fewer than 2000"),
        (replace(GOOD, under_way=0, finished=0), "no slow request was under way on web1 when its drain began"),
        (replace(GOOD, under_way=None, finished=None), "no slow request was under way on web1 when its drain began"),
        (replace(GOOD, finished=2), "of 3 slow requests on web1 2 finished"),
        (replace(GOOD, versions=("v1",)), "web1 was not deployed: v1"),
        (replace(GOOD, versions=("v1", "v2", "v3")), "web1 was not deployed: v1 -> v2 -> v3"),
    ],
)
def test_each_shortcoming_is_told(server: ServerReport, sentence: str) -> None:
    outcomes = {"502": 1} if server.failed else {}
    assert shortcomings(Report((server,), 30.0, outcomes)) == [sentence]


def test_nothing_is_missing() -> None:
    assert shortcomings(Report((GOOD,), 30.0, {})) == []


def test_the_table_adds_up_and_fits_a_terminal() -> None:
    other = replace(GOOD, name="web2", requests=10, failed=2, under_way=4, finished=1)
    lines = table(Report((GOOD, other, ServerReport(NOBODY, 1, 1, 0.0, None, None, ())), 30.0, {})).splitlines()
    assert lines[1].split() == ["web1", "2000", "0", "4.0", "s", "3", "3", "v1", "->", "v2"]
    assert lines[-2].split() == ["-", "1", "1", "-", "-", "-", "-"]
    assert lines[-1].split() == ["all", "2011", "3", "-", "7", "4", "in", "30.0", "s"]
    assert max(map(len, lines)) <= 80
