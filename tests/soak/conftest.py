# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which HAProxy a test ran against."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lab.versions import Version


@pytest.fixture(autouse=True)
def _told_version(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """Write into the report which HAProxy a test ran against."""
    callspec = getattr(request.node, "callspec", None)
    version = callspec and callspec.params.get("haproxy")
    if isinstance(version, Version):
        record_property("haproxy", version.name)
