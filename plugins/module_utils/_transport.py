# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes to and from stats sockets: the only file that opens a socket.

An exchange is one connection: write, half-close, read to the end (one kept open over a reload would go on talking to
the old worker). A *conversation* is a generator that yields exchanges and is sent the replies. All run at once, so that
hung processes cost one timeout in all.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from functools import cache, partial
from math import inf
from typing import Any, Callable, Generic, NamedTuple, Protocol, TypeVar

from ._address import Address
from ._errors import CannotConnect, ClosedEarly, HAProxyError, TimedOut, TransportError

T = TypeVar("T")

# A map of a million entries is about 60 MB.
MAX_REPLY = 512 * 1024 * 1024
READ_SIZE = 256 * 1024
# Seconds between two tries to connect (a UNIX socket whose backlog is full answers EAGAIN at once).
PAUSE = 0.01
# What a master socket says while a reload re-executes the master, for 8 to 50 ms.
_RELOADING = (errno.ECONNREFUSED, errno.ENOENT)


class Exchange(NamedTuple):
    """One request on a connection of its own, which is half-closed behind it.

    :param grace: seconds for which a refused connection is tried again.
    :param limit: seconds for this exchange, where the task allows more; ``delay``: before it begins.
    :param again: repeats the one before, within the same deadline.
    :param whole: tells a reply that is whole though the connection stays open.
    """

    address: Address
    request: bytes
    grace: float = 0.0
    limit: float = inf
    delay: float = 0.0
    again: bool = False
    whole: Callable[[bytes], bool] | None = None


Conversation = Generator[Exchange, bytes, T]


class Converse(Protocol):
    """What can hold conversations: :func:`converse`, or a test's own."""

    def __call__(self, conversations: Sequence[Conversation[T]], timeout: float) -> list[T | HAProxyError]: ...


def converse(conversations: Sequence[Conversation[T]], timeout: float) -> list[T | HAProxyError]:
    """What each conversation returned, or the error that ended it; all are held side by side.

    :param timeout: seconds for each whole exchange.
    """
    with selectors.DefaultSelector() as selector:
        talks = [_Talk(conversation, timeout, selector) for conversation in conversations]
        try:
            _hold(talks, selector)
        finally:
            for talk in talks:
                talk.hang_up()
    return [talk.outcome[0] for talk in talks]


def _hold(talks: Sequence[_Talk[T]], selector: selectors.BaseSelector) -> None:
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


class _Talk(Generic[T]):
    """One conversation and the exchange that it is waiting for.

    ``outcome`` is empty, then holds the one result; at ``wakes`` (monotonic) :meth:`wake` wants to be called.
    """

    def __init__(self, conversation: Conversation[T], timeout: float, selector: selectors.BaseSelector) -> None:
        self.outcome: tuple[T | HAProxyError, ...] = ()
        self.wakes: float
        self._conversation = conversation
        self._timeout = timeout
        self._selector = selector
        self._deadline: float
        self._began: float
        self._connected: bool
        self._place: int
        self._refusal: Exception | None = None
        self._exchange: Exchange
        self._socket: socket.socket | None = None
        self._unsent: memoryview
        self._received: list[bytes]
        self._size: int

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
            self._began = time.monotonic() + self._exchange.delay
            if not self._exchange.again:
                self._deadline = self._began + min(self._timeout, self._exchange.limit)
            self._place = 0
            self._unsent = memoryview(self._exchange.request)
            self._received, self._size = [], 0
            if self._exchange.delay:
                self.wakes = self._began
                return
            try:
                self._connect()
                return
            except TransportError as error:
                step = partial(self._conversation.throw, error)

    def _fail(self, error: TransportError) -> None:
        self.hang_up()
        self._go_on(partial(self._conversation.throw, error))

    def _connect(self) -> None:
        """
        :raises CannotConnect: when it is clear at once that this will not do.
        """
        address = self._exchange.address
        self._refusal = None
        try:
            family, place = _places(address, self._timeout)[self._place]
            connection = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            raise _cannot_connect(address, error) from error
        try:
            connection.setblocking(False)
            connection.connect(place)
            self._connected = True
        except BlockingIOError as error:
            if error.errno != errno.EINPROGRESS:
                connection.close()
                self._try_later()
                return
            self._connected = False
        except (OSError, ValueError) as error:
            connection.close()
            self._refused(error)
            return
        self._socket = connection
        self.wakes = self._deadline
        self._selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def _try_later(self) -> None:
        self.wakes = min(self._deadline, time.monotonic() + PAUSE)

    def _refused(self, error: Exception) -> None:
        """
        :raises CannotConnect: unless the host has another address, or a reload may be the reason.
        """
        if self._place + 1 < len(_places(self._exchange.address, self._timeout)):
            self._place += 1
            self._connect()
            return
        in_grace = time.monotonic() + PAUSE < min(self._began + self._exchange.grace, self._deadline)
        if not (in_grace and isinstance(error, OSError) and error.errno in _RELOADING):
            raise _cannot_connect(self._exchange.address, error) from error
        self._refusal = error
        self._try_later()

    def wake(self, now: float) -> None:
        """The deadline has passed, or it is time to try the connection again."""
        if now >= self._deadline and self._refusal is not None:
            self._fail(_cannot_connect(self._exchange.address, self._refusal))
            return
        if now >= self._deadline:
            how = "did not accept a connection" if self._socket is None else "did not answer to the end"
            sentence = f"{self._exchange.address.text} {how} within {self._deadline - self._began:g} s"
            self._fail(TimedOut(sentence, partial=b"".join(self._received)))
            return
        try:
            self._connect()
        except TransportError as error:
            self._fail(error)

    def proceed(self) -> None:
        """The socket can be written or read."""
        try:
            done = self._arrived() and self._step()
        except CannotConnect as error:
            self._fail(error)
            return
        except OSError as error:
            self._fail(ClosedEarly(f"{self._exchange.address.text} broke the connection off: {error.strerror}"))
            return
        if self._size > MAX_REPLY:
            self._fail(ClosedEarly(f"{self._exchange.address.text} answers with more than {MAX_REPLY} bytes"))
        elif done:
            self.hang_up()
            reply, self._received = b"".join(self._received), []
            self._go_on(partial(self._conversation.send, reply))

    def _arrived(self) -> bool:
        """Whether the connection is there.

        :raises CannotConnect: when it will never be.
        """
        if self._socket is not None and not self._connected:
            number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number:
                self.hang_up()
                self._refused(OSError(number, os.strerror(number)))
                return False
            self._connected = True
        return True

    def _step(self) -> bool:
        """Write and read what is possible now; whether the end of the reply was seen."""
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
                with suppress(OSError):  # it may have hung up already; what it said can still be read
                    connection.shutdown(socket.SHUT_WR)
        try:
            data = connection.recv(READ_SIZE)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            if not self._received:
                raise
            return True  # what it said before counts as far as it is complete
        self._received.append(data)
        self._size += len(data)
        whole = self._exchange.whole
        return not data or (whole is not None and whole(b"".join(self._received[:2])))

    def hang_up(self) -> None:
        if self._socket is not None:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None


@cache
def _places(address: Address, seconds: float) -> list[tuple[int, str | tuple[Any, ...]]]:
    """Family and place for ``connect``; a host's name may have several, and is looked up once, within these seconds."""
    if address.path:
        return [(socket.AF_UNIX, address.path)]
    from ._lookup import places_of  # most sockets are paths

    return places_of(address.host, address.port, seconds)


def _cannot_connect(address: Address, error: Exception) -> CannotConnect:
    from ._unreachable import cannot_connect  # needed after failures only

    return cannot_connect(address, error)
