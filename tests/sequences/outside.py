# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody else does to one process, behind the collection's back: raw commands, some of which it refuses."""

from __future__ import annotations

from hypothesis import strategies as st

from integration.patterns import ACL, MAP, escaped, keys_of, values_of

from .rules import words
from .servers import NEW, NUMBERS, PLACES
from .world import SET_NAMES

Commands = st.SearchStrategy[str]


def _said(*parts: str | st.SearchStrategy[object]) -> Commands:
    """The words of a command, one after the other; what stands before another is drawn first."""
    return st.tuples(*(st.just(part) if isinstance(part, str) else part for part in parts)).map(
        lambda drawn: " ".join(map(str, drawn))
    )


def _of_server() -> Commands:
    """A server gets another value, comes or goes."""
    settings = words(
        *("state ready", "state drain", "state maint", "addr 127.0.0.9 port 99", "addr ::1", "ssl on", "ssl off"),
        *("weight 3", "weight 0", "weight 50%", "check-port 8099", "agent-port 99", "agent up"),
    )
    place, new = PLACES.map("/".join), NEW.map("/".join)
    more = words("", "weight 9", "check inter 200ms")
    ready = words("", "enable health {0}", "set server {0} state ready", "set server {0} state drain")
    made = st.tuples(new, more, ready).map(
        lambda drawn: f"add server {drawn[0]} 127.0.0.1:{{app}} {drawn[1]};{drawn[2].format(drawn[0])}"
    )
    return st.one_of(
        _said("set server", place, settings),
        _said("set maxconn server", place, NUMBERS),
        _said(words("enable health", "disable health", "enable agent", "disable agent"), place),
        _said("set server api/api1 health", words("up", "down", "stopping")),
        made,
        st.one_of(new, new, place).map(lambda where: f"set server {where} state maint;del server {where}"),
    )


def _of_set(kind: str, name: str) -> Commands:
    """A map or an ACL gets an entry more (perhaps once more), other values, or less."""
    file = f"{{files}}/{name}"
    keys = words(*(escaped(key.encode()).decode() for key in keys_of(name)))
    several = [st.just(f"clear {kind} {file}"), _said(f"del {kind} {file}", keys)]
    # A version that nobody commits: 2.4 and newer.
    several.append(st.just(f"prepare {kind} {file}"))
    if kind == ACL:
        return st.one_of(*several, _said(f"add acl {file}", keys))
    values = words(*(escaped(value.encode()).decode() for value in values_of(name)))
    several += [_said(f"{verb} map {file}", keys, values) for verb in ("add", "add", "set")]
    return st.one_of(several)


def _of_process() -> Commands:
    """A frontend, a limit, a backend."""
    frontend = words("edge", "side", "both-1")
    rates = words("connections", "sessions", "ssl-sessions", "http-compression")
    return st.one_of(
        _said(words("enable", "disable", "enable", "disable", "shutdown"), "frontend", frontend),
        _said("set maxconn frontend", frontend, words(1, 50, 54)),
        _said("set maxconn global", words(0, 1, 120)),
        _said("set rate-limit", rates, "global", words(0, 3, 4000)),
        _said(words("enable", "disable"), "dynamic-cookie backend sticky"),
        _said("set dynamic-cookie-key backend sticky", words("first", "second")),
        _said(words("publish", "unpublish"), "backend", words("api", "www", "fresh1")),
        words("add backend fresh1 from plain mode http", "add backend fresh2 from plain", "del backend fresh1"),
        words("clear counters", "clear counters all"),
    )


OUTSIDE: dict[str, Commands] = {
    "server": _of_server(),
    "set": st.one_of([_of_set(kind, name) for kind in (MAP, ACL) for name in SET_NAMES[kind]]),
    "process": _of_process(),
}
"""What is changed → raw commands, with places for files."""
