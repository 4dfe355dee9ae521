# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries as a user writes them, judged one by one. What HAProxy cannot be told exactly is refused, with its number."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from .._dialect.patterns import MAP, POINTER
from .._errors import InputError
from .._protocol import encode

# Control characters but for the tab; a zero byte would end the text, a line's end the line.
_UNSAYABLE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_BLANK = re.compile(rb"[ \t]")
# Surrogates that stand for no byte; the others are bytes that are no UTF-8.
_NO_BYTES = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def one_by_one(kind: str, option: object, *, keys_only: bool) -> Iterator[bytes]:
    """The option ``entries``, judged entry by entry."""
    for number, (key, value) in enumerate(_pairs(kind, option, keys_only=keys_only), 1):
        where = f"entry {number}"
        name = _text(key, f"{where}: the key")
        where = f"{where} ({str(name)[:60]!r})"
        if kind != MAP:
            yield check(encode(name), where, valued=False)
            continue
        if not name or _BLANK.search(encode(name)):
            raise InputError(f"{where}: a map's key cannot be empty or hold a blank")
        text = "v" if keys_only else _text(value, f"{where}: the value")
        yield check(encode(f"{name} {text}"), where, valued=True)


def _pairs(kind: str, option: object, *, keys_only: bool) -> Iterable[tuple[object, object]]:
    """Key and value of each entry as it was written."""
    if isinstance(option, str):
        option = _from_command_line(option)
    if isinstance(option, Mapping) and kind == MAP:
        return option.items()
    if isinstance(option, Mapping) or not isinstance(option, (list, tuple)):
        raise InputError("entries is a list" if kind != MAP else "entries is a dictionary or a list")
    if kind != MAP:
        return ((item, None) for item in option)
    return (_pair(number, item, keys_only=keys_only) for number, item in enumerate(option, 1))


def _from_command_line(text: str) -> object:
    """
    :raises InputError: for what would be a list if this were one of Ansible's own: a pattern may hold commas.
    """
    if text.lstrip().startswith(("{", "[")):
        with suppress(ValueError):
            return json.loads(text)
    if "," in text:
        raise InputError(f'entries is a list; on a command line it is written as JSON: \'["a", "b"]\', not {text!r}')
    return [text]


def _pair(number: int, item: object, *, keys_only: bool) -> tuple[object, object]:
    if isinstance(item, Mapping) and set(item) in ({"key", "value"}, {"key"} if keys_only else {"key", "value"}):
        return item["key"], item.get("value")
    if isinstance(item, (list, tuple)) and len(item) == 2:
        return item[0], item[1]
    if keys_only and not isinstance(item, (Mapping, list, tuple)):
        return item, None
    raise InputError(f"entry {number}: a dictionary of key and value is wanted, not {item!r}")


def _text(given: object, where: str) -> str:
    if isinstance(given, str):
        if _NO_BYTES.search(given):
            raise InputError(f"{where} holds half a surrogate pair, which has no bytes")
        return given
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    written = "null" if given is None else json.dumps(given, default=str)
    advice = "" if isinstance(given, (list, tuple, Mapping)) else "; quote it if it is meant as a text"
    raise InputError(f"{where} is {written}{advice}")


def check(entry: bytes, where: str, *, valued: bool) -> bytes:
    """
    :raises InputError: when HAProxy would not store exactly this.
    """
    if _UNSAYABLE.search(entry):
        raise InputError(f"{where}: a control character or a line's end cannot be said to HAProxy")
    if entry.startswith(POINTER):
        raise InputError(f"{where}: HAProxy takes a key that begins with {POINTER.decode()} for a pointer")
    if not entry or entry[:1] in b" \t":
        raise InputError(f"{where}: an entry cannot be empty or begin with a blank")
    if valued:
        key, _blank, value = entry.partition(b" ")
        if b"\t" in key:
            raise InputError(f"{where}: a map's key cannot be empty or hold a blank")
        if not value or value[:1] in b" \t":
            raise InputError(f"{where}: a value cannot be empty or begin with a blank")
    return entry
