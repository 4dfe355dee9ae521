# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The areas that run playbooks: molecule and the demo."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence

from lab.errors import LabError
from lab.packages import binary
from lab.versions import newest
from suite.log import Log
from suite.results import Row

SCENARIOS = ("default",)
# The steps of a scenario that test something; the others only set up and clean.
STEPS = ("converge", "idempotence", "verify")
_STEP_ENDED_WELL = re.compile(r"^(\w+) > (\w+): Executed: Successful$", re.MULTILINE)

# Each ends with exit code 0 when it saw what it should; without the drain, that is failed requests.
_DEMO: Mapping[str, Sequence[str]] = {
    "the deploy loses no request": ("--ci",),
    "without the drain requests are lost": ("--ci", "--no-drain"),
}


def molecule(log: Log) -> list[Row]:
    """Every scenario, on the lab's newest HAProxy."""
    try:
        haproxy = binary(newest())
    except LabError as error:
        log.write(str(error))
        return [Row("molecule", missing=(f"HAProxy {newest()}",))]
    finished = log.run(["molecule", "test", "--all"], env={"HAPROXY": str(haproxy), "NO_COLOR": "1"})
    return [molecule_row(finished.output)]


def molecule_row(output: str) -> Row:
    """A test per scenario and step; a step that is not reported as successful has failed."""
    ended_well = set(_STEP_ENDED_WELL.findall(output))
    wanted = [(scenario, step) for scenario in SCENARIOS for step in STEPS]
    problems = tuple(" ".join(pair) for pair in wanted if pair not in ended_well)
    return Row("molecule", passed=len(wanted) - len(problems), failed=len(problems), problems=problems)


def demo(log: Log) -> list[Row]:
    problems = tuple(name for name, options in _DEMO.items() if log.run([sys.executable, "-m", "demo", *options]).code)
    return [Row("demo", passed=len(_DEMO) - len(problems), failed=len(problems), problems=problems)]
