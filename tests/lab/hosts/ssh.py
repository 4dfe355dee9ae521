# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both ends of SSH: keys, the server's configuration on each host, the client's outside."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..apt import output_of, tool

PERSIST_SECONDS = 60
"""How long a connection is kept for the next task; Ansible's own default."""


def make_keys(bases: Mapping[str, Path], client: Path) -> None:
    """A key for the user and one for each host, whose base directories are given, and who knows whom.

    `client` is the directory of the client's files. Raises LabError where ssh-keygen is missing.
    """
    places = [client / "id", *(base / "etc/ssh/host_key" for base in bases.values())]
    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(_make_key, places))
    user = (client / "id.pub").read_text(encoding="ascii")
    for base in bases.values():
        (base / "etc/ssh/authorized_keys").write_text(user, encoding="ascii")


def _make_key(place: Path) -> None:
    output_of([tool("ssh-keygen", "openssh-client"), "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(place)])


def write_server(sshd: Path, base: Path, address: str) -> None:
    """The host's sshd_config."""
    lines = [
        f"ListenAddress {address}",
        "HostKey /etc/ssh/host_key",
        "AuthorizedKeysFile /etc/ssh/authorized_keys",
        "PidFile /run/sshd.pid",
        "PermitRootLogin yes",
        "PasswordAuthentication no",
        "StrictModes no",  # about homes; a user's key is in a directory of the lab
        "UsePAM no",  # which is about the machine's users
        "UseDNS no",
        "PrintMotd no",
        "MaxStartups 200",
        "MaxSessions 200",
        "Subsystem sftp internal-sftp",
        *(["PerSourcePenalties no"] if _version(sshd) >= (9, 8) else []),  # all clients have one address
    ]
    for keyword, helper in (("SshdSessionPath", "sshd-session"), ("SshdAuthPath", "sshd-auth")):
        if sshd.with_name(helper).exists():  # an sshd from the cache
            lines.append(f"{keyword} {sshd.with_name(helper)}")
    (base / "etc/ssh/sshd_config").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _version(sshd: Path) -> tuple[int, int]:
    """Major and minor, such as (9, 2); those that do not know -V say it in their complaint."""
    done = subprocess.run([str(sshd), "-V"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    found = re.search(r"OpenSSH_(\d+)\.(\d+)", done.stderr + done.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def write_client(client: Path, addresses: Mapping[str, str], bases: Mapping[str, Path], relay: Sequence[str]) -> None:
    """The files ``config``, for ``ssh -F``, and ``known_hosts``.

    `relay` is the command that, with an address and a port, connects to them. The control path is short: the name of a
    UNIX socket has 107 characters, and ssh adds 17.
    """
    known = []
    for name, address in addresses.items():
        kind, key, *_comment = (bases[name] / "etc/ssh/host_key.pub").read_text(encoding="ascii").split()
        known.append(f"{name},{address} {kind} {key}\n")
    (client / "known_hosts").write_text("".join(known), encoding="ascii")
    (client / "c").mkdir(mode=0o700)
    blocks = [f"Host {name}\n    HostName {address}\n" for name, address in addresses.items()]
    settings = {
        "User": "root",
        "IdentityFile": client / "id",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "UserKnownHostsFile": client / "known_hosts",
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "PreferredAuthentications": "publickey",
        "ProxyCommand": f"{shlex.join(relay)} %h %p",
        "ControlMaster": "auto",
        "ControlPersist": f"{PERSIST_SECONDS}s",
        "ControlPath": client / "c" / "%C",
        "ConnectTimeout": 10,
        "ServerAliveInterval": 2,  # a host that lost its power is noticed after 6 s
        "ServerAliveCountMax": 3,
    }
    lines = "".join(f"    {key} {value}\n" for key, value in settings.items())
    (client / "config").write_text("".join(blocks) + "Host *\n" + lines, encoding="utf-8")
