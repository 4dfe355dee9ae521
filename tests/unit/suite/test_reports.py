# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of pytest, ansible-test and molecule, and what becomes of a run that looked at nothing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from suite import junit, sanity
from suite.artefact import importer_row
from suite.playbooks import SCENARIOS, molecule_row
from suite.results import NOTHING_RAN, Row, judged

# pytest 9.2, shortened
PYTEST = """<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest">
<testcase classname="t" name="test_a[2.2]" time="0.5"><properties><property name="haproxy" value="2.2" /></properties>
</testcase>
<testcase classname="t" name="test_a[3.0]" time="0.25"><properties><property name="haproxy" value="3.0" /></properties>
<failure message="assert 0">trace</failure></testcase>
<testcase classname="t" name="test_b[3.0]" time="0.25"><properties><property name="haproxy" value="3.0" /></properties>
<skipped type="pytest.skip" message="needs 3.2">x</skipped></testcase>
<testcase classname="" name="test_broken" time="0"><error message="collection failure">trace</error></testcase>
</testsuite></testsuites>"""


def report(name: str, inside: str = "") -> str:
    """What ansible-test 2.21 writes for one of its tests."""
    case = f'<testcase classname="sanity" name="{name}">{inside}</testcase>'
    return f'<?xml version="1.0" ?><testsuites><testsuite name="ansible-test">{case}</testsuite></testsuites>'


SKIPPED = "<skipped>No tests applicable.</skipped>"
ESSENTIAL = [*sanity.ESSENTIAL, "compile-python-3.9", "import-python-3.9"]
ALL_RAN = [report(name) for name in ESSENTIAL]


def test_pytest_is_counted_per_haproxy_version() -> None:
    rows = {row.version: row for row in junit.rows_of("integration", [PYTEST])}
    assert [(row.version, row.passed, row.failed) for row in rows.values()] == [
        ("", 0, 1),
        ("2.2", 1, 0),
        ("3.0", 0, 1),
    ]
    assert rows["3.0"].skipped == Counter({"needs 3.2": 1})
    assert rows["3.0"].problems == ("t.test_a[3.0]",)
    assert rows["3.0"].seconds == pytest.approx(0.5)


def test_versions_are_sorted_as_numbers() -> None:
    cases = "".join(
        f'<testcase name="t"><properties><property name="haproxy" value="{version}"/></properties></testcase>'
        for version in ("3.10", "3.2", "2.2")
    )
    assert [row.version for row in junit.rows_of("a", [f"<testsuite>{cases}</testsuite>"])] == ["2.2", "3.2", "3.10"]


def test_an_empty_report_is_no_row() -> None:
    assert junit.rows_of("unit", ['<testsuites><testsuite name="pytest" tests="0" /></testsuites>']) == []


def test_sanity_that_looked_at_everything_passes() -> None:
    row = sanity.row_of([*ALL_RAN, report("pslint", SKIPPED)], 0, ["3.9"])
    assert (row.passed, row.failed) == (len(ESSENTIAL), 0)
    assert row.skipped == Counter({"No tests applicable.": 1})


def test_sanity_that_looked_at_nothing_fails_though_ansible_test_is_content() -> None:
    row = sanity.row_of([report(name, SKIPPED) for name in ESSENTIAL], 0, ["3.9"])
    assert row.failed == len(ESSENTIAL)
    assert "validate-modules looked at nothing" in row.problems


def test_sanity_without_any_report_fails() -> None:
    assert sanity.row_of([], 0, ["3.9"]).failed == len(ESSENTIAL)


def test_sanity_misses_a_python_that_was_not_tried() -> None:
    row = sanity.row_of(ALL_RAN, 0, ["3.9", "3.13"])
    assert row.problems == ("compile-python-3.13 looked at nothing", "import-python-3.13 looked at nothing")


def test_sanity_that_breaks_off_fails() -> None:
    assert sanity.row_of(ALL_RAN, 1, ["3.9"]).problems == ("ansible-test broke off with exit code 1",)


def test_sanity_names_what_failed() -> None:
    row = sanity.row_of([*ALL_RAN, report("no-assert", "<failure>assert</failure>")], 1, ["3.9"])
    assert row.problems == ("sanity.no-assert",)


MOLECULE = """\
{scenario} > destroy: Executed: Successful
{scenario} > converge: Executed: Successful
{scenario} > idempotence: Executed: {idempotence}
{scenario} > verify: Executed: Successful
"""


def molecule_said(idempotence: str = "Successful") -> str:
    """What molecule 26.10 says of its steps; the word is about the last scenario."""
    *first, last = SCENARIOS
    words = [MOLECULE.format(scenario=name, idempotence="Successful") for name in first]
    return "".join([*words, MOLECULE.format(scenario=last, idempotence=idempotence)])


def test_every_molecule_scenario_is_counted() -> None:
    here = Path(__file__).parents[3] / "extensions" / "molecule"
    assert sorted(SCENARIOS) == sorted(path.parent.name for path in here.glob("*/molecule.yml"))


def test_molecule_counts_the_steps_that_test() -> None:
    row = molecule_row(molecule_said())
    assert (row.passed, row.failed, row.missing) == (3 * len(SCENARIOS), 0, ())


@pytest.mark.parametrize("word", ["Failed (not idempotent)", "Missing playbook", "Skipped"])
def test_molecule_fails_a_step_that_is_not_successful(word: str) -> None:
    assert molecule_row(molecule_said(word)).problems == (f"{list(SCENARIOS)[-1]} idempotence",)


def test_molecule_that_ran_nothing_fails() -> None:
    assert judged(molecule_row("No scenario found"), strict=False).failed == 3 * len(SCENARIOS)


def test_molecule_on_loopback_is_a_failure_when_strict() -> None:
    said = f"{molecule_said()}\nno namespaces on this machine, hosts are processes on loopback: as root: not allowed"
    row = molecule_row(said)
    assert judged(row, strict=False).failed == 0
    assert judged(row, strict=True).problems == ("network namespaces is missing",)


def test_zero_tests_fail_when_strict() -> None:
    assert judged(Row("unit"), strict=True).problems == (NOTHING_RAN,)


def test_what_the_importer_remarks_is_a_failure() -> None:
    done = "Loading role a\nImporter processing completed successfully\n"
    assert importer_row(done, 0) == Row("artefact", passed=1)
    assert importer_row(f"WARNING: no changelog\n{done}", 0).problems == ("WARNING: no changelog",)
    assert importer_row("Loading role a\n", 0).problems == ("the importer refuses it",)
    assert importer_row(done, 1).failed == 1
