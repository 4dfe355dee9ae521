# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The master of HAProxy's master-worker mode: ``show proc``, the only place that knows of old workers."""

from __future__ import annotations

import re
from typing import NamedTuple

from .._errors import ReplyNotUnderstood
from .._features import Version, version_of
from .._protocol import DIRECT, Command, Route, lines_of

SHOW_PROC = Command("show proc")

_COLUMNS = re.compile(r" {2,}|\t")


class Worker(NamedTuple):
    """One line of ``show proc``.

    :param listed_old: under "# old workers". Whether it is old is for the worker itself to say: after a failed
        reload 2.2, 3.2 and 3.4 list the one that still serves there.
    :param number: by which the master knows it: 1, or under ``nbproc`` (2.2) 1 to N.
    :param reloads: how often HAProxy was reloaded since it started.
    """

    pid: int
    listed_old: bool
    number: int
    reloads: int
    version: Version


class Family(NamedTuple):
    """``show proc``: the master's version, and its workers."""

    master: Version
    workers: list[Worker]


def through_master(pid: int, *, whole_line: bool) -> Route:
    """Through a master socket to the worker with this pid, be it current or old.

    :param whole_line: the master hands a whole line over (3.2+). Else each command needs the pid, and the severity
        does not stick.
    """
    return Route(f"@@!{pid} {DIRECT.start}", "", True) if whole_line else Route("", f"@!{pid} ", False)


def parse_proc(table: str) -> Family:
    """

    :raises ReplyNotUnderstood: naming the line that did not fit.
    """
    header, *lines = lines_of(table) or [""]
    names = _COLUMNS.split(header.strip())
    if not {"#<PID>", "<type>", "<reloads>", "<version>"} <= set(names):
        raise ReplyNotUnderstood(f"not a list of processes: {table[:60]!r}")
    workers = []
    master = Version(0, 0, 0)
    section = ""
    for line in lines:
        section = line if line.startswith("# ") else section
        cells = dict(zip(names, _COLUMNS.split(line.strip())))
        try:
            if cells.get("<type>") == "master":
                master = version_of(cells["<version>"])
            if cells.get("<type>") != "worker":
                continue
            number = re.search(r"\d+", cells.get("<relative PID>", "1"))
            workers.append(
                Worker(
                    pid=int(cells["#<PID>"]),
                    listed_old=section.startswith("# old"),
                    number=int(number[0]) if number else 1,
                    reloads=int(cells["<reloads>"].partition(" ")[0]),
                    version=version_of(cells["<version>"]),
                )
            )
        except (KeyError, ValueError) as error:
            raise ReplyNotUnderstood(f"a line of the list of processes: {line[:200]!r}") from error
    return Family(master, workers)
