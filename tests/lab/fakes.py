# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets that are no HAProxy, or a broken one, for fault tests. Each is a context manager that gives its path.

`path` puts the socket somewhere, such as into a fleet's directory; without it a new temporary place is made.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from .processes import Workspace

Handler = Callable[[socket.socket, threading.Event], object]
"""Serves one connection; ends soon after the event is set."""


@contextmanager
def dead_socket(path: str | None = None) -> Iterator[str]:
    """A socket file that is bound and not listened on: connections are refused."""
    with _place(path) as here, socket.socket(socket.AF_UNIX) as bound:
        bound.bind(here)
        yield here


@contextmanager
def regular_file(path: str | None = None) -> Iterator[str]:
    """A file that is no socket."""
    with _place(path) as here:
        Path(here).write_text("no socket\n", encoding="ascii")
        yield here


def hung_listener(path: str | None = None) -> AbstractContextManager[str]:
    """Takes connections and requests and never answers."""
    return _listener(lambda _connection, ended: ended.wait(), path)


def closes_at_once(path: str | None = None) -> AbstractContextManager[str]:
    """Takes connections and closes them."""
    return _listener(lambda _connection, _ended: None, path)


def closes_in_silence(seconds: float, path: str | None = None) -> AbstractContextManager[str]:
    """Takes connections, says nothing, and closes them after a while."""
    return _listener(lambda _connection, ended: ended.wait(seconds), path)


def foreign_daemon(greeting: bytes = b"220 hello\r\n", path: str | None = None) -> AbstractContextManager[str]:
    """Speaks another protocol: greets at once, then waits for its client."""

    def serve(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(greeting)
        _read_line(connection, ended)
        connection.sendall(b"500 what?\r\n")

    return _listener(serve, path)


def web_server(path: str | None = None) -> AbstractContextManager[str]:
    """Answers whatever it reads as an HTTP server answers nonsense."""
    return answers(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", path)


def answers(reply: bytes, path: str | None = None) -> AbstractContextManager[str]:
    """Answers every line with the same bytes and closes: a reply cut short, an invented one, a lie."""

    def serve(connection: socket.socket, ended: threading.Event) -> None:
        _read_line(connection, ended)
        connection.sendall(reply)

    return _listener(serve, path)


def drips(reply: bytes, seconds: float, path: str | None = None) -> AbstractContextManager[str]:
    """Answers with these bytes one by one, `seconds` apart, so that no single read takes long but the whole does."""

    def serve(connection: socket.socket, ended: threading.Event) -> None:
        _read_line(connection, ended)
        for number in range(len(reply)):
            connection.sendall(reply[number : number + 1])
            if ended.wait(seconds):
                return

    return _listener(serve, path)


def endless(path: str | None = None) -> AbstractContextManager[str]:
    """Answers with lines that never end."""

    def serve(connection: socket.socket, ended: threading.Event) -> None:
        _read_line(connection, ended)
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                connection.sendall(b"x: y\n" * 1000)

    return _listener(serve, path)


@contextmanager
def _listener(serve: Handler, path: str | None) -> Iterator[str]:
    ended = threading.Event()

    class Request(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            connection: socket.socket = self.request
            connection.settimeout(0.2)
            with contextlib.suppress(OSError):  # the client has gone, as it may
                serve(connection, ended)

    class Server(socketserver.ThreadingUnixStreamServer):
        request_queue_size = 64

    with _place(path) as here, Server(here, Request) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield here
        finally:
            ended.set()
            server.shutdown()
            thread.join()


@contextmanager
def _place(path: str | None) -> Iterator[str]:
    """`path`, or a new one; the file is removed at the end."""
    with contextlib.ExitStack() as stack:
        if path is None:
            workspace = Workspace()
            stack.callback(workspace.stop)
            path = str(workspace.directory / "fake.sock")
        stack.callback(Path(path).unlink, missing_ok=True)
        yield path


def _read_line(connection: socket.socket, ended: threading.Event) -> bytes:
    """What the client sends up to the first newline or its half-close."""
    found = b""
    while b"\n" not in found and not ended.is_set():
        try:
            piece = connection.recv(65536)
        except TimeoutError:
            continue
        if not piece:
            break
        found += piece
    return found
