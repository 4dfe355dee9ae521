# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of HAProxy's objects a task that reads wants to see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .._dialect.stat import FRONTEND, SERVER
from .selection import Names, names_of


class Filters(NamedTuple):
    """Names and globs; None: all."""

    frontend: Names | None
    backend: Names | None
    server: Names | None

    def row(self, kind: str, proxy: str, name: str) -> bool:
        """Whether a row of ``show stat`` is wanted."""
        if kind == FRONTEND:
            return _match(self.frontend, proxy)
        return _match(self.backend, proxy) and (kind != SERVER or _match(self.server, name))

    def session(self, frontend: str | None, backend: str | None, server: str | None) -> bool:
        """Whether a session is wanted; one without a server passes no filter of servers."""
        pairs = ((self.frontend, frontend), (self.backend, backend), (self.server, server))
        return all(_match(names, name) for names, name in pairs)


def filters_of(params: Mapping[str, Any]) -> Filters:
    """
    :raises InputError: for a pattern that matches no name HAProxy could have.
    """
    options = ("frontend", "backend", "server")
    return Filters(*(None if params[name] is None else names_of(name, params[name]) for name in options))


def _match(names: Names | None, name: str | None) -> bool:
    return names is None or (name is not None and names.match(name))
