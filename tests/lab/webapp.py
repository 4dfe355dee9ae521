# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small web server, a process of its own: ``/`` answers at once, ``/slow`` after some seconds.

A script that imports nothing of the lab, run as ``python -I webapp.py NAME PORT VERSION SLOW_SECONDS``. Every answer says
which server gave it and which version of the application that was. SIGTERM ends it as a crash would: whatever is under
way is cut off, so that a deploy that did not wait is seen.
"""

from __future__ import annotations

import asyncio
import sys

LONGEST_HEAD = 16_384
"""Bytes of a request's head."""


class WebApp:
    """HTTP/1.1 with keep-alive, GET only."""

    def __init__(self, name: str, version: str, slow_seconds: float) -> None:
        """Nothing listens yet; see ``serve``."""
        self._name = name
        self._version = version
        self._slow_seconds = slow_seconds

    async def serve(self, port: int) -> None:
        """Listen on loopback until the process ends. Raises OSError where the port is taken."""
        server = await asyncio.start_server(self._converse, "127.0.0.1", port, limit=LONGEST_HEAD)
        await server.serve_forever()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, one after the other."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                if head.split(None, 2)[1].startswith("/slow"):
                    await asyncio.sleep(self._slow_seconds)
                closes = "\r\nconnection: close\r\n" in head
                writer.write(self._answer(closes=closes))
                await writer.drain()
                if closes:
                    return
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            return  # the client has gone, or is none
        finally:
            writer.close()

    def _answer(self, *, closes: bool) -> bytes:
        body = f"{self._name} {self._version}\n"
        head = [
            "HTTP/1.1 200 OK",
            "Content-Type: text/plain",
            f"Content-Length: {len(body)}",
            f"X-Server: {self._name}",
            f"X-Version: {self._version}",
            *(["Connection: close"] if closes else []),
        ]
        return ("\r\n".join(head) + "\r\n\r\n" + body).encode("ascii")


if __name__ == "__main__":
    asyncio.run(WebApp(sys.argv[1], sys.argv[3], float(sys.argv[4])).serve(int(sys.argv[2])))
