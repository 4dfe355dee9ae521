# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joins standard input and output to a TCP port: ``python -I -S relay.py ADDRESS PORT``, the ssh ProxyCommand.

Runs within the world, where the address is, and dies with it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading

BYTES = 262_144


def main(address: str, port: int) -> None:
    """Copy both ways until either side ends."""
    with socket.create_connection((address, port), timeout=10) as connection:
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_send, args=(connection,), daemon=True).start()
        with contextlib.suppress(OSError):
            while piece := connection.recv(BYTES):
                _write(piece)


def _send(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := os.read(0, BYTES):
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)


def _write(piece: bytes) -> None:
    while piece:
        piece = piece[os.write(1, piece) :]


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]))
    except OSError as error:
        sys.exit(f"{sys.argv[1]} port {sys.argv[2]}: {error}")
    os._exit(0)  # the other thread may wait for input for ever
