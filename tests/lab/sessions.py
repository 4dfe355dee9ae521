# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions that stay: what keeps a server from being drained and an old worker from ending."""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Self

from .raw import connect


class HeldSession:
    """A client whose request is under way until `finish` or `close`."""

    def __init__(self, connection: socket.socket) -> None:
        """Take over a connection on which all but the last byte of the request was sent."""
        self._connection = connection

    def finish(self) -> bytes:
        """Send the missing byte and return the whole response, head and body. Raises OSError where it was cut off."""
        with self._connection as connection:
            connection.sendall(b".")
            reply = bytearray()
            while piece := connection.recv(65536):
                reply += piece
            return bytes(reply)

    def is_open(self) -> bool:
        """Whether HAProxy still keeps the connection."""
        self._connection.setblocking(False)
        try:
            return self._connection.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            self._connection.settimeout(5.0)

    def close(self) -> None:
        """Drop the connection. May be called again."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def hold_session(
    port: int, path: str = "/hold", *, host: str = "127.0.0.1", timeout: float = 5.0, cookie: str = ""
) -> HeldSession:
    """A request that waits in an application of ``Apps``, through a frontend; returns when it got there.

    It counts as a session of its server, for up to 300 s. Works in modes http and tcp. `path` must hold "hold".
    `timeout` is seconds for each step; `cookie` is sent along. Raises OSError where no application answers.
    """
    connection = connect(f"{host}:{port}", timeout)
    try:
        head = f"POST {path} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\nContent-Length: 1\r\n"
        more = f"Cookie: {cookie}\r\n" if cookie else ""
        connection.sendall(f"{head}{more}Expect: 100-continue\r\n\r\n".encode())
        reply = b""
        while not reply.endswith(b"\r\n\r\n"):
            piece = connection.recv(1)
            if not piece:
                raise ConnectionError(f"port {port} closed the session")
            reply += piece
        if b" 100 " not in reply.splitlines()[0]:
            raise ConnectionError(f"port {port} answers {reply.splitlines()[0]!r} and does not hold the session")
    except BaseException:
        connection.close()
        raise
    return HeldSession(connection)


def hold_connection(port: int, *, host: str = "127.0.0.1", timeout: float = 5.0) -> HeldSession:
    """A connection to a frontend with half a request, for bodies without applications; it has no server in mode http."""
    connection = connect(f"{host}:{port}", timeout)
    connection.sendall(b"POST / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\nContent-Length: 1\r\n")
    return HeldSession(connection)
