# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every KB of source that a module imports costs about 0.45 ms a task; tests/integration/test_payload.py has what plain
tasks load."""

from __future__ import annotations

import pytest

from suite.paths import ROOT
from suite.payload import LIMIT, PLAIN, bytes_above_ping

MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("haproxy_*.py"))


@pytest.mark.parametrize("module", MODULES)
def test_a_module_ships_little_more_than_ping(module: str) -> None:
    assert 0 < bytes_above_ping(module) <= LIMIT


def test_every_module_has_a_limit_for_plain_tasks() -> None:
    assert sorted(PLAIN) == MODULES
