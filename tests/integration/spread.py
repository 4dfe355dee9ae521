# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxyadmin's own configuration: proxies spread over four processes, under nbproc and as four instances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab.fleet import Fleet, instances, nbproc
from lab.ports import free_ports
from lab.recorder import Recorders
from lab.versions import Version

MAXCONN = 2000
"""Of each process."""
FRONTEND_MAXCONN = 1000
"""Of each frontend on each process."""

WHERE: dict[str, tuple[int, ...]] = {
    "haproxy-stats": (1,),
    "frontend_proc1": (1,),
    "haproxy-stats2": (2,),
    "frontend_proc2": (2,),
    "haproxy-stats3": (3,),
    "haproxy-stats4": (4,),
    "frontend1_proc34": (3, 4),
    "frontend2_proc34": (3, 4),
}
"""Frontend → the numbers of its processes; those called haproxy-stats are ``listen`` sections."""

_BACKENDS = {
    "backend_proc1": (
        (1,),
        ("member1_proc1 {0}", "member2_proc1 {1}", "bck_all_srv1 {1} weight 100 check inter 200ms"),
    ),
    "backend_proc2": (
        (2,),
        ("bck_proc2_srv1_proc2 {0} check inter 200ms", "bck_proc2_srv2_proc2 {1} check inter 200ms"),
    ),
    "backend1_proc34": ((3, 4), ("bck1_proc34_srv1 {0} check inter 200ms", "bck_all_srv1 {1} check inter 200ms")),
    "backend2_proc34": (
        (3, 4),
        ("bck2_proc34_srv1 {2}", "bck2_proc34_srv2 {3} weight 100 check inter 200ms", "bck_all_srv1 {3}"),
    ),
}
_LEADS_TO = {
    "frontend_proc1": "backend_proc1",
    "frontend_proc2": "backend_proc2",
    "frontend1_proc34": "backend1_proc34",
    "frontend2_proc34": "backend2_proc34",
}


@dataclass(frozen=True)
class Spread:
    """Four processes, and the ports of their frontends."""

    fleet: Fleet
    recorders: Recorders
    ports: dict[str, int]

    @property
    def sockets(self) -> list[str]:
        """What a task gets as its option ``socket``."""
        return [str(self.recorders.directory)]

    def numbers(self, processes: Sequence[str]) -> tuple[int, ...]:
        """The numbers of the processes that a result names."""
        return tuple(sorted(self.recorders.sockets.index(name) + 1 for name in processes))

    def commands(self, result: dict[str, list[dict[str, str]]]) -> list[tuple[int, str]]:
        """The commands of a result, each with its process's number."""
        return [(self.recorders.sockets.index(line["process"]) + 1, line["command"]) for line in result["commands"]]


def spread(haproxy: Version, apps: Sequence[int]) -> Iterator[Spread]:
    """Start them: processes of ``nbproc`` where the version has it, else instances."""
    ports = dict(zip(WHERE, free_ports(len(WHERE)), strict=True))
    lines = f"maxconn {MAXCONN}"
    if haproxy.has_nbproc:
        with nbproc(haproxy, 4, _body(apps, ports, None), global_lines=lines) as fleet, Recorders(fleet) as recorders:
            yield Spread(fleet, recorders, ports)
        return
    with (
        instances(haproxy, 4, lambda number: _body(apps, ports, number), global_lines=lines) as fleet,
        Recorders(fleet) as recorders,
    ):
        yield Spread(fleet, recorders, ports)


def _body(apps: Sequence[int], ports: dict[str, int], number: int | None) -> str:
    """All proxies, each bound to its processes; with a number those of this instance."""
    text = (
        "defaults\n    mode http\n    timeout connect 2s\n    timeout client 60s\n    timeout server 60s\n"
        f"    maxconn {FRONTEND_MAXCONN}\n    rate-limit sessions 100000\n"
    )
    for name, processes in WHERE.items():
        if number is None or number in processes:
            backend = _LEADS_TO.get(name)
            text += f"{'frontend' if backend else 'listen'} {name}\n" + _places(processes, ports[name], number)
            text += f"    default_backend {backend}\n" if backend else "    stats enable\n    stats uri /\n"
    for name, (processes, servers) in _BACKENDS.items():
        if number is None or number in processes:
            text += f"backend {name}\n" + _places(processes, None, number)
            text += "".join(f"    server {_addressed(server, apps)}\n" for server in servers)
    return text


def _places(processes: Sequence[int], port: int | None, number: int | None) -> str:
    if number is not None:
        return "" if port is None else f"    bind 127.0.0.1:{port}\n"
    first, last = processes[0], processes[-1]
    text = f"    bind-process {first if first == last else f'{first}-{last}'}\n"
    return text + ("" if port is None else "".join(f"    bind 127.0.0.1:{port} process {each}\n" for each in processes))


def _addressed(server: str, apps: Sequence[int]) -> str:
    return server.format(*(f"127.0.0.1:{port}" for port in apps))
