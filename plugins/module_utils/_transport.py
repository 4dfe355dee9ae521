# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes to and from stats sockets: the only file that opens a socket.

An exchange is one connection: connect, write the request, half-close, read to the end of the stream (a connection
kept open over a reload would go on talking to the old worker). What is said to one process is a *conversation*: a
generator that yields exchanges and is sent the replies. Many conversations run at once on one selector, so that a
hung process costs one timeout and not one per process.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from functools import partial
from typing import Callable, Generic, NamedTuple, Protocol, TypeVar

from ._errors import CannotConnect, ClosedEarly, HAProxyError, TimedOut, TransportError

T = TypeVar("T")

# One reply may not eat the target's memory. A map of a million entries is about 60 MB.
MAX_REPLY = 512 * 1024 * 1024
READ_SIZE = 256 * 1024
# A UNIX socket whose backlog is full answers EAGAIN at once; try again after this many seconds.
BACKLOG_PAUSE = 0.01


class Address(NamedTuple):
    """Where a stats socket is: its name as the user wrote it (or the directory showed it), and its path."""

    text: str
    path: str


class Exchange(NamedTuple):
    """One request on a connection of its own.

    :param half_close: say that nothing more comes once the request is written (``wait`` must not hear that).
    """

    address: Address
    request: bytes
    half_close: bool = True


Conversation = Generator[Exchange, bytes, T]


class Converse(Protocol):
    """What can hold conversations: :func:`converse`, or a test's own."""

    def __call__(self, conversations: Sequence[Conversation[T]], timeout: float) -> list[T | HAProxyError]: ...


def converse(conversations: Sequence[Conversation[T]], timeout: float) -> list[T | HAProxyError]:
    """Run all conversations to their ends, side by side.

    :param timeout: seconds for each whole exchange.
    :return: in the order of the conversations, what each returned or the error that ended it.
    """
    with selectors.DefaultSelector() as selector:
        talks = [_Talk(conversation, timeout, selector) for conversation in conversations]
        for talk in talks:
            talk.start()
        under_way = [talk for talk in talks if not talk.outcome]
        while under_way:
            pause = min(talk.wakes for talk in under_way) - time.monotonic()
            for key, _events in selector.select(max(0.0, pause)):
                key.data.proceed()
            now = time.monotonic()
            for talk in under_way:
                if not talk.outcome and talk.wakes <= now:
                    talk.wake(now)
            under_way = [talk for talk in under_way if not talk.outcome]
    return [talk.outcome[0] for talk in talks]


class _Talk(Generic[T]):
    """One conversation and the exchange that it is waiting for.

    ``outcome`` is empty while the conversation goes on, then holds its one result; ``wakes`` is the monotonic time
    at which :meth:`wake` wants to be called even if the socket says nothing.
    """

    def __init__(self, conversation: Conversation[T], timeout: float, selector: selectors.BaseSelector) -> None:
        self.outcome: tuple[T | HAProxyError, ...] = ()
        self.wakes = 0.0
        self._conversation = conversation
        self._timeout = timeout
        self._selector = selector
        self._deadline = 0.0
        self._exchange: Exchange
        self._socket: socket.socket | None = None
        self._unsent = memoryview(b"")
        self._received: list[bytes] = []
        self._size = 0

    def start(self) -> None:
        self._go_on(partial(next, self._conversation))

    def _go_on(self, step: Callable[[], Exchange]) -> None:
        """Hand the conversation what it waits for, and begin the exchange that it asks for next."""
        while True:
            try:
                self._exchange = step()
            except StopIteration as stop:
                self.outcome = (stop.value,)
                return
            except HAProxyError as error:
                self.outcome = (error,)
                return
            self._deadline = time.monotonic() + self._timeout
            self._unsent = memoryview(self._exchange.request)
            self._received, self._size = [], 0
            try:
                self._connect()
                return
            except TransportError as error:
                step = partial(self._conversation.throw, error)

    def _fail(self, error: TransportError) -> None:
        self._hang_up()
        self._go_on(partial(self._conversation.throw, error))

    def _connect(self) -> None:
        address = self._exchange.address
        try:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        except OSError as error:
            raise _cannot_connect(address, error) from error
        try:
            connection.setblocking(False)
            connection.connect(address.path)
        except BlockingIOError:
            connection.close()
            self.wakes = min(self._deadline, time.monotonic() + BACKLOG_PAUSE)
            return
        except (OSError, ValueError) as error:
            connection.close()
            raise _cannot_connect(address, error) from error
        self._socket = connection
        self.wakes = self._deadline
        self._selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def wake(self, now: float) -> None:
        """The deadline has passed, or it is time to try the connection again."""
        if now >= self._deadline:
            partial_reply = b"".join(self._received)
            how = "did not accept a connection" if self._socket is None else "did not answer to the end"
            self._fail(
                TimedOut(f"{self._exchange.address.text} {how} within {self._timeout:g} s", partial=partial_reply)
            )
            return
        try:
            self._connect()
        except TransportError as error:
            self._fail(error)

    def proceed(self) -> None:
        """The socket can be written or read."""
        try:
            done = self._step()
        except OSError as error:
            self._fail(ClosedEarly(f"{self._exchange.address.text} broke the connection off: {_words(error)}"))
            return
        if self._size > MAX_REPLY:
            self._fail(ClosedEarly(f"{self._exchange.address.text} answers with more than {MAX_REPLY} bytes"))
        elif done:
            self._hang_up()
            self._go_on(partial(self._conversation.send, b"".join(self._received)))

    def _step(self) -> bool:
        """Write and read what is possible now.

        :return: whether the end of the reply was seen.
        """
        connection = self._socket
        if connection is None:
            return False
        if self._unsent:
            try:
                self._unsent = self._unsent[connection.send(self._unsent) :]
            except BlockingIOError:
                pass
            except (BrokenPipeError, ConnectionResetError):
                self._unsent = memoryview(b"")  # it may have said why before it hung up: read that
            if not self._unsent:
                self._selector.modify(connection, selectors.EVENT_READ, self)
                if self._exchange.half_close:
                    _half_close(connection)
        try:
            data = connection.recv(READ_SIZE)
        except BlockingIOError:
            return False
        self._received.append(data)
        self._size += len(data)
        return not data

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None


def _half_close(connection: socket.socket) -> None:
    with suppress(OSError):  # the other side has hung up already; what it said can still be read
        connection.shutdown(socket.SHUT_WR)


def _words(error: Exception) -> str:
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)


def _cannot_connect(address: Address, error: Exception) -> CannotConnect:
    number = error.errno if isinstance(error, OSError) else None
    hints = {
        errno.EACCES: "; become a user who may write to it, or change its user, group or mode in the configuration",
        errno.ECONNREFUSED: "; nothing listens there (any more)",
        errno.ENOENT: "; is HAProxy running, and is this the path of its 'stats socket' line?",
        errno.EPROTOTYPE: "; it is a socket of another kind",
        errno.ENOTSOCK: "; it is not a socket",
    }
    return CannotConnect(f"cannot connect to {address.text}: {_words(error)}{hints.get(number or 0, '')}", errno=number)
