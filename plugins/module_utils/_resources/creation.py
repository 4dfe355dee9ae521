# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that are made while HAProxy runs."""

from __future__ import annotations

import re

from .._dialect.servers import CONFIGURED, MAINT_FORCED, STOPPED, Key, Server
from .._dialect.stat import STATIC
from .._errors import InputError
from .._lookup import canonical
from .keywords import keywords
from .values import Values

# Keywords whose value is a number that the server shows.
_NUMBERS = ("weight", "maxconn", "port", "agent-port")

# A server that could be there: nothing is known of it but its name.
_NOWHERE = Server("", "", "", STOPPED, 0, 0, 0, 0, 0, present=False)


def missing(key: Key) -> Server:
    """What stands for a server that is not there."""
    return _NOWHERE._replace(backend=key[0], name=key[1])


def with_options(values: dict[str, object], server: Server) -> dict[str, object]:
    """The values of a server that goes, with the keywords that make it again, as far as HAProxy shows them."""
    if not server.present:
        return values
    words = [f"weight {server.initial_weight}"]
    words += ["backup"] if server.backup else []
    if server.check_state & CONFIGURED:
        words.append("check")
        words += [f"port {server.check_port}"] if server.check_port else []
        words += [f"addr {server.check_address}"] if server.check_address else []
    if server.agent_state & CONFIGURED:
        words.append("agent-check")
        words += [f"agent-port {server.agent_port}"] if server.agent_port else []
        words += [f"agent-addr {server.agent_address}"] if server.agent_address else []
    return {**values, "options": " ".join(words)}


def created(server: Server, values: Values, algorithm: str) -> Server:
    """The server as HAProxy makes it: in maintenance, its checks off. ``default-server`` is not applied.

    :param algorithm: of its backend; "": not known.
    :raises InputError: for what HAProxy would refuse or misread.
    """
    address = values.settings.get("address")
    if address is None:
        raise InputError(f"{server.called} does not exist, and to create it its address is needed")
    if algorithm == STATIC:
        raise InputError(f"{server.called} cannot be created: its backend uses the static algorithm {algorithm}")
    said = keywords(values.options)
    if {"enabled", "disabled"} & set(said):
        raise InputError(f"options of {server.called}: whether it is in service is what state says")
    if values.settings.get("ssl", "ssl" in said) != ("ssl" in said):
        raise InputError(
            f"ssl of {server.called}: a server is created with it or without, by the keyword ssl in options"
        )
    numbers = {name: _number(name, said[name]) for name in _NUMBERS if name in said}
    check_address, agent_address = (
        _address(name, said[name]) if name in said else "" for name in ("addr", "agent-addr")
    )
    return server._replace(
        present=True,
        admin_state=MAINT_FORCED,
        weight=numbers.get("weight", 1),
        initial_weight=numbers.get("weight", 1),
        check_state=CONFIGURED if "check" in said else 0,
        agent_state=CONFIGURED if "agent-check" in said else 0,
        address=address,
        port=values.settings.get("port", 0),
        ssl="ssl" in said,
        check_port=numbers.get("port", 0),
        check_address=check_address,
        agent_address=agent_address or check_address,
        agent_port=numbers.get("agent-port", numbers.get("port", 0)),
        maxconn=numbers.get("maxconn", 0),
        backup="backup" in said,
        options=values.options,
    )


def _address(keyword: str, text: str) -> str:
    """
    :raises InputError: for a host name: HAProxy would stand still while it looks it up.
    """
    address = canonical(text.partition("@")[2] if text.startswith(("ipv4@", "ipv6@")) else text)
    if address is None:
        raise InputError(f"options: {keyword} {text!r} is no IPv4 or IPv6 address")
    return address


def _number(keyword: str, text: str) -> int:
    """
    :raises InputError: for what HAProxy would take for another number, in silence.
    """
    if not re.fullmatch("[0-9]{1,9}", text, re.ASCII):
        raise InputError(f"options: {keyword} {text!r} is no whole number")
    return int(text)


def first_values(values: Values) -> Values:
    """What is asked of a server that this task makes: its checks run before it becomes ready (else HAProxy wants two
    more of them), unless the task says otherwise."""
    said = keywords(values.options)
    checks = {"health_check": "check", "agent_check": "agent-check"}
    enabled = {check: "enabled" for check, keyword in checks.items() if keyword in said}
    state = "ready" if values.state == "present" else values.state
    rest = {name: value for name, value in values.settings.items() if name not in ("address", "port", "ssl")}
    return values._replace(state=state, settings={**enabled, **rest}, drain=False)
