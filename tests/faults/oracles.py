# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What HAProxy has after a task that succeeded, read without the collection's own code."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

from .expected import encode
from .places import Place
from .witness import Cells, Target

# Is: nothing to read (""), or what is wrong; and whether anything was read.
Answer = tuple[str, bool]
_NOTHING: Answer = ("", False)


def stored(target: Target, place: Place, options: Mapping[str, Any], text: str) -> Answer:
    """What is wrong with what HAProxy has now, and whether that can be told at all."""
    if place.module in ("haproxy_map", "haproxy_acl") and place.last == "entries":
        return _entries(target, place.module.removeprefix("haproxy_"), options)
    if place.module == "haproxy_backend" and place.last == "dynamic_cookie_key":
        has, wished = target.mirrored(encode(text))
        return ("" if has == wished else f"the cookie {has} is not of this key ({wished})"), True
    if place.module in ("haproxy_server", "haproxy_backend") and place.shape in ("", "{value}"):
        return _server(target, place, text)
    return _NOTHING


def _entries(target: Target, kind: str, options: Mapping[str, Any]) -> Answer:
    """The whole content, in its order where the task makes all of it."""
    given = options["entries"]
    if isinstance(given, str):  # on a command line: one entry, or a list as JSON
        return _NOTHING
    if kind == "acl":
        wished = [encode(str(key)) for key in given]
    else:
        pairs = given.items() if isinstance(given, Mapping) else map(_pair, given)
        wished = [encode(f"{key} {value}") for key, value in pairs]
    content = target.contents(kind)
    if options.get("state") == "absent":
        keys = {line.partition(b" ")[0] if kind == "map" else line for line in wished}
        left = [line for line in content if (line.partition(b" ")[0] if kind == "map" else line) in keys]
        return (f"still there: {left}" if left else ""), True
    old = [b"fixed old" if kind == "map" else b"fixed"]
    if options.get("exclusive"):
        full = list(dict.fromkeys(wished)) if kind == "acl" else wished
    else:
        keys = {line.partition(b" ")[0] if kind == "map" else line for line in wished}
        full = [line for line in old if (line.partition(b" ")[0] if kind == "map" else line) not in keys] + wished
    same = sorted(content) == sorted(full)
    return ("" if same else f"{content!r:.300} is there instead of {full!r:.300}"), True


def _pair(item: Any) -> tuple[str, str]:
    """An item of a list of entries; to delete one its key will do."""
    return (item, "") if isinstance(item, str) else (item["key"], item.get("value", ""))


def _server(target: Target, place: Place, text: str) -> Answer:
    """The setting of this name, where there is one that can be read."""
    reading = _READINGS.get(place.last)
    if reading is None or (place.module == "haproxy_backend" and "." not in place.option):
        return _NOTHING
    name = "named" if place.last == "fqdn" else "probe"
    return reading(target.rows()["lab", name], text)


def _weight(row: Cells, text: str) -> Answer:
    found = re.fullmatch(r"([0-9]{1,6})(%?)", text, re.ASCII)
    if not found:
        return f"the weight {text!r} was taken as {row['uweight']}", True
    wished = min(256, int(found[1]) * int(row["iweight"]) // 100) if found[2] else int(found[1])
    return ("" if int(row["uweight"]) == wished else f"weight {row['uweight']} instead of {wished}"), True


def _address_in(column: str) -> Callable[[Cells, str], Answer]:
    def reading(row: Cells, text: str) -> Answer:
        if column not in row:
            return _NOTHING
        try:
            wished = ipaddress.ip_address(text)
        except ValueError:
            return f"{text!r} was taken for an address, {row[column]}", True
        same = ipaddress.ip_address(row[column]) == wished
        return ("" if same else f"address {row[column]} instead of {wished}"), True

    return reading


def _fqdn(row: Cells, text: str) -> Answer:
    same = row["fqdn"].lower() == text.lower()
    return ("" if same else f"fqdn {row['fqdn']} instead of {text!r}"), True


def _state(row: Cells, text: str) -> Answer:
    flags = int(row["admin_state"])
    has = "maint" if flags & 1 else "drain" if flags & 8 else "ready"
    wished = {"enabled": "ready", "disabled": "maint", "present": has}.get(text, text)
    return ("" if has == wished else f"state {has} after {text!r}"), True


_READINGS: dict[str, Callable[[Cells, str], Answer]] = {
    "weight": _weight,
    "address": _address_in("addr"),
    "check_address": _address_in("check_addr"),
    "agent_address": _address_in("agent_addr"),
    "fqdn": _fqdn,
    "state": _state,
}
