# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The half of the protocol that writes: commands to lines, and how far a line of commands got."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ._errors import ClosedEarly, ReplyNotUnderstood
from ._protocol import NUMBERED, VERSION, Command, Reply, Route, decode, encode, line_of, still_there

_GIVEN = re.compile(r"New version created: (\d+)")


class Batch(NamedTuple):
    """Commands that travel in one line, and that line."""

    commands: tuple[Command, ...]
    request: bytes

    def filled(self, version: str) -> bytes:
        """The line with the number that was given out."""
        head, end, payload = self.request.partition(b"\n")
        return head.replace(b"@" + VERSION.encode(), b"@" + version.encode()) + end + payload


def given(text: str) -> str:
    """The number that these words of HAProxy give out, or nothing."""
    found = _GIVEN.match(text)
    return found[1] if found else ""


def batches(commands: Sequence[Command], bound: int, route: Route, whole: int = 0) -> Iterator[Batch]:
    """Commands as lines under the bound, in order: silent neighbours share one, others stand alone.

    :param whole: as for :func:`line_of`.
    :raises InputError: when a single command is over it.
    """
    waiting: list[Command] = []
    size = 0
    for command in commands:
        length = len(route.each) + len(encode(command.text)) + 1
        if waiting and not (_joins(command) and _joins(waiting[-1]) and size + length <= bound):
            yield Batch(tuple(waiting), line_of(waiting, bound, route, whole))
            waiting = []
        if not waiting:
            size = len(route.start)
        waiting.append(command)
        size += length
    if waiting:
        yield Batch(tuple(waiting), line_of(waiting, bound, route, whole))


def _joins(command: Command) -> bool:
    return command.silent and not command.payload


class Joined(NamedTuple):
    """What a line of commands came to: so many were done, and what was said about the one after these.

    :param words: what was said about one that was done.
    :param seen: what was read immediately before.
    """

    done: int
    refusal: Reply | None
    words: str = ""
    seen: bytes = b""


def read_joined(raw: bytes, count: int, route: Route) -> Joined:
    """The reply to ``count`` silent commands in one line: silence for each, up to the first that is refused.

    HAProxy runs the commands behind a refused one all the same, and before 2.9 their replies cannot be told apart
    for sure: what became of those is for reading the state to say.

    :raises ClosedEarly: when it ends before that.
    """
    if not raw:
        raise ClosedEarly("empty reply: it closed the connection without an answer")
    still_there(raw)
    rest = raw.lstrip(b"\n")
    silences = len(raw) - len(rest) - (1 if route.numbered else 0)
    if not rest:
        if silences < count:
            raise ClosedEarly(f"the reply is cut short: {max(silences, 0)} of {count} commands were answered")
        return Joined(count, None)
    first, ended, _others = decode(rest).partition("\n")
    if not ended:
        raise ClosedEarly(f"the reply is cut short after {silences} of {count} commands")
    numbered = NUMBERED.match(first) if route.numbered else None
    if silences < 0 or silences >= count:
        raise ReplyNotUnderstood(f"a reply that no command asked for: {first[:60]!r}")
    if numbered:
        return Joined(silences, Reply(first[numbered.end() :], int(numbered[1])))
    return Joined(silences, Reply(first, 3))
