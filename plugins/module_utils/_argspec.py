# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that several modules share, and the checks that an argument spec cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import env_fallback

from ._errors import InputError

# The documentation of these stands in plugins/doc_fragments/.
FLEET: dict[str, dict[str, Any]] = {
    "socket": {"type": "list", "elements": "str", "fallback": (env_fallback, ["HAPROXY_SOCKET"])},
    "timeout": {"type": "float", "default": 10.0},
    "expected_processes": {"type": "int"},
    "on_unreachable": {"type": "str", "choices": ["fail", "warn"]},
}

WAIT: dict[str, dict[str, Any]] = {
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "float", "default": 120.0},
    "wait_interval": {"type": "float", "default": 0.5},
}

# Longer than anybody means, and short enough for every system call that takes seconds.
LONGEST = 1_000_000.0


def seconds(params: Mapping[str, Any], option: str, *, least: float) -> float:
    """The value of an option in seconds.

    :raises InputError: when it is less than ``least``, endless or no number.
    """
    value: float = params[option]
    if not least <= value <= LONGEST:
        raise InputError(f"{option} is {value:g}; it takes seconds from {least:g} to {LONGEST:.0f}")
    return value
