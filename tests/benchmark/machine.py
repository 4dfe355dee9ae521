# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""On what the figures were taken."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

from lab.versions import newest


def machine_line() -> str:
    """One sentence."""
    parts = [
        _processor(),
        f"{os.cpu_count()} processors",
        f"Linux {platform.release().split('-')[0]}",
        f"Python {platform.python_version()} on both sides",
        f"ansible-core {version('ansible-core')}",
        f"HAProxy {newest()}",
    ]
    return ", ".join(part for part in parts if part) + "."


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _colon, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
