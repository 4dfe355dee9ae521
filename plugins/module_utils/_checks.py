# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of what a user wrote, beyond those of an argument spec."""

from __future__ import annotations

from ._errors import InputError

# Longer than anybody means, and short enough for every system call.
LONGEST = 1_000_000.0


def seconds(option: str, value: float, *, least: float) -> float:
    """
    :raises InputError: when it is less than ``least``, endless or no number.
    """
    if not least <= value <= LONGEST:
        raise InputError(f"{option} is {value:g}; it takes seconds from {least:g} to {LONGEST:.0f}")
    return value


def whole(option: str, value: int, *, most: int, least: int = 0) -> int:
    """
    :raises InputError: when it is not between ``least`` and ``most``, or a bool, which Ansible takes for a number.
    """
    if isinstance(value, bool) or not least <= value <= most:
        raise InputError(f"{option} is {value}; it takes whole numbers from {least} to {most}")
    return value
