# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states that a server can be asked to have."""

from __future__ import annotations

# Other words for a state, as `community.general.haproxy` and the older commands have them.
STATES = {
    **{state: state for state in ("ready", "drain", "maint", "present", "absent")},
    "enabled": "ready",
    "disabled": "maint",
}
