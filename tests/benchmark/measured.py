# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands as processes of their own: their seconds and their memory, as the kernel counts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from suite.paths import CACHE

_MODULES = "ansible_collections.haproxyadmin.haproxy.plugins.modules"


class Cost(NamedTuple):
    """What a process took."""

    seconds: float
    megabytes: float
    """Resident at most."""
    printed: str

    @property
    def result(self) -> dict[str, Any]:
        """What it printed, where that is JSON."""
        found: dict[str, Any] = json.loads(self.printed)
        return found


def cost_of(command: list[str | Path], folder: Path) -> Cost:
    """Run it to its end, its output in a file of `folder`. Raises CalledProcessError where it fails.

    The memory of a process counts from its fork, so this one must be small itself.
    """
    output = folder / "output"
    with output.open("wb") as file:
        begin = time.perf_counter()
        process = subprocess.Popen([str(word) for word in command], stdout=file, stderr=subprocess.STDOUT)
        _pid, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    printed = output.read_text(encoding="utf-8")
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, printed)
    return Cost(seconds, usage.ru_maxrss / 1024, printed)


def module(name: str, arguments: dict[str, Any], folder: Path) -> Cost:
    """A module as Ansible starts it on a host: a Python that reads its arguments from a file."""
    file = folder / "arguments.json"
    file.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}), encoding="utf-8")
    return cost_of(["env", f"PYTHONPATH={CACHE}", sys.executable, "-m", f"{_MODULES}.{name}", file], folder)


def middle(costs: list[Cost]) -> Cost:
    """The medians of some runs, and what the last one printed."""
    return Cost(median(cost.seconds for cost in costs), max(cost.megabytes for cost in costs), costs[-1].printed)
