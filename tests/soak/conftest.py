# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which HAProxy a test ran against."""

from __future__ import annotations

from lab import by_version

# A fixture, which pytest knows by this name.
told_version = by_version.told_version
