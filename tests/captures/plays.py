# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks print about fleets that differ: several processes, an old worker, a load balancer that is away."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lab.apps import Apps
from lab.config import bind_lines
from lab.fleet import Fleet, instances, master_worker, nbproc, one
from lab.ports import free_ports
from lab.processes import Workspace, wait_until
from lab.sessions import hold_session
from lab.versions import newest, oldest
from suite.paths import ROOT

from .blocks import aged, first_tasks
from .walk import terminal

_MASTERED = "3.0"
_PLANS = ROOT / "docs" / "docsite" / "rst" / "plans.rst"


def _body(apps: Apps, *binds: str, more: str = "") -> str:
    named = "".join(
        f"    server web{number} 127.0.0.1:{port} weight 100 check inter 200ms\n"
        for number, port in enumerate(apps.ports[:3], 1)
    )
    front = "".join(("frontend public\n", *binds, "    default_backend www\n\n")) if binds else ""
    return f"{front}backend www\n    balance roundrobin\n{named}{more}"


def plays() -> dict[str, str]:
    """The name of each capture → what it shows."""
    with Apps(3) as apps:
        return {"check and diff": _check_and_diff(apps), "status of a fleet": _status(apps)}


def _check_and_diff(apps: Apps) -> str:
    """Four processes, of which one drains web1 already and another one gives it half of its weight."""
    with _workspace() as place:
        file = place / "hosts.map"
        file.write_text("a.example.com green\nb.example.com green\n")
        uses_it = f"    http-request set-header X-Host %[req.hdr(host),map({file},www)]\n"
        with instances(newest(), 4, _body(apps, more=uses_it)) as fleet:
            _wait_until_up(fleet)
            fleet.ask(1, "set server www/web1 state drain")
            fleet.ask(2, "set server www/web1 weight 50")
            tasks = json.loads(json.dumps(first_tasks(_PLANS.read_text())).replace("/etc/haproxy/", f"{place}/"))
            play = {"name": "Before the release", "hosts": "lb", "gather_facts": False, "tasks": tasks}
            (place / "release.json").write_text(json.dumps([play]))
            (place / "inventory.json").write_text(json.dumps({"lb": {"hosts": {"lb1": _LOCAL}}}))
            return _shown(
                _ansible(
                    place, "release.json", "--check", "--diff", environment={"HAPROXY_SOCKET": str(fleet.directory)}
                ),
                {str(fleet.directory): "/run/haproxy", f"{place}/": "/etc/haproxy/"},
            )


def _status(apps: Apps) -> str:
    """Load balancers of three kinds in the midst of work, and one that does not answer."""
    ports = free_ports(3)
    bodies = [_body(apps, bind_lines(port, processes=count)) for port, count in zip(ports, (1, 2, 1), strict=True)]
    with (
        _workspace() as place,
        one(newest(), bodies[0]) as a,
        nbproc(oldest(), 2, bodies[1]) as b,
        master_worker(_MASTERED, bodies[2]) as c,
    ):
        fleets = {"lb1": a, "lb2": b, "lb3": c}
        for fleet in fleets.values():
            _wait_until_up(fleet)
        b.ask(1, "set server www/web2 weight 50")
        with ExitStack() as stack:
            stack.enter_context(hold_session(ports[2]))
            c.reload()
            _wait_until_up(c)
            for fleet in fleets.values():
                for index in range(len(fleet.sockets)):
                    fleet.ask(index, "set server www/web1 state drain")
            hosts: dict[str, dict[str, str]] = {
                name: {**_LOCAL, "haproxy_socket": fleet.master or str(fleet.directory)}
                for name, fleet in fleets.items()
            }
            hosts["lb4"] = {**_LOCAL, "haproxy_socket": "/run/haproxy/away.sock"}
            everything = {"hosts": hosts, "vars": {"haproxy_state_dir": str(place)}}
            (place / "inventory.json").write_text(json.dumps({"haproxy": everything}))
            output = _ansible(place, "haproxyadmin.haproxy.status")
            _before, task, table = output.partition("TASK [Show the fleet]")  # before it hosts are in any order
            return _shown(task + table, {f"@!{pid}": f"@!{'47110815'[: len(str(pid))]}" for pid in c.old_pids})


_LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}


@contextmanager
def _workspace() -> Iterator[Path]:
    workspace = Workspace()
    try:
        yield workspace.directory
    finally:
        workspace.stop()


def _wait_until_up(fleet: Fleet) -> None:
    def up() -> bool:
        return all(reply.count(",UP,") == 3 for reply in fleet.ask_all("show stat www 4 -1"))

    wait_until(up, 10, lambda: "servers are not up")


def _ansible(place: Path, playbook: str, *flags: str, environment: Mapping[str, str] | None = None) -> str:
    """What a playbook prints in a terminal of 80 columns."""
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "-i", "inventory.json", playbook, *flags],
        cwd=place,
        env={**os.environ, **terminal(place / "ansible"), **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def _shown(output: str, words: Mapping[str, str]) -> str:
    """The output with the paths of a site, without its recap."""
    text = re.sub(r'"port": \d+', '"port": 8080', aged(output.partition("\nPLAY RECAP")[0]))
    for word, instead in words.items():
        text = text.replace(word, instead)
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
