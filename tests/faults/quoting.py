# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How HAProxy reads what a client sends, written from its management guide and what was measured, not from our code.

Where versions differ, what would be worst counts: a line that any of them could read as more than one command is one
that this reads so, or refuses to read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

MOST_WORDS = 64
"""More words of one command are dropped in silence up to 3.0."""


class UnreadableError(Exception):
    """Bytes that different versions read differently, or that none should be sent."""


class Said(NamedTuple):
    """One command as HAProxy takes it: its words without their escapes, and the lines of its payload."""

    words: tuple[bytes, ...]
    payload: tuple[bytes, ...] | None = None

    def __str__(self) -> str:
        words = " ".join(repr(word)[1:][:80] for word in self.words)
        return words + ("" if self.payload is None else f" << {len(self.payload)} lines: {self.payload[:3]!r:.200}")


class Line(NamedTuple):
    """One line: its commands, and its bytes without and with the payload, the ends of lines included."""

    commands: tuple[Said, ...]
    size: int
    whole: int


def read(request: bytes) -> list[Line]:
    """All lines of a request: 2.2 and 2.6 run each, even those behind a payload.

    :raises UnreadableError: where that is not sure.
    """
    if not request.endswith(b"\n"):
        raise UnreadableError(f"the last line has no end: {request[-60:]!r}")
    lines = iter(request[:-1].split(b"\n"))
    return [_line(line, lines) for line in lines]


def _line(line: bytes, following: Iterator[bytes]) -> Line:
    odd = re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", line)
    if odd:
        raise UnreadableError(f"a control character in a command line: {odd[0]!r} in {line[:200]!r}")
    mark, head = _marked(line)
    if b"<<" in head:  # 3.0 takes one for a payload's mark that a semicolon and another command follow
        raise UnreadableError(f"a payload's mark within a line: {line[:200]!r}")
    payload = None if mark is None else _until(mark, following)
    commands = [Said(words) for words in _commands(head)]
    if payload is not None:
        commands[-1] = commands[-1]._replace(payload=tuple(payload))
    for command in commands:
        if len(command.words) > MOST_WORDS:
            raise UnreadableError(f"{len(command.words)} words in one command")
    size = len(line) + 1
    more = 0 if payload is None else sum(len(each) + 1 for each in payload) + len(mark or b"") + 1
    return Line(tuple(commands), size, size + more)


def _marked(line: bytes) -> tuple[bytes | None, bytes]:
    """What ends the payload that begins behind this line (None: there is none), and the line without the mark.

    Up to 2.8 what matters is the line's last two bytes, be there a backslash before them; later how the last word begins.
    """
    last = re.search(rb"(?:^|(?<!\\)[ \t;])<<([^ \t]*)[ \t]*$", line)
    if last:
        return last[1], line[: last.start() + 1 if last[0][:1] in b" \t;" and last[0][:1] else last.start()]
    if line.endswith(b"<<"):
        return b"", line[:-2]
    return None, line


def _until(end: bytes, following: Iterator[bytes]) -> list[bytes]:
    """The lines of a payload; 2.2 and 2.6 take a lone carriage return for an empty line."""
    found: list[bytes] = []
    for line in following:
        if line.rstrip(b"\r") == end:
            return found
        found.append(line)
    raise UnreadableError(f"a payload that never ends: {found[:3]!r:.200}")


def _commands(line: bytes) -> Iterator[tuple[bytes, ...]]:
    """The words of each command: blanks separate words, semicolons commands, a backslash takes the next byte as it is.

    :raises UnreadableError: for a backslash at the end, which takes the line's end with it, and for an empty command.
    """
    words: list[bytes] = []
    word: bytearray | None = None
    pieces = re.finditer(
        rb"(?P<escaped>\\(?P<byte>.?))|(?P<end>;)|(?P<blank>[ \t]+)|(?P<plain>[^\\; \t]+)", line, re.DOTALL
    )
    for piece in pieces:
        if piece["escaped"] is not None and not piece["byte"]:
            raise UnreadableError(f"a backslash at the end of a line: {line[-60:]!r}")
        if piece["end"] or piece["blank"]:
            words += [] if word is None else [bytes(word)]
            word = None
        if piece["end"]:
            yield _some(words, line)
            words = []
        elif not piece["blank"]:
            word = (word or bytearray()) + (piece["byte"] or piece["plain"])
    yield _some([*words, *([] if word is None else [bytes(word)])], line)


def _some(words: list[bytes], line: bytes) -> tuple[bytes, ...]:
    if not words:
        raise UnreadableError(f"an empty command: {line[:200]!r}")
    return tuple(words)


def escaped(word: bytes) -> bytes:
    """A word with a backslash before every byte that could mean something; the tests' own way to say one."""
    return re.sub(rb"([^A-Za-z0-9_./@:-])", rb"\\\1", word) if word.isascii() else _bytewise(word)


def _bytewise(word: bytes) -> bytes:
    plain = b"_./@:-"
    return b"".join(
        bytes((byte,)) if byte > 127 or chr(byte).isalnum() or byte in plain else b"\\" + bytes((byte,))
        for byte in word
    )
