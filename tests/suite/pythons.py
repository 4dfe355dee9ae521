# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Pythons of this machine. Each is tried: version managers put commands on PATH that do not run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from suite.paths import CACHE

OLDEST = "3.9"
"""The oldest Python of a managed host; the newest is the one that ./dev chose."""
VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
"""Those on which the pinned ansible-core runs modules."""

MUTATION = "3.12"
"""The first with sys.monitoring, which tests/mutation needs."""

_PROBE = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"


@cache
def found() -> dict[str, Path]:
    """Version → interpreter, oldest first, of those that run and can make environments."""
    pairs = ((version, next(filter(_runs, _candidates(version)), None)) for version in VERSIONS)
    return {version: python for version, python in pairs if python}


def can_mutate() -> bool:
    """Whether the Python that runs this is new enough for tests/mutation."""
    return hasattr(sys, "monitoring")


def path_with_pythons() -> str:
    """A PATH on which every pythonX.Y runs: ansible-test gives up at one that does not."""
    folder = CACHE / "pythons"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for version, python in found().items():
        (folder / f"python{version}").symlink_to(python.resolve())
    own, *others = os.environ["PATH"].split(os.pathsep)  # first comes .venv/bin, see ./dev
    return os.pathsep.join([own, str(folder), *(entry for entry in others if Path(entry).name != "shims")])


def _candidates(version: str) -> Iterator[Path]:
    name = f"python{version}"
    managed = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    yield from (Path(folder) / name for folder in os.environ["PATH"].split(os.pathsep) if folder)
    yield from managed.glob(f"{version}.*/bin/{name}")
    yield Path("/usr/bin") / name


def _runs(python: Path) -> bool:
    if not os.access(python, os.X_OK):
        return False
    probe = subprocess.run([python, "-c", _PROBE], check=False, capture_output=True, text=True)
    return probe.returncode == 0 and f"python{probe.stdout.strip()}" == python.name
