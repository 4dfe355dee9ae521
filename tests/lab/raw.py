# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The oracle: one command over one blocking socket, read to the end. Shares no code with the collection's client."""

from __future__ import annotations

import socket
import time

LONGEST = 15_000
"""Bytes: a line beyond the buffer (16,384) aborts HAProxy 2.2 and 2.6, the whole process."""


def connect(address: str, timeout: float = 5.0) -> socket.socket:
    """A connected stream socket to ``/path``, ``host:port`` or ``[::1]:port``; `timeout` in seconds for each call."""
    if address.startswith("/"):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout)
        try:
            connection.connect(address)
        except BaseException:
            connection.close()
            raise
        return connection
    host, _colon, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout)


def ask(address: str, command: str | bytes, timeout: float = 5.0, *, half_close: bool = False) -> bytes:
    """The whole reply to one command line (or lines), to the end of the stream.

    `timeout` is seconds for the whole exchange. `half_close` ends our direction after sending: a master socket, which
    never closes by itself, needs it; ``wait`` breaks by it. Raises ValueError for a command of more than 15,000 bytes,
    OSError (TimeoutError among them) where nothing answers.
    """
    line = command.encode() if isinstance(command, str) else command
    line = line if line.endswith(b"\n") else line + b"\n"
    if len(line) > LONGEST:
        raise ValueError(f"the command has {len(line)} bytes, more than {LONGEST}")
    end = time.monotonic() + timeout
    with connect(address, timeout) as connection:
        connection.sendall(line)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        reply = bytearray()
        while True:
            connection.settimeout(max(end - time.monotonic(), 0.001))
            piece = connection.recv(65536)
            if not piece:
                return bytes(reply)
            reply += piece
