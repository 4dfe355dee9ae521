# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The areas that are pytest runs."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lab.versions import Version, newest, oldest, versions
from suite import junit, pythons
from suite.environment import made
from suite.haproxies import missing
from suite.log import Log
from suite.paths import CACHE, VENV
from suite.results import Row, failure, with_versions

# Code of the controller's side, which need not run on the oldest Python.
_CONTROLLER_SIDE = ("suite", "lab", "demo", "scenario", "mutation", "benchmark", "documented")
_MUTATION = "tests/unit/mutation"
# What takes long, and does not depend on the Python.
_NEWEST_IS_ENOUGH = ("plugins/module_utils/test_fuzz.py", "plugins/module_utils/test_cut_short.py")
# Most of the time is waiting.
_WORKERS = ("-p", "xdist.plugin", "-n", "4")
# pytest's exit codes after which the report is complete: passed, some failed, none collected.
_COMPLETE = (0, 1, 5)


def unit(log: Log) -> list[Row]:
    if pythons.can_mutate():
        return _pytest(log, "unit", Path(sys.executable), ["tests/unit"])
    first, *others = _pytest(log, "unit", Path(sys.executable), ["tests/unit", f"--ignore={_MUTATION}"])
    without = Counter({f"{_MUTATION} needs Python {pythons.MUTATION}": 1})
    return [replace(first, skipped=first.skipped + without), *others]


def unit_on_oldest(log: Log) -> list[Row]:
    """The core's unit tests on the oldest Python."""
    area = f"unit-{pythons.OLDEST}"
    base = pythons.found().get(pythons.OLDEST)
    if base is None:
        return [Row(area, missing=(f"Python {pythons.OLDEST}",))]
    python = made(CACHE / f"py{pythons.OLDEST}", base, "requirements-target.txt")
    ignored = [f"--ignore=tests/unit/{name}" for name in (*_CONTROLLER_SIDE, *_NEWEST_IS_ENOUGH)]
    return _pytest(log, area, python, ["tests/unit", *ignored], {"PYTHONPATH": str(_only_ansible())})


def integration(log: Log) -> list[Row]:
    """The modules in the test's own process, on every HAProxy."""
    return _on_versions(log, "integration", ["tests/integration", "-m", "not target", *_WORKERS])


def faults(log: Log) -> list[Row]:
    """What breaks and what is meant badly, on every HAProxy."""
    return _on_versions(log, "faults", ["tests/faults", *_WORKERS])


def sequences(log: Log) -> list[Row]:
    """Random tasks of all modules one after the other, with changes from outside between them, on every HAProxy."""
    return _on_versions(log, "sequences", ["tests/sequences", *_WORKERS])


def soak(log: Log) -> list[Row]:
    """A short soak on the oldest and the newest HAProxy, and that it can fail; the long one is `long_soak`."""
    return _on_versions(log, "soak", ["tests/soak"], wanted=(oldest(), newest()))


def playbooks(log: Log) -> list[Row]:
    """The modules as Ansible runs them, on every HAProxy and the oldest Python."""
    python = pythons.found().get(pythons.OLDEST)
    arguments = ["tests/integration", "-m", "target", "-p", "xdist.plugin", "-n", "3"]
    if python is None:
        absent = [Row("playbooks", missing=(f"Python {pythons.OLDEST} as target",))]
        return absent + _on_versions(log, "playbooks", arguments)
    return _on_versions(log, "playbooks", arguments, {"TARGET_PYTHON": str(python)})


def _on_versions(
    log: Log,
    area: str,
    arguments: Sequence[str],
    env: dict[str, str] | None = None,
    *,
    wanted: Sequence[Version] = (),
) -> list[Row]:
    """On these versions of HAProxy, or on every one; a version that is missing or on which nothing ran is a row, too."""
    names = [str(each) for each in wanted or versions()]
    absent = missing(log, names)
    rows = _pytest(log, area, Path(sys.executable), arguments, env)
    without = [Row(area, name, missing=(f"HAProxy {name}",)) for name in absent]
    return with_versions([row for row in rows if row.version not in absent] + without, area, names)


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
