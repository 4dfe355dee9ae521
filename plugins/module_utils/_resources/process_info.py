# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What processes say of themselves, as results show it."""

from __future__ import annotations

import re
from typing import Any

from .._fleet import Fleet
from .._process import Process
from .._protocol import printable

_INTEGER = re.compile(r"-?[0-9]+", re.ASCII)


def gather(fleet: Fleet) -> dict[str, Any]:
    """The own keys of a result of ``haproxy_info``: a row for every process, old workers included."""
    return {"processes": [_row(process) for process in (*fleet.processes, *(fleet.old or ()))]}


def _row(process: Process) -> dict[str, Any]:
    facts = process.facts
    info = {name: typed(text) for name, text in facts.info.items()}
    return {
        "name": process.name,
        "socket": process.address.text,
        "pid": facts.pid,
        "version": facts.info["Version"],
        "node": facts.info.get("node", ""),
        "worker": "old" if process.old else "current",
        "level": facts.level,
        "uptime_sec": info.get("Uptime_sec"),
        "reloads": process.reloads,
        "connections": info.get("CurrConns"),
        "info": info,
    }


def typed(text: str) -> int | str:
    """A value of ``show info``: a number where it is one."""
    return int(text) if _INTEGER.fullmatch(text) else printable(text)
