# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error class of the lab."""

from __future__ import annotations


class LabError(Exception):
    """The lab cannot do what was asked; the text is one sentence for a person, a log may follow on further lines."""
