# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The areas that run playbooks: molecule and the demo."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from lab.errors import LabError
from lab.packages import binary
from lab.versions import newest, oldest
from scenario.plan import VERSIONS
from suite.artefact import ArtefactError, installed
from suite.haproxies import missing
from suite.log import Log
from suite.paths import CACHE
from suite.results import Row, failure

# The HAProxy versions that each scenario needs.
SCENARIOS: Mapping[str, tuple[str, ...]] = {"default": (newest().name,), "rolling": VERSIONS, "failure": VERSIONS}
# The steps of a scenario that test something; the others only set up and clean.
STEPS = ("converge", "idempotence", "verify")
_STEP_ENDED_WELL = re.compile(r"^(\w+) > (\w+): Executed: Successful$", re.MULTILINE)
# What hosts say that could not be made as such, see lab.hosts.
_ON_LOOPBACK = "no namespaces on this machine"

_CHECK = re.compile(r"^(ok|FAILED) +(.+)$", re.MULTILINE)


def molecule(log: Log) -> list[Row]:
    """The scenarios, all at once, as most of their time is waiting."""
    absent = missing(log, sorted({*SCENARIOS["default"], *VERSIONS}))
    chosen = [name for name, wanted in SCENARIOS.items() if not {*wanted} & {*absent}]
    with ThreadPoolExecutor(len(SCENARIOS)) as pool:
        outputs = list(pool.map(partial(_scenario, log), chosen))
    for output in outputs:
        log.write(output)
    row = molecule_row("\n".join(outputs), chosen)
    return [replace(row, missing=(*(f"HAProxy {name}" for name in absent), *row.missing))]


def molecule_row(output: str, scenarios: Iterable[str] = tuple(SCENARIOS)) -> Row:
    """A test per scenario and step; a step that is not reported as successful has failed."""
    ended_well = set(_STEP_ENDED_WELL.findall(output))
    wanted = [(scenario, step) for scenario in scenarios for step in STEPS]
    problems = tuple(" ".join(pair) for pair in wanted if pair not in ended_well)
    lacking = ("network namespaces",) if _ON_LOOPBACK in output else ()
    return Row("molecule", passed=len(wanted) - len(problems), failed=len(problems), problems=problems, missing=lacking)


def _scenario(area: Log, name: str) -> str:
    """What molecule says; while it does, the scenario's own log can be read."""
    env = {"HAPROXY": str(binary(newest())), "NO_COLOR": "1"}
    log = Log(f"molecule-{name}")
    output = log.run(["molecule", "test", "--scenario-name", name], env=env).output
    area.processor_seconds += log.processor_seconds
    return output


def demo(log: Log) -> list[Row]:
    """Both checks of the demo, of what would be published, on the oldest HAProxy, which has true processes of one instance."""
    try:
        haproxy = binary(oldest())
        collections = installed(log, CACHE / "demo")
    except LabError as error:
        log.write(str(error))
        return [Row("demo", missing=(f"HAProxy {oldest()}",))]
    except ArtefactError as error:
        return [failure("demo", str(error))]
    env = {"HAPROXY": str(haproxy), "ANSIBLE_COLLECTIONS_PATH": str(collections)}
    finished = log.run([sys.executable, "-m", "demo", "--test"], env=env)
    checks = _CHECK.findall(finished.output)
    problems = tuple(words for word, words in checks if word == "FAILED")
    if finished.code and not problems:
        problems = ("it broke off",)
    passed = sum(word == "ok" for word, _words in checks)
    return [Row("demo", passed=passed, failed=len(problems), problems=problems)]
