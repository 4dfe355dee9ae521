# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of real hosts share: plans, what this machine can have, and the traces that hosts leave.

Imports the lab only, since programs that the tests kill import this file on their own.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from lab.errors import LabError
from lab.hosts import Balancer, Host, Hosts, Plan, kernel
from lab.hosts.ways import Way, way
from lab.processes import wait_until
from lab.versions import newest

ROOT = Path(__file__).parents[3]
TESTS = ROOT / "tests"
SECONDS = 10.0
SPACES = ("net", "mnt", "pid", "uts", "user")
BODY = """
frontend public
{binds}
    default_backend www

backend www
    server app1 "${{HOST_app1}}:8080"
"""
BIND = '    bind "${HOST}:8000"'
BALANCERS = {
    "lb1": Balancer("3.0", BODY.format(binds=BIND)),
    "lb2": Balancer("2.2", BODY.format(binds="\n".join(f"{BIND} process {n}" for n in (1, 2, 3, 4))), "nbproc"),
    "lb3": Balancer(newest().name, BODY.format(binds=BIND), "master_worker"),
}
PLAN = Plan(
    {
        **{name: Host(groups=("haproxy",), balancer=balancer) for name, balancer in BALANCERS.items()},
        "app1": Host(groups=("app",), variables={"haproxy_server_name": "app1"}),
    }
)
SMALL = Plan({"lb1": Host(balancer=BALANCERS["lb2"]), "app1": Host(start=(("sleep", "1000"),))})
USER = Way(privileged=False)


def works(by: Way | None = None) -> bool:
    with contextlib.suppress(LabError):
        way(by)
        return True
    return False


KINDS = ["namespaces", "loopback"] if works() else ["loopback"]
"""What the tests are about on this machine; ``test_hosts_are_namespaces_or_say_why`` is about what is missing."""


def ssh(hosts: Hosts, name: str, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command on a host as Ansible does."""
    assert hosts.ssh_config is not None
    return subprocess.run(
        ["ssh", "-F", hosts.ssh_config, name, command], capture_output=True, text=True, timeout=30, check=False
    )


def knowing_the_lab() -> dict[str, str]:
    """An environment in which Python finds the lab and this file."""
    path = os.pathsep.join([str(TESTS), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path}


class Traces:
    """What hosts consist of, so that it can be looked for when they have ended; a context manager."""

    def __init__(self, base: Path, pids: Iterable[int]) -> None:
        """Holds the namespaces: the number in the name of one that has ended may be that of another by then."""
        self.base = base
        self._held = {(kind, kernel.held(pid, kind)) for pid in pids for kind in SPACES}
        own = {kernel.namespace(os.getpid(), kind) for kind in SPACES}
        names = {(kind, str(Path(f"/proc/self/fd/{number}").readlink())) for kind, number in self._held}
        self.namespaces = sorted((kind, name) for kind, name in names if name not in own)

    @classmethod
    def of(cls, hosts: Hosts) -> Traces:
        """Those of hosts of this process."""
        return cls(hosts.workspace.directory, outer_pids(hosts))

    def left(self) -> list[str]:
        """What there still is: processes in the namespaces or that know the directory, mounts of it, itself."""
        found = [f"pid {pid} in {name}" for kind, name in self.namespaces for pid in kernel.members(kind, name)]
        return found + left(self.base)

    def wait_gone(self) -> None:
        """Wait until nothing is left: whoever killed the first process need not have waited."""
        wait_until(lambda: not self.left(), SECONDS, lambda: "\n".join(self.left()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for _kind, number in self._held:
            os.close(number)


def outer_pids(hosts: Hosts) -> list[int]:
    """All processes of all hosts, as this machine counts."""
    return [pid for name in hosts.addresses for pid in hosts.place.processes(name).values()]


def left(base: Path) -> list[str]:
    """What is left of a directory: processes that have it in command or environment, mounts, itself."""
    found = []
    for pid in kernel.pids():
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            if str(base) in command or str(base).encode() in Path(f"/proc/{pid}/environ").read_bytes():
                found.append(f"pid {pid}: {command}")
    found += [row for row in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines() if str(base) in row]
    return found + [str(path) for path in [base] if path.exists()]


def killed(program: str) -> Traces:
    """Run a program that tells of its hosts and kills itself after a line of input; returns what to look for."""
    with subprocess.Popen(
        [sys.executable, "-c", program], env=knowing_the_lab(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        base, pids = json.loads(process.stdout.readline())
        traces = Traces(Path(base), pids)
        process.communicate("\n")
    assert process.returncode == -9
    return traces
