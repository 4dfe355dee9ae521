# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading JUnit XML, as pytest and ansible-test write it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from xml.etree import ElementTree

from suite.results import Row


def rows_of(area: str, reports: Iterable[str]) -> list[Row]:
    """A row per value of the property `haproxy`, oldest first; tests without it are counted under version ""."""
    rows: dict[str, Row] = {}
    for case in _cases(reports):
        version = _version_of(case)
        row = rows.get(version, Row(area, version))
        rows[version] = _counted(replace(row, seconds=row.seconds + float(case.get("time") or 0)), case)
    return sorted(rows.values(), key=lambda row: [int(part) for part in row.version.split(".") if part])


def names_that_ran(reports: Iterable[str]) -> set[str]:
    return {case.get("name", "") for case in _cases(reports) if case.find("skipped") is None}


def _cases(reports: Iterable[str]) -> Iterator[ElementTree.Element]:
    for report in reports:
        yield from ElementTree.fromstring(report).iter("testcase")


def _version_of(case: ElementTree.Element) -> str:
    return next((entry.get("value", "") for entry in case.iter("property") if entry.get("name") == "haproxy"), "")


def _counted(row: Row, case: ElementTree.Element) -> Row:
    if case.find("failure") is not None or case.find("error") is not None:
        name = ".".join(filter(None, (case.get("classname"), case.get("name"))))
        return replace(row, failed=row.failed + 1, problems=(*row.problems, name))
    skip = case.find("skipped")
    if skip is not None:
        return replace(row, skipped=row.skipped + Counter([skip.get("message") or skip.text or "no reason given"]))
    return replace(row, passed=row.passed + 1)
