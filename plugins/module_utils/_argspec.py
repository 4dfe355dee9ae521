# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that several modules share; documented in plugins/doc_fragments."""

from __future__ import annotations

from typing import Any

FLEET: dict[str, dict[str, Any]] = {
    "socket": {"type": "list", "elements": "str"},
    "timeout": {"type": "float", "default": 10.0},
    "expected_processes": {"type": "int"},
    "on_unreachable": {"type": "str", "choices": ["fail", "warn"]},
}

WAIT: dict[str, dict[str, Any]] = {
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "float", "default": 120.0},
    "wait_interval": {"type": "float", "default": 0.5},
}
