# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts there shall be, as a value, and its form in JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import LabError

LAYOUTS = ("one", "nbproc", "master_worker")
SOCKETS = "/run/haproxy"
MASTER = "/run/haproxy-master.sock"


@dataclass(frozen=True)
class Balancer:
    """The HAProxy of a host."""

    version: str
    """Such as "3.0"."""
    body: str
    """The configuration after ``global`` and ``defaults``.

    "${HOST_app1}" is the address of the host app1, "${HOST}" that of the balancer itself. Where it shall also hold on
    loopback, it binds to the latter, and to ports from 1024 on.
    """
    layout: str = "one"
    """``one`` process; ``nbproc``, several, on versions up to 2.4; ``master_worker``, which can be reloaded."""
    processes: int = 4
    """Of the layout nbproc."""
    global_lines: str = ""
    """Further lines for the global section."""

    @property
    def sockets(self) -> list[str]:
        """The admin sockets, as the host sees them."""
        if self.layout == "nbproc":
            return [f"{SOCKETS}/p{number}.sock" for number in range(1, self.processes + 1)]
        return [f"{SOCKETS}/admin.sock"]

    @property
    def master(self) -> str | None:
        """The master socket, as the host sees it."""
        return MASTER if self.layout == "master_worker" else None

    @property
    def socket(self) -> list[str]:
        """What a user would write for ``haproxy_socket``: the directory of several sockets, the socket, the master's."""
        if self.layout == "nbproc":
            return [SOCKETS]
        return self.sockets if self.master is None else [self.master]


@dataclass(frozen=True)
class Host:
    """One host."""

    groups: tuple[str, ...] = ()
    balancer: Balancer | None = None
    haproxy_socket: tuple[str, ...] | None = None
    """What stands in the inventory; None: what suits the balancer. Empty: nothing, so that the default counts."""
    start: tuple[tuple[str, ...], ...] = ()
    """Commands that run from the beginning."""
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """All hosts, by name."""

    hosts: Mapping[str, Host]
    python: str = os.path.realpath(sys.executable)
    """The ``ansible_python_interpreter`` of all hosts."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """For all hosts."""

    def __post_init__(self) -> None:
        """Refuse what could not be made. Raises LabError."""
        if not 0 < len(self.hosts) <= 200:
            raise LabError(f"a plan has 1 to 200 hosts, this one {len(self.hosts)}")
        for name, host in self.hosts.items():
            if not name.replace("-", "").isalnum() or not name.isascii() or len(name) > 32 or name == "world":
                raise LabError(f"{name} is no name for a host: letters, digits and hyphens, at most 32, not world")
            if host.balancer is not None and host.balancer.layout not in LAYOUTS:
                raise LabError(f"{name}: the layout is {host.balancer.layout}, not one of {', '.join(LAYOUTS)}")


def read(file: Path) -> Plan:
    """The plan in a JSON file, whose keys are the names of the fields. Raises LabError where it does not make sense."""
    try:
        given = json.loads(file.read_text(encoding="utf-8"))
        given["hosts"] = {name: _host(each) for name, each in given["hosts"].items()}
        return Plan(**given)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise LabError(f"{file} is no plan of hosts: {type(error).__name__}: {error}") from error


def _host(given: dict[str, Any]) -> Host:
    changed = dict(given)
    for name in ("groups", "haproxy_socket"):
        if changed.get(name) is not None:
            changed[name] = tuple(changed[name])
    if "start" in changed:
        changed["start"] = tuple(tuple(command) for command in changed["start"])
    if changed.get("balancer") is not None:
        changed["balancer"] = Balancer(**changed["balancer"])
    return Host(**changed)
