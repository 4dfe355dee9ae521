# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-test sanity, on all Pythons of the machine, with no ignore file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from lab.sharing import is_long
from suite import junit, pythons
from suite.log import Log
from suite.results import Row, failure
from suite.stage import seed_get_pip, staged

AREA = "sanity"
# Tests that always have something to look at. ansible-test ends with exit code 0 when it looked at nothing.
ESSENTIAL = ("ansible-doc", "pep8", "pylint", "runtime-metadata", "validate-modules")
PER_PYTHON = ("compile", "import")


def sanity(log: Log) -> list[Row]:
    stage = staged()
    if ignored := sorted(path.name for path in (stage / "tests" / "sanity").glob("ignore*")):
        return [failure(AREA, f"{', '.join(ignored)}: there shall be no ignore file")]
    seed_get_pip(log)
    command = ["ansible-test", "sanity", "--local", "--junit", "--color", "no"]
    if not is_long():  # what is shipped; most of the time would go into the tests, which the area lint reads, too
        command += ["--exclude", "tests/"]
    code = log.run(command, env={"PATH": pythons.path_with_pythons()}, cwd=stage).code
    reports = [path.read_text() for path in sorted((stage / "tests" / "output" / "junit").glob("*.xml"))]
    missing = () if pythons.OLDEST in pythons.found() else (f"Python {pythons.OLDEST}",)
    return [replace(row_of(reports, code, pythons.found()), missing=missing)]


def row_of(reports: Sequence[str], code: int, versions: Iterable[str]) -> Row:
    """The row of a run, from its JUnit files; an essential test that looked at nothing has failed."""
    rows = junit.rows_of(AREA, reports)
    row = rows[0] if rows else Row(AREA)
    if code and not row.failed:
        return failure(AREA, f"ansible-test broke off with exit code {code}")
    expected = {*ESSENTIAL, *(f"{test}-python-{version}" for test in PER_PYTHON for version in versions)}
    vacuous = [f"{name} looked at nothing" for name in sorted(expected - junit.names_that_ran(reports))]
    return replace(row, failed=row.failed + len(vacuous), problems=(*row.problems, *vacuous))
