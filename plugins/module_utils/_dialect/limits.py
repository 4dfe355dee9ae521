# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one process as a whole can be given: its connection limit, its rate limits, and counters that begin anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .._errors import ReplyNotUnderstood
from .._protocol import Command

# `show info` tells bytes a second, `set rate-limit` takes kilobytes.
_KILOBYTE = 1024


class Limits(NamedTuple):
    """The limits of one process; None: it was built without what the limit is about.

    :param maxconn: connections at once; ``configured_maxconn``: what it started with, and the most that it takes.
    :param rate_limit_http_compression: kilobytes a second that go into compression; the others are a second, too.
    """

    maxconn: int
    configured_maxconn: int
    rate_limit_connections: int | None
    rate_limit_sessions: int | None
    rate_limit_ssl_sessions: int | None
    rate_limit_http_compression: int | None

    @property
    def called(self) -> str:
        return "the process"


def limits_of(info: Mapping[str, str]) -> Limits:
    """The limits in ``show info``.

    :raises ReplyNotUnderstood: when one is no number.
    """

    def number(name: str) -> int | None:
        return int(info[name]) if name in info else None

    try:
        compression = number("CompressBpsRateLim")
        return Limits(
            maxconn=int(info["Maxconn"]),
            configured_maxconn=int(info["Hard_maxconn"]),
            rate_limit_connections=number("ConnRateLimit"),
            rate_limit_sessions=number("SessRateLimit"),
            rate_limit_ssl_sessions=number("SslRateLimit"),
            rate_limit_http_compression=None if compression is None else compression // _KILOBYTE,
        )
    except (KeyError, ValueError) as error:
        raise ReplyNotUnderstood(f"show info: {error}") from error


def set_maxconn(limits: Limits) -> Command:
    """Back to what it started with is said as 0, which every version takes."""
    number = 0 if limits.maxconn == limits.configured_maxconn else limits.maxconn
    return Command(f"set maxconn global {number}", "set maxconn global", "admin", silent=True)


def set_rate_limit(what: str, limit: int | None) -> Command:
    return Command(f"set rate-limit {what} global {limit}", f"set rate-limit {what} global", "admin", silent=True)


CLEAR = {
    "max": Command("clear counters", "clear counters", "operator", silent=True),
    "all": Command("clear counters all", "clear counters all", "admin", "clear_all_counters", silent=True),
}
