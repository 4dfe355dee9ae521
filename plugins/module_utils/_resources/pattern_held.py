# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process has of a map or an ACL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .._comparing import compare
from .._dialect.info import Facts
from .._dialect.patterns import Ref
from .._features import has
from .._keyed import EMPTY, Deviation, Wish
from .._protocol import decode, encode, word

# Kept in trees, where the most exact entry is found in whatever order they came; lists are searched from the start.
_TREES = frozenset({("str", "sensitive"), ("beg", "sensitive"), ("ip", "sensitive")})


class Types(NamedTuple):
    """How a reference is used.

    :param matches: method and case of every use; empty: unknown.
    :param value: type of the values; None: unknown.
    """

    matches: frozenset[tuple[str, str]] = frozenset()
    value: str | None = None

    @property
    def ordered(self) -> bool:
        """Whether the order of entries with different keys counts."""
        return not self.matches or not self.matches <= _TREES

    @property
    def methods(self) -> frozenset[str]:
        return frozenset(match for match, _case in self.matches)


UNKNOWN = Types()


@dataclass(frozen=True)
class Held:
    """What one process has of the set.

    :param ref: None: it has no such set.
    :param described: what HAProxy says of the set, or why this is none.
    :param body: its entries as HAProxy shows them.
    :param wished: what the task wishes; ``deviation``: how this differs from it.
    :param room: bytes of entries that this process takes in one payload; ``line``: of one in a command's words.
    :param lost: whether this was there immediately before the task replaced it, and not when the task looked.
    """

    facts: Facts
    wished: Wish
    ref: Ref | None = None
    described: str = ""
    body: bytes = b""
    deviation: Deviation = EMPTY
    types: Types = UNKNOWN
    room: int = 0
    line: int = 0
    lost: bool = False

    def says(self, entry: bytes) -> bool:
        """Whether an entry fits into a command's words, with its backslashes."""
        return 2 * len(entry) <= self.line or len(encode(word(decode(entry)))) <= self.line

    @property
    def versions(self) -> bool:
        """Whether a set can be replaced at once."""
        return has(self.facts.version, "set_versions")


def deviation(held: Held, target: Wish) -> Deviation:
    """How what was read differs from this."""
    if target is held.wished:
        return held.deviation
    found = compare(held.body, target)
    return found if held.types.ordered else found._replace(disordered=False)
