# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HAProxys that scenes of failures are played on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.apps import Apps
from lab.config import bind_lines, servers_body
from lab.fleet import Fleet, MasterFleet, master_worker, nbproc, one
from lab.ports import free_port
from lab.processes import Workspace, wait_until
from lab.tasks import Result, run
from lab.versions import newest, oldest


@dataclass(frozen=True)
class Site:
    """What the tasks are about.

    :param balancer: one process of the newest HAProxy, with a socket of level user, too.
    :param held: the port of a frontend in front of the single server web5 of ``held``.
    :param map_file: of a map that it has loaded.
    :param elder: one process of the oldest HAProxy.
    :param mastered: one behind a master.
    :param shared: the one socket of two processes of ``nbproc``.
    """

    place: Path
    balancer: Fleet
    held: int
    map_file: Path
    elder: Fleet
    mastered: MasterFleet
    shared: str

    def server(self, **options: Any) -> Result:
        """What a task of haproxy_server comes to, for web1 of www where nothing else is said."""
        here = {"name": ["web1"], "backend": ["www"], "socket": self.balancer.sockets}
        return run("haproxy_server", {**here, **options})

    def command(self, *commands: str, **options: Any) -> Result:
        """What a task of haproxy_command comes to."""
        return run("haproxy_command", {"command": list(commands), "socket": self.balancer.sockets, **options})


@contextmanager
def site() -> Iterator[Site]:
    """Everything that scenes need, running; a second or two."""
    with ExitStack() as stack:
        apps = stack.enter_context(Apps(4))
        workspace = Workspace()
        stack.callback(workspace.stop)
        map_file = workspace.directory / "hosts.map"
        map_file.write_text("a.example.com www\n")
        held = free_port()
        body = servers_body(apps.ports, dead_port=free_port())
        more = f"""
frontend front
{bind_lines(held)}
    http-request set-header X-Host %[req.hdr(host),map({map_file},www)]
    default_backend held

backend held
    server web5 127.0.0.1:{apps.ports[0]}
"""
        balancer = stack.enter_context(one(newest(), body + more, user=True))
        elder = stack.enter_context(one(oldest(), body))
        mastered = stack.enter_context(master_worker(newest(), body))
        two = stack.enter_context(nbproc(oldest(), 2, body, shared=True))
        for socket in two.sockets:
            Path(socket).unlink()
        for fleet in (balancer, elder, mastered):
            wait_until(_checked(fleet), 10, lambda: "servers are not up")
        yield Site(workspace.directory, balancer, held, map_file, elder, mastered, two.shared_socket or "")


def _checked(fleet: Fleet) -> Callable[[], bool]:
    return lambda: fleet.ask(0, "show stat www 4 -1").count(",UP,") == 4
