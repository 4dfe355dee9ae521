# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that outlive the command that made them: a directory says where they are, and how to end them.

    inventory.json, ssh_config     for Ansible and ssh
    hosts.json                     what all other commands need

While `up` is at work the guardian ends all should it be killed; when it is done nobody but `down` does.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from ..errors import LabError
from ..processes import Workspace
from . import ending, kernel
from .balancer import RunningBalancer
from .hosts import Hosts
from .loopback import Loopback
from .place import Place
from .plan import Balancer, Plan
from .world import World

STATE, INVENTORY, CONFIG = "hosts.json", "inventory.json", "ssh_config"


def up(directory: Path, plan: Plan, kind: str | None = None) -> dict[str, Any]:
    """Start the hosts of a plan, leave them running, and return the state. LabError where there are some already."""
    directory.mkdir(parents=True, exist_ok=True)
    state_file = directory / STATE
    if state_file.exists():
        raise LabError(f"{directory} has hosts already, or had: end them with down")
    workspace = Workspace()
    state: dict[str, Any] = {"base": str(workspace.directory)}
    _write(state_file, state)
    try:
        hosts = Hosts(plan, kind=kind, workspace=workspace)
        try:
            shutil.copy(hosts.inventory, directory / INVENTORY)
            if hosts.ssh_config is not None:
                shutil.copy(hosts.ssh_config, directory / CONFIG)
            # Recorded first, then forgotten by the guardian: whenever this ends, somebody knows.
            state |= hosts.state()
            state["groups"] = {group: kernel.born(group) for group in hosts.workspace.groups}
            _write(state_file, state)
        except BaseException:
            hosts.stop()
            raise
        hosts.workspace.leave()
    except BaseException:
        workspace.stop()
        _forget(directory)
        raise
    return state


def down(directory: Path) -> None:
    """End the hosts and remove every trace; nothing to do is fine. LabError where something does not end."""
    state = _read(directory)
    if state is not None:
        base = Path(state["base"])
        # A group whose leader has ended is still the same group; its number is not given out while it has members.
        groups = {int(pid) for pid, born in state.get("groups", {}).items() if kernel.born(int(pid)) in (None, born)}
        # The world of an `up` that was killed together with its guardian is known by its command line only.
        groups |= {pid for pid in kernel.mentioning(f"{base}/world/world.json") if os.getpgid(pid) == pid}
        place = None
        with contextlib.suppress(LabError, KeyError, OSError):
            place = _place(state)
        ending.end(base, groups, None if place is None else place.network)
        if place is not None:
            place.release()
    _forget(directory)


def place(directory: Path) -> Place:
    """Where the hosts are. Raises LabError where there are none."""
    return _place(_state(directory))


def balancer(directory: Path, host: str) -> RunningBalancer:
    """The balancer of a host. Raises LabError where there is none."""
    state = _state(directory)
    if host not in state["balancers"]:
        raise LabError(f"{directory} has no balancer {host}")
    return RunningBalancer(_place(state), host, Balancer(**state["balancers"][host]))


def _place(state: dict[str, Any]) -> Place:
    base, addresses = Path(state["base"]), state["addresses"]
    return World.of(base, addresses, state) if state["kind"] == "namespaces" else Loopback(base, addresses)


def _state(directory: Path) -> dict[str, Any]:
    state = _read(directory)
    if state is None or "kind" not in state:
        raise LabError(f"{directory} has no hosts")
    return state


def _read(directory: Path) -> dict[str, Any] | None:
    try:
        state: dict[str, Any] = json.loads((directory / STATE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise LabError(f"{directory / STATE} does not say where the hosts are: {error}") from error
    return state


def _write(file: Path, state: dict[str, Any]) -> None:
    unfinished = file.with_suffix(".new")
    unfinished.write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(file)


def _forget(directory: Path) -> None:
    """The state goes last."""
    for name in (INVENTORY, CONFIG, Path(STATE).with_suffix(".new").name, STATE):
        (directory / name).unlink(missing_ok=True)
