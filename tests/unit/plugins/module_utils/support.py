# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Captured replies, processes that exist in memory only, and servers on real UNIX sockets."""

from __future__ import annotations

import copy
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypeVar, Union

from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._address import Address
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.info import Facts
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import HAProxyError, TransportError
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._features import version_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import Fleet
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._process import Process
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import DIRECT
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._transport import (
    Conversation,
    Converse,
    Exchange,
)

T = TypeVar("T")

REPLIES = Path(__file__).with_name("replies")
VERSIONS = sorted(path.name for path in REPLIES.iterdir())
"""The HAProxy versions of which replies were captured (``python -m lab.capture``)."""

# A hung test fails instead of hanging the run.
SECONDS = 10.0

Reply = Callable[[str, str], bytes]
Answer = Union[bytes, TransportError]  # noqa: UP007 Python 3.9 knows no other


def reply_of(version: str, name: str) -> bytes:
    """All bytes that a process of this version sent, to the end of the stream."""
    text = REPLIES / version / f"{name}.txt"
    if text.exists():
        return text.read_bytes()
    escaped = text.with_suffix(".escaped").read_bytes()  # a reply that is no UTF-8
    return escaped.rstrip(b"\n").decode("unicode_escape").encode("latin-1")


def text_of(version: str, name: str) -> str:
    """The table in a captured reply to one command that reads."""
    raw = reply_of(version, name).decode("utf-8", "surrogateescape")
    assert raw.startswith("\n")
    assert raw.endswith("\n\n")
    return raw[1:-1]


def tables_of(version: str, name: str) -> list[str]:
    """The tables in a captured reply to several commands of one line."""
    tables = reply_of(version, name).decode("utf-8", "surrogateescape").lstrip("\n").split("\n\n")[:-1]
    return [f"{table}\n" for table in tables]


# What HAProxy makes of a line ------------------------------------------------------------------------------------


def commands_of(line: str) -> list[str]:
    """A line cut at every ``;`` without a backslash before it (cli_io_handler() in HAProxy's cli.c)."""
    commands = [""]
    skip = False
    for character in line:
        if character == ";" and not skip:
            commands.append("")
            continue
        commands[-1] += character
        skip = character == "\\" and not skip
    return commands


def words_of(command: str) -> tuple[list[str], bool]:
    """The words of a command, and whether a payload follows (cli_parse_request() in HAProxy's cli.c).

    A word ends at a blank or tab that has no backslash before it; a backslash before any other character is dropped.
    """
    raw = re.findall(r"(?:\\.|[^\\ \t])+", command.rstrip("\n"), re.DOTALL)
    payload = bool(raw) and raw[-1].startswith("<<")
    words = raw[:-1] if payload else raw
    return [re.sub(r"\\(.)", r"\1", word, flags=re.DOTALL) for word in words], payload


# Processes in memory ---------------------------------------------------------------------------------------------


def facts(
    version: str = "3.0.11",
    *,
    level: str = "admin",
    pid: int = 4711,
    sockets: Sequence[str] = ("unix@/run/haproxy/admin.sock admin all",),
    buffer_size: int = 16384,
    place: str = "0x1",
    **info: str,
) -> Facts:
    """What a process says of itself."""
    said = {"Name": "HAProxy", "Version": version, "Pid": str(pid), "node": "lb1", **info}
    nbproc = int(info.get("Nbproc", "1"))
    return Facts(said, version_of(version), pid, level, tuple(sockets), buffer_size, place, nbproc)


def process(name: str = "p1", known: Facts | None = None) -> Process:
    """A process that is reached by an address of its own name."""
    return Process(name, Address(name, path=f"/run/haproxy/{name}"), known or facts())


_WITNESS = ";show info"


class ScriptedConverse:
    """Holds conversations without a socket: each exchange is answered by a function.

    Gives errors back into the conversation, one exchange of each conversation after the other, as the real one.
    """

    def __init__(self, answer: Callable[[Exchange], Answer]) -> None:
        self._answer = answer
        self.exchanges: list[Exchange] = []
        self.timeouts: list[float] = []

    def __call__(self, conversations: Sequence[Conversation[T]], timeout: float) -> list[T | HAProxyError]:
        self.timeouts.append(timeout)
        return [self._hold(conversation) for conversation in conversations]

    def _hold(self, conversation: Conversation[T]) -> T | HAProxyError:
        try:
            exchange = next(conversation)
            while True:
                self.exchanges.append(exchange)
                answer = self._answer(exchange)
                if isinstance(answer, TransportError):
                    exchange = conversation.throw(copy.copy(answer))  # conversations write their place into errors
                else:
                    exchange = conversation.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result
        except HAProxyError as error:
            return error

    @property
    def lines(self) -> list[str]:
        """The requests without prefix and line end."""
        return [line_of(exchange) for exchange in self.exchanges]


def line_of(exchange: Exchange) -> str:
    """A request without prefix and line end."""
    line = exchange.request.decode("utf-8", "surrogateescape")
    assert line.startswith(DIRECT.start)
    assert line.endswith("\n")
    return line[len(DIRECT.start) : -1]


def by_line(answers: Mapping[str, Answer]) -> Callable[[Exchange], Answer]:
    """Answer by the line that is asked; a line that nobody expects fails the test.

    Where the line is not among them, ``show info`` at its end is answered as process 4711 does.
    """

    def answer(exchange: Exchange) -> Answer:
        line = line_of(exchange)
        if line in answers or not line.endswith(_WITNESS):
            return answers[line]
        return said(answers[line[: -len(_WITNESS)]])

    return answer


def said(reply: Answer, pid: int = 4711) -> Answer:
    """What a process answers to a question and ``show info`` in one line, when this is the answer to the question."""
    whole = isinstance(reply, bytes) and reply.startswith(b"\n") and reply.endswith(b"\n\n")
    return reply + info_table(pid) if isinstance(reply, bytes) and whole else reply


def talk(conversation: Conversation[T], *answers: Answer) -> T | HAProxyError:
    """What comes of a conversation that gets these answers, one for each exchange, the last for all that follow."""
    waiting = iter(answers)
    (outcome,) = ScriptedConverse(lambda _exchange: next(waiting, answers[-1]))([conversation], 1.0)
    return outcome


def fleet_of(
    processes: Sequence[Process],
    converse: Converse,
    timeout: float = 1.0,
    old: Sequence[Process] | None = None,
) -> Fleet:
    return Fleet(tuple(processes), None if old is None else tuple(old), (), converse, timeout)


def info_table(pid: int = 4711, **info: str) -> bytes:
    """The reply to ``show info``, as far as a process looks whether it still speaks with itself."""
    said = {"Name": "HAProxy", "Version": "3.0.11", "Pid": str(pid), **info}
    return "".join(f"{name}: {text}\n" for name, text in said.items()).encode() + b"\n"


# Servers on real sockets -----------------------------------------------------------------------------------------

Handler = Callable[[socket.socket], None]


@contextmanager
def serving(path: Path, handler: Handler, *, backlog: int = 512, threads: int = 1) -> Iterator[str]:
    """A UNIX socket whose connections are handled one after the other by each of some threads.

    What the handler raises fails the test, except for a connection that the other side broke off.
    """
    failures: list[BaseException] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(backlog)
        workers = [threading.Thread(target=_serve, args=(listener, handler, failures)) for _number in range(threads)]
        for worker in workers:
            worker.start()
        try:
            yield str(path)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for worker in workers:
                worker.join(SECONDS)
    assert not failures
    assert not any(worker.is_alive() for worker in workers)


def _serve(listener: socket.socket, handler: Handler, failures: list[BaseException]) -> None:
    while True:
        try:
            connection, _peer = listener.accept()
        except OSError:
            return
        with connection, suppress(ConnectionError):
            connection.settimeout(SECONDS)
            try:
                handler(connection)
            except ConnectionError:
                raise
            except Exception as error:  # noqa: BLE001 whatever it is, the test shows it
                failures.append(error)


def read_to_end(connection: socket.socket) -> bytes:
    """All that the other side says until it half-closes."""
    received = b""
    while True:
        data = connection.recv(65536)
        if not data:
            return received
        received += data


def replying(reply: bytes) -> Handler:
    """A handler that hears the request to its end and sends one reply."""

    def handle(connection: socket.socket) -> None:
        read_to_end(connection)
        connection.sendall(reply)

    return handle


@contextmanager
def deaf(paths: Sequence[Path], *, backlog: int = 8) -> Iterator[list[str]]:
    """UNIX sockets that take connections and never say anything."""
    with ExitStack() as stack:
        for path in paths:
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(str(path))
            listener.listen(backlog)
        yield [str(path) for path in paths]
