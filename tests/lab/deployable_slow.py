# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The slow pages of a deployable application: ``/slow/1500`` is answered after 1,500 ms.

A script that imports nothing of the lab, run as ``python -I deployable_slow.py SOCKET``, a UNIX socket. HAProxy stands
before it and says whose answer it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

LONGEST_HEAD = 16_384
"""Bytes of a request's head."""
LONGEST_SECONDS = 60.0

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nslow\n"
UNKNOWN = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection, one after the other, until the other side closes it."""
    # gone in the middle, or no client at all
    with contextlib.suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        while True:
            first, _rest = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n", 1)
            seconds = seconds_of(first.decode("latin-1"))
            await asyncio.sleep(seconds or 0.0)
            writer.write(UNKNOWN if seconds is None else OK)
            await writer.drain()
    writer.close()


def seconds_of(line: str) -> float | None:
    """How long this request line asks to wait, at most a minute; None for another page."""
    _method, path, *_protocol = [*line.split(), "", ""]
    _empty, page, *words = [*path.split("/"), "", ""]
    if page != "slow" or not words[0].isdecimal():
        return None
    return min(int(words[0]) / 1000, LONGEST_SECONDS)


async def serve(path: Path) -> None:
    """Listen until the process ends."""
    path.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(converse, path, limit=LONGEST_HEAD, backlog=1000)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
