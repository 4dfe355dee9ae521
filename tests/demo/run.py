# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the demo, from nothing to a report; leaves no process and no file behind."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from lab import deployable
from lab.deployable import Application
from lab.errors import LabError
from lab.ports import free_ports
from lab.processes import Workspace
from lab.traffic import Load, Traffic

from . import balancer
from .balancer import Balancer
from .report import Report, report
from .steps import Narrator, event_of, reason
from .witness import Witness

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".cache"
NAMES = ("web1", "web2", "web3", "web4")
OLD, NEW = "v1", "v2"

LOAD = Load(rate=400.0)

LEAD_SECONDS = 3.5
"""Traffic before and after the deploy: as long as a slow request takes, so that their number is steady."""


def run_demo(*, drain: bool, say: Callable[[str], None]) -> Report:
    """Deploy all servers under load, with the drain or with it left out, and report what the generator saw.

    `say` gets a line per step. Raises LabError where something does not start, or the playbook fails.
    """
    with ExitStack() as stack:
        workspace = Workspace()
        stack.callback(workspace.stop)
        port, *ports = free_ports(1 + len(NAMES))
        servers = dict(zip(NAMES, ports, strict=True))
        program = balancer.found()
        for name, number in servers.items():
            Application(workspace.directory, name).start(f"127.0.0.1:{number}", OLD, program)
        workspace.adopt()
        proxy = balancer.started(workspace, program, port, servers)
        for line in _introduction(proxy, drain=drain):
            say(line)
        traffic = Traffic(workspace, port, LOAD)
        time.sleep(LEAD_SECONDS)
        with Witness(proxy.sockets, balancer.BACKEND) as witness:
            narrator = Narrator(time.monotonic(), witness.drain_of, (OLD, NEW))
            inventory = _inventory(workspace.directory, proxy, servers, program)
            _play(workspace, inventory, drain=drain, narrator=narrator, say=say)
        time.sleep(LEAD_SECONDS)
        return report(traffic.finished(), NAMES, witness.drains)


def _introduction(proxy: Balancer, *, drain: bool) -> list[str]:
    how = "drain, deploy, ready" if drain else "deploy without a drain"
    return [
        f"HAProxy {proxy.version} ({proxy.layout}), {len(NAMES)} web servers; {how}, one by one,",
        f"under {LOAD.rate:g} quick requests and {LOAD.slow:g} of 1 to 3 s each second",
        "",
    ]


def _play(
    workspace: Workspace, hosts: dict[str, Any], *, drain: bool, narrator: Narrator, say: Callable[[str], None]
) -> None:
    """Run the playbook to its end. Raises LabError with Ansible's words where it fails."""
    inventory = workspace.directory / "inventory.json"
    inventory.write_text(json.dumps(hosts, indent=2), encoding="utf-8")
    errors = workspace.directory / "ansible.errors"
    settings = workspace.directory / "ansible.cfg"
    settings.write_text("[defaults]\n", encoding="utf-8")  # not those of the user's own Ansible
    wish = json.dumps({"drain": drain})
    command = [_ansible_playbook(), "-i", str(inventory), "-e", wish, str(HERE / "rolling_deploy.yml")]
    failures = []
    with (
        errors.open("w", encoding="utf-8") as file,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=file, text=True,
            env=_environment(settings), start_new_session=True,
        ) as process,
    ):  # fmt: skip
        (workspace.directory / "ansible.pid").write_text(f"{process.pid}\n", encoding="ascii")
        workspace.adopt()
        try:
            for text in process.stdout or ():
                event = event_of(text)
                if event is None:
                    continue
                if event.kind == "failed":
                    failures.append(reason(event))
                if line := narrator.line(event):
                    say(line)
        except BaseException:
            process.send_signal(signal.SIGINT)  # at which it ends its own workers
            raise
    if process.returncode != 0:
        words = failures or [errors.read_text(encoding="utf-8").strip()]
        raise LabError("\n".join([f"the playbook ended with code {process.returncode}", *words]))


def _inventory(directory: Path, proxy: Balancer, servers: Mapping[str, int], program: Path) -> dict[str, Any]:
    """One balancer, and a host per web server; all are this machine."""

    def web(name: str, port: int) -> dict[str, str]:
        install = deployable.command("start", f"--haproxy={program}", directory, name, f"127.0.0.1:{port}")
        return {"app_install": shlex.join(install), "app_url": f"http://127.0.0.1:{port}/"}

    balancer_host = {"haproxy_socket": str(proxy.directory), "haproxy_processes": balancer.PROCESSES}
    return {
        "all": {
            "vars": {
                "ansible_connection": "local",
                "ansible_python_interpreter": sys.executable,
                "app_version": NEW,
            },
            "children": {
                "haproxy": {"hosts": {"lb1": balancer_host}},
                "web": {"hosts": {name: web(name, port) for name, port in servers.items()}},
            },
        }
    }


def _ansible_playbook() -> str:
    """Of the virtual environment that runs this file, else of the PATH."""
    beside = Path(sys.executable).with_name("ansible-playbook")
    found = str(beside) if beside.exists() else shutil.which("ansible-playbook")
    if found is None:
        raise LabError("ansible-playbook is missing")
    return found


def _environment(settings: Path) -> dict[str, str]:
    """That of ./dev, with `settings` for Ansible and events as its output."""
    own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        "ANSIBLE_COLLECTIONS_PATH": str(CACHE),
        "ANSIBLE_HOME": str(CACHE / "ansible"),
        **own,
        "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback"),
        "ANSIBLE_STDOUT_CALLBACK": "events",
        "ANSIBLE_CONFIG": str(settings),
    }
