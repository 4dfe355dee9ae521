# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 as the lab's clients speak it: GET, one request at a time, nothing repeated, nothing forgiven."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

LONGEST_HEAD = 16_384
"""Bytes; HAProxy's own buffer."""
LONGEST_BODY = 1_000_000
"""Bytes; the applications of the lab answer with a dozen."""


class Head(NamedTuple):
    """What stands before the body of an answer."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""

    @property
    def length(self) -> int | None:
        """Bytes of the body; None where only the end of the connection tells. Raises ValueError where it is no number."""
        text = self.headers.get("content-length")
        if text is None:
            return None
        if not text.isdecimal() or int(text) > LONGEST_BODY:
            raise ValueError(f"a body of {text} bytes")
        return int(text)

    @property
    def closes(self) -> bool:
        """Whether the other side closes the connection after this answer."""
        return self.headers.get("connection", "").lower() == "close"


class Answer(NamedTuple):
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes


def request(path: str, *, keep: bool) -> bytes:
    """A request for this path; `keep` asks that the connection be kept for the next one."""
    wish = "keep-alive" if keep else "close"
    return f"GET {path} HTTP/1.1\r\nHost: www.example\r\nConnection: {wish}\r\n\r\n".encode("ascii")


@lru_cache(1024)  # applications answer with the same head again and again, and the load generator is to be quick
def head(text: bytes) -> Head:
    """The head of an answer, its last empty line included or not. Raises ValueError where it is none."""
    first, *lines = text.decode("latin-1").rstrip().split("\r\n")
    protocol, _blank, rest = first.partition(" ")
    if not protocol.startswith("HTTP/1."):
        raise ValueError(f"no HTTP: {first[:80]!r}")
    fields = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _colon, value in fields}
    return Head(int(rest.partition(" ")[0]), MappingProxyType(headers))


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
        writer.write(request(path, keep=self.keep))
        await writer.drain()
        top = head(await reader.readuntil(b"\r\n\r\n"))
        length = top.length
        body = await (reader.read(LONGEST_BODY) if length is None else reader.readexactly(length))
        if length is None or not self.keep or top.closes:
            self.close()
        return Answer(top.status, top.headers, body)

    def close(self) -> None:
        """Close it now. May be called again."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
