# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Application hosts and load balancers on loopback, and the playbooks that tests of the roles run on them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.apps import Apps
from lab.fleet import Fleet, master_worker, nbproc, one
from lab.oracle import Truth, put, servers
from lab.ports import free_port, free_ports
from lab.processes import wait_until
from lab.sessions import HeldSession
from lab.versions import newest, oldest

from .drains import hold
from .test_ansible import INTERPRETER, PLAYBOOKS, ROOT

Hosts = dict[str, dict[str, Any]]
"""Application hosts and their variables."""
LONG = 60.0
"""Seconds that a playbook may take to get somewhere."""
CHECKED = [f"w{number}" for number in range(1, 7)]


def body(apps: Apps, binds: Sequence[str]) -> str:
    """``www``: w1 to w6 and dead, checked, and plain, which is not; weight 10 each. ``api``: w1 and w2, unchecked."""
    ports = apps.ports
    checked = "".join(
        f"    server {name} 127.0.0.1:{ports[number % len(ports)]} cookie {name} weight 10 check inter 200ms\n"
        for number, name in enumerate(CHECKED)
    )
    return f"""\
frontend public
{"".join(f"    bind {bind}" + chr(10) for bind in binds)}    default_backend www
backend www
    balance roundrobin
    cookie SRV insert indirect nocache
{checked}    server dead 127.0.0.1:{free_port()} weight 10 check inter 200ms
    server plain 127.0.0.1:{ports[0]} weight 10
backend api
    server w1 127.0.0.1:{ports[0]} weight 50
    server w2 127.0.0.1:{ports[1]} weight 50
"""


@dataclass
class Site:
    """Load balancers by name, and a directory for what playbooks need and leave.

    :ivar ports: of each load balancer, one for each process.
    :ivar sockets: what a load balancer's ``haproxy_socket`` says, where it is not the fleet itself.
    """

    place: Path
    fleets: dict[str, Fleet]
    ports: dict[str, list[int]]
    sockets: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the directories."""
        for name in ("state", "deployed"):
            (self.place / name).mkdir(exist_ok=True)

    @property
    def files(self) -> list[str]:
        """The names of the files that keep former states, with the load balancer before them."""
        return sorted(f"{path.parent.name}/{path.name}" for path in (self.place / "state").glob("*/*"))

    @property
    def deployed(self) -> list[str]:
        """The hosts that a deploy got to."""
        return sorted(path.name for path in (self.place / "deployed").iterdir() if not path.suffix)

    def begin(self) -> None:
        """All servers as configured, no session, no file."""
        for path in [*(self.place / "state").glob("*/*"), *(self.place / "deployed").iterdir()]:
            path.unlink()
        for fleet in self.fleets.values():
            for index in range(len(fleet.sockets)):
                put(
                    fleet,
                    index,
                    {key: Truth("ready", it.initial_weight, 0) for key, it in servers(fleet, index).items()},
                )
        wait_until(lambda: all(self._up(fleet) for fleet in self.fleets.values()), 10, lambda: "servers are not up")

    def _up(self, fleet: Fleet) -> bool:
        return all(reply.count(",UP,") >= len(CHECKED) for reply in fleet.ask_all("show stat www 4 -1"))

    def truths(self, server: str = "", backend: str = "www") -> dict[str, list[Any]]:
        """Load balancer → of each process all servers, or one."""
        return {
            name: [
                it[backend, server] if server else it
                for it in (servers(fleet, index) for index in range(len(fleet.sockets)))
            ]
            for name, fleet in self.fleets.items()
        }

    def states(self, server: str) -> set[str]:
        """The states of a server of ``www`` on all processes."""
        return {truth.state for each in self.truths(server).values() for truth in each}

    def differ(self, server: str, truths: Sequence[Truth]) -> None:
        """Put a server of ``www`` into these states, one process after the other."""
        places = [(fleet, index) for fleet in self.fleets.values() for index in range(len(fleet.sockets))]
        for number, (fleet, index) in enumerate(places):
            put(fleet, index, {("www", server): truths[number % len(truths)]})

    def hold(self, balancer: str, process: int, server: str) -> HeldSession:
        """A session on this server."""
        return hold(self.ports[balancer][process], server)

    def inventory(self, hosts: Hosts, more: Mapping[str, Any]) -> Path:
        """Application hosts with their variables, and the load balancers with theirs."""
        balancers = {
            name: {
                "haproxy_socket": self.sockets.get(name) or fleet.master or str(fleet.directory),
                "haproxy_state_dir": str(self.place / "state" / name),
            }
            for name, fleet in self.fleets.items()
        }
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": INTERPRETER,
            "deployed": str(self.place / "deployed"),
            "haproxy_backend": "www",
        }
        unreachable = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": free_port()}
        groups = {
            "haproxy": {"hosts": balancers},
            "app": {"hosts": dict(hosts)},
            "nobody": {"hosts": {}},
            "spare": {"hosts": {"gone": unreachable}},
        }
        path = self.place / "inventory.json"
        path.write_text(json.dumps({"all": {"vars": {**variables, **more}, "children": groups}}))
        return path

    def command(self, playbook: str, hosts: Hosts, *flags: str, **more: Any) -> tuple[list[str], dict[str, str]]:
        """A command that runs a playbook, ``roles`` of the tests or ``rolling_deploy``, and its environment."""
        where = str(PLAYBOOKS / "roles.yml") if playbook == "roles" else f"haproxyadmin.haproxy.{playbook}"
        deploy = ["-e", json.dumps({"haproxy_deploy_tasks": str(PLAYBOOKS / "tasks" / "deploy.yml")})]
        settings = {
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"),
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_FORKS": "10",
            "ANSIBLE_LOCAL_TEMP": str(self.place / "local"),
            "COLUMNS": "120",
        }
        program = os.environ.get("TEST_ANSIBLE_PLAYBOOK")
        start = [program] if program else [sys.executable, "-m", "ansible", "playbook"]
        return (
            [*start, "-i", str(self.inventory(hosts, more)), where, *deploy, *flags],
            {**os.environ, **settings},
        )

    def run(self, playbook: str, hosts: Hosts, *flags: str, **more: Any) -> Told:
        """Run a playbook to its end."""
        command, environment = self.command(playbook, hosts, *flags, **more)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
        return Told(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Told:
    """What a run of Ansible said."""

    code: int
    stdout: str
    stderr: str

    def __str__(self) -> str:
        return f"exit code {self.code}\n{self.stdout}\n{self.stderr}"

    def why(self, host: str) -> str:
        """The last failure of this host."""
        found = self.stdout.rpartition(f"\nfatal: [{host}")
        assert found[1], f"{host} did not fail: {self}"
        told, _end = json.JSONDecoder().raw_decode(found[2].partition("FAILED! => ")[2])
        return str(told["msg"])

    def recap(self, host: str) -> dict[str, int]:
        """The figures of this host."""
        (line,) = re.findall(rf"^{re.escape(host)} +: (.*)$", self.stdout, re.MULTILINE)
        return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", line)}

    def ended_well(self, *hosts: str) -> None:
        """Assert that these did."""
        for host in hosts:
            figures = self.recap(host)
            assert (figures["failed"], figures["unreachable"]) == (0, 0), str(self)

    def part(self, after: str, before: str = "PLAY RECAP") -> str:
        """What is between the headers of two tasks."""
        return self.stdout.partition(f"TASK [{after}]")[2].partition(f"TASK [{before}]")[0].partition("PLAY RECAP")[0]


@contextmanager
def three_that_differ(apps: Apps, place: Path) -> Iterator[Site]:
    """lb1: the newest as one process. lb2: the oldest as four. lb3: a worker behind a master, and an old one with a session
    on w1 that has ended when the context does."""
    ports = {"lb1": free_ports(1), "lb2": free_ports(4), "lb3": free_ports(1)}
    fourfold = [f"127.0.0.1:{port} process {number}" for number, port in enumerate(ports["lb2"], 1)]
    with ExitStack() as stack:
        first = stack.enter_context(one(newest(), body(apps, [f"127.0.0.1:{ports['lb1'][0]}"])))
        second = stack.enter_context(nbproc(oldest(), 4, body(apps, fourfold)))
        third = stack.enter_context(master_worker("3.0", body(apps, [f"127.0.0.1:{ports['lb3'][0]}"])))
        yield Site(place, {"lb1": first, "lb2": second, "lb3": third}, ports)
