# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes that sequences of tasks happen to, and how they become as configured again."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integration.backends import Farm
from integration.patterns import ACL, ACLS, MAP, MAPS, Sets
from integration.test_haproxy_frontend import Open
from lab.agent import Agent
from lab.apps import Apps
from lab.config import DEFAULTS, bind_lines
from lab.fleet import Fleet, instances, master_worker
from lab.master import MasterFleet
from lab.ports import free_ports
from lab.processes import Workspace, is_running, wait_until
from lab.recorder import Recorders
from lab.running import START_SECONDS
from lab.versions import Version

from .held import Held, held

SET_NAMES: dict[str, tuple[str, ...]] = {
    MAP: ("str.map", "reg.map", "ip.map", "two.map", "both.map"),
    ACL: ("str.acl", "sub.acl", "icase.acl", "both.map"),
}
"""Of the sets that `integration.patterns` knows: kept in trees and in lists, searched by two methods, map and ACL."""
FILES = tuple(dict.fromkeys((*SET_NAMES[MAP], *SET_NAMES[ACL])))

# What is in the files at the start.
_FIRST = {"str.map": "a v1\nb v3\n", "reg.map": "^/a v1\nd v3\n", "str.acl": "a\nb\n", "sub.acl": "ab\na\n"}

# Checked servers are asked every 200 ms and are up; the agents say nothing but that.
_BACKENDS = """\
backend www
    balance roundrobin
    server web1 127.0.0.1:{0} weight 10 check inter 200ms
    server web2 127.0.0.1:{1} weight 100
    server web3 127.0.0.1:{2} maxconn 7
    server full1 127.0.0.1:{0} weight 20 maxconn 9 ssl verify none check inter 200ms port {0} addr 127.0.0.1 \
agent-check agent-addr 127.0.0.1 agent-port {agent} agent-inter 200ms agent-send lab

backend api
    balance roundrobin
    server web1 127.0.0.1:{0} weight 50
    server api1 127.0.0.1:{1} weight 50
    server spare1 127.0.0.1:{2} backup

backend fixed
    balance static-rr
    server fixed1 127.0.0.1:{0} weight 10
    server fixed2 127.0.0.1:{1} weight 20

backend tracked
    balance leastconn
    server leader1 127.0.0.1:{0} check inter 200ms
    server follow1 127.0.0.1:{1} track tracked/leader1
    server off1 127.0.0.1:{2} disabled

backend slots
    balance roundrobin
    server-template s 1-4 127.0.0.1:{0} disabled

backend sticky
    balance roundrobin
    cookie SRV insert dynamic
    dynamic-cookie-key first
    server c1 127.0.0.7:{0}
    server c2 127.0.0.8:{1}
    server own 127.0.0.9:{2} cookie own

backend hashed
    balance source
    hash-type consistent
    server h1 127.0.0.1:{0}
    server h2 127.0.0.1:{1}
"""


@dataclass(eq=False)
class World:
    """One process behind a master, or four: workers of ``nbproc`` where there is nbproc, else instances.

    :param files: the directory of the sets' files.
    :param scratch: where tasks may write.
    :param kept: what tasks told of servers before they changed them, to be fed back.
    :param steps: how often each thing was done, over all sequences.
    """

    fleet: Fleet
    recorders: Recorders
    files: Path
    scratch: Path
    ports: list[int]
    heads: list[list[str | Path]]
    kept: list[list[dict[str, Any]]] = field(default_factory=list)
    steps: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        return len(self.recorders)

    @property
    def sockets(self) -> list[str]:
        """What a task gets as its option ``socket``."""
        return [self.recorders.sockets[0] if self.count == 1 else str(self.recorders.directory)]

    @property
    def sets(self) -> Sets:
        """As the law of maps and ACLs wants it."""
        return Sets(self.fleet, self.recorders, self.files, 0)

    @property
    def farm(self) -> Farm:
        """As the law of backends wants it."""
        return Farm(self.fleet, self.recorders, self.ports, {})

    @property
    def open(self) -> Open:
        """As the law of frontends wants it."""
        return Open(self.fleet, self.recorders, 0)

    def held(self) -> list[Held]:
        """What each process holds, read without the collection's own code."""
        sets = [(kind, name, self.sets.path(name)) for kind, names in SET_NAMES.items() for name in names]
        return [held(self.fleet, index, sets) for index in range(self.count)]

    def filled(self, value: Any) -> Any:
        """A value of an option as this world says it: ``{files}``, ``{scratch}``, and ``{p1}`` for a process, which is
        another one's name where there are fewer."""
        if isinstance(value, dict):
            return {self.filled(name): self.filled(its) for name, its in value.items()}
        if isinstance(value, list):
            return [self.filled(its) for its in value]
        if not isinstance(value, str):
            return value
        for number in range(4):
            value = value.replace(f"{{p{number + 1}}}", self.recorders.sockets[number % self.count])
        value = value.replace("{files}", str(self.files)).replace("{scratch}", str(self.scratch))
        return value.replace("{app}", str(self.ports[0]))

    def tell(self, index: int, command: str) -> None:
        """A raw command to one process, behind the collection's back."""
        self.fleet.ask(index % self.count, command)

    def restart(self, index: int) -> None:
        """Reload all where there is a master, else begin anew with this instance."""
        if isinstance(self.fleet, MasterFleet):
            self.fleet.reload()
            self.fleet.wait_old_gone()
            return
        index %= self.count
        former = self.fleet.pids[index]
        os.kill(former, signal.SIGUSR1)  # after SIGTERM it would end as one that failed
        wait_until(lambda: not is_running(former), START_SECONDS, lambda: f"process {former} survives SIGUSR1")
        self.fleet.workspace.start(self.heads[index], self.fleet.base / f"p{index + 1}.log")
        pid = self.fleet.wait_answer(self.fleet.sockets[index], f"process {index + 1}")
        assert pid != former

    def reset(self) -> None:
        """Everything as configured, and nothing remembered."""
        for name in FILES:
            (self.files / name).write_text(_FIRST.get(name, ""), encoding="utf-8")
        for path in sorted(self.scratch.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        for index in range(1 if isinstance(self.fleet, MasterFleet) else self.count):
            self.restart(index)
        self.kept.clear()
        self.recorders.clear()


def _body(haproxy: Version, files: Path, ports: list[int], agent: int, processes: int) -> str:
    uses = [use.format(files / name) for name in SET_NAMES[MAP] for use in MAPS[name]]
    lines = [f"http-request set-header X-{place} %[{use}]" for place, use in enumerate(uses)]
    for place, name in enumerate(SET_NAMES[ACL]):
        lines += [f"acl a{place} {ACLS[name].format(files / name)}", f"http-request set-header X-A {place} if a{place}"]
    first, second, third = (bind_lines(port, processes=processes) for port in free_ports(3))
    # Only 3.4 makes backends, for which it needs defaults with a name.
    named = DEFAULTS.replace("defaults", "defaults plain") if haproxy.number >= (3, 4) else ""
    return (
        f"{named}\n{DEFAULTS}\nfrontend edge\n{first}    maxconn 50\n    default_backend www\n"
        + "".join(f"    {line}\n" for line in lines)
        + f"\nfrontend side\n{second}    maxconn 60\n    default_backend api\n"
        + f"\nlisten both-1\n{third}    maxconn 70\n    server own1 127.0.0.1:{ports[0]}\n\n"
        + _BACKENDS.format(*ports, agent=agent)
    )


@contextmanager
def started(haproxy: Version, count: int, apps: Apps, agent: Agent) -> Iterator[World]:
    """Start it; `count` is 1 or 4."""
    with ExitStack() as stack:
        workspace = Workspace()
        stack.callback(workspace.stop)
        files, scratch = workspace.directory / "sets", workspace.directory / "scratch"
        for folder in (files, scratch):
            folder.mkdir()
        for name in FILES:
            (files / name).touch()
        shared = count > 1 and haproxy.has_nbproc
        body = _body(haproxy, files, apps.ports, agent.port, count if shared else 1)
        if count == 1 or shared:
            fleet: Fleet = stack.enter_context(master_worker(haproxy, body, workers=count))
        else:
            fleet = stack.enter_context(instances(haproxy, count, body))
        heads: list[list[str | Path]] = [
            [fleet.binary, "-db", "-f", fleet.base / f"p{number}.cfg"] for number in range(1, count + 1)
        ]
        recorders = stack.enter_context(Recorders(fleet))
        yield World(fleet, recorders, files, scratch, apps.ports, heads)
