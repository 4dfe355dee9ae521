# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the lines of the load generator's log to the report."""

from __future__ import annotations

import json

import pytest

from lab.load_log import Closed, Request, parsed, requests_in
from lab.load_report import MOST_FAILURES, Count, read, summed

A, B = "127.0.0.2:80", "127.0.0.3:80"


def request(start: float, seconds: float = 0.01, target: str = A, **said: str) -> Request:
    fields = {"outcome": "200", "server": "web1", "version": "v1", "path": "/", "connection": "new", **said}
    return Request(start, seconds, **fields, target=target)


def lost(start: float, target: str = A, outcome: str = "ConnectionResetError") -> Request:
    return request(start, target=target, outcome=outcome, server="-", version="-")


@pytest.mark.parametrize(
    "entry",
    [
        Request(12.5, 2.001, "ConnectionResetError", "-", "-", "/slow/1000", "kept", A),
        Request(0.25, 0.0, "503", "<NOSRV>", "-", "/", "new", B),
        Closed(7.125, A),
    ],
)
def test_a_line_of_the_log_is_read_as_it_was_written(entry: Request | Closed) -> None:
    assert parsed(entry.line()) == entry


@pytest.mark.parametrize("line", ["", "\n", "closed 1.0", "1.0 2.0 200 web1 v1 /", "x 2.0 200 web1 v1 / new " + A])
def test_another_line_is_refused(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has words of its own
        parsed(line)


def test_requests_are_found_among_closed_connections() -> None:
    made = [request(1.0), request(2.0)]
    assert requests_in([made[0].line(), Closed(1.5, A).line(), made[1].line()]) == made


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        pytest.param({"outcome": "503"}, "503", id="the balancer's error, with the name of the server it tried"),
        pytest.param({"outcome": "204"}, "204", id="another success"),
        pytest.param({"outcome": "404"}, "404", id="the application's own error"),
        pytest.param({"server": "-"}, "200 of no application", id="no name"),
        pytest.param({"server": "<NOSRV>"}, "200 of no application", id="the balancer's own page"),
        pytest.param({"outcome": "TimeoutError", "server": "-", "version": "-"}, "TimeoutError", id="no answer"),
    ],
)
def test_all_but_the_applications_own_200_has_failed(said: dict[str, str], kind: str) -> None:
    seen = summed([request(1.0), request(1.5, 0.01, A, **said)])
    assert (seen.requests, seen.failed, dict(seen.kinds)) == (2, 1, {kind: 1})
    assert [failure.start for failure in seen.failures] == [1.5]


def test_counts_are_told_by_target_server_and_version() -> None:
    seen = summed([request(1.0), request(2.0, version="v2"), request(2.0, target=B, server="web2"), lost(3.0, B)])
    assert seen.targets == {A: Count(2, 0, {"v1": 1, "v2": 1}), B: Count(2, 1, {"v1": 1})}
    assert seen.servers == {
        "-": Count(1, 1, {}),
        "web1": Count(2, 0, {"v1": 1, "v2": 1}),
        "web2": Count(1, 0, {"v1": 1}),
    }
    assert [seen.failed_at(*those) for those in ((A,), (B,), (A, B), ("127.0.0.4:80",))] == [0, 1, 1, 0]


def test_a_connection_that_was_closed_while_idle_is_no_request() -> None:
    seen = summed([request(1.0), Closed(1.5, A), Closed(2.5, A), Closed(9.5, B)])
    assert (seen.requests, seen.failed, dict(seen.closed_idle)) == (1, 0, {A: 2, B: 1})


def test_times_and_seconds() -> None:
    log = [request(2.75), request(1.5, 3.0, path="/slow/3000"), lost(4.0), request(3.999, 9.0, outcome="504")]
    seen = summed(log)
    assert (seen.begin, seen.seconds, seen.rate) == (1.5, 2.5, 1.6)
    assert (seen.slow, seen.longest) == (1, 3.0), "a failure is no long success"
    assert seen.each_second == ((1, 0), (1, 0), (1, 1), (1, 1))


def test_failures_are_all_counted_and_not_all_listed() -> None:
    seen = summed([lost(1.0)] * (MOST_FAILURES + 5))
    assert (seen.failed, len(seen.failures)) == (MOST_FAILURES + 5, MOST_FAILURES)


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        ([], "0 requests, 0/s, 0 failed"),
        ([request(1.0)], "1 requests, 0/s, 0 failed"),
        ([request(1.0 + number / 1000) for number in range(2001)], "2,001 requests, 1,000/s, 0 failed"),
        ([request(1.0), lost(2.0), lost(3.0, outcome="502")], "3 requests, 2/s, 2 failed (1 x 502, 1 x ConnectionResetError)"),
    ],
)  # fmt: skip
def test_the_sentence(log: list[Request], sentence: str) -> None:
    assert summed(log).sentence() == sentence


def test_the_report_is_read_as_it_was_written() -> None:
    seen = summed([request(1.0), lost(2.0, B), Closed(3.0, A)], cpu_seconds=1.5)
    assert read(seen.text()) == seen
    assert {name: json.loads(seen.text())[name] for name in ("requests", "failed", "rate")} == {
        "requests": 2,
        "failed": 1,
        "rate": 2.0,
    }
