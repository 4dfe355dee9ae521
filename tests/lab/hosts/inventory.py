# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory that Ansible gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .place import Place
from .plan import Host, Plan


def write(file: Path, plan: Plan, place: Place, why: str) -> None:
    """Write it as JSON, which Ansible's YAML inventory reads."""
    file.write_text(json.dumps(inventory(plan, place, why), indent=1) + "\n", encoding="utf-8")


def inventory(plan: Plan, place: Place, why: str) -> dict[str, Any]:
    """All hosts with their variables, and the groups of the plan. `why`: the reason for being on loopback."""
    groups: dict[str, dict[str, Any]] = {}
    for name, host in plan.hosts.items():
        for group in host.groups:
            groups.setdefault(group, {"hosts": {}})["hosts"][name] = {}
    common = {
        "ansible_python_interpreter": plan.python,
        "lab_kind": place.kind,
        "lab_why": why,
        "lab_addresses": dict(place.addresses),
        **place.connection(),
        **plan.variables,
    }
    hosts = {name: _variables(name, host, place) for name, host in plan.hosts.items()}
    return {"all": {"vars": common, "hosts": hosts, "children": groups}}


def _variables(name: str, host: Host, place: Place) -> dict[str, Any]:
    sockets = host.haproxy_socket
    if sockets is None and host.balancer is not None:
        sockets = tuple(host.balancer.socket)
    named = (
        {"haproxy_socket": [place.path(name, each) if each.startswith("/") else each for each in sockets]}
        if sockets
        else {}
    )
    return {**place.variables(name), **named, **host.variables}
