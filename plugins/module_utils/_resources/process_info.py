# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What processes say of themselves, as results show it."""

from __future__ import annotations

from typing import Any

from .._dialect.typed import SHOW_INFO_TYPED, Natures, parse_info_natures
from .._errors import HAProxyError
from .._features import Version
from .._fleet import Fleet
from .._metrics import merged, rules_of, value_of
from .._process import Process
from .._transport import Conversation


def gather(fleet: Fleet) -> dict[str, Any]:
    """A row for every process, old workers included, and all of them as one."""
    processes = (*fleet.processes, *(fleet.old or ()))
    natures = _natures(fleet, processes)
    rows = [_row(process, natures.get(process.facts.version, {})) for process in processes]
    rules = rules_of({name: nature for _version, it in sorted(natures.items()) for name, nature in it.items()})
    info, _consistent = merged({row["name"]: row["info"] for row in rows}, rules)
    return {"processes": rows, "info": info}


def _natures(fleet: Fleet, processes: tuple[Process, ...]) -> dict[Version, Natures]:
    """The nature of each field of ``show info``, of one process for each version; what ends meanwhile tells nothing.

    :raises HAProxyError: when a current process gives none.
    """
    asked = {process.facts.version: process for process in reversed(processes)}
    answers = fleet.attempt({process.name: _ask(process) for process in asked.values()})
    natures: dict[Version, Natures] = {}
    for version, process in asked.items():
        answer = answers[process.name]
        if not isinstance(answer, HAProxyError):
            natures[version] = answer
        elif not process.old:
            raise answer
    return natures


def _ask(process: Process) -> Conversation[Natures]:
    return parse_info_natures((yield from process.ask(SHOW_INFO_TYPED)))


def _row(process: Process, natures: Natures) -> dict[str, Any]:
    facts = process.facts
    info = {name: value_of(text, natures.get(name)) for name, text in facts.info.items()}
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
