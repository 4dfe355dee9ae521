# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cycles as playbooks, and an interpreter that notes down what each process of a module used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .cycles import Cycle
from .worker import steps_of

ROOT = Path(__file__).resolve().parents[2]
FEW = 2
"""Cycles of a module in its playbook: a task of Ansible costs half a second of a processor, and each module has its turn."""
INTERPRETER = (str(Path(sys.base_prefix) / "bin" / "python3"),)
"""The Python of a managed host: without the packages of the environment that this runs in."""

# Ansible takes an interpreter without arguments. What ran before in a process counts for its peak, so it is started by
# a small one: this script.
_SCRIPT = """\
#!{python} -IS
import os, re, sys
command = {command!r} + sys.argv[1:]
_pid, status, usage = os.wait4(os.posix_spawn(command[0], command, os.environ), 0)
name = re.search(r"AnsiballZ_(\\w+)", " ".join(command))
with open({log!r}, "a") as log:
    log.write("%s %d\\n" % (name[1] if name else "-", usage.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
"""


class Measured(NamedTuple):
    """A process that ran one task."""

    module: str
    memory: int
    """The most bytes that it had in memory."""


def written(folder: Path, all_cycles: Iterable[Cycle], socket: list[str], interpreter: Sequence[str]) -> list[Path]:
    """Write into `folder` a playbook for each module, the shortest first, and all that they need."""
    script = folder / "python"
    text = _SCRIPT.format(python=sys.executable, command=list(interpreter), log=str(folder / "measured"))
    script.write_text(text, encoding="ascii")
    script.chmod(0o755)
    (folder / "measured").touch()
    (folder / "ansible.cfg").write_text("[defaults]\n", encoding="ascii")
    variables = {"ansible_connection": "local", "ansible_python_interpreter": str(script)}
    (folder / "inventory.json").write_text(json.dumps({"lb": {"hosts": {"balancer": variables}}}), encoding="ascii")
    chosen: dict[str, list[Cycle]] = {}
    for cycle in all_cycles:
        chosen.setdefault(cycle.module, []).append(cycle)
    plays = {
        module: [task for cycle in those[:FEW] for task in _tasks(cycle, socket)] for module, those in chosen.items()
    }
    files = []
    for module in sorted(plays, key=lambda name: len(plays[name])):
        files.append(folder / f"{module}.json")
        play = {"hosts": "lb", "gather_facts": False, "tasks": plays[module]}
        files[-1].write_text(json.dumps([play]), encoding="ascii")
    return files


def _tasks(cycle: Cycle, socket: list[str]) -> Iterable[dict[str, Any]]:
    for options, check, changes in steps_of(cycle):
        yield {
            "name": cycle.name,
            f"haproxyadmin.haproxy.{cycle.module}": {**options, "socket": socket},
            "check_mode": check,
            "register": "done",
            "failed_when": f"done is failed or done is {'not ' if changes else ''}changed",
        }


def playbook(folder: Path, file: Path, timeout: float) -> list[str]:
    """Play it; returns what it said, if it failed. `timeout` in seconds."""
    # Nothing of the user's own, and nothing that lets Ansible compile itself anew for each task.
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"),
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "home" / "remote"),
        "ANSIBLE_NOCOLOR": "1",
    }
    command = [sys.executable, "-m", "ansible", "playbook", "-i", str(folder / "inventory.json"), str(file)]
    try:
        done = subprocess.run(
            command, env={**own, **settings}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=timeout, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return [f"{file.stem} does not end"]
    output = f"{done.stdout}{done.stderr}"
    return [output] if done.returncode or "failed=0" not in output else []


def measured(folder: Path) -> list[Measured]:
    """What the interpreter has noted down."""
    lines = (line.split() for line in (folder / "measured").read_text(encoding="ascii").splitlines())
    return [Measured(module, int(kilobytes) * 1024) for module, kilobytes in lines]
