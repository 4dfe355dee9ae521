# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every HAProxy version, as one process and as four, each behind recorders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from lab import by_version
from lab.agent import Agent
from lab.apps import Apps
from lab.config import servers_body, settings_body
from lab.fleet import Fleet, layout
from lab.oracle import Key
from lab.processes import wait_until
from lab.recorder import Recorders
from lab.resolver import Resolver
from lab.versions import Version, newest, oldest, versions

from .patterns import LAYOUTS, layout_id

# Hooks and fixtures, which pytest knows by these names.
pytest_collection_modifyitems = by_version.pytest_collection_modifyitems
told_version = by_version.told_version


@dataclass(frozen=True)
class Balancer:
    """One or four processes of one version; `sockets` is what a task gets as its option ``socket``."""

    fleet: Fleet
    recorders: Recorders

    @property
    def sockets(self) -> list[str]:
        """One path, or the directory of several sockets."""
        return [self.recorders.sockets[0] if len(self.recorders) == 1 else str(self.recorders.directory)]


@pytest.fixture(scope="session")
def apps() -> Iterator[Apps]:
    """Four applications."""
    with Apps(4) as running:
        yield running


@pytest.fixture(
    scope="module",
    params=[(version, count) for version in versions() for count in (1, 4)],
    ids=lambda param: f"haproxy={param[0]}-processes={param[1]}",
)
def balancer(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Balancer]:
    """Each version, as one process and as four (nbproc on 2.2, instances elsewhere)."""
    version, count = request.param
    with layout(version, count, servers_body(apps.ports)) as fleet, Recorders(fleet) as recorders:
        yield Balancer(fleet, recorders)


# Seconds until all servers are up, resolved and asked after their agents; it takes one.
SETTLED = 20.0

# Beside the sample body: servers that take every setting, one with an address and one with a name, and one that is
# tracked. With an address of its own a check is without TLS.
MORE = """
backend all
    balance roundrobin
    server all1 127.0.0.1:{app} weight 20 maxconn 9 ssl verify none check inter 100ms port {app} addr 127.0.0.1 \
agent-check agent-addr 127.0.0.1 agent-port {agent} agent-inter 100ms agent-send lab
    server all2 a.example.test:{app} resolvers lab init-addr none weight 20 check inter 100ms port {app} addr 127.0.0.1 \
agent-check agent-addr 127.0.0.1 agent-port {agent} agent-inter 100ms agent-send lab

backend tracked
    balance roundrobin
    server leader1 127.0.0.1:{app} check inter 100ms
    server follow1 127.0.0.1:{app} track tracked/leader1
"""
# Servers whose address a resolver may change, and those that it gave one.
NAMED: tuple[Key, ...] = (("set", "named1"), ("all", "all2"))


Given = dict[str, Any]
"""What a server has, by the names of the module's options, as far as this version shows it."""


def given(fleet: Fleet, index: int) -> dict[Key, Given]:
    """(backend, server) → what it has on the process with this index, read without the collection's own code."""
    _version, header, *lines = fleet.ask(index, "show servers state").strip("\n").splitlines()
    columns = header.removeprefix("# ").split()
    titles, *rows = fleet.ask(index, "show stat").strip("\n").splitlines()
    stat = [dict(zip(titles.removeprefix("# ").split(","), row.split(","), strict=False)) for row in rows]
    limits = {(cells["pxname"], cells["svname"]): int(cells["slim"] or 0) for cells in stat}
    found = {}
    for line in lines:
        cells = {name.removeprefix("srv_"): cell for name, cell in zip(columns, line.split(), strict=True)}
        key = (cells["be_name"], cells["name"])
        found[key] = {**_given(cells), "maxconn": limits[key]}
        if key in NAMED:
            del found[key]["address"]
    return found


def _given(cells: dict[str, str]) -> Given:
    """What a line of ``show servers state`` says."""
    flags, check, agent = (int(cells[name]) for name in ("admin_state", "check_state", "agent_state"))
    server: Given = {
        "state": "maint" if flags % 2 else "drain" if flags // 8 % 2 else "ready",
        "weight": int(cells["uweight"]),
        "address": cells["addr"],
        "port": int(cells["port"]),
        "fqdn": cells["fqdn"],
        "health_check": "enabled" if check // 4 % 2 else "disabled",
        "agent_check": "enabled" if agent // 4 % 2 else "disabled",
    }
    if (check | agent) // 4 % 2 == 0 and server["state"] != "maint":
        server["health_status"] = {"0": "down", "3": "stopping"}.get(cells["op_state"], "up")
    if "use_ssl" in cells:
        server["ssl"] = cells["use_ssl"] == "1"
        server.update({name: int(cells[name]) for name in ("check_port", "agent_port")})
        server.update({name: cells[name].replace("-", "") for name in ("check_addr", "agent_addr")})
        server = {name.replace("_addr", "_address"): value for name, value in server.items()}
    return server


@dataclass(frozen=True)
class SetBalancer(Balancer):
    """The same with servers for every setting, the agent that they ask and the resolver of their names."""

    agent: Agent
    resolver: Resolver
    ports: list[int]

    def given(self) -> list[dict[Key, Given]]:
        """What each process says of its servers."""
        return [given(self.fleet, index) for index in range(len(self.recorders))]

    def tell(self, index: int, *commands: str) -> None:
        """Raw commands to one process, past the recorders."""
        for first in range(0, len(commands), 30):
            self.fleet.ask(index, ";".join(commands[first : first + 30]))

    def reset(self) -> None:
        """All servers as configured, whatever was done to them; servers that were made meanwhile are deleted."""
        self.agent.says = "up"
        self.resolver.addresses.update(ADDRESSES)
        for index in range(len(self.recorders)):
            self._remove_new(index)
            self.tell(index, *self._resumed(index))
        for done in (lambda: not self._restless("asked"), lambda: not self._restless("up", "asked", "resolved")):
            # Twice, as an answer of the agent that was under way may have undone the first.
            for index in range(len(self.recorders)):
                self.tell(index, *self._home())
            wait_until(done, SETTLED, lambda: f"not as configured: {self._restless('up', 'asked', 'resolved')}")

    def _remove_new(self, index: int) -> None:
        """Delete the servers that the configuration does not have."""

        def removed() -> bool:
            new = [place for place in map("/".join, given(self.fleet, index)) if place not in self._places()]
            self.tell(index, *(f"set server {place} state maint;del server {place}" for place in new))
            return not new

        wait_until(removed, SETTLED, lambda: f"cannot delete {sorted(given(self.fleet, index))}")

    def _resumed(self, index: int) -> Iterator[str]:
        """Commands for checks that stay paused: maintenance pauses them, and its end resumes only enabled ones."""
        _version, header, *lines = self.fleet.ask(index, "show servers state").strip("\n").splitlines()
        at = header.removeprefix("# ").split().index
        for cells in (line.split() for line in lines):
            place = f"{cells[at('be_name')]}/{cells[at('srv_name')]}"
            if int(cells[at("srv_check_state")]) & 10 == 10 and not int(cells[at("srv_admin_state")]) % 2:
                yield from (f"enable health {place}", *(f"set server {place} state {to}" for to in ("maint", "ready")))

    def _places(self) -> dict[str, tuple[str, int, str]]:
        """Each server of the configuration: ``backend/server`` → address, port, further commands in short."""
        app = self.ports
        agent = f"agent-addr 127.0.0.1,agent-port {self.agent.port},agent-send lab"
        at = f"check-addr 127.0.0.1,check-port {app[0]}"
        return {
            "set/plain1": ("127.0.0.1", app[0], "health up"),
            "set/checked1": ("127.0.0.1", app[1], "check-port 0"),
            "set/agented1": ("127.0.0.1", app[2], f"check-port 0,{agent}"),
            "set/capped1": ("127.0.0.1", app[3], "health up"),
            "set/tls1": ("127.0.0.1", app[0], "health up,ssl on"),
            "set/checkat1": ("127.0.0.1", app[2], at),
            "set/libc1": ("127.0.0.1", app[3], "health up"),
            "set/v6": ("::1", app[0], "health up"),
            "set/unix1": ("", 0, "health up"),
            "set/named1": ("127.0.0.1", app[0], "fqdn a.example.test"),
            "set/tlsable1": ("127.0.0.1", app[1], "health up,ssl off"),
            "hash/hash1": ("127.0.0.1", app[0], "health up"),
            **{f"few/web{number + 1}": ("127.0.0.1", app[number], "health up") for number in range(4)},
            "all/all1": ("127.0.0.1", app[0], f"ssl on,{at},{agent}"),
            "all/all2": ("127.0.0.1", app[0], f"fqdn a.example.test,{at},{agent}"),
            "tracked/leader1": ("127.0.0.1", app[0], ""),
            "tracked/follow1": ("127.0.0.1", app[0], ""),
        }

    def _home(self) -> Iterator[str]:
        """The commands that make every server what the configuration says. Some are refused where they are needless."""
        limits = {"set/capped1": 7, "all/all1": 9}
        for place, (address, port, more) in self._places().items():
            if "check-" in more:
                yield f"enable health {place}"
            if "agent-" in more:
                yield f"enable agent {place}"
            yield f"set server {place} state ready"
            if place != "hash/hash1":
                yield f"set server {place} weight {20 if place.startswith('all/') else 1}"
            yield f"set maxconn server {place} {limits.get(place, 0)}"
            yield from (f"set server {place} {command}" for command in more.split(",") if command)
            if address:
                yield f"set server {place} addr {address} port {port}"

    def _restless(self, *wanted: str) -> list[str]:
        """The servers that are not up yet, that have another address than the resolver says, or no word of the agent."""
        found = []
        for index in range(len(self.recorders)):
            titles, *rows = self.fleet.ask(index, "show stat").strip("\n").splitlines()
            for row in rows:
                cells = dict(zip(titles.removeprefix("# ").split(","), row.split(","), strict=False))
                place = f"{cells['pxname']}/{cells['svname']}"
                if place not in self._places():
                    continue
                more = self._places()[place][2]
                seen = {
                    "up": cells["status"] in ("UP", "no check"),
                    "asked": "agent-" not in more or "L7OK" in cells["agent_status"],
                    "resolved": "fqdn" not in more or cells["addr"].startswith("127.0.0.1:"),
                }
                if not all(seen[what] for what in wanted):
                    found.append(row)
        return found


ADDRESSES = {"a.example.test": "127.0.0.1", "b.example.test": "127.0.0.9"}


@pytest.fixture(
    scope="module",
    params=[(version, count) for version in versions() for count in (1, 4)],
    ids=lambda param: f"haproxy={param[0]}-processes={param[1]}",
)
def set_balancer(request: pytest.FixtureRequest, apps: Apps) -> Iterator[SetBalancer]:
    """Each version, as one process and as four, with servers for every setting."""
    version, count = request.param
    with Agent() as agent, Resolver(ADDRESSES) as resolver:
        check_port = apps.ports[0]
        body = settings_body(apps.ports, agent_port=agent.port, check_port=check_port, dns_port=resolver.port)
        body += MORE.format(app=check_port, agent=agent.port)
        with layout(version, count, body) as fleet, Recorders(fleet) as recorders:
            yield SetBalancer(fleet, recorders, agent, resolver, apps.ports)


@pytest.fixture(params=versions(), ids=lambda version: f"haproxy={version}")
def haproxy(request: pytest.FixtureRequest) -> Version:
    """Each HAProxy version in turn."""
    version: Version = request.param
    return version


def on(wanted: Callable[[Version, int], bool]) -> pytest.MarkDecorator:
    """Runs a test on these layouts of maps and ACLs only: on the others it would mean nothing, or the same again."""
    layouts = [layout for layout in LAYOUTS if wanted(*layout)]
    assert layouts, "no layout is left that this test could run on"
    return pytest.mark.parametrize("sets", layouts, indirect=True, ids=layout_id)


def once(haproxy: Version, count: int) -> bool:
    """Each version once, the oldest and the newest as four processes: for tables of contents, types and refusals, which
    each process answers for itself. What depends on how many there are is tested beside them, on all layouts."""
    return (count > 1) == (haproxy in (oldest(), newest()))


def can_replace(haproxy: Version, _count: int) -> bool:
    """Whether maps and ACLs can be replaced at once."""
    return haproxy.number >= (2, 4)


def has_prefixes(haproxy: Version, _count: int) -> bool:
    """Whether the configuration has sets with ``virt@``, ``opt@`` and ``file@``."""
    return haproxy.number >= (3, 0)


def may_differ(haproxy: Version, count: int) -> bool:
    """Whether the processes have different configurations, which those of ``nbproc`` never have."""
    return count > 1 and not haproxy.has_nbproc
