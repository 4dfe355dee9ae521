# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How namespaces are made and entered on this machine: as root, or as a user within a user namespace."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from ..apt import tool
from ..errors import LabError

TOOLS = {
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "mount": "mount",
    "ip": "iproute2",
    "hostname": "hostname",
    "ssh": "openssh-client",
}
ATTEMPT = """
mount -t proc proc /proc
mount --bind /tmp /run
hostname lab
ip link add name lab0 type bridge
ip link add name lab1 type veth peer name lab2
"""


@dataclass(frozen=True)
class Way:
    """How namespaces are made."""

    privileged: bool
    """As root; otherwise within a user namespace."""

    @property
    def unshare(self) -> list[str]:
        """The words before a command that becomes the first process of a world."""
        user = [] if self.privileged else ["--user", "--map-root-user"]
        return ["unshare", *user, "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child"]

    def enter(self, pid: int, *kinds: str) -> list[str]:
        """The words before a command that shall be in some kinds of the namespaces of a process."""
        user = [] if self.privileged else ["--user", "--preserve-credentials"]
        return ["nsenter", "--target", str(pid), *user, *(f"--{kind}" for kind in kinds), "--"]

    def enter_wholly(self, pid: int) -> list[str]:
        """The same for all kinds; nsenter then waits for the command."""
        return self.enter(pid, "net", "mount", "uts", "pid")


def way(wanted: Way | None = None) -> Way:
    """The way that works on this machine, `wanted` or the first. Raises LabError with the reasons where none does."""
    for name, package in TOOLS.items():
        tool(name, package)
    reasons = []
    for one in (Way(privileged=True), Way(privileged=False)) if wanted is None else (wanted,):
        done = subprocess.run([*one.unshare, "sh", "-ec", ATTEMPT], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return one
        words = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[0]
        reasons.append(f"{'as root' if one.privileged else 'in a user namespace'}: {words}")
    raise LabError("; ".join(reasons))
