# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start fleets of real HAProxy processes; what they return is a context manager that stops them.

    with instances("3.0", 4, servers_body(apps.ports)) as fleet:
        fleet.ask_all("show info")

Each function returns when every process answers, raises LabError with HAProxy's own words where one does not, and then
leaves nothing behind. ``options`` are those of ``running.Options``: operator, user, tcp, global_lines, nbthread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

from .config import Global, StatsSocket
from .errors import LabError
from .master import MasterFleet
from .processes import wait_until
from .running import START_SECONDS, Fleet, Options
from .versions import Version, version

__all__ = ["Body", "Fleet", "MasterFleet", "Options", "instances", "layout", "master_worker", "nbproc", "one"]

Body = str | Callable[[int], str]
"""The configuration after ``global`` and ``defaults``; a function gets the number of the instance, from 1."""


def one(wanted: str | Version, body: Body, **options: Unpack[Options]) -> Fleet:
    """One HAProxy process."""
    return instances(wanted, 1, body, **options)


def instances(wanted: str | Version, count: int, body: Body, **options: Unpack[Options]) -> Fleet:
    """`count` HAProxy instances with the same frontends (SO_REUSEPORT), their sockets in one directory."""
    fleet = Fleet(wanted)
    try:
        for number in range(1, count + 1):
            sockets = fleet.add_sockets(number, options)
            head = Global(sockets, 1, options.get("nbthread", 1), options.get("global_lines", ""))
            fleet.launch(f"p{number}", head, body if isinstance(body, str) else body(number), "-db")
        fleet.wait_ready()
    except BaseException:
        fleet.stop()
        raise
    return fleet


def nbproc(wanted: str | Version, count: int, body: str, *, shared: bool = False, **options: Unpack[Options]) -> Fleet:
    """One HAProxy of `count` processes (``nbproc``, up to 2.4), as a daemon, one admin socket per process.

    Proxies are on all processes unless the body says ``bind-process``; make its frontends' lines with
    ``bind_lines(…, processes=count)``. `shared` adds ``shared_socket``, on which any process may answer.
    """
    if not version(wanted).has_nbproc:
        raise LabError(f"HAProxy {wanted} has no nbproc: it was removed in 2.5")
    fleet = Fleet(wanted)
    try:
        sockets = [
            each for number in range(1, count + 1) for each in fleet.add_sockets(number, options, process=number)
        ]
        if shared:
            fleet.shared_socket = str(fleet.base / "shared.sock")
            sockets.append(StatsSocket(fleet.shared_socket))
        pidfile = fleet.base / "nbproc.pid"
        head = Global(sockets, count, options.get("nbthread", 1), options.get("global_lines", ""))
        fleet.launch("nbproc", head, body, "-D", "-p", pidfile)

        def are_written() -> bool:
            if fleet.workspace.failed():
                raise LabError(fleet.complaint("ended at its start"))
            return len(pidfile.read_text(encoding="ascii").split()) == count

        wait_until(are_written, START_SECONDS, lambda: fleet.complaint("wrote no pids"))
        fleet.workspace.adopt()
        fleet.wait_ready()
    except BaseException:
        fleet.stop()
        raise
    return fleet


def master_worker(wanted: str | Version, body: str, *, workers: int = 1, **options: Unpack[Options]) -> MasterFleet:
    """A master and its worker, as Debian runs HAProxy; with `workers` > 1 as many processes (``nbproc``, up to 2.4)."""
    if workers > 1 and not version(wanted).has_nbproc:
        raise LabError(f"HAProxy {wanted} has no nbproc: it was removed in 2.5")
    fleet = MasterFleet(wanted)
    try:
        fleet.begin(body, workers, options)
    except BaseException:
        fleet.stop()
        raise
    return fleet


def layout(wanted: str | Version, count: int, body: str, **options: Unpack[Options]) -> Fleet:
    """`count` processes the way the version would be run: one process, nbproc where there is nbproc, else instances."""
    if count > 1 and version(wanted).has_nbproc:
        return nbproc(wanted, count, body, **options)
    return instances(wanted, count, body, **options)
