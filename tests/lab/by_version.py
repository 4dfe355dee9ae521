# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pytest does with tests that run on several versions of HAProxy; a ``conftest.py`` imports it by these names."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .sharing import case_of, is_long, layout_among, shared_out

__all__ = ("pytest_collection_modifyitems", "told_version")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what another of the versions between runs, see :mod:`lab.sharing`."""
    if is_long():
        return
    cases = []
    for item in items:
        function, _bracket, words = item.nodeid.partition("[")
        callspec = getattr(item, "callspec", None)
        cases.append(case_of(function, words, callspec.params if callspec else {}))
    runs = shared_out(cases)
    if not all(runs):
        config.hook.pytest_deselected(items=[item for item, kept in zip(items, runs, strict=True) if not kept])
        items[:] = [item for item, kept in zip(items, runs, strict=True) if kept]


@pytest.fixture(autouse=True)
def told_version(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """Write into the report which HAProxy a test ran against."""
    callspec = getattr(request.node, "callspec", None)
    if layout := layout_among(callspec.params if callspec else {}):
        record_property("haproxy", layout.version.name)
