# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HAProxy that strings are thrown at: what tasks may change in it, and the witness that none may."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from lab.config import DEFAULTS
from lab.fleet import Fleet, instances
from lab.ports import free_ports
from lab.raw import ask
from lab.recorder import Recorder
from lab.versions import Version

from .quoting import escaped

# No check and no agent is asked while a test runs, so that nothing but commands changes a server.
_BODY = """\
{defaults}
resolvers nobody
    nameserver nobody 127.0.0.1:{port}
    hold valid 1h

frontend edge
    bind 127.0.0.1:{front}
    maxconn 50
    http-request set-var(txn.target) path,map({files}/target.map)
    http-request set-var(txn.witness) path,map({files}/witness.map)
    http-request deny if {{ path -f {files}/target.acl }}
    http-request deny if {{ path -f {files}/witness.acl }}
    default_backend lab

backend lab
    balance roundrobin
    server probe 127.0.0.1:{port} weight 10 maxconn 9 ssl verify none check inter 24h port {port} addr 127.0.0.1 \
agent-check agent-addr 127.0.0.1 agent-port {port} agent-inter 24h agent-send lab
    server named a.example.test:{port} resolvers nobody init-addr 127.0.0.1

backend cookies
    cookie SRV insert dynamic
    dynamic-cookie-key first
    server c1 127.0.0.7:{port}

backend mirror
    cookie SRV insert dynamic
    dynamic-cookie-key first
    server m1 127.0.0.7:{port}

backend slotted
    server-template srv 1-2 127.0.0.1:{port} disabled

backend witness
    balance roundrobin
    server w1 127.0.0.1:{port} weight 33 maxconn 7
"""
_SERVERS = {"lab": {"probe", "named"}, "slotted": {"srv1", "srv2"}}
_BACKENDS = {"lab", "cookies", "mirror", "slotted", "witness"}
_LIMITS = ("Maxconn", "ConnRateLimit", "SessRateLimit", "SslRateLimit")

Cells = dict[str, str]


class Witness(NamedTuple):
    """What no task may change: a server, a map, an ACL, and the limits of the process."""

    pid: str
    servers: tuple[tuple[tuple[str, str], ...], ...]
    statistics: tuple[str, ...]
    map: bytes
    acl: bytes
    limits: tuple[str, ...]


@dataclass(eq=False)
class Target:
    """One HAProxy behind a recorder; `files` holds its maps and ACLs, `folder` is where tasks may write."""

    fleet: Fleet
    recorder: Recorder
    files: Path
    folder: Path
    port: int

    @cached_property
    def first(self) -> Witness:
        """The witness when it was first looked at: at the start."""
        return self.witness()

    @property
    def version(self) -> Version:
        return self.fleet.version

    @property
    def map(self) -> str:
        return str(self.files / "target.map")

    @property
    def acl(self) -> str:
        return str(self.files / "target.acl")

    def ask(self, command: str | bytes) -> bytes:
        """The raw reply to a command, past the recorder."""
        return ask(self.fleet.sockets[0], command)

    def rows(self) -> dict[tuple[str, str], Cells]:
        """(backend, server) → columns of ``show servers state`` without their prefix."""
        return _states(self.ask("show servers state"))

    def statistics(self, backend: str) -> list[Cells]:
        """The rows of ``show stat`` of one backend."""
        return _csv(self.ask(f"show stat {backend} -1 -1"))

    def contents(self, kind: str) -> list[bytes]:
        """The entries of the map or the ACL that tasks may change, in their order."""
        reply = self.ask(f"show {kind} {self.map if kind == 'map' else self.acl}")
        return re.findall(rb"(?m)^0x[0-9a-f]+ (.*)$", reply)

    def witness(self) -> Witness:
        """How the witness is now. Raises OSError where HAProxy is dead."""
        asked = ["show servers state witness", "show stat witness -1 -1"]
        asked += [f"show {kind} {self.files}/witness.{kind}" for kind in ("map", "acl")]
        state, statistics, *shown, told = self.ask(";".join([*asked, "show info"])).strip(b"\n").split(b"\n\n")
        info = dict(line.split(": ", 1) for line in told.decode("utf-8", "replace").split("\n") if ": " in line)
        found = []
        for row in _states(state).values():
            row = {name: cell for name, cell in row.items() if name not in ("time_since_last_change", "check_health")}
            found.append(tuple(row.items()))
        return Witness(
            info["Pid"],
            tuple(found),
            tuple(f"{each['svname']} {each['status']} {each['slim']}" for each in _csv(statistics)),
            shown[0],
            shown[1],
            tuple(info.get(name, "") for name in _LIMITS),
        )

    def uptime(self) -> int:
        """Seconds since it started."""
        found = re.search(rb"(?m)^Uptime_sec: (\d+)", self.ask("show info"))
        assert found
        return int(found[1])

    def mirrored(self, key: bytes) -> tuple[str, str]:
        """The cookie of ``cookies/c1``, and the one that HAProxy makes of this key for the same address."""
        self.ask(b"set dynamic-cookie-key backend mirror " + escaped(key))
        return self.statistics("cookies")[0]["cookie"], self.statistics("mirror")[0]["cookie"]

    def tidy(self) -> None:
        """All that tasks may change as it was; raises AssertionError where that cannot be."""
        at = f"addr 127.0.0.1 port {self.port}"
        probe = ("agent up", "state ready", "weight 10", at, "ssl on", "check-port 0", f"agent-{at}", "agent-send lab")
        self._say(
            *("enable health lab/probe", "enable agent lab/probe", *(f"set server lab/probe {it}" for it in probe)),
            *("set server lab/probe health up", "set maxconn server lab/probe 9", "set maxconn frontend edge 50"),
            *(f"set server slotted/{name} {it}" for name in ("srv1", "srv2") for it in (at, "state maint")),
            *("set server lab/named fqdn a.example.test", "set server lab/named state ready"),
            *("set server lab/named weight 1", f"clear map {self.map}", f"clear acl {self.acl}"),
            *(f"add map {self.map} fixed old", f"add acl {self.acl} fixed"),
        )
        self._say(
            *("set maxconn global 0", "enable frontend edge", "enable dynamic-cookie backend cookies"),
            *(
                f"set rate-limit {it} global 0"
                for it in ("connections", "sessions", "ssl-sessions", "http-compression")
            ),
        )
        (self.files / "target.map").write_text("fixed old\n", encoding="utf-8")
        (self.files / "target.acl").write_text("fixed\n", encoding="utf-8")
        for backend, name in self.rows():
            if backend in _SERVERS and name not in _SERVERS[backend]:
                self._say(f"set server {backend}/{name} state maint")
                self._say(f"del server {backend}/{name}")
        for name in set(self.ask("show backend").decode().split("\n")[1:]) - _BACKENDS - {""}:
            self._say(f"unpublish backend {name}")
            self._say(f"del backend {name}")

    def _say(self, *commands: str) -> None:
        self.ask(";".join(commands))


def _states(reply: bytes) -> dict[tuple[str, str], Cells]:
    _version, header, *lines = reply.decode("utf-8", "surrogateescape").strip("\n").split("\n")
    names = [name.removeprefix("srv_") for name in header.removeprefix("# ").split(" ")]
    cells = [dict(zip(names, line.split(" "), strict=True)) for line in lines]
    return {(row["be_name"], row["name"]): row for row in cells}


def _csv(reply: bytes) -> list[Cells]:
    header, *lines = reply.decode("utf-8", "surrogateescape").strip("\n").split("\n")
    return [dict(zip(header.removeprefix("# ").split(","), line.split(","), strict=False)) for line in lines]


@contextmanager
def started(haproxy: Version, folder: Path) -> Iterator[Target]:
    """Start it. `folder` is where its files are, and the one that tasks may write to."""
    files, scratch = folder / "sets", folder / "scratch" / "a" / "b" / "c" / "d" / "e" / "f" / "g" / "h"
    files.mkdir()
    scratch.mkdir(parents=True)
    for name in ("target.map", "witness.map"):
        (files / name).write_text("fixed old\n", encoding="utf-8")
    for name in ("target.acl", "witness.acl"):
        (files / name).write_text("fixed\n", encoding="utf-8")
    port, front = free_ports(2)
    defaults = DEFAULTS.replace("defaults\n", "defaults models\n")
    body = _BODY.format(defaults=defaults, port=port, front=front, files=files)
    # The largest reserve, with which HAProxy 2.2 and 2.6 hang at a line of more than half a buffer.
    with (
        instances(haproxy, 1, body, global_lines="tune.maxrewrite 8192") as fleet,
        Recorder(fleet.sockets[0]) as recorder,
    ):
        target = Target(fleet, recorder, files, scratch, port)
        target.tidy()
        assert target.first.map
        yield target
