# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests a load is made of, the heads of their answers, and what a slow page waits for."""

from __future__ import annotations

import pytest

from lab.deployable_slow import seconds_of
from lab.http_client import Head, head, request
from lab.load_streams import FLOOD, SLOW, Load, Stream, streams_of


@pytest.mark.parametrize(
    ("load", "targets", "streams"),
    [
        pytest.param(
            Load(),
            1,
            [
                Stream(("/",), 65.0, 16, True),
                Stream(("/",), 65.0, None, False),
                Stream(SLOW, 8.0, 21, True),
                Stream(SLOW, 8.0, None, False),
            ],
            id="a rate",
        ),
        pytest.param(
            FLOOD,
            3,
            [
                Stream(("/",), None, 32, True),
                Stream(("/",), None, 8, False),
                Stream(SLOW, 12.0, 32, True),
                Stream(SLOW, 12.0, None, False),
            ],
            id="as many as are answered",
        ),
        pytest.param(
            Load(rate=None, clients=2, slow=0.0),
            5,
            [Stream(("/",), None, 5, True), Stream(("/",), None, 5, False)],
            id="nobody is left out",
        ),
        pytest.param(
            Load(rate=0.0, slow=2.0), 1, [Stream(SLOW, 1.0, 3, True), Stream(SLOW, 1.0, None, False)], id="slow only"
        ),
    ],
)
def test_what_a_load_is_made_of(load: Load, targets: int, streams: list[Stream]) -> None:
    assert streams_of(load, targets) == streams


def test_a_request_says_whether_the_connection_is_kept() -> None:
    assert request("/slow/1000", keep=False).startswith(b"GET /slow/1000 HTTP/1.1\r\n")
    assert b"\r\nConnection: close\r\n" in request("/", keep=False)
    assert b"\r\nConnection: keep-alive\r\n" in request("/", keep=True)


@pytest.mark.parametrize(
    ("text", "status", "length", "closes"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Server: web1", 200, 5, False),
        (b"HTTP/1.1 200\r\ncontent-length: 0\r\nconnection: Close\r\n\r\n", 200, 0, True),
        (b"HTTP/1.0 503 Service Unavailable\r\n\r\n", 503, None, False),
    ],
)
def test_a_head_is_read(text: bytes, status: int, length: int | None, closes: bool) -> None:
    found = head(text)
    assert (found.status, found.length, found.closes) == (status, length, closes)


@pytest.mark.parametrize("text", [b"", b"SSH-2.0-x", b"HTTP/1.1", b"HTTP/1.1 twohundred OK"])
def test_what_is_no_head_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - int has words of its own
        head(text)


@pytest.mark.parametrize("length", ["-1", "5 5", "", "0x5", "1000000000"])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    with pytest.raises(ValueError, match="a body of"):
        assert Head(200, {"content-length": length}).length


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("GET /slow/1500 HTTP/1.1", 1.5),
        ("GET /slow/1500/more HTTP/1.1", 1.5),
        ("GET /slow/999999999 HTTP/1.1", 60.0),
        ("GET /slow/ HTTP/1.1", None),
        ("GET /slow/soon HTTP/1.1", None),
        ("GET / HTTP/1.1", None),
        ("", None),
    ],
)
def test_how_long_a_slow_page_waits(line: str, seconds: float | None) -> None:
    assert seconds_of(line) == seconds
