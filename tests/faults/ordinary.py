# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules run by a user without rights: in a process of its own, since a right that a process gave up is gone for good.

All code is imported before, as the user may not be allowed to read the checkout.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import pkgutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from lab.tasks import MODULES, run

NOBODY = 65534
ROOT = Path(__file__).resolve().parents[2]


class OrdinaryUser:
    """The process. Who is no superuser runs it as himself."""

    def __init__(self) -> None:
        """Start it."""
        path = os.pathsep.join((str(ROOT / "tests"), str(ROOT / ".cache")))
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        self._heard()

    def run(self, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """As :func:`lab.tasks.run`."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps([module, arguments]) + "\n")
        self._process.stdin.flush()
        return self._heard()

    def _heard(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, f"the process ended with {self._process.wait()}"
        heard: dict[str, Any] = json.loads(line)
        return heard

    def stop(self) -> None:
        """Let it end."""
        with self._process:
            self._process.communicate()


@cache
def ordinary_user() -> OrdinaryUser:
    """The one of this process, as starting one takes a second."""
    user = OrdinaryUser()
    atexit.register(user.stop)
    return user


def _serve() -> None:
    for package in (MODULES, f"{MODULES.removesuffix('.modules')}.module_utils"):
        for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            importlib.import_module(found.name)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    print("{}", flush=True)
    for line in sys.stdin:
        module, arguments = json.loads(line)
        print(json.dumps(run(module, arguments)), flush=True)


if __name__ == "__main__":
    _serve()
