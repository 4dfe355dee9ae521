# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that are about one server; documented in plugins/doc_fragments/server.py."""

from __future__ import annotations

from typing import Any

from ._argspec import WAIT
from ._resources.states import STATES

Spec = dict[str, dict[str, Any]]

_TEXT: dict[str, Any] = {"type": "str"}
_NUMBER: dict[str, Any] = {"type": "int"}
_CHECK: dict[str, Any] = {"type": "str", "choices": ["enabled", "disabled"]}
_SWITCH: dict[str, Any] = {"type": "bool", "default": False}
NAMES: dict[str, Any] = {"type": "list", "elements": "str"}

# What one server can be asked for.
SERVER: Spec = {
    "state": {"type": "str", "choices": list(STATES)},
    "weight": _TEXT,
    "address": _TEXT,
    "port": _NUMBER,
    "fqdn": _TEXT,
    "maxconn": _NUMBER,
    "ssl": {"type": "bool"},
    "check_address": _TEXT,
    "check_port": _NUMBER,
    "agent_address": _TEXT,
    "agent_port": _NUMBER,
    "agent_send": _TEXT,
    "health_check": _CHECK,
    "agent_check": _CHECK,
    "health_status": {"type": "str", "choices": ["up", "stopping", "down"]},
    "agent_status": {"type": "str", "choices": ["up", "down"]},
    "health": _SWITCH,
    "agent": _SWITCH,
    "options": _TEXT,
    "drain": _SWITCH,
    **WAIT,
    "wait_retries": _NUMBER,
    "on_timeout": {"type": "str", "choices": ["fail", "shutdown", "continue"], "default": "fail"},
    "shutdown_sessions": _SWITCH,
    "min_up": _TEXT,
    "fail_on_not_found": {"type": "bool", "default": True},
}
# What stands beside the servers of a backend and is about those that go.
LEAVING = ("drain", *WAIT, "on_timeout", "shutdown_sessions", "min_up")
