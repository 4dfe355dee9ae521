# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the matching methods of a map or an ACL mean for its entries: whether their order counts, and which keys and
values HAProxy is sure to take."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import NamedTuple

from .._dialect.patterns import Lookup
from .._keyed import Wish, key_of
from .._protocol import decode

# Kept in trees, where the most exact entry is found in whatever order they came; lists are searched from the start.
_TREES = frozenset({("str", "sensitive"), ("beg", "sensitive"), ("ip", "sensitive")})
# Any text is a key for these.
_TEXTS = frozenset({"str", "beg", "end", "sub", "dir", "dom", "found"})
# Without one of these it cannot be an address, or a number or a range of them.
_POSSIBLE = {"ip": re.compile(rb"[0-9A-Fa-f.:]+(/[0-9.]+)?"), "int": re.compile(rb"[-+0-9:a-z ]*[0-9][-+0-9: ]*")}


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


def types_of(lookups: Sequence[Lookup], *, valued: bool) -> Types:
    values = {it.value_type for it in lookups if it.value_type}
    value = None if len(values) != 1 else values.pop()
    return Types(frozenset((it.match, it.case) for it in lookups), value if valued else "")


def takes(types: Types, entry: bytes, *, valued: bool) -> bool:
    """Whether HAProxy is sure to take this entry."""
    key = decode(key_of(entry, valued=valued))
    return bool(types.methods) and types.value in ("", "str") and all(_is_sure(match, key) for match in types.methods)


def _is_sure(match: str, key: str) -> bool:
    if match == "ip":
        return _is_network(key)
    return match in _TEXTS or (match == "int" and re.fullmatch(r"-?[0-9]{1,18}", key) is not None)


def _is_network(key: str) -> bool:
    from ipaddress import ip_network  # where addresses are added only

    with suppress(ValueError):
        return ip_network(key, strict=False).prefixlen >= 0 and "%" not in key and "." not in key.partition("/")[2]
    return False


def impossible(types: Types, wish: Wish, places: Collection[int]) -> int | None:
    """The place of the first of these lines whose key cannot be one, as far as this can be told without HAProxy."""
    forms = [_POSSIBLE[match] for match in types.methods if match in _POSSIBLE]
    wrong = (
        place for place in places for form in forms if not form.fullmatch(key_of(wish.lines[place], valued=wish.valued))
    )
    return next(wrong, None)
