# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the matching methods of a map or an ACL mean for its entries: whether their order counts, and which keys and
values HAProxy is sure to take."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from contextlib import suppress

from .._dialect.lookups import Lookup
from .._keyed import Wish, key_of
from .._protocol import decode
from .pattern_held import Types

# Any text is a key for these.
_TEXTS = frozenset({"str", "beg", "end", "sub", "dir", "dom", "found"})
# Without one of these it cannot be an address, or a number or a range of them.
_POSSIBLE = {"ip": re.compile(rb"[0-9A-Fa-f.:]+(/[0-9.]+)?"), "int": re.compile(rb"[-+0-9:a-z ]*[0-9][-+0-9: ]*")}
# The same of values.
_VALUES = {"sint": re.compile(rb"[-+]?[0-9]+"), "ipv4": re.compile(rb"[0-9.]+"), "ipv6": re.compile(rb"[0-9A-Fa-f.:]+")}


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
    """The place of the first of these lines whose key or value cannot be one, as far as this can be told without
    HAProxy."""
    forms = [_POSSIBLE[match] for match in types.methods if match in _POSSIBLE]
    of_value = _VALUES.get(types.value or "")
    if not (forms or of_value):
        return None
    for place in places:
        key, _blank, value = wish.lines[place].partition(b" ") if wish.valued else (wish.lines[place], b"", b"")
        if not all(form.fullmatch(key) for form in forms) or (of_value and not of_value.fullmatch(value)):
            return place
    return None
