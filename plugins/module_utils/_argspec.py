# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that several modules share (documented in plugins/doc_fragments), and checks beyond an argument spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._errors import InputError

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

# Longer than anybody means, and short enough for every system call.
LONGEST = 1_000_000.0


def seconds(params: Mapping[str, Any], option: str, *, least: float) -> float:
    """
    :raises InputError: when the option is less than ``least``, endless or no number.
    """
    value: float = params[option]
    if not least <= value <= LONGEST:
        raise InputError(f"{option} is {value:g}; it takes seconds from {least:g} to {LONGEST:.0f}")
    return value
