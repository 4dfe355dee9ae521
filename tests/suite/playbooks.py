# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The areas that run playbooks: molecule and the demo."""

from __future__ import annotations

import re
import sys

from lab.errors import LabError
from lab.packages import binary
from lab.versions import newest, oldest
from suite.log import Log
from suite.results import Row

SCENARIOS = ("default",)
# The steps of a scenario that test something; the others only set up and clean.
STEPS = ("converge", "idempotence", "verify")
_STEP_ENDED_WELL = re.compile(r"^(\w+) > (\w+): Executed: Successful$", re.MULTILINE)

_CHECK = re.compile(r"^(ok|FAILED) +(.+)$", re.MULTILINE)


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
    """Both checks of the demo, on the oldest HAProxy, which has true processes of one instance."""
    try:
        haproxy = binary(oldest())
    except LabError as error:
        log.write(str(error))
        return [Row("demo", missing=(f"HAProxy {oldest()}",))]
    finished = log.run([sys.executable, "-m", "demo", "--test"], env={"HAPROXY": str(haproxy)})
    checks = _CHECK.findall(finished.output)
    problems = tuple(words for word, words in checks if word == "FAILED")
    if finished.code and not problems:
        problems = ("it broke off",)
    passed = sum(word == "ok" for word, _words in checks)
    return [Row("demo", passed=passed, failed=len(problems), problems=problems)]
