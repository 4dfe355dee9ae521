# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three load balancers and four applications, as values; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lab.hosts import Balancer, Host, Plan
from lab.traffic import Load
from lab.versions import newest, oldest

from .readings import Server, Servers

BALANCERS = ("lb1", "lb2", "lb3")
APPLICATIONS = ("app1", "app2", "app3", "app4")
PORT, HELD_PORT = 8080, 8081
"""Of the balancers: for requests, and for connections that are held."""
APPLICATION_PORT = 8080
OLD, NEW = "v1", "v2"
"""Versions of the applications."""
WEIGHT = 10
BACKENDS = ("www", "held")

VERSIONS = ("3.0", oldest().name, newest().name)
"""Of the balancers; the applications have the newest."""

# Every process of nbproc has a socket of its own for new connections.
_PLACES: Mapping[str, tuple[str, ...]] = {"nbproc": tuple(f" process {number}" for number in range(1, 5))}

_BODY = """\
frontend public
{public}
    default_backend www

frontend holding
    mode tcp
{held}
    default_backend held

# A client may say whom it wants, and no request is repeated for it.
backend www
    balance roundrobin
    retries 0
    option httpchk GET /health
    http-after-response set-header X-Server %[srv_name]
    default-server check inter 300ms fastinter 100ms fall 2 rise 2
{wanted}
{servers}

backend held
    mode tcp
    balance first
    default-server check inter 300ms fastinter 100ms fall 2 rise 2
{servers}
"""


@dataclass(frozen=True)
class Wish:
    """What an operator has set of a server in www, other than in the configuration, before anybody deploys."""

    server: str
    balancer: str
    state: str = "ready"
    weight: int = WEIGHT

    def item(self) -> dict[str, str]:
        """As an item of the option ``servers`` of haproxy_server."""
        return {"backend": "www", "name": self.server, "state": self.state, "weight": str(self.weight)}


@dataclass(frozen=True)
class Scenario:
    """What differs between the scenarios."""

    wishes: tuple[Wish, ...]
    layouts: tuple[str, ...] = ("master_worker", "nbproc", "one")
    """Of the balancers."""
    load: Load = field(default_factory=lambda: Load(rate=240.0, slow=16.0))
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of all hosts."""
    deployed: tuple[str, ...] = ()
    """The applications that have the new version from the beginning."""
    killed: tuple[str, ...] = ()
    """The balancers that are killed on the way: what is asked of them meanwhile fails."""
    is_watched: bool = True
    """Whether its drains are those of one deploy that goes well, so that their times tell something."""

    def plan(self) -> Plan:
        """All hosts."""
        rows = zip(BALANCERS, VERSIONS, self.layouts, strict=True)
        balancers = {name: self._balancer(name, version, layout) for name, version, layout in rows}
        applications = {name: Host(("app",)) for name in APPLICATIONS}
        return Plan({**balancers, **applications}, variables={"app_version": NEW, **self.variables})

    def expected(self, balancer: str) -> Servers:
        """The servers of a balancer when all is well."""
        usual = {f"{backend}/{name}": Server("ready", WEIGHT) for backend in BACKENDS for name in APPLICATIONS}
        wished = {f"www/{wish.server}": Server(wish.state, wish.weight) for wish in self.wishes_on(balancer)}
        return {**usual, **wished}

    def wishes_on(self, balancer: str) -> list[Wish]:
        """Those for a balancer."""
        return [wish for wish in self.wishes if wish.balancer == balancer]

    def _balancer(self, name: str, version: str, layout: str) -> Host:
        wished = [wish.item() for wish in self.wishes_on(name)]
        balancer = Balancer(version, _body(layout), layout, global_lines="maxconn 4000")
        return Host(("haproxy",), balancer, variables={"wished": wished})


SCENARIOS: Mapping[str, Scenario] = {
    "rolling": Scenario(
        (Wish("app2", "lb2", weight=7), Wish("app4", "lb3", "maint")),
        variables={"haproxy_min_up": "50%"},
    ),
    # One that is refused where app4 is missing and later does not come up, one whose balancer is killed, one broken off,
    # and one that always serves.
    "failure": Scenario(
        (
            Wish("app2", "lb1", weight=7),
            Wish("app3", "lb3", weight=5),
            Wish("app4", "lb2", "maint"),
            Wish("app4", "lb1", weight=3),
        ),
        layouts=("one", "nbproc", "one"),
        deployed=("app1",),
        killed=("lb3",),
        is_watched=False,
    ),
    # As much as the machine gives beside Ansible.
    "bench": Scenario((), load=Load(rate=None, clients=6, slow=16.0)),
}


def _body(layout: str) -> str:
    """The configuration of a balancer; HAProxy takes the addresses of hosts from its environment."""

    def binds(port: int) -> str:
        return "\n".join(f'    bind "${{HOST}}:{port}"{place}' for place in _PLACES.get(layout, ("",)))

    servers = (f'    server {name} "${{HOST_{name}}}:{APPLICATION_PORT}" weight {WEIGHT}' for name in APPLICATIONS)
    wanted = (f"    use-server {name} if {{ req.hdr(X-Wanted) {name} }}" for name in APPLICATIONS)
    return _BODY.format(public=binds(PORT), held=binds(HELD_PORT), wanted="\n".join(wanted), servers="\n".join(servers))
