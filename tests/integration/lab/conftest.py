# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the lab's own tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from lab.apps import Apps
from lab.versions import Version, versions


@pytest.fixture(params=versions(), ids=lambda version: f"haproxy={version}")
def haproxy(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Version:
    """Each HAProxy version of the lab in turn."""
    version: Version = request.param
    record_property("haproxy", version.name)
    return version


@pytest.fixture(scope="session")
def apps() -> Iterator[Apps]:
    """Four applications."""
    with Apps(4) as running:
        yield running
