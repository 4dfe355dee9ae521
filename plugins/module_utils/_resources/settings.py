# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a server can be given beside its state, and how: one row for each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Callable, NamedTuple

from .._checks import whole
from .._dialect import settings as say
from .._dialect.servers import CONFIGURED, ENABLED, RUNNING, STARTING, STOPPED, STOPPING, Server
from .._errors import InputError
from .._lookup import canonical
from .._plan import Step
from .._protocol import Command, word
from .._shapes import Field
from .rows import SESSIONS, STATE, WEIGHT
from .settable import forced, switched

_FQDN = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_MOST_CONNECTIONS = 2**31 - 1
_MOST_PORT = 65535


# What a user wrote ---------------------------------------------------------------------------------------------------


def address_of(option: str, text: str) -> str:
    """An IP address as HAProxy prints it.

    :raises InputError: when it is none.
    """
    address = canonical(text)
    if address is None:
        raise InputError(f"{option} {text!r} is no IPv4 or IPv6 address")
    return address


def _fqdn_of(option: str, text: str) -> str:
    name = text.lower()
    if not _FQDN.fullmatch(name):
        raise InputError(f"{option} {text!r} is no host name")
    return name


def _sayable(option: str, text: str) -> str:
    try:
        word(text)
    except InputError as error:
        raise InputError(f"{option}: {error.message}") from error
    return text


def _port(option: str, number: int) -> int:
    return whole(option, number, most=_MOST_PORT)


_PARSERS: dict[str, Callable[[str, Any], object]] = {
    "address": address_of,
    "check_address": address_of,
    "agent_address": address_of,
    "fqdn": _fqdn_of,
    "port": _port,
    "check_port": _port,
    "agent_port": _port,
    "maxconn": lambda option, number: whole(option, number, most=_MOST_CONNECTIONS),
    "agent_send": _sayable,
}


def _soft(params: Mapping[str, Any], state: str | None) -> dict[str, str]:
    """The checks that are switched together with the state."""
    switched = {"ready": "enabled", "maint": "disabled"}.get(state or "")
    if switched is None:
        return {}
    return {
        check: switched
        for check, option in (("health_check", "health"), ("agent_check", "agent"))
        if params.get(option)
    }


def settings_of(
    said: Mapping[str, Any], params: Mapping[str, Any], state: str | None
) -> tuple[dict[str, Any], frozenset[str]]:
    """Option → value of what a server is to be given, and of these what it may lack (``Values.soft``).

    :param said: what the task says itself; ``params``: as for ``values_of``; ``state``: the one that is asked for.
    :raises InputError: for a value that no server can be given.
    """
    soft = _soft(params, state)
    return checked({**soft, **said}), frozenset(soft)


def checked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """
    :raises InputError: for the first value that no server can be given.
    """
    if "address" in settings and "fqdn" in settings:
        raise InputError("address and fqdn exclude each other: with a name, the resolver gives the address")
    return {
        option: _PARSERS[option](option, value) if option in _PARSERS else value for option, value in settings.items()
    }


# What a server has ---------------------------------------------------------------------------------------------------


def _switch(state: int, value: str) -> int:
    return state | ENABLED if value == "enabled" else state & ~ENABLED


def _op_state(server: Server, value: str) -> Server:
    up = STARTING if server.op_state == STARTING else RUNNING
    states = {"down": STOPPED, "stopping": STOPPING, "up": up}
    return server._replace(op_state=states[value])


class _Row(NamedTuple):
    """A setting: how it is read, what a server is that has it, how it is said, and what a server must have for it."""

    name: str
    read: Callable[[Server], object]
    put: Callable[[Server, Any], Server]
    say: Callable[[Server, Any], Command]
    needs: Callable[[Server], str]


def _attribute(name: str, say: Callable[[Server, Any], Command], needs: Callable[[Server], str] = lambda _: "") -> _Row:
    return _Row(
        name, lambda server: getattr(server, name), lambda server, value: server._replace(**{name: value}), say, needs
    )


def _needs_check(server: Server) -> str:
    return "" if server.check_state & CONFIGURED else "no health check is configured on it"


def _needs_agent(server: Server) -> str:
    return "" if server.agent_state & CONFIGURED else "no agent check is configured on it"


def _needs_running_check(server: Server) -> str:
    disabled = "its health check is disabled, and HAProxy changes that only while it is enabled"
    return _needs_check(server) or ("" if server.check_state & ENABLED else disabled)


def _needs_running_agent(server: Server) -> str:
    disabled = "its agent check is disabled, and HAProxy takes that only while it is enabled"
    return _needs_agent(server) or ("" if server.agent_state & ENABLED else disabled)


def _needs_address(server: Server) -> str:
    return (
        "" if server.address else "it has no IP address that HAProxy could change (a UNIX socket, or not resolved yet)"
    )


def _needs_name(server: Server) -> str:
    return "" if server.fqdn else "it was not configured with a host name"


def _needs_no_track(server: Server) -> str:
    return f"it tracks {server.tracks}, whose health it has" if server.tracks else ""


_ROWS: tuple[_Row, ...] = (
    _attribute("agent_address", say.set_agent_address, _needs_running_agent),
    _attribute("agent_port", say.set_agent_port, _needs_running_agent),
    _Row("agent_send", lambda _server: None, lambda server, _value: server, say.set_agent_send, _needs_running_agent),
    _Row(
        "agent_check",
        lambda server: switched(server.agent_state),
        lambda server, value: server._replace(agent_state=_switch(server.agent_state, value)),
        lambda server, value: say.switch_agent(server, value[:-1]),
        _needs_agent,
    ),
    _attribute("check_address", say.set_check_address, _needs_running_check),
    _attribute("check_port", say.set_check_port, _needs_running_check),
    _Row(
        "health_check",
        lambda server: switched(server.check_state),
        lambda server, value: server._replace(check_state=_switch(server.check_state, value)),
        lambda server, value: say.switch_health(server, value[:-1]),
        _needs_check,
    ),
    _attribute("fqdn", say.set_fqdn, _needs_name),
    _attribute("address", lambda server, value: say.set_address(server, value, None), _needs_address),
    _attribute("port", lambda server, value: say.set_address(server, server.address or "", value), _needs_address),
    _attribute("ssl", say.set_ssl),
    _attribute("maxconn", say.set_maxconn),
    _Row("health_status", forced, _op_state, say.force_health, _needs_no_track),
    _Row("agent_status", lambda _server: None, lambda server, _value: server, say.force_agent, _needs_running_agent),
)


def _field(row: _Row) -> Field[Server]:
    return Field(row.name, row.read, lambda now, target: row.say(now, row.read(target)))


def _say_address(now: Server, target: Server) -> Command:
    """One command for both. A port that stays is not named: it may be an offset, which reading does not tell."""
    return say.set_address(now, target.address or "", None if target.port == now.port else target.port)


_BY_NAME = {
    **{row.name: _field(row) for row in _ROWS},
    **{row.name: Field[Server](row.name, row.read, _say_address) for row in _ROWS if row.name in ("address", "port")},
}
# The order of commands: what HAProxy changes only while a check runs comes before the check's own switch, that before
# the state (an agent that is switched off cannot undo it), and that before what makes it another server.
_ORDER = (
    *("agent_address", "agent_port", "agent_send", "agent_check", "check_address", "check_port", "health_check"),
    *("state", "fqdn", "address", "port", "ssl", "maxconn", "weight", "health_status", "agent_status"),
)
FIELDS = (*({**_BY_NAME, "state": STATE, "weight": WEIGHT}[name] for name in _ORDER), SESSIONS)


# What is true of a server that has no such check.
_NOT_RUNNING = (("agent_check", "disabled"), ("health_check", "disabled"))


class Given(NamedTuple):
    """What a server is when it has been given things: what will be read, in which fields, and what cannot be read."""

    server: Server
    fields: frozenset[str]
    deeds: Mapping[str, Step]


def given(server: Server, settings: Mapping[str, Any], soft: frozenset[str]) -> Given:
    """
    :raises InputError: for what this server cannot be given.
    """
    fields: set[str] = set()
    deeds: dict[str, Step] = {}
    for row in _ROWS:
        if row.name not in settings:
            continue
        value = settings[row.name]
        read, lacks = row.read(server), row.needs(server)
        if lacks and value != read and (row.name, value) not in _NOT_RUNNING:
            if row.name in soft:
                continue
            raise InputError(f"{row.name} of {server.called}: {lacks}")
        if read is not None:
            fields.add(row.name)
            server = row.put(server, value)
        elif not lacks:
            deeds[row.name] = Step(((server.backend, server.name), row.name), row.say(server, value), seen=False)
    return Given(server, frozenset(fields), deeds)
