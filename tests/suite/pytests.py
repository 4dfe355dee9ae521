# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The areas that are pytest runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from lab.errors import LabError
from lab.packages import prepare
from lab.versions import versions
from suite import junit, pythons
from suite.environment import made
from suite.log import Log
from suite.paths import CACHE, VENV
from suite.results import Row, failure, with_versions

# Code of the controller's side, which need not run on the oldest Python.
_CONTROLLER_SIDE = ("suite", "lab", "demo")
# pytest's exit codes after which the report is complete: passed, some failed, none collected.
_COMPLETE = (0, 1, 5)


def unit(log: Log) -> list[Row]:
    return _pytest(log, "unit", Path(sys.executable), ["tests/unit"])


def unit_on_oldest(log: Log) -> list[Row]:
    """The core's unit tests on the oldest Python."""
    area = f"unit-{pythons.OLDEST}"
    base = pythons.found().get(pythons.OLDEST)
    if base is None:
        return [Row(area, missing=(f"Python {pythons.OLDEST}",))]
    python = made(CACHE / f"py{pythons.OLDEST}", base, "requirements-target.txt")
    ignored = [f"--ignore=tests/unit/{name}" for name in _CONTROLLER_SIDE]
    return _pytest(log, area, python, ["tests/unit", *ignored], {"PYTHONPATH": str(_only_ansible())})


def integration(log: Log) -> list[Row]:
    """The modules in the test's own process, on every HAProxy; most of the time is waiting, hence the workers."""
    return _on_every_version(log, "integration", ["-m", "not target", "-p", "xdist.plugin", "-n", "4"])


def playbooks(log: Log) -> list[Row]:
    """The modules as Ansible runs them, on every HAProxy and the oldest Python."""
    oldest = pythons.found().get(pythons.OLDEST)
    if oldest is None:
        absent = [Row("playbooks", missing=(f"Python {pythons.OLDEST} as target",))]
        return absent + _on_every_version(log, "playbooks", ["-m", "target"])
    return _on_every_version(log, "playbooks", ["-m", "target"], {"TARGET_PYTHON": str(oldest)})


def _on_every_version(log: Log, area: str, arguments: Sequence[str], env: dict[str, str] | None = None) -> list[Row]:
    wanted = [str(version) for version in versions()]
    missing = [name for name in wanted if not _is_there(log, name)]
    rows = _pytest(log, area, Path(sys.executable), ["tests/integration", *arguments], env)
    absent = [Row(area, name, missing=(f"HAProxy {name}",)) for name in missing]
    return with_versions([row for row in rows if row.version not in missing] + absent, area, wanted)


def _is_there(log: Log, version: str) -> bool:
    try:
        prepare([version])
    except LabError as error:
        log.write(str(error))
        return False
    return True


def _pytest(
    log: Log, area: str, python: Path, arguments: Sequence[str], env: dict[str, str] | None = None
) -> list[Row]:
    report = CACHE / "logs" / f"{area}.xml"
    report.unlink(missing_ok=True)
    command = [
        str(python),
        "-m",
        "pytest",
        "-q",
        "-ra",
        "--tb=short",
        "-o",
        f"cache_dir={CACHE / area}",
        f"--junitxml={report}",
    ]
    storage = {"HYPOTHESIS_STORAGE_DIRECTORY": str(CACHE / "hypothesis"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    code = log.run([*command, *arguments], env=storage | (env or {})).code
    if code not in _COMPLETE or not report.exists():
        return [failure(area, f"pytest broke off with exit code {code}")]
    return junit.rows_of(area, [report.read_text()]) or [Row(area)]


def _only_ansible() -> Path:
    """A folder for the path of another Python that holds ansible-core and nothing else of .venv."""
    folder = CACHE / "only-ansible"
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "ansible"
    link.unlink(missing_ok=True)
    (source,) = VENV.glob("lib/python*/site-packages/ansible")
    link.symlink_to(source)
    return folder
