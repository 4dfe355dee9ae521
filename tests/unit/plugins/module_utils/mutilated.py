# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Captured replies as no HAProxy gives them: damaged in small ways, and grown in one place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import NamedTuple

Damage = Callable[[bytes, Random], bytes]

_NUMBERS = (b"9" * 5000, b"-1", b"0", b"1e9", b"18446744073709551616", "٣".encode(), b"1_000", b"+7", b"0x1f", b"")
_STRANGE = (b"\x00", b"\xff", b"\xe9", b"\r", b"\x85", "\u2028".encode(), b"\xef\xbb\xbf", b"\xed\xa0\x80", b'"', b"\t")
_MARKS = (b"[3]: ", b"\n\n", b"# ", b"#0x", b"0x1 ", b": ", b"@", b"Name: HAProxy\n", b"<none>", b"", b"-")


def _place(raw: bytes, random: Random) -> int:
    return random.randint(0, len(raw))


def _flip(raw: bytes, random: Random) -> bytes:
    at = _place(raw, random)
    return raw[:at] + bytes(byte ^ (1 << random.randint(0, 7)) for byte in raw[at : at + 1]) + raw[at + 1 :]


def _cut(raw: bytes, random: Random) -> bytes:
    return raw[: _place(raw, random)]


def _without(raw: bytes, random: Random) -> bytes:
    at = _place(raw, random)
    return raw[:at] + raw[at + random.randint(1, 40) :]


def _inserted(raw: bytes, random: Random) -> bytes:
    at = _place(raw, random)
    return raw[:at] + random.choice(_STRANGE + _MARKS) + raw[at:]


def _of_lines(change: Callable[[list[bytes], Random], list[bytes]]) -> Damage:
    return lambda raw, random: b"\n".join(change(raw.split(b"\n"), random))


def _repeated(lines: list[bytes], random: Random) -> list[bytes]:
    at = random.randrange(len(lines))
    return lines[:at] + [lines[at]] * random.randint(2, 5) + lines[at + 1 :]


def _dropped(lines: list[bytes], random: Random) -> list[bytes]:
    at = random.randrange(len(lines))
    return lines[:at] + lines[at + 1 :]


def _mixed(lines: list[bytes], random: Random) -> list[bytes]:
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return lines


def _shifted(lines: list[bytes], random: Random) -> list[bytes]:
    """One column more or less in one line, or two changed with each other."""
    at = random.randrange(len(lines))
    separator = random.choice([b" ", b",", b"\t", b": ", b"/"])
    cells = lines[at].split(separator)
    column = random.randrange(len(cells))
    other = random.choice([[], [cells[column]] * 2, [b""], [random.choice(_STRANGE)], cells[:1]])
    lines[at] = separator.join(cells[:column] + other + cells[column + 1 :])
    return lines


def _numbered(raw: bytes, random: Random) -> bytes:
    numbers = list(re.finditer(rb"[0-9]+", raw))
    if not numbers:
        return raw
    found = random.choice(numbers)
    return raw[: found.start()] + random.choice(_NUMBERS) + raw[found.end() :]


def _recoded(raw: bytes, random: Random) -> bytes:
    text = raw.decode("utf-8", "replace")
    return text.encode(random.choice(["utf-16", "utf-7", "utf-32-le", "cp037"]), "replace")


_DAMAGES: Sequence[Damage] = (
    *(_flip, _cut, _without, _inserted, _numbered, _numbered, _recoded),
    *map(_of_lines, (_repeated, _dropped, _mixed, _shifted, _shifted)),
)


def damaged(raw: bytes, random: Random) -> bytes:
    """The reply with up to four damages."""
    for _again in range(random.randint(0, 4)):
        raw = random.choice(_DAMAGES)(raw, random)
    return raw


# Growth ----------------------------------------------------------------------------------------------------------


class Growth(NamedTuple):
    """A reply in which a piece stands again and again."""

    before: bytes
    piece: bytes
    after: bytes

    def of(self, size: int) -> bytes:
        """With about so many bytes of the piece."""
        return self.before + self.piece * (size // len(self.piece)) + self.after


_TOKEN = re.compile(rb"[^\s,/=]+[\s,/=]*|\s+")
_ALONE = (
    b'"',
    b"'",
    b"[",
    b"(",
    b"=",
    b" ",
    b",",
    b":",
    b".",
    b"0",
    b"\\",
    b";",
    b"<",
    b"\t",
    b"\r",
    b"#",
    b"a=[ ",
    b"\n",
)


def growths(raw: bytes) -> Iterator[Growth]:
    """Ways in which a reply can grow: each of its first lines; within the first lines that differ each few words,
    whole and broken off; a character that may mean something."""
    lines = raw.split(b"\n")
    begins: set[bytes] = set()
    place = 0
    for line in lines[:12]:
        end = place + len(line)
        yield Growth(raw[:place], line + b"\n", raw[place:])
        if line[:9] not in begins:
            begins.add(line[:9])
            tokens = list(_TOKEN.finditer(line[:400]))
            for number, token in enumerate(tokens):
                for last in tokens[number : number + 5]:
                    whole = line[token.start() : last.end()]
                    at = place + token.start()
                    yield Growth(raw[:at], whole, raw[at:])
                    yield Growth(raw[:at], whole[: -(len(last[0]) + 1) // 2] or whole, raw[at:end])
                for alone in _ALONE:
                    at = place + token.end()
                    yield Growth(raw[:at], alone, raw[at:])
        place = end + 1
