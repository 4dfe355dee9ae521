# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An agent as HAProxy asks it by ``agent-check``: a TCP port that answers every connection with one line."""

from __future__ import annotations

import socket
import socketserver
import threading
from types import TracebackType
from typing import Self

from .ports import free_port

SECONDS = 2.0
"""For each step of a conversation, and so how long `stop` may take; HAProxy's own limit is agent-inter."""

LONGEST = 16_384
"""Bytes kept of what HAProxy sends, the size of its buffer."""

POLL_SECONDS = 0.02


class Agent:
    """Listens from the start and answers ``says``; a context manager that stops it.

    with Agent() as agent:
        agent.says = "drain"
    """

    def __init__(self, says: str = "up", *, host: str = "127.0.0.1") -> None:
        """Start it on a free port of this loopback address. Raises OSError where it cannot listen there."""
        self.says = says
        """The words of the answers from now on, without the end of the line: ``up 100%``, ``down#text``, ``maint``."""
        self.heard: list[bytes] = []
        """What HAProxy sent (agent-send) on each connection that has ended, oldest first; b"" where nothing came."""
        self.port = free_port()
        self._server = _Server(self, host)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_SECONDS,), name="lab agent", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Refuse connections from now on; returns when the conversations under way have ended. May be called again."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, agent: Agent, host: str) -> None:
        self.agent = agent
        super().__init__((host, agent.port), _Conversation)


class _Conversation(socketserver.BaseRequestHandler):
    """Answers at once and reads afterwards: bytes left unread at the close would let HAProxy see a reset."""

    request: socket.socket
    server: _Server

    def handle(self) -> None:
        heard = bytearray()
        try:
            self.request.settimeout(SECONDS)
            self.request.sendall(self.server.agent.says.encode("utf-8", "surrogateescape") + b"\n")
            self.request.shutdown(socket.SHUT_WR)
            while len(heard) < LONGEST and (piece := self.request.recv(4096)):
                heard += piece
        except OSError:
            pass  # HAProxy ends its checks by a reset
        self.server.agent.heard.append(bytes(heard))
