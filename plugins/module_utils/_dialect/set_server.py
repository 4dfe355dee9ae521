# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``set server``: the state and the weight of a server, and all else that is said in this form."""

from __future__ import annotations

from .._protocol import Command, word
from .servers import Server


def set_state(server: Server) -> Command:
    """Give the server the state that this record has."""
    return set_server(server, "state", server.state, kind=f"set server … state {server.state}")


def set_weight(server: Server) -> Command:
    """Give the server the (absolute) weight that this record has."""
    return set_server(server, "weight", str(server.weight))


def set_server(
    server: Server, what: str, value: str, *, kind: str = "", silent: bool = True, feature: str | None = None
) -> Command:
    """``set server``, the family: a keyword and a value. The other parameters are those of :class:`Command`."""
    text = f"set server {place_of(server)} {what} {word(value)}"
    return Command(text, kind or f"set server … {what}", "admin", feature, silent)


def place_of(server: Server) -> str:
    """The server in a command."""
    return f"{word(server.backend)}/{word(server.name)}"
