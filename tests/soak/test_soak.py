# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A short soak: what leaks with every task is seen in seconds. ``python -m soak`` is the long one."""

from __future__ import annotations

import pytest

from lab.versions import Version, newest, oldest

from .judged import broken
from .report import text
from .soaking import Plan, soak

PROCESSES = {oldest(): 4}
"""Those of nbproc; else one."""


@pytest.mark.parametrize("haproxy", [oldest(), newest()], ids=lambda version: f"haproxy={version}")
def test_all_promises_are_kept(haproxy: Version) -> None:
    processes = PROCESSES.get(haproxy, 1)
    plan = Plan(haproxy, processes, 6.0, rate=100.0, pause=0.01, interval=0.3, ansible=haproxy == newest())
    outcome = soak(plan)
    print(text(outcome))
    assert broken(outcome.figures) == set(), text(outcome)
