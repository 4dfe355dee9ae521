# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Runtime API's protocol without a socket: commands to bytes, bytes to replies.

One line is one request; a number says whether HAProxy refused (0-3) or gives notice (4-6), data has none. A line longer
than its buffer aborts HAProxy 2.2 and 2.6: the bound here is the only thing between a task and that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ._errors import ClosedEarly, InputError, NotHAProxy, ProcessReplaced, ReplyNotUnderstood

DEFAULT_BUFFER = 16384

# Control characters but for the tab, and surrogates that stand for no byte.
_UNSAYABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udc7f\udd00-\udfff]")
# A "<<" in the last word is a payload's mark, on some versions wherever it stands in it.
_SPECIAL = re.compile(r"([\\; \t<])")
NUMBERED = re.compile(r"\[([0-7])\]: ")
# Stands in a command, behind an "@", for a number that HAProxy gives out before; a user's own "@<" is "@\<" there.
VERSION = "<version>"
# How refusals begin that mean something of their own; the same on 2.2 to 3.4, known here for what they mean. All other
# words are HAProxy's business and the user's.
REFUSALS = (
    *("Unknown command", "Permission denied"),
    *("No such ", "Can't find ", "Unknown map identifier", "Unknown ACL identifier"),
)
# Bytes of a reply that tell whether it is a refusal.
_ENOUGH = 4096


class Command(NamedTuple):
    """One command, escaped, without the line's end; made only by the builders of the dialect.

    :param kind: what many such commands have in common, for counting them in a result.
    :param level: the socket level that it needs; ``feature``: key of ``FEATURES`` that the process must have.
    :param silent: success is an empty reply on every version, so that many may be joined in one line.
    :param not_yet: how a refusal begins after which one may ask again; ``as_good``: one that is as good as success.
    :param payload: lines that follow the command, none of them empty; such a command stands alone.
    :param witness: what is to be read immediately before it, on the same line; such a command stands alone, too.
    :param told: what is shown instead, where the text is too long or a secret.
    """

    text: str
    kind: str = ""
    level: str = "user"
    feature: str | None = None
    silent: bool = False
    not_yet: str = ""
    as_good: str | tuple[str, ...] = ""
    payload: str = ""
    witness: str = ""
    told: str = ""

    @property
    def shown(self) -> str:
        """What logs and results may print."""
        return self.told or self.text


class Reply(NamedTuple):
    """A whole reply without its closing empty line, and HAProxy's severity (None: data or silence)."""

    text: str
    severity: int | None


class Route(NamedTuple):
    """How a line gets to one process through an address.

    :param start: what the line begins with; ``each``: what each of its commands begins with.
    :param numbered: messages carry their severity, and the reply to ``start`` comes first.
    """

    start: str
    each: str
    numbered: bool


DIRECT = Route("set severity-output number;", "", True)


def longest_line(buffer_size: int, *, long_lines: bool) -> int:
    """Bytes that may be sent in one line, its end included, to a process with this ``tune.bufsize``.

    :param long_lines: False before 3.0, where a line longer than ``bufsize - tune.maxrewrite`` hangs; that setting
        cannot be read and is at most half a buffer.
    """
    return min(15000, buffer_size - 1384) if long_lines else min(8000, buffer_size // 2 - 192)


def word(text: str) -> str:
    """One argument of a command, escaped so that HAProxy reads exactly this text.

    :raises InputError: for what no command line can express.
    """
    if not text:
        raise InputError("an empty text cannot be said in a HAProxy command")
    if _UNSAYABLE.search(text):
        raise InputError(f"{text!r} holds a control character, which cannot be said in a HAProxy command")
    return _SPECIAL.sub(r"\\\1", text)


def encode(text: str) -> bytes:
    """UTF-8, with bytes that are none kept as they came."""
    return text.encode("utf-8", "surrogateescape")


def decode(data: bytes) -> str:
    """The inverse of :func:`encode`."""
    return data.decode("utf-8", "surrogateescape")


def printable(text: str) -> str:
    """Text for results: bytes that are not UTF-8 are shown as ``\\xe9``."""
    return encode(text).decode("utf-8", "backslashreplace")


def lines_of(table: str) -> list[str]:
    """The lines of a table; ``str.splitlines`` would split at characters of other people's texts."""
    return table.split("\n")[:-1] if table.endswith("\n") else table.split("\n")


def longest_payload(buffer_size: int) -> int:
    """Bytes of a line and its payload together, the empty line included."""
    return longest_line(buffer_size, long_lines=True)


def line_of(commands: Sequence[Command], bound: int, route: Route, whole: int = 0) -> bytes:
    """One line that holds these commands.

    :param whole: the bound for a line and its payload together, where that is larger.
    :raises InputError: when it is over the bound.
    """
    said = (text for command in commands for text in (command.witness, command.text) if text)
    head = encode(route.start + ";".join(route.each + text for text in said))
    payload = commands[0].payload
    if payload:
        head += b" <<"
    line = head + (b"\n" + encode(payload) + b"\n\n" if payload else b"\n")
    if len(head) >= bound or len(line) > max(bound, whole):
        raise InputError(
            f"a line of {len(line)} bytes is over the bound of {bound}, above which HAProxy may abort: "
            f"{commands[0].shown[:60]}…"
        )
    return line


def read_reply(raw: bytes, route: Route) -> Reply:
    """The reply to one command, from all bytes up to the end of the stream.

    :raises ClosedEarly: when nothing came, or less than a whole reply.
    :raises NotHAProxy: when this is no reply of a stats socket.
    """
    if not raw:
        raise ClosedEarly("empty reply: it closed the connection without an answer")
    still_there(raw)
    if route.numbered and not raw.startswith(b"\n"):
        said = decode(raw[:60])
        raise NotHAProxy(f"no HAProxy answers there, but something that says {said!r}", said=said)
    body = decode(raw[1:] if route.numbered else raw)
    if body == "\n":
        return Reply("", None)
    numbered = NUMBERED.match(body) if route.numbered else None
    # Before 2.9 many messages lack the line end of their own, so that no empty line closes the reply.
    if not body.endswith("\n" if numbered else "\n\n"):
        raise ClosedEarly(f"the reply is cut short after {len(raw)} bytes")
    if numbered:
        return Reply(body[numbered.end() :].strip("\n"), int(numbered[1]))
    return Reply(body[:-1], None)


def read_data(raw: bytes, route: Route) -> tuple[bytes, str, Reply]:
    """The reply to commands that read: the data of all but the last, the last one's table, and how it begins.

    :raises ClosedEarly, NotHAProxy: as :func:`read_reply`.
    """
    start = 1 if route.numbered else 0
    begin = read_reply(raw if len(raw) <= _ENOUGH else raw[:_ENOUGH] + raw[-2:], route)
    cut = raw.rfind(b"\n\n", start, len(raw) - 2)
    return raw[start : max(cut, start)], decode(raw[max(cut, start) : -1]).lstrip("\n"), begin


def is_gone(raw: bytes) -> bool:
    """Whether a master says that there is no such worker (any more). 3.2 and 3.4 may not hang up after that."""
    said = raw.lstrip(b"\n") if len(raw) <= _ENOUGH else b""
    return said.startswith((b"Can't find the target ", b"Can't connect to the target ")) and said.endswith(b"\n")


def is_foreign(raw: bytes) -> bool:
    """Whether the first line shows that this is neither a stats socket nor a master, so that its end need not come."""
    return not raw.startswith((b"\n", b"Unknown command")) and (b"\n" in raw or len(raw) >= _ENOUGH)


def still_there(raw: bytes) -> None:
    """
    :raises ProcessReplaced: when a master knows no such worker (any more).
    """
    if is_gone(raw):
        raise ProcessReplaced("the worker has ended, or is only starting")


def read_tables(raw: bytes, count: int, route: Route) -> list[str]:
    """The replies to several commands of one line, each a table without empty lines of its own.

    :raises ReplyNotUnderstood: when there are not exactly that many.
    """
    reply = read_reply(raw, route)
    if reply.severity is not None:
        raise ReplyNotUnderstood(f"a message instead of a table: {reply.text[:60]!r}")
    tables = (reply.text + "\n").split("\n\n")[:-1]
    if len(tables) != count:
        raise ReplyNotUnderstood(f"{len(tables)} replies to {count} commands")
    return tables
