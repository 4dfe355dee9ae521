# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers a task would make, and whether it says enough for that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from .._dialect import stat
from .._dialect.servers import Key, Server
from .._errors import InputError
from .._process import Process
from .._transport import Conversation
from .creation import missing
from .observed import Observed
from .readings import NEEDED, WANTED
from .values import Values
from .wish import Wish


def could_be(wishes: Sequence[Wish], backends: Sequence[str], *, new: bool) -> set[Key]:
    """The servers that these wishes would make or do not want, whether they are there or not.

    :param backends: those that a process has.
    :param new: whether it can make a server.
    """
    keys: set[Key] = set()
    for wish in wishes:
        if wish.backends is not None and any(_may_be_missing(values, new=new) for values in wish.everywhere):
            keys.update(product(filter(wish.backends.match, backends), wish.names.names))
    return keys


def _may_be_missing(values: Values, *, new: bool) -> bool:
    return values.state in ("present", "absent") or (new and values.creates)


def absent(keys: Iterable[Key]) -> dict[Key, Server]:
    """What stands for these servers where they are not there."""
    return {key: missing(key) for key in sorted(keys)}


def algorithms_of(process: Process) -> Conversation[dict[str, str]]:
    """Backend → ``balance`` algorithm, of those that have no server, too."""
    rows = stat.parse_stat((yield from process.ask(stat.SHOW_BACKENDS)), NEEDED, WANTED)
    return {cells["pxname"]: cells.get("algo", "") for cells in rows}


def tracked_by(process: Process) -> Conversation[dict[str, str]]:
    """Server → the first one that tracks it, as ``backend/name``."""
    tracked: dict[str, str] = {}
    for cells in stat.parse_stat((yield from process.ask(stat.SHOW_SERVERS)), NEEDED, WANTED):
        tracked.setdefault(cells.get("tracked", ""), f"{cells['pxname']}/{cells['svname']}")
    return tracked


def needs_backend(wish: Wish, now: Mapping[str, Observed], assigned: Mapping[str, Mapping[Key, Values]]) -> None:
    """
    :raises InputError: when it is not said where the server is to be made.
    """
    if wish.backends is not None:
        return
    keys = {key for those in assigned.values() for key in those if wish.means(key)}
    for process, seen in now.items():
        for backend, name in sorted(keys - set(assigned[process])):
            if backend in seen.backends:
                raise InputError(f"process {process} has no {backend}/{name}; say the backend, and it is created there")
