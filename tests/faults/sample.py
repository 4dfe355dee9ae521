# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes that faults happen to, what they hold, and reading that without the collection's own code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.config import bind_lines
from lab.fleet import Fleet, Options, instances, layout, master_worker
from lab.ports import free_ports
from lab.processes import Workspace
from lab.recorder import Recorders
from lab.versions import Version

# The same objects as those of `tasks.py`, and a hundred servers that make every table some KB long.
_BODY = """\
frontend edge
{binds}    maxconn 50
    http-request set-var(txn.target) path,map({files}/target.map)
    http-request deny if {{ path -f {files}/target.acl }}
    default_backend lab

backend lab
    balance roundrobin
    server probe 127.0.0.1:{port} weight 10
    server second 127.0.0.1:{port} weight 20

backend cookies
    balance roundrobin
    cookie SRV insert dynamic
    dynamic-cookie-key first
    server c1 127.0.0.7:{port} weight 10
    server c2 127.0.0.8:{port} weight 10

backend other
    balance roundrobin
    server-template srv 1-30 127.0.0.1:{port} disabled
"""
# What tasks change, as it is at the start; beside it, the servers of `other`, which no task is about.
_HOME = (
    *(f"set server {name} state ready" for name in ("lab/probe", "lab/second", "cookies/c1", "cookies/c2")),
    *("set server lab/probe weight 10", "set server lab/second weight 20"),
    *("set server cookies/c1 weight 10", "set server cookies/c2 weight 10"),
    *("set dynamic-cookie-key backend cookies first", "enable dynamic-cookie backend cookies"),
    *("set maxconn frontend edge 50", "enable frontend edge", "set maxconn global 0"),
    *("set rate-limit connections global 0", "set rate-limit sessions global 0"),
    *("clear map {files}/target.map", "clear acl {files}/target.acl"),
    *("add map {files}/target.map fixed old", "add acl {files}/target.acl fixed"),
)

Held = dict[str, str]
"""What a process holds: a name → its value."""


@dataclass(frozen=True)
class Sample:
    """Processes that hold the same; `files` is where their maps and ACLs are."""

    fleet: Fleet
    files: Path

    @property
    def map(self) -> str:
        return str(self.files / "target.map")

    @property
    def acl(self) -> str:
        return str(self.files / "target.acl")

    def held(self, index: int | str) -> Held:
        """What one process holds now. Raises OSError where it is dead."""
        found = dict(_servers(self.fleet.ask(index, "show servers state")))
        found.update(_statistics(self.fleet.ask(index, "show stat")))
        info = dict(line.split(": ", 1) for line in self.fleet.ask(index, "show info").split("\n") if ": " in line)
        found.update({name: info[name] for name in ("Maxconn", "ConnRateLimit", "SessRateLimit")})
        for kind, file in (("map", self.map), ("acl", self.acl)):
            for entry in re.findall(r"(?m)^0x[0-9a-f]+ (.*)$", self.fleet.ask(index, f"show {kind} {file}")):
                key, _blank, value = entry.partition(" ")
                found[f"{kind} {key}"] = value
        return found

    def all_held(self, indexes: Iterable[int] | None = None) -> list[Held]:
        """What each process holds, or each of these."""
        return [self.held(index) for index in (range(len(self.fleet.sockets)) if indexes is None else indexes)]

    def tidy(self) -> None:
        """All that tasks change as it was at the start, on every process."""
        for index in range(len(self.fleet.sockets)):
            self.fleet.ask(index, ";".join(_HOME).format(files=self.files))


def _servers(table: str) -> Iterator[tuple[str, str]]:
    _version, header, *lines = table.strip("\n").split("\n")
    names = header.removeprefix("# ").split(" ")
    for line in lines:
        cells = dict(zip(names, line.split(" "), strict=True))
        if cells["be_name"] == "MASTER":  # how 2.2 in master-worker mode lists the master
            continue
        flags = int(cells["srv_admin_state"])
        place = f"{cells['be_name']}/{cells['srv_name']}"
        yield f"{place} state", "maint" if flags % 2 else "drain" if flags // 8 % 2 else "ready"
        yield f"{place} weight", cells["srv_uweight"]


def _statistics(table: str) -> Iterator[tuple[str, str]]:
    header, *lines = table.strip("\n").split("\n")
    names = header.removeprefix("# ").split(",")
    for line in lines:
        cells = dict(zip(names, line.split(","), strict=False))
        if cells["pxname"] == "cookies" and cells["svname"] not in ("FRONTEND", "BACKEND"):
            yield f"cookies/{cells['svname']} cookie", cells["cookie"]
        if cells["pxname"] == "edge":
            yield "edge status", cells["status"]
            yield "edge maxconn", cells["slim"]


@contextmanager
def started(
    haproxy: Version, count: int, *, kind: str = "layout", **options: object
) -> Iterator[tuple[Sample, Recorders]]:
    """Processes of this version, each behind a recorder.

    :param kind: ``layout`` (nbproc where there is nbproc), ``instances``, ``master``.
    :param options: of :class:`lab.running.Options`.
    """
    workspace = Workspace()
    try:
        sample_of = {"layout": _of_layout, "instances": _of_instances, "master": _of_master}[kind]
        files = workspace.directory
        (files / "target.map").write_text("fixed old\n", encoding="utf-8")
        (files / "target.acl").write_text("fixed\n", encoding="utf-8")
        port, front = free_ports(2)
        processes = count if kind == "layout" and haproxy.has_nbproc else 1
        body = _BODY.format(files=files, port=port, binds=bind_lines(front, processes=processes))
        with sample_of(haproxy, count, body, options) as fleet, Recorders(fleet) as recorders:  # type: ignore[arg-type]
            sample = Sample(fleet, files)
            sample.tidy()
            yield sample, recorders
    finally:
        workspace.stop()


def _of_layout(haproxy: Version, count: int, body: str, options: Options) -> Fleet:
    return layout(haproxy, count, body, **options)


def _of_instances(haproxy: Version, count: int, body: str, options: Options) -> Fleet:
    return instances(haproxy, count, body, **options)


def _of_master(haproxy: Version, _count: int, body: str, options: Options) -> Fleet:
    return master_worker(haproxy, body, **options)
