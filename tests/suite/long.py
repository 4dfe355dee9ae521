# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The areas that only the long run has. Their figures are in their logs."""

from __future__ import annotations

import re
import sys

from lab.versions import newest, oldest
from suite import pythons
from suite.haproxies import missing
from suite.log import Log
from suite.results import Row, failure

# As long as it takes to see a leak; HAProxy's version and its number of processes.
SOAKS = ((newest(), 1), (oldest(), 4))

_CAUGHT = re.compile(r"^(\d+) changes, seed \d+: [\d.]+% caught", re.MULTILINE)


def mutation(log: Log) -> list[Row]:
    """Changes to the core that its tests must notice. One that nobody notices is no failure, too many of them are."""
    if not pythons.can_mutate():
        return [Row("mutation", missing=(f"Python {pythons.MUTATION}",))]
    done = log.run([sys.executable, "-m", "mutation"])
    told = _CAUGHT.search(done.output)
    if not told:
        return [failure("mutation", "it broke off")]
    problems = ("too few changes are noticed",) if done.code else ()
    return [Row("mutation", passed=int(told[1]) - len(problems), failed=len(problems), problems=problems)]


def long_soak(log: Log) -> list[Row]:
    """Ten minutes of tasks under load, on the newest HAProxy and on the oldest as four processes."""
    absent = missing(log, sorted({version.name for version, _processes in SOAKS}))
    rows = []
    for version, processes in SOAKS:
        if version.name in absent:
            rows.append(Row("long-soak", version.name, missing=(f"HAProxy {version}",)))
            continue
        words = ["--version", version.name, "--processes", str(processes)]
        code = log.run([sys.executable, "-m", "soak", *words]).code
        problems = ("a promise was broken",) if code else ()
        rows.append(Row("long-soak", version.name, passed=int(not code), failed=int(bool(code)), problems=problems))
    return rows
