# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients of the load generator, all in one thread over one epoll: a request costs four system calls and little else."""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from collections.abc import Callable
from typing import Protocol

from .http_client import LONGEST_HEAD, head, request
from .load_log import NOBODY, Closed, Request

SWEEP_SECONDS = 0.1
"""How often requests that take too long are looked for, and at least how often ``Clients.turn`` returns."""

_IN, _OUT = select.EPOLLIN, select.EPOLLOUT


class Target:
    """A balancer: IPv4 address and port."""

    def __init__(self, name: str) -> None:
        """`name` is ``address:port``. Raises ValueError."""
        host, _colon, port = name.rpartition(":")
        socket.inet_aton(host)
        self.name = name
        self.address = (host, int(port))


class Owner(Protocol):
    """Who uses a client."""

    def over(self, client: Client, made: Request) -> None:
        """The request of this client has ended; it may be given the next one."""


class Clients:
    """All clients of a process, and what happens to them."""

    def __init__(self, log: Callable[[Request | Closed], None], timeout: float) -> None:
        """`log` is called for each request that has ended, and for each idle connection that was closed.

        A request that takes longer than `timeout` seconds from beginning to end has failed.
        """
        self.log = log
        self._timeout = timeout
        self.poll = select.epoll()
        self.open: dict[int, Client] = {}
        self.busy: set[Client] = set()
        self.ended: list[tuple[Client, Request]] = []
        self._sweep = time.monotonic()

    def turn(self, seconds: float) -> None:
        """Wait for at most so long, and do what is to be done."""
        wait = 0.0 if self.ended else min(max(seconds, 0.0), SWEEP_SECONDS)
        for number, _events in self.poll.poll(wait):
            self.open[number].on_event()
        now = time.monotonic()
        if now >= self._sweep:
            self._sweep = now + SWEEP_SECONDS
            for client in [each for each in self.busy if now - each.start > self._timeout]:
                client.end("TimeoutError")
        # Only now, so that no event of this turn can meet a socket that was opened in this turn with the same number.
        ended, self.ended = self.ended, []
        for client, made in ended:
            self.log(made)
            client.owner.over(client, made)

    def close(self) -> None:
        """Close all connections."""
        for client in list(self.open.values()):
            client.close()
        self.poll.close()


class Client:
    """Makes one request at a time to one target, on a kept connection or on one of its own for each."""

    def __init__(self, clients: Clients, owner: Owner, target: Target, *, keep: bool) -> None:
        """Nothing is opened yet."""
        self.owner = owner
        self.target = target
        self.start = 0.0
        self._clients = clients
        self._keep = keep
        self._socket: socket.socket | None = None
        self._is_connected = False
        self._path = ""
        self._request = b""
        self._answer = b""

    def ask(self, path: str) -> None:
        """Make a request; the owner is told when it is over."""
        self.start = time.monotonic()
        if path != self._path:
            self._path, self._request = path, request(path, keep=self._keep)
        self._answer = b""
        self._clients.busy.add(self)
        try:
            if self._socket is not None and self._was_closed(self._socket):
                self._clients.log(Closed(self.start, self.target.name))
                self.close()
            if self._socket is None:
                self._connect()
            else:
                self._socket.send(self._request)
        except (OSError, ValueError) as error:
            self.end(_kind(error))

    def on_event(self) -> None:
        """The kernel has something to say about the socket."""
        connection = self._socket
        if connection is None:
            return
        try:
            if self._is_connected:
                self._read(connection)
            else:
                if number := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    raise OSError(number, os.strerror(number))
                self._clients.poll.modify(connection, _IN)
                self._is_connected = True
                connection.send(self._request)  # a hundred bytes, which an empty buffer takes at once
        except BlockingIOError:
            return
        except (OSError, EOFError, ValueError) as error:
            if self in self._clients.busy:
                self.end(_kind(error))
            else:
                self._unasked(error)

    def end(self, outcome: str) -> None:
        """The request has ended like this."""
        server, version, closes = _said(self._answer)
        made = Request(
            self.start, time.monotonic() - self.start, outcome, server, version, self._path,
            "kept" if self._keep else "new", self.target.name,
        )  # fmt: skip
        if closes or not self._keep or not outcome.isdecimal():
            self.close()
        self._clients.busy.discard(self)
        self._clients.ended.append((self, made))

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._socket is not None:
            del self._clients.open[self._socket.fileno()]
            self._socket.close()
            self._socket = None

    def _connect(self) -> None:
        connection = self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._clients.open[connection.fileno()] = self
        number = connection.connect_ex(self.target.address)
        if number not in (0, errno.EINPROGRESS):
            raise OSError(number, os.strerror(number))
        self._is_connected = number == 0
        self._clients.poll.register(connection, _IN if self._is_connected else _IN | _OUT)
        if self._is_connected:
            connection.send(self._request)

    def _unasked(self, error: Exception) -> None:
        """The other side said or did something while nothing was asked."""
        now = time.monotonic()
        if isinstance(error, ValueError):  # an answer to nothing
            log = Request(now, 0.0, _kind(error), NOBODY, NOBODY, NOBODY, "kept", self.target.name)
            self._clients.log(log)
        else:  # a killed balancer looks the same; it refuses what is asked next
            self._clients.log(Closed(now, self.target.name))
        self.close()

    def _read(self, connection: socket.socket) -> None:
        """Take what has come. Raises EOFError where the other side has closed, ValueError for what is no answer."""
        piece = connection.recv(65_536)
        if not piece:
            raise EOFError
        self._answer += piece
        if self not in self._clients.busy:
            raise ValueError("an answer to nothing")
        top, found, body = self._answer.partition(b"\r\n\r\n")
        if not found:
            if len(top) > LONGEST_HEAD:
                raise ValueError("no head")
            return
        said = head(top)
        # Without a length nobody can say whether it is whole: as good as cut off, if it was to be a success.
        length = said.length
        if length is None and said.status == 200:
            raise ValueError("an answer without a length")
        if length is not None and len(body) > length:
            raise ValueError("more than an answer")
        if length is None or len(body) == length:
            self.end(str(said.status))

    @staticmethod
    def _was_closed(connection: socket.socket) -> bool:
        """Whether the other side has closed it by now, as the kernel knows it, which may not have been told yet.

        HTTP allows a server to close a connection that is idle, and asks clients to be prepared (RFC 9112, 9.3). What is
        closed after this look, with the request sent, is a failure: it is never repeated. Raises ValueError where an
        answer lies there already.
        """
        try:
            if connection.recv(1, socket.MSG_PEEK):
                raise ValueError("an answer to nothing")
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True


def _said(answer: bytes) -> tuple[str, str, bool]:
    """Server and version in an answer or its beginning, and whether the connection is of no use after it."""
    top, found, _body = answer.partition(b"\r\n\r\n")
    if not found:
        return NOBODY, NOBODY, True
    try:
        said = head(top)
        closes = said.closes or said.length is None
    except ValueError:
        return NOBODY, NOBODY, True
    server, version = ("_".join(said.headers.get(name, "").split()) or NOBODY for name in ("x-server", "x-version"))
    return server, version, closes


def _kind(error: Exception) -> str:
    """What a log calls an error: the class that says it, else the kernel's name for it."""
    name = type(error).__name__
    number = error.errno if isinstance(error, OSError) else None
    return errno.errorcode.get(number, name) if name == "OSError" and number is not None else name
