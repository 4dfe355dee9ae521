# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets as texts: as HAProxy lists the entries that it has, and as the lines of those that it should have.

Such a set may have a million entries. What is done to all of them is done to whole texts, or block by block, so that
what is made of one block is still in the processor's cache when it is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

from ._errors import ReplyNotUnderstood

_POINTER = re.compile(rb"0x[0-9a-f]+ ")
# Another line's end stands within an entry: somebody loaded it without a value, and it took the next line for one.
_BETWEEN = re.compile(rb"\n0x[0-9a-f]+ ")
_BLOCK = 65536


def entries(body: bytes) -> Iterator[bytes]:
    """The entries of a set as HAProxy shows them, each on a line and behind a pointer.

    :raises ReplyNotUnderstood: when there is no pointer.
    """
    return chain.from_iterable(_blocks(body))


def _blocks(body: bytes) -> Iterator[list[bytes]]:
    """The same, some at a time."""
    if not body:
        return
    first = _POINTER.match(body)
    if first is None:
        raise ReplyNotUnderstood(f"no entry of a map or an ACL: {body[:60]!r}")
    begin = first.end()
    end = _BETWEEN.search(body, begin + _BLOCK)
    while end:
        yield _BETWEEN.split(body[begin : end.start()])
        begin = end.end()
        end = _BETWEEN.search(body, begin + _BLOCK)
    yield _BETWEEN.split(body[begin:])


class Lines(Sequence[bytes]):
    """Entries as the lines of one text, which is taken apart when one of them is asked for.

    :param text: each with a line's end behind it, and none within.
    """

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._count = text.count(b"\n")
        self._bodies: list[bytes] = []

    @cached_property
    def _apart(self) -> list[bytes]:
        apart = self.text.split(b"\n")
        apart.pop()
        return apart

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: Any) -> Any:
        return self._apart[place]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._apart)

    def shown_in(self, body: bytes) -> bool:
        """Whether HAProxy shows exactly these entries, in this order.

        What was loaded is shown with the same pointers before and after its commit: where not a byte differs from a
        body that was compared, the answer is the same.

        :raises ReplyNotUnderstood: as :func:`entries`.
        """
        if body in self._bodies:
            return True
        begin = count = 0
        for block in _blocks(body):
            text = b"\n".join(block) + b"\n"
            if not self.text.startswith(text, begin):
                return False
            begin += len(text)
            count += len(block)
        # As many entries as lines: none is left, and no line's end stands within one.
        same = count == len(self)
        if same:
            self._bodies.append(body)
        return same


def as_lines(lines: Sequence[bytes]) -> Lines:
    """These entries as one text."""
    return lines if isinstance(lines, Lines) else Lines(b"\n".join([*lines, b""]))


def pieces(lines: Sequence[bytes], room: int) -> Iterator[bytes]:
    """The lines in pieces of so many bytes, their ends included; a longer one stands alone. The last end is left out."""
    text = as_lines(lines).text
    begin = 0
    while begin < len(text):
        end = text.rfind(b"\n", begin, begin + room)
        if end < 0:
            end = text.index(b"\n", begin)
        yield text[begin:end]
        begin = end + 1
