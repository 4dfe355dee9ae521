# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name server for HAProxy's ``resolvers`` section: UDP on loopback, addresses from a table that a test changes.

The messages are those of RFC 1035, with one question each; what follows the question (the OPT record of RFC 6891, which
HAProxy sends) is not looked at.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple, Self

from .ports import free_port

POLL_SECONDS = 0.02
TTL_SECONDS = 1

HEADER = struct.Struct("!6H")
QUESTION_TAIL = struct.Struct("!2H")
A, IN = 1, 1
ANSWER, AUTHORITATIVE, RECURSION_DESIRED, RECURSION_AVAILABLE = 0x8000, 0x0400, 0x0100, 0x0080
NXDOMAIN = 3
NAME_OF_THE_QUESTION = b"\xc0\x0c"
"""A pointer to byte 12, where the question begins."""


class Resolver:
    """Answers from the start; a context manager that stops it.

    A name of the table has one A record and no other; any other name does not exist.
    """

    def __init__(self, addresses: Mapping[str, str] | None = None) -> None:
        """Start it on a free port of 127.0.0.1 with these names and IPv4 addresses. Raises OSError."""
        self.addresses = dict(addresses or {})
        """Name to IPv4 address, in any case and without a dot at the end; changes hold from the next query on."""
        self.port = free_port()
        self._server = _Server(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_SECONDS,), name="lab resolver", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Answer no more. May be called again."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


class Question(NamedTuple):
    """The one question of a query."""

    name: str
    """Lower case, without a dot at the end."""
    kind: int
    raw: bytes
    """As it was sent: HAProxy compares it, case included, with its own."""


class _Server(socketserver.UDPServer):
    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        super().__init__(("127.0.0.1", resolver.port), _Query)


class _Query(socketserver.BaseRequestHandler):
    request: tuple[bytes, socket.socket]
    server: _Server

    def handle(self) -> None:
        query, connection = self.request
        reply = answer(query, self.server.resolver.addresses)
        if reply is not None:
            with contextlib.suppress(OSError):  # HAProxy has gone
                connection.sendto(reply, self.client_address)


def answer(query: bytes, addresses: Mapping[str, str]) -> bytes | None:
    """The response to a query, None where it is not one with a question that can be read."""
    question = _question(query)
    if question is None:
        return None
    identity, flags, *_counts = HEADER.unpack_from(query)
    known = {name.lower(): address for name, address in dict(addresses).items()}
    address = known.get(question.name)
    record = b""
    if address is not None and question.kind == A:
        record = NAME_OF_THE_QUESTION + struct.pack("!2HIH", A, IN, TTL_SECONDS, 4) + socket.inet_aton(address)
    code = NXDOMAIN if address is None else 0
    said = ANSWER | AUTHORITATIVE | flags & RECURSION_DESIRED | RECURSION_AVAILABLE | code
    return HEADER.pack(identity, said, 1, 1 if record else 0, 0, 0) + question.raw + record


def _question(query: bytes) -> Question | None:
    try:
        _identity, flags, questions, *_counts = HEADER.unpack_from(query)
        labels = []
        at = HEADER.size
        while length := query[at]:
            labels.append(query[at + 1 : at + 1 + length].decode("ascii"))
            at += 1 + length
        kind, _class = QUESTION_TAIL.unpack_from(query, at + 1)
    except (struct.error, IndexError, UnicodeDecodeError):
        return None
    if flags & ANSWER or questions != 1:
        return None
    return Question(".".join(labels).lower(), kind, query[HEADER.size : at + 1 + QUESTION_TAIL.size])
