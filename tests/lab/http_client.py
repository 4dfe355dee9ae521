# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of the load generator: GET over HTTP/1.1, nothing repeated, nothing forgiven."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

LONGEST_BODY = 1_000_000
"""Bytes; the applications of the lab answer with a dozen."""


class Answer(NamedTuple):
    """A whole answer."""

    status: int
    headers: dict[str, str]
    """By name in lower case."""
    body: bytes


class Connection:
    """One connection to a port of loopback, opened when it is needed; the next request opens another after a close."""

    def __init__(self, port: int, *, keep: bool) -> None:
        """`keep` keeps it open for the next request as long as the other side does."""
        self.keep = keep
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str) -> Answer:
        """Ask and read the whole answer.

        Raises OSError or EOFError where it does not come or is cut off, ValueError where it is not HTTP. The connection
        is of no use after an error: close it.
        """
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        wish = "keep-alive" if self.keep else "close"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: www.example\r\nConnection: {wish}\r\n\r\n".encode("ascii"))
        await writer.drain()
        status, headers = _head(await reader.readuntil(b"\r\n\r\n"))
        length = int(headers["content-length"]) if "content-length" in headers else None
        if length is not None and length > LONGEST_BODY:
            raise ValueError(f"a body of {length} bytes")
        body = await (reader.read(LONGEST_BODY) if length is None else reader.readexactly(length))
        if length is None or not self.keep or headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, headers, body)

    def close(self) -> None:
        """Close it now. May be called again."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer. Raises ValueError where it is none."""
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    protocol, status, *_reason = first.split(" ", 2)
    if not protocol.startswith("HTTP/1."):
        raise ValueError(f"no HTTP: {first[:80]!r}")
    fields = (line.partition(":") for line in lines)
    return int(status), {name.strip().lower(): value.strip() for name, _colon, value in fields}
