# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands for what a server can be given at run time beside state and weight.

What each version takes and answers was measured. Of the addresses and ports many answers tell nothing: success,
failure and "nothing changed" have one severity, so that reading decides.
"""

from __future__ import annotations

from .._protocol import Command, word
from .servers import Server
from .set_server import place_of, set_server


def set_address(server: Server, address: str, port: int | None) -> Command:
    """Address and port in one command, so that no request goes to the new address with the old port.

    :param port: None: as it is.
    """
    text = f"set server {place_of(server)} addr {word(address)}" + ("" if port is None else f" port {port}")
    return Command(text, "set server … addr", "admin")


def set_fqdn(server: Server, fqdn: str) -> Command:
    return set_server(server, "fqdn", fqdn, silent=False)


def set_ssl(server: Server, ssl: bool) -> Command:
    return set_server(server, "ssl", "on" if ssl else "off", silent=False, feature="server_ssl")


def set_maxconn(server: Server, maxconn: int) -> Command:
    """0: unlimited."""
    return Command(f"set maxconn server {place_of(server)} {maxconn}", "set maxconn server …", "admin", silent=True)


def set_check_address(server: Server, address: str) -> Command:
    return set_server(server, "check-addr", address, silent=False, feature="check_address")


def set_check_port(server: Server, port: int) -> Command:
    """0: as the server's own."""
    return set_server(server, "check-port", str(port), silent=False)


def set_agent_address(server: Server, address: str) -> Command:
    return set_server(server, "agent-addr", address, silent=False)


def set_agent_port(server: Server, port: int) -> Command:
    return set_server(server, "agent-port", str(port), silent=False, feature="agent_port")


def set_agent_send(server: Server, text: str) -> Command:
    return set_server(server, "agent-send", text, silent=False)


def force_health(server: Server, status: str) -> Command:
    """``up``, ``stopping`` or ``down``."""
    return set_server(server, "health", status)


def force_agent(server: Server, status: str) -> Command:
    """``up`` or ``down``."""
    return set_server(server, "agent", status)


def switch_health(server: Server, verb: str) -> Command:
    """``enable`` or ``disable`` the health check."""
    return Command(f"{verb} health {place_of(server)}", f"{verb} health …", "admin", silent=True)


def switch_agent(server: Server, verb: str) -> Command:
    """``enable`` or ``disable`` the agent check."""
    return Command(f"{verb} agent {place_of(server)}", f"{verb} agent …", "admin", silent=True)


def add_server(server: Server) -> Command:
    """A new server with its options, in maintenance and with its checks off."""
    address = server.address or ""
    place = f"[{address}]" if ":" in address else address
    port = f":{server.port}" if server.port else ""
    text = " ".join(("add server", place_of(server), place + port, *map(word, server.options)))
    return Command(text, "add server …", "admin", "dynamic_servers")


# Idle connections that HAProxy keeps for reuse may count, too, until it purges them.
_STILL_USED = "Server still has connections attached to it"


def del_server(server: Server) -> Command:
    text = f"del server {place_of(server)}"
    return Command(text, "del server …", "admin", "dynamic_servers", not_yet=_STILL_USED)


def shutdown_sessions(server: Server) -> Command:
    """End all sessions of the server. An old worker refuses this."""
    return Command(f"shutdown sessions server {place_of(server)}", "shutdown sessions server …", "admin", silent=True)
