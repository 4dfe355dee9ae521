# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pytest does with tests that run on several versions of HAProxy; a ``conftest.py`` gives them these names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest

from .sharing import Case, case_of, is_long, layout_among, shared_out

__all__ = ("pytest_collection_modifyitems", "told_version")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what runs on another version, see :mod:`lab.sharing`; not of tests with the mark ``everywhere``."""
    if is_long():
        return
    left_out = {*_left_out(items, one=False), *_left_out(items, one=True)}
    if left_out:
        config.hook.pytest_deselected(items=[item for item in items if item in left_out])
        items[:] = [item for item in items if item not in left_out]


def _left_out(items: Iterable[pytest.Item], *, one: bool) -> Iterator[pytest.Item]:
    """Of those that run on one HAProxy, or of the others. Those that run Ansible do, and those with the mark ``in_turn``."""
    shared = [item for item in items if _is_for_one(item) == one and not item.get_closest_marker("everywhere")]
    runs = shared_out([_case_of(item) for item in shared], one=one)
    return (item for item, kept in zip(shared, runs, strict=True) if not kept)


def _is_for_one(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("target", "in_turn"))


def _case_of(item: pytest.Item) -> Case:
    function, _bracket, words = item.nodeid.partition("[")
    callspec = getattr(item, "callspec", None)
    return case_of(function, words, callspec.params if callspec else {})


@pytest.fixture(autouse=True)
def told_version(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """Write into the report which HAProxy a test ran against."""
    callspec = getattr(request.node, "callspec", None)
    if layout := layout_among(callspec.params if callspec else {}):
        record_property("haproxy", layout.version.name)
