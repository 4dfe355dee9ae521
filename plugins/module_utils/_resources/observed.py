# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one process says of servers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .._dialect.servers import Key, Server
from .readings import Reading


class Observed(NamedTuple):
    """What one process says: all servers and backends by name; of those that the task is about, the rest.

    :param servers: also those that could be there, as absent ones.
    :param algorithms: backend → ``balance`` algorithm, where the level lets it be read.
    :param dynamic: whether servers can be made and deleted.
    :param tracked: server → one that tracks it, as ``backend/name``; read where servers are to be deleted.
    :param backend: the backend itself, where the task is about that.
    """

    keys: list[Key]
    backends: list[str]
    servers: dict[Key, Server]
    readings: dict[Key, Reading]
    algorithms: dict[str, str]
    dynamic: bool
    tracked: Mapping[str, str] = {}
    backend: Any = None
