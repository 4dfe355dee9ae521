# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration texts: the sections every lab process has, and the sample body with servers of every kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .ports import free_port

DEFAULTS = """\
defaults
    mode http
    timeout connect 2s
    timeout client 300s
    timeout server 300s
    timeout queue 300s
"""


@dataclass(frozen=True)
class StatsSocket:
    """One ``stats socket`` line."""

    address: str
    """A path, or ``ipv4@127.0.0.1:PORT``, or ``ipv6@::1:PORT``."""
    level: str = "admin"
    process: int | None = None
    """Under nbproc the one process that answers on it; None: all share it."""

    def line(self) -> str:
        """The line of the global section."""
        process = "" if self.process is None else f" process {self.process}"
        return f"    stats socket {self.address} level {self.level}{process}\n"


@dataclass(frozen=True)
class Global:
    """The global section."""

    sockets: Sequence[StatsSocket]
    nbproc: int = 1
    nbthread: int = 1
    lines: str = ""
    """Further lines, as in a configuration file; maxconn, stats timeout and nbthread here win over the lab's own."""

    def text(self) -> str:
        """The section's text. HAProxy 2.2 refuses nbthread beside nbproc."""
        parallel = f"nbproc {self.nbproc}" if self.nbproc > 1 else f"nbthread {self.nbthread}"
        extra = [line.strip() for line in self.lines.splitlines() if line.strip()]
        own = [line for line in ("maxconn 200", "stats timeout 30s", parallel) if not _says(extra, line)]
        return (
            "global\n"
            + "".join(f"    {line}\n" for line in (*own, *extra))
            + "".join(each.line() for each in self.sockets)
        )


def _says(lines: Iterable[str], default: str) -> bool:
    """Whether a line sets what `default` sets, which ends in its value."""
    keyword = default.split()[:-1]
    return any(line.split()[: len(keyword)] == keyword for line in lines)


def write(path: Path, head: Global, body: str) -> Path:
    """Write a whole configuration file: global, defaults (unless the body has its own), body. Returns the path."""
    own = any(line.split()[:1] == ["defaults"] for line in body.splitlines())
    path.write_text(head.text() + "\n" + ("" if own else DEFAULTS + "\n") + body.rstrip() + "\n", encoding="utf-8")
    return path


def bind_lines(ports: int | Iterable[int], *, processes: int = 1, host: str = "127.0.0.1") -> str:
    """The ``bind`` lines of a frontend.

    `processes` > 1 is for nbproc: one line per port and process. A line that several processes share breaks for good
    when one of them disables the frontend.
    """
    wanted = [ports] if isinstance(ports, int) else list(ports)
    tails = [""] if processes == 1 else [f" process {number}" for number in range(1, processes + 1)]
    return "".join(f"    bind {host}:{port}{tail}\n" for port in wanted for tail in tails)


def servers_body(ports: Sequence[int], *, binds: str = "", dead_port: int | None = None) -> str:
    """Four backends with servers of every kind; the sample body of tests about servers.

    `ports` are application ports (``Apps``), used in turn where there are few. `binds` (from ``bind_lines``) makes a
    frontend ``public`` in front of ``www``; paths below /api go to ``api``, below /fixed to ``fixed``.

    ``www``: web1 10, web2 100, web3 1, web4 256 (weights), checked. ``api``: web1, api1, api2, no check, weight 50.
    ``fixed``: fixed1, fixed2, static-rr. ``odd``: one disabled, one that tracks www/web1, one backup, one whose check
    fails, and one with an unusual name.
    """
    app = [f"127.0.0.1:{ports[number % len(ports)]}" for number in range(5)]
    dead = f"127.0.0.1:{free_port() if dead_port is None else dead_port}"
    frontend = f"""\
frontend public
{binds.rstrip()}
    use_backend api if {{ path_beg /api }}
    use_backend fixed if {{ path_beg /fixed }}
    default_backend www

"""
    backends = f"""\
backend www
    balance roundrobin
    server web1 {app[0]} weight 10 check inter 200ms
    server web2 {app[1]} weight 100 check inter 200ms
    server web3 {app[2]} weight 1 check inter 200ms
    server web4 {app[3]} weight 256 check inter 200ms

backend api
    balance roundrobin
    server web1 {app[0]} weight 50
    server api1 {app[1]} weight 50
    server api2 {app[2]} weight 50

backend fixed
    balance static-rr
    server fixed1 {app[0]} weight 10
    server fixed2 {app[1]} weight 20

backend odd
    balance roundrobin
    server off1 {app[0]} disabled
    server follow1 {app[1]} track www/web1
    server spare1 {app[2]} backup
    server dead1 {dead} check inter 200ms
    server a.b:c-d_e {app[4]} weight 30
"""
    return (frontend if binds else "") + backends


def settings_body(
    ports: Sequence[int], *, agent_port: int, check_port: int, dns_port: int | None = None, binds: str = ""
) -> str:
    """Three backends with servers for every setting; the sample body of tests about addresses, checks, agents and TLS.

    `ports` are application ports (``Apps``), used in turn. `agent_port` is that of an ``Agent``, `check_port` where the
    checks of ``checkat1`` go, `dns_port` that of a ``Resolver``, which must know ``a.example.test``; without it there is
    no ``named1``. `binds` (from ``bind_lines``) makes a frontend ``public`` in front of ``set``; paths below /hash go to
    ``hash``, below /few to ``few``.

    ``set``: plain1 (nothing), checked1, agented1 (checked too, agent-send lab), capped1 (maxconn 7), tls1, tlsable1 (TLS
    prepared and off), checkat1, named1 (by DNS), libc1 (localhost), v6, unix1 (a socket that does not exist). ``hash``:
    hash1, by source, whose weight cannot change. ``few``: web1, web2, and the backups web3, web4.
    """
    app = [ports[number % len(ports)] for number in range(4)]
    frontend = f"""\
frontend public
{binds.rstrip()}
    use_backend hash if {{ path_beg /hash }}
    use_backend few if {{ path_beg /few }}
    default_backend set

"""
    resolvers = f"""\
resolvers lab
    nameserver lab 127.0.0.1:{dns_port}
    timeout resolve 200ms
    timeout retry 200ms
    hold valid 100ms
    hold nx 100ms
    hold obsolete 100ms

"""
    named = f"    server named1 a.example.test:{app[0]} resolvers lab init-addr none\n"
    # 2.2 never connects to an agent without agent-send (2.2.9: its check times out and the agent sees nothing).
    # "ssl on" is refused for a server without a TLS context. "no-ssl" keeps the one that a default-server gave; after
    # an "ssl" on the server's own line there is none. A default-server counts for the lines below it, so it is last.
    backends = f"""\
backend set
    balance roundrobin
    server plain1 127.0.0.1:{app[0]}
    server checked1 127.0.0.1:{app[1]} check inter 100ms
    server agented1 127.0.0.1:{app[2]} check inter 100ms agent-check agent-addr 127.0.0.1 agent-port {agent_port} \
agent-inter 100ms agent-send lab
    server capped1 127.0.0.1:{app[3]} maxconn 7
    server tls1 127.0.0.1:{app[0]} ssl verify none
    server checkat1 127.0.0.1:{app[2]} check inter 100ms port {check_port} addr 127.0.0.1
    server libc1 localhost:{app[3]} init-addr libc
    server v6 [::1]:{app[0]}
    server unix1 unix@/nonexistent/unix1.sock
{"" if dns_port is None else named}\
    default-server ssl verify none
    server tlsable1 127.0.0.1:{app[1]} no-ssl

backend hash
    balance source
    hash-type map-based
    server hash1 127.0.0.1:{app[0]}

backend few
    balance roundrobin
    server web1 127.0.0.1:{app[0]}
    server web2 127.0.0.1:{app[1]}
    server web3 127.0.0.1:{app[2]} backup
    server web4 127.0.0.1:{app[3]} backup
"""
    return ("" if dns_port is None else resolvers) + (frontend if binds else "") + backends
