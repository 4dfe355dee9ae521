# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cases of ./dev bench: each is a file here whose run() yields findings."""

from __future__ import annotations

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    "imports": "What a module loads",
    "task": "One task on one server",
    "servers": "A hundred servers",
    "processes": "Many processes",
    "maps": "Maps",
    "info": "Statistics of many servers",
    "drain": "The end of a drain",
    "load": "What a task costs HAProxy",
    "fleet": "Two hundred hosts",
    "relay": "The core on the controller",
    "rolling": "A rolling deploy",
}
"""By name of the file, in the order in which they run."""
