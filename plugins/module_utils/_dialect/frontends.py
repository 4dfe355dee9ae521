# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frontends: their rows of ``show stat``, and what can be done to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .._errors import ReplyNotUnderstood
from .._features import Version, has
from .._protocol import Command, word
from .stat import parse_stat

# 1 is the bit of frontends in the type argument.
SHOW_FRONTENDS = Command("show stat -1 1 -1")

_NEEDED = ("pxname", "svname", "status", "slim")

_STATES = {"OPEN": "enabled", "FULL": "enabled", "PAUSED": "disabled"}


class Frontend(NamedTuple):
    """A frontend on one process.

    :param state: ``enabled``, ``disabled``, ``shutdown``; None: one of the first two; this version does not say which.
    :param maxconn: connections at once, of this process.
    """

    name: str
    status: str
    state: str | None
    maxconn: int

    @property
    def called(self) -> str:
        return f"frontend {self.name}"


def parse_frontends(table: str, version: Version) -> Iterator[Frontend]:
    """
    :raises ReplyNotUnderstood: for a row that does not say what a frontend is.
    """
    for cells in parse_stat(table, _NEEDED):
        status = cells["status"]
        try:
            yield Frontend(cells["pxname"], status, _state_of(status, version), int(cells["slim"]))
        except (KeyError, ValueError) as error:
            raise ReplyNotUnderstood(f"the statistics of frontend {cells['pxname']}: {error}") from error


def _state_of(status: str, version: Version) -> str | None:
    # `STOP` was the word for a disabled frontend up to 2.2, where one that was shut down has no row any more.
    if status == "STOP":
        return "shutdown" if has(version, "frontend_stays") else "disabled"
    state = _STATES[status]
    return state if has(version, "frontend_status") else None


def set_frontend_state(now: Frontend, state: str) -> Command:
    """Where the state cannot be read, it may be so already, and HAProxy says that as a refusal."""
    verb = {"enabled": "enable", "disabled": "disable", "shutdown": "shutdown"}[state]
    already = "" if now.state else f"All sockets are already {state}"
    return Command(
        f"{verb} frontend {word(now.name)}", f"{verb} frontend …", "admin", silent=not already, as_good=already
    )


def set_frontend_maxconn(frontend: Frontend) -> Command:
    text = f"set maxconn frontend {word(frontend.name)} {frontend.maxconn}"
    return Command(text, "set maxconn frontend …", "admin", silent=True)
