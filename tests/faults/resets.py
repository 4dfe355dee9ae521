# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP proxy in front of a stats socket that resets connections in the middle of a reply, as a dying machine does."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lab.raw import ask

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@contextmanager
def resets(target: str, wanted: Callable[[bytes], bool]) -> Iterator[str]:
    """Forwards requests to `target`; replies to those that are `wanted` end half-way, with a reset. Gives HOST:PORT."""

    class Request(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            connection: socket.socket = self.request
            connection.settimeout(5)
            with contextlib.suppress(OSError):
                request = b"".join(iter(lambda: connection.recv(65536), b""))
                reply = ask(target, request)
                if wanted(request):
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                    connection.sendall(reply[: len(reply) // 2])
                    connection.close()
                else:
                    connection.sendall(reply)

    class Server(socketserver.ThreadingTCPServer):
        request_queue_size = 64
        daemon_threads = True

        def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
            """Close, without the orderly end that would come before the reset."""
            assert isinstance(request, socket.socket)
            request.close()

    with Server(("127.0.0.1", 0), Request) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
