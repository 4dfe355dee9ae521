# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recorder between a client and a stats socket: every byte, both directions; on request it lies.

What it cannot hide: a target that refuses connections shows as a connection that is closed without an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Self

import uvloop

from .commands import is_complete, is_write, split_commands
from .errors import LabError
from .processes import Workspace
from .running import Fleet

Tamper = Callable[[bytes, bytes], bytes]
"""Gets request and true reply, returns the reply the client shall see."""

Swallow = Callable[[bytes], bytes | None]
"""Gets a request; returns a reply, and then nothing is forwarded, or None to forward it."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Exchange:
    """One connection: what was sent and what came back."""

    def __init__(self) -> None:
        self.request = bytearray()
        self.reply = bytearray()


class Recorder:
    """Listens on `path` and forwards every connection to `target`; a context manager.

    `tamper` and `swallow` may be set and unset while it runs. With `tamper` a reply is held back until the target
    has closed the connection, so it is for clients that ask one thing per connection, without a prompt.
    """

    def __init__(
        self, target: str, path: str | None = None, *, tamper: Tamper | None = None, swallow: Swallow | None = None
    ) -> None:
        """`target` is a UNIX path or ``host:port``; without `path` a new one is made. Raises LabError."""
        self.target = target
        self.tamper = tamper
        self.swallow = swallow
        self._workspace: Workspace | None = None
        if path is None:
            self._workspace = Workspace()
            path = str(self._workspace.directory / "p1.sock")
        self.path = path
        self._exchanges: list[_Exchange] = []
        self._loop = uvloop.new_event_loop()  # asyncio's own takes far more of the processor
        self._ready: Future[None] = Future()
        self._done = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=f"recorder {self.path}", daemon=True)
        self._thread.start()
        try:
            self._ready.result()
        except OSError as error:
            self.stop()
            raise LabError(f"the recorder cannot listen on {self.path}: {error}") from error

    @property
    def exchanges(self) -> list[tuple[bytes, bytes]]:
        """(request, reply) of each connection in the order of opening; the reply is what the client was sent."""
        return [(bytes(each.request), bytes(each.reply)) for each in list(self._exchanges)]

    def commands(self) -> list[str]:
        """All commands in the order of their connections, payloads with theirs, ``set severity-output`` left out."""
        return [command for request, _reply in self.exchanges for command in split_commands(request)]

    def writes(self) -> list[str]:
        """Those commands that may change something."""
        return [command for command in self.commands() if is_write(command)]

    def clear(self) -> None:
        """Forget what was recorded; connections that are open now go on unrecorded."""
        self._exchanges.clear()

    def stop(self) -> None:
        """Close the socket and all connections. May be called again."""
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # the loop ended by itself in this moment
                self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join()
        Path(self.path).unlink(missing_ok=True)
        if self._workspace is not None:
            self._workspace.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        tasks: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._carry((reader, writer)))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        try:
            server = await asyncio.start_unix_server(accept, self.path, backlog=128)
        except OSError as error:
            self._ready.set_exception(error)
            return
        self._ready.set_result(None)
        await self._done.wait()
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(self, client: Streams) -> None:
        """Carry one connection to its end, whoever ends it."""
        exchange = _Exchange()
        self._exchanges.append(exchange)
        target: Streams | None = None
        try:
            target = await _opened(self.target)
            upward = asyncio.create_task(self._requests(client, target, exchange))
            try:
                await self._replies(target, client, exchange)
            finally:
                upward.cancel()
                await asyncio.gather(upward, return_exceptions=True)
        except OSError:
            pass  # one side is gone: both are closed
        finally:
            for _reader, writer in (client, *([target] if target else [])):
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    async def _requests(self, client: Streams, target: Streams, exchange: _Exchange) -> None:
        """Client to target, until the client ends its direction; where the client is gone the target is closed."""
        try:
            await self._forward(client, target, exchange)
        except OSError:
            target[1].close()

    async def _forward(self, client: Streams, target: Streams, exchange: _Exchange) -> None:
        waiting = bytearray()
        while piece := await client[0].read(65536):
            exchange.request += piece
            waiting += piece
            if self.swallow is not None and not is_complete(bytes(waiting)):
                continue
            answer = None if self.swallow is None else self.swallow(bytes(waiting))
            if answer is None:
                target[1].write(bytes(waiting))
                await target[1].drain()
            else:
                exchange.reply += answer
                client[1].write(answer)
                await client[1].drain()
                if b"prompt" not in exchange.request:
                    target[1].close()  # as HAProxy does after one line
                    return
            waiting.clear()
        if waiting:
            target[1].write(bytes(waiting))
        target[1].write_eof()

    async def _replies(self, target: Streams, client: Streams, exchange: _Exchange) -> None:
        """Target to client, until the target closes. What is set later is not for this connection."""
        held, tamper = bytearray(), self.tamper
        while piece := await target[0].read(65536):
            if tamper is not None:
                held += piece
                continue
            exchange.reply += piece
            client[1].write(piece)
            await client[1].drain()
        if held and tamper is not None:
            answer = tamper(bytes(exchange.request), bytes(held))
            exchange.reply += answer
            client[1].write(answer)
            await client[1].drain()


class Recorders:
    """One recorder per process of a fleet, their sockets in one directory as the fleet's own are; a context manager."""

    def __init__(self, fleet: Fleet) -> None:
        """Start them all; `directory` is what a test gives to a module."""
        self._workspace = Workspace()
        self.directory = self._workspace.directory
        names = [Path(socket).name for socket in fleet.sockets]
        self.all = [
            Recorder(socket, str(self.directory / name)) for socket, name in zip(fleet.sockets, names, strict=True)
        ]
        self.sockets = [each.path for each in self.all]

    def __getitem__(self, index: int) -> Recorder:
        """The recorder of one process, in the order of the fleet's sockets."""
        return self.all[index]

    def __len__(self) -> int:
        return len(self.all)

    def commands(self) -> list[list[str]]:
        """The commands of each process."""
        return [each.commands() for each in self.all]

    def writes(self) -> list[list[str]]:
        """The commands of each process that may change something."""
        return [each.writes() for each in self.all]

    def clear(self) -> None:
        """Forget what was recorded."""
        for each in self.all:
            each.clear()

    def stop(self) -> None:
        """Stop them all. May be called again."""
        for each in self.all:
            each.stop()
        self._workspace.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


async def _opened(address: str) -> Streams:
    if address.startswith("/"):
        return await asyncio.open_unix_connection(address)
    host, _colon, port = address.rpartition(":")
    return await asyncio.open_connection(host.strip("[]"), int(port))
