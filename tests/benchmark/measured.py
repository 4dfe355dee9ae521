# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands as processes of their own: their seconds and their memory, as the kernel counts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from suite.paths import CACHE, ROOT

_MODULES = "ansible_collections.haproxyadmin.haproxy.plugins.modules"
_RAW = """
import sys, time
from benchmark import peers
work = getattr(peers, sys.argv[1])
begin = time.perf_counter()
work(*sys.argv[2:])
print(time.perf_counter() - begin)
"""

Words = Sequence[str | Path]


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


class Running:
    """A command at work, its output in a file of a folder.

    The memory of a process counts from its fork, so this one must be small itself.
    """

    def __init__(self, command: Words, folder: Path) -> None:
        """Start it."""
        self._output = folder / "output"
        with self._output.open("wb") as file:
            self._began = time.perf_counter()
            self._process = subprocess.Popen([str(word) for word in command], stdout=file, stderr=subprocess.STDOUT)

    def ended(self, *, fails: bool = False) -> Cost:
        """Wait for its end. Raises CalledProcessError where it fails, or where it `fails` and does not."""
        _pid, status, usage = os.wait4(self._process.pid, 0)
        seconds = time.perf_counter() - self._began
        code = self._process.returncode = os.waitstatus_to_exitcode(status)
        printed = self._output.read_text(encoding="utf-8")
        if bool(code) != fails:
            raise subprocess.CalledProcessError(code, self._process.args, printed)
        return Cost(seconds, usage.ru_maxrss / 1024, printed)


def command_of(name: str, arguments: Mapping[str, Any] | Path, folder: Path) -> Words:
    """A module as Ansible starts it on a host: a Python that reads its arguments from a file.

    :param arguments: or a file of them, where they are many.
    """
    file = arguments
    if not isinstance(file, Path):
        file = folder / "arguments.json"
        file.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}), encoding="utf-8")
    return ["env", f"PYTHONPATH={CACHE}", sys.executable, "-m", f"{_MODULES}.{name}", file]


def module(name: str, arguments: Mapping[str, Any] | Path, folder: Path, *, fails: bool = False) -> Cost:
    """The same, to its end."""
    return Running(command_of(name, arguments, folder), folder).ended(fails=fails)


def raw(work: Callable[..., object], *arguments: str | Path, folder: Path) -> Cost:
    """A function of benchmark.peers as a process of its own; its seconds are those of the work alone."""
    command = ["env", f"PYTHONPATH={ROOT / 'tests'}", sys.executable, "-c", _RAW, work.__name__, *arguments]
    cost = Running(command, folder).ended()
    return cost._replace(seconds=float(cost.printed))


def above(ours: Sequence[float], floor: Sequence[float]) -> list[float]:
    """What each round took above what that round's idle run did."""
    return [mine - idle for mine, idle in zip(ours, floor, strict=True)]
