# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a world with its hosts.

The world is a process namespace, too: when its first process is killed, the kernel ends all others, and with them go
networks and mounts. An ordinary user gets the same within a user namespace. Nothing is ever entered into /run/netns.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import LabError
from ..processes import Workspace, wait_until
from . import files, kernel, ssh
from .ways import Way
from .world import World

NETWORK, FIRST = "10.217.0", 11
"""Nobody outside sees these addresses, so all worlds have the same."""
START_SECONDS = 30.0
"""Seven hosts are there within a second; the rest is for a busy machine."""
PYTHON = os.path.realpath(sys.executable)
HERE = Path(__file__).parent


def made(names: Sequence[str], workspace: Workspace, by: Way, sshd: Path) -> World:
    """A world with these hosts, which can be logged into. LabError otherwise; ending it is the caller's in any case."""
    base = workspace.directory
    client = base / "world"
    client.mkdir()
    addresses = {name: f"{NETWORK}.{FIRST + number}" for number, name in enumerate(names)}
    bases = {name: base / name for name in names}
    for name, own in bases.items():
        files.furnish(own, name, addresses, privileged=by.privileged)
        ssh.write_server(sshd, own, addresses[name])
    (client / "hosts").write_text(files.hosts_text(addresses), encoding="utf-8")
    ssh.make_keys(bases, client)
    process = _begun(by, workspace, client, _specification(by, sshd, bases, addresses))
    _wait(process, bases)
    (pid,) = kernel.children(process.pid)
    # Within the process namespace, so that connections end with the world.
    relay = [*by.enter(pid, "net", "pid"), PYTHON, "-I", "-S", str(HERE / "relay.py")]
    ssh.write_client(client, addresses, bases, relay)
    return World(by, base, addresses, pid, _first_processes(client, pid))


def _specification(by: Way, sshd: Path, bases: Mapping[str, Path], addresses: Mapping[str, str]) -> dict[str, object]:
    """What ``world_init.py`` reads; the environment of each host's ``host_init.sh`` is in it."""
    common = {"SSHD": str(sshd), "GATEWAY": f"{NETWORK}.1", "PRIVILEGED": "yes" if by.privileged else ""}
    hosts = {
        name: {**common, "BASE": str(base), "ADDRESS": f"{addresses[name]}/24"} for name, base in bases.items()
    }  # fmt: skip
    return {"address": f"{NETWORK}.1/24", "init": str(HERE / "host_init.sh"), "hosts": hosts}


def _begun(by: Way, workspace: Workspace, client: Path, spec: dict[str, object]) -> subprocess.Popen[bytes]:
    file = client / "world.json"
    file.write_text(json.dumps({**spec, "hosts_file": str(client / "hosts"), "made": str(client / "made.json")}))
    python = [PYTHON, "-I", "-S"]
    pretend = [] if by.privileged else [*python, str(HERE / "no_groups.py")]
    return workspace.start([*by.unshare, *pretend, *python, HERE / "world_init.py", file], client / "log")


def _wait(process: subprocess.Popen[bytes], bases: Mapping[str, Path]) -> None:
    """Wait until the world is made and every sshd, which writes its pid when it listens, is ready."""
    client = next(iter(bases.values())).with_name("world")

    def is_made() -> bool:
        if process.poll() is not None:
            raise LabError(f"the hosts could not be made:\n{_logs(client, bases)}")
        return (client / "made.json").exists() and all((base / "run/sshd.pid").exists() for base in bases.values())

    wait_until(is_made, START_SECONDS, lambda: f"the hosts do not start:\n{_logs(client, bases)}")


def _first_processes(client: Path, world: int) -> dict[str, int]:
    """The first process of each host: the only child of an unshare, of which the world told its own number."""
    numbers = {kernel.inner_pid(pid): pid for pid in kernel.children(world)}
    told: dict[str, int] = json.loads((client / "made.json").read_text(encoding="utf-8"))
    return {name: kernel.children(numbers[number])[0] for name, number in told.items()}


def _logs(client: Path, bases: Mapping[str, Path]) -> str:
    logs = [client / "log", *(base / "var/log/sshd.log" for base in bases.values())]
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").strip() for log in logs if log.exists())
