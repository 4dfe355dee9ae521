# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that get there in one go: the short way is the long one's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import PerProcess
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._plan import Goal
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.given import at_once
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.goals import goals_of

from unit.plugins.module_utils.wished import API1, WEB1, WEB2, asked, seen, server

PLAIN: dict[str, dict[str, Any]] = {
    "ready": {"state": "ready"},
    "drain": {"state": "drain"},
    "maint": {"state": "maint"},
    "weight": {"weight": "33"},
    "percentage": {"weight": "200%"},
    "drain with weight": {"state": "drain", "weight": "0"},
    "maint with weight": {"state": "maint", "weight": "7"},
    "nothing": {},
}
NOT_PLAIN: dict[str, dict[str, Any]] = {
    "ready with weight": {"state": "ready", "weight": "7"},
    "waits": {"state": "drain", "wait": True},
    "drains first": {"state": "maint", "drain": True},
    "ends sessions": {"state": "maint", "shutdown_sessions": True},
    "present": {"state": "present"},
    "absent": {"state": "absent"},
    "a setting": {"maxconn": 7},
    "a check": {"state": "maint", "health": True},
}


def _what(goal: Goal[Any]) -> Any:
    """Process → server → what it is to be."""
    return {process: {key: vars(aimed) for key, aimed in of.items()} for process, of in goal.aimed.items()}


@pytest.mark.parametrize("was", ["ready", "drain", "maint"])
@pytest.mark.parametrize("options", PLAIN.values(), ids=PLAIN)
def test_one_goal_as_by_the_long_way(options: dict[str, Any], was: str) -> None:
    values = asked(**options)
    now = PerProcess({"p1": seen(server(*WEB1, was), server(*WEB2)), "p2": seen(server(*API1, was)), "p3": seen()})
    wished = PerProcess({"p1": {WEB1: values, WEB2: values}, "p2": {API1: values}, "p3": {}})
    assert values.at_once
    (quick,), (long,) = at_once(now, wished), goals_of(now, now, wished)
    assert _what(quick) == _what(long)
    assert replace(quick, aimed=long.aimed) == long


def test_no_servers_no_goal() -> None:
    assert at_once(PerProcess({"p1": seen()}), PerProcess({"p1": {}})) == []


@pytest.mark.parametrize("options", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_what_takes_more(options: dict[str, Any]) -> None:
    assert not asked(**options).at_once
