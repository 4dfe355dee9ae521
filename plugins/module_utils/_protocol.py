# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Runtime API's protocol without a socket: commands to bytes, bytes to replies.

One line is one request. It starts with ``set severity-output number;``, so that HAProxy says by a number whether it
refused (0-3), what it answers is data (no number) or a notice (4-6). A longer line than HAProxy's buffer aborts
HAProxy 2.2 and 2.6, the whole process: the bounds here are the only thing between a task and that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ._errors import ClosedEarly, InputError, NotHAProxy, ReplyNotUnderstood

PREFIX = "set severity-output number;"
DEFAULT_BUFFER = 16384

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SPECIAL = re.compile(r"([\\; \t])")
_NUMBERED = re.compile(r"\[([0-7])\]: ")


@dataclass(frozen=True)
class Command:
    """One command, ready to be sent; made only by the builders of the dialect.

    :param text: words already escaped, without the line's end.
    :param kind: what many such commands have in common, for counting them in a result.
    :param level: the socket level that it needs: ``user``, ``operator`` or ``admin``.
    :param feature: key of ``FEATURES`` that the process must have.
    :param silent: success is an empty reply on every version, so that many may be joined in one line.
    """

    text: str
    kind: str = ""
    level: str = "user"
    feature: str | None = None
    silent: bool = False

    @property
    def shown(self) -> str:
        """What logs and results may print."""
        return self.text


class Reply(NamedTuple):
    """A whole reply: its text without the closing empty line, and HAProxy's severity (None: data or silence)."""

    text: str
    severity: int | None


class Bounds(NamedTuple):
    """Bytes that one process takes: ``line`` for a command line with its end, ``request`` with its payload."""

    line: int
    request: int


class Batch(NamedTuple):
    """Commands that travel in one line, and that line."""

    commands: tuple[Command, ...]
    request: bytes


def bounds_of(buffer_size: int, *, long_lines: bool) -> Bounds:
    """What may be sent to a process with this ``tune.bufsize``.

    :param buffer_size: bytes, as ``show pools`` tells it.
    :param long_lines: False before HAProxy 2.6, where a line longer than ``bufsize - tune.maxrewrite`` hangs; that
        setting cannot be read and is at most half a buffer.
    """
    request = min(15000, buffer_size - 1384)
    line = min(8000, buffer_size // 2 - 192)
    return Bounds(request if long_lines else line, request)


def word(text: str) -> str:
    """One argument of a command, escaped so that HAProxy reads exactly this text.

    :raises InputError: for what no command line can express: nothing at all, line ends, NUL, control characters.
    """
    if not text:
        raise InputError("an empty text cannot be said in a HAProxy command")
    if _CONTROL.search(text):
        raise InputError(f"{text!r} holds a control character, which cannot be said in a HAProxy command")
    escaped = _SPECIAL.sub(r"\\\1", text)
    return "\\" + escaped if escaped.startswith("<<") else escaped


def encode(text: str) -> bytes:
    """Text as HAProxy stores it: UTF-8, with bytes that are none kept as they came."""
    return text.encode("utf-8", "surrogateescape")


def decode(data: bytes) -> str:
    """The inverse of :func:`encode`."""
    return data.decode("utf-8", "surrogateescape")


def batches(commands: Sequence[Command], bounds: Bounds) -> list[Batch]:
    """Commands as requests under the bounds, in order: silent neighbours share a line, others stand alone.

    :raises InputError: when a single command is over the bounds.
    """
    made: list[Batch] = []
    waiting: list[Command] = []
    size = 0
    for command in commands:
        length = len(encode(command.text)) + 1
        if len(PREFIX) + length > bounds.line:
            raise InputError(
                f"a command of {length} bytes is over the bound of {bounds.line}, above which HAProxy may abort: "
                f"{command.shown[:60]}…"
            )
        if waiting and not (command.silent and waiting[-1].silent and size + length <= bounds.line):
            made.append(_batch(waiting))
            waiting = []
        if not waiting:
            size = len(PREFIX)
        waiting.append(command)
        size += length
    return [*made, _batch(waiting)] if waiting else made


def _batch(commands: Sequence[Command]) -> Batch:
    return Batch(tuple(commands), encode(PREFIX + ";".join(command.text for command in commands) + "\n"))


def read_reply(raw: bytes) -> Reply:
    """The reply to one command.

    :param raw: all bytes up to the end of the stream.
    :raises ClosedEarly: when nothing came, or less than a whole reply.
    :raises NotHAProxy: when this is no reply of a stats socket.
    """
    if not raw:
        raise ClosedEarly("empty reply: it closed the connection without an answer")
    if not raw.startswith(b"\n"):
        raise NotHAProxy(f"no HAProxy answers there, but something that says {decode(raw[:60])!r}")
    body = decode(raw[1:])
    if body == "\n":
        return Reply("", None)
    numbered = _NUMBERED.match(body)
    # Before 2.9 many messages lack the line end of their own, so that no empty line closes the reply.
    if not body.endswith("\n" if numbered else "\n\n"):
        raise ClosedEarly(f"the reply is cut short after {len(raw)} bytes")
    if numbered:
        return Reply(body[numbered.end() :].strip("\n"), int(numbered[1]))
    return Reply(body[:-1], None)


def read_tables(raw: bytes, count: int) -> list[str]:
    """The replies to several commands of one line, each a table without empty lines of its own.

    :raises ReplyNotUnderstood: when there are not exactly that many.
    """
    reply = read_reply(raw)
    if reply.severity is not None and count > 1:
        raise ReplyNotUnderstood(f"a message instead of a table: {reply.text[:60]!r}")
    tables = (reply.text + "\n").split("\n\n")[:-1]
    if len(tables) != count:
        raise ReplyNotUnderstood(f"{len(tables)} replies to {count} commands")
    return tables


class Joined(NamedTuple):
    """What a line of silent commands came to.

    :param done: so many commands at the start of the line succeeded.
    :param refusal: HAProxy's words about the command after these; None when it said nothing.
    """

    done: int
    refusal: Reply | None


def read_joined(raw: bytes, count: int) -> Joined:
    """The reply to ``count`` silent commands in one line: silence for each, up to the first that is refused.

    HAProxy runs the commands behind a refused one all the same, and before 2.9 their replies cannot be told apart
    for sure: what became of those is for reading the state to say.

    :raises ClosedEarly: when the reply ends before it has spoken about every command or refused one.
    """
    if not raw:
        raise ClosedEarly("empty reply: it closed the connection without an answer")
    rest = raw.lstrip(b"\n")
    silences = len(raw) - len(rest) - 1
    if not rest:
        if silences < count:
            raise ClosedEarly(f"the reply is cut short: {max(silences, 0)} of {count} commands were answered")
        return Joined(count, None)
    first = decode(rest).split("\n", 1)[0]
    numbered = _NUMBERED.match(first)
    if silences < 0 or silences >= count:
        raise ReplyNotUnderstood(f"a reply that no command asked for: {first[:60]!r}")
    if numbered:
        return Joined(silences, Reply(first[numbered.end() :], int(numbered[1])))
    return Joined(silences, Reply(first, 3))
