# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directories that a host has for itself: what is in them before it starts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

HOME = "/run/root"
"""The home of root on a host; /root may hold the machine's Python, which the host needs, too."""

OWN = (
    "etc/haproxy",
    "var/lib/haproxy",
    "var/lib/haproxyadmin",
    "var/log",
    "srv",
    "run/haproxy",
    "run/lock",
    "run/root",
)
"""Directories that every host has, empty; whatever the machine has below /etc and /var/lib else, the host sees."""


def make_own(base: Path) -> None:
    """Make the empty directories below `base`."""
    for name in OWN:
        (base / name).mkdir(parents=True)


def furnish(base: Path, name: str, addresses: Mapping[str, str], *, privileged: bool) -> None:
    """Make the directories that are mounted over those of the machine in the host's namespace.

    An own /etc and /var/lib have a link for each entry of the machine's, which the host's init makes visible in
    /run/lab. `privileged`: whether there are users beside root. Raises OSError.
    """
    make_own(base)
    for directory in ("run/sshd", "run/lab/etc", "run/lab/var/lib", "etc/ssh"):
        (base / directory).mkdir(parents=True)
    (base / "run/root").chmod(0o700)
    (base / "run/sshd").chmod(0o755)
    texts = {
        "hosts": hosts_text(addresses),
        "hostname": f"{name}\n",
        "passwd": _passwd(Path("/etc/passwd").read_text(encoding="utf-8"), privileged=privileged),
        "shadow": "root:*:19000:0:99999:7:::\nsshd:*:19000:0:99999:7:::\n",
        "group": _group(Path("/etc/group").read_text(encoding="utf-8"), privileged=privileged),
    }
    for file, text in texts.items():
        (base / "etc" / file).write_text(text, encoding="utf-8")
    for directory in ("etc", "var/lib"):
        own = {path.name for path in (base / directory).iterdir()}
        for path in Path("/", directory).iterdir():
            if path.name not in own:
                (base / directory / path.name).symlink_to(f"/run/lab/{directory}/{path.name}")


def hosts_text(addresses: Mapping[str, str]) -> str:
    """The text of /etc/hosts."""
    return "127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in addresses.items())


def _passwd(text: str, *, privileged: bool) -> str:
    """The machine's users; root with a home of its own, and the one that sshd wants for the time before a login."""
    users = {line.split(":")[0]: line for line in text.splitlines() if ":" in line}
    users["root"] = f"root:x:0:0:root:{HOME}:/bin/sh"
    if not privileged:  # there is but one user
        users["sshd"] = "sshd:x:0:0::/run/sshd:/usr/sbin/nologin"
    users.setdefault("sshd", "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin")
    return "".join(f"{line}\n" for line in users.values())


def _group(text: str, *, privileged: bool) -> str:
    """The machine's groups; without privileges a terminal belongs to the one group there is."""
    groups = {line.split(":")[0]: line for line in text.splitlines() if ":" in line}
    if not privileged:
        groups["tty"] = "tty:x:0:"
    return "".join(f"{line}\n" for line in groups.values())
