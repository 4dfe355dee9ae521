# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a soak happens to: applications, balancers before them, and two realms of objects that have no more than these
processes in common, so that two strands of tasks can be at work at the same time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.config import DEFAULTS, bind_lines
from lab.fleet import Fleet, layout, one
from lab.oracle import servers
from lab.ports import free_ports
from lab.processes import Workspace, wait_until
from lab.versions import Version, newest

REALMS = ("a", "b")
APPLICATIONS = 5
SLOW = "400ms"
"""What a slow page takes: a drain that meets one waits."""
UP_SECONDS = 15.0

# Nothing that a balancer could hide is hidden: a request goes to one server, once. What no rule knows fails. The share
# of a pool of connections that is not used is closed soon, so that the end of a soak is not waited for long.
_REALM = """
frontend public_{realm}
{public}    maxconn 1000
    use_backend blue_{realm} if {{ rand(4) 0 }}
    use_backend pool_{realm} if {{ rand(4) 0 }}
    use_backend cookies_{realm} if {{ rand(8) 0 }}
    http-request deny if {{ path -f {files}/{realm}.acl }}
    http-request deny if {{ path -f {files}/{realm}.long.acl }}
    http-request set-var(txn.long) path,map({files}/{realm}.long.map)
    use_backend %[path,map_beg({files}/{realm}.map)]
    default_backend nowhere

frontend sticky_{realm}
{sticky}    maxconn 1000
    http-request set-header Cookie SRV=c%[src_port,mod(4)]
    default_backend www_{realm}

frontend spare_{realm}
{spare}    default_backend nowhere

backend www_{realm}
    balance roundrobin
    cookie SRV insert indirect nocache
    retries 0
    default-server pool-purge-delay 200ms
    server app1 127.0.0.1:{app[0]} weight 10 cookie c0 check inter 500ms
    server app2 127.0.0.1:{app[1]} weight 10 cookie c1 check inter 500ms
    server app3 127.0.0.1:{app[2]} weight 10 cookie c2 check inter 500ms
    server app4 127.0.0.1:{app[3]} weight 10 cookie c3 check inter 500ms

backend blue_{realm}
    balance leastconn
    retries 0
    default-server pool-purge-delay 200ms
    server app1 127.0.0.1:{app[0]}
    server app2 127.0.0.1:{app[1]}

backend pool_{realm}
    balance roundrobin
    retries 0
    default-server pool-purge-delay 200ms
    server-template s 1-4 127.0.0.1:{app[0]} disabled

backend cookies_{realm}
    balance roundrobin
    retries 0
    cookie DYN insert indirect nocache dynamic
    dynamic-cookie-key one
    default-server pool-purge-delay 200ms
    server c1 127.0.0.1:{app[0]}
    server c2 127.0.0.1:{app[1]}

backend idle_{realm}
    balance roundrobin
    server idle1 127.0.0.1:{app[0]} weight 10
"""
_NOWHERE = """
backend nowhere
    http-request deny deny_status 503
"""


@dataclass(frozen=True)
class Site:
    """Balancers and what is before and behind them."""

    fleet: Fleet
    workspace: Workspace
    applications: Fleet
    ports: Sequence[int]
    """Of the applications, all of which answer alike."""
    doors: Sequence[int]
    """Where requests are made: an open and a sticky one of each realm."""

    @property
    def files(self) -> Path:
        """Where maps and ACLs are."""
        return self.workspace.directory

    @property
    def pids(self) -> list[int]:
        """The processes that are watched, in the order of the fleet's sockets."""
        return self.fleet.pids

    def held(self) -> set[tuple[int, str]]:
        """What each process holds of what tasks change: as a soak finds it, it leaves it."""
        processes = range(len(self.fleet.sockets))
        return {(index, line) for index in processes for line in _held(self.fleet, index, self.files)}


@contextmanager
def site(version: Version, processes: int) -> Iterator[Site]:
    """Start it: `processes` as nbproc where there is nbproc, else instances. Everything is up."""
    workspace = Workspace()
    try:
        ports, listening = free_ports(APPLICATIONS), free_ports(3 * len(REALMS))
        # The workspace may be read by its owner only, and HAProxy runs as who started it.
        body = DEFAULTS.replace("defaults", "defaults plain") + DEFAULTS if version.number >= (3, 4) else DEFAULTS
        for number, realm in enumerate(REALMS):
            _write_files(workspace.directory, realm)
            own = listening[3 * number : 3 * number + 3]
            binds = [bind_lines(port, processes=processes if version.has_nbproc else 1) for port in own]
            named = dict(zip(("public", "sticky", "spare"), binds, strict=True))
            body += _REALM.format(realm=realm, files=workspace.directory, app=ports, **named)
        with (
            _applications(ports) as applications,
            layout(version, processes, body + _NOWHERE, global_lines="maxconn 2000") as fleet,
        ):
            doors = [port for index, port in enumerate(listening) if index % 3 < 2]
            made = Site(fleet, workspace, applications, ports, doors)
            _fill_slots(made)
            wait_until(lambda: _is_up(fleet), UP_SECONDS, lambda: "servers are not up")
            yield made
    finally:
        workspace.stop()


def _held(fleet: Fleet, process: int, files: Path) -> Iterator[str]:
    for (backend, name), truth in servers(fleet, process).items():
        yield f"{backend}/{name} {truth}"
    info = re.findall(r"(?m)^(?:Maxconn|ConnRateLimit|SessRateLimit): .*", fleet.ask(process, "show info"))
    yield from info
    titles, *rows = fleet.ask(process, "show stat -1 1 -1").strip("\n").splitlines()
    for row in rows:
        cells = dict(zip(titles.removeprefix("# ").split(","), row.split(","), strict=False))
        yield f"{cells['pxname']} {cells['status']} {cells['slim']}"
    for file in sorted([*files.glob("*.map"), *files.glob("*.acl")]):
        for entry in re.findall(r"(?m)^0x[0-9a-f]+ (.*)$", fleet.ask(process, f"show {file.suffix[1:]} {file}")):
            yield f"{file.name} {entry}"
        yield f"{file.name} on disk {file.read_text(encoding='ascii')}"


def _write_files(folder: Path, realm: str) -> None:
    (folder / f"{realm}.map").write_text(f"/ www_{realm}\n/slow www_{realm}\n", encoding="ascii")
    for name in (f"{realm}.acl", f"{realm}.long.acl", f"{realm}.long.map"):
        (folder / name).write_text("", encoding="ascii")


def _applications(ports: Sequence[int]) -> Fleet:
    """One HAProxy that tells the name of the application, and takes its time on paths below /slow."""
    body = "".join(
        f"""
frontend app{number}
    bind 127.0.0.1:{port}
    tcp-request inspect-delay {SLOW}
    tcp-request content accept if !{{ path_beg /slow }}
    tcp-request content accept if WAIT_END
    http-request return status 200 content-type text/plain string "ok" hdr x-server app{number}
"""
        for number, port in enumerate(ports, 1)
    )
    return one(newest(), body, global_lines="maxconn 4000")


def _fill_slots(made: Site) -> None:
    for realm in REALMS:
        for slot, port in ((1, made.ports[0]), (2, made.ports[1])):
            server = f"set server pool_{realm}/s{slot}"
            made.fleet.ask_all(f"{server} addr 127.0.0.1 port {port};{server} state ready")


def _is_up(fleet: Fleet) -> bool:
    """The four servers of each realm that are checked have been found to be up by every process."""
    return all(reply.count(",L4OK,") == 4 * len(REALMS) for reply in fleet.ask_all("show stat -1 4 -1"))
