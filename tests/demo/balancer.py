# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The balancer of the demo: HAProxy in four processes, one socket directory."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lab.config import Global, StatsSocket, bind_lines, write
from lab.errors import LabError
from lab.packages import binary
from lab.processes import Workspace, wait_until
from lab.raw import ask
from lab.versions import newest

PROCESSES = 4
BACKEND = "www"
START_SECONDS = 15.0
LAST_WITH_NBPROC = (2, 4)

# A request goes to one server, once: with `retries` or `option redispatch` HAProxy would hide what a deploy loses.
_BODY = """\
defaults
    mode http
    retries 0
    timeout connect 2s
    timeout client 30s
    timeout server 30s
    timeout http-keep-alive 60s

frontend public
{binds}    # also on the errors that HAProxy itself answers: which server did it try?
    http-after-response set-header X-Server %[srv_name]
    default_backend {backend}

backend {backend}
    balance leastconn
    option httpchk GET /
    timeout check 1s
    default-server check inter 250ms fall 2 rise 1
{servers}"""


@dataclass(frozen=True)
class Balancer:
    """A HAProxy that runs; it ends with the workspace."""

    version: str
    """As the binary says it: "2.2.9-2+deb11u6"."""
    layout: str
    """How it comes to four processes: "nbproc 4" or "4 instances"."""
    directory: Path
    """The socket directory."""
    sockets: tuple[str, ...]
    """The one socket of each process."""


def found() -> Path:
    """``$HAPROXY``, else haproxy on the PATH, else the newest of the lab. Raises LabError where there is none."""
    named = os.environ.get("HAPROXY")
    if named and shutil.which(named) is None:
        raise LabError(f"HAPROXY={named} is no program")
    path = shutil.which(named or "haproxy")
    return Path(path).absolute() if path else binary(newest())


def version_in(words: str) -> str:
    """The version in the output of ``haproxy -v``. Raises LabError where there is none."""
    match = re.match(r"HA-?Proxy version (\d+\.\d+\S*)", words)
    if match is None:
        raise LabError(f"this is no HAProxy: {words.partition(chr(10))[0]!r}")
    return match[1]


def has_nbproc(version: str) -> bool:
    """Whether this version has ``nbproc``: it was removed in 2.5."""
    major, minor = re.split(r"\D", version)[:2]
    return (int(major), int(minor)) <= LAST_WITH_NBPROC


def started(workspace: Workspace, program: Path, port: int, servers: Mapping[str, int]) -> Balancer:
    """Start `program` on `port` of loopback, before `servers` (name and port), in a workspace of its own.

    Returns when every process answers on its socket. Raises LabError.
    """
    base = workspace.directory
    directory = base / "run"
    directory.mkdir()
    said = subprocess.run([str(program), "-v"], capture_output=True, text=True, timeout=10, check=False).stdout
    version = version_in(said)
    numbers = range(1, PROCESSES + 1)
    sockets = tuple(str(directory / f"p{number}.sock") for number in numbers)
    log = base / "haproxy.log"
    if has_nbproc(version):
        layout = f"nbproc {PROCESSES}"
        body = _body(servers, bind_lines(port, processes=PROCESSES))
        lines = [StatsSocket(socket, process=number) for number, socket in zip(numbers, sockets, strict=True)]
        head = Global(lines, nbproc=PROCESSES, lines="maxconn 1000")
        file = write(base / "haproxy.cfg", head, body)
        workspace.start([program, "-D", "-p", base / "haproxy.pid", "-f", file], log)
    else:
        layout = f"{PROCESSES} instances"
        body = _body(servers, bind_lines(port))
        for number, socket in zip(numbers, sockets, strict=True):
            file = write(base / f"haproxy{number}.cfg", Global([StatsSocket(socket)], lines="maxconn 1000"), body)
            workspace.start([program, "-db", "-f", file], log)
    for socket in sockets:
        wait_until(partial(_answers, workspace, socket, log), START_SECONDS, partial(_complaint, log))
    workspace.adopt()
    return Balancer(version, layout, directory, sockets)


def _body(servers: Mapping[str, int], binds: str) -> str:
    lines = "".join(f"    server {name} 127.0.0.1:{port}\n" for name, port in servers.items())
    return _BODY.format(binds=binds, backend=BACKEND, servers=lines)


def _answers(workspace: Workspace, socket: str, log: Path) -> bool:
    if workspace.failed():
        raise LabError(_complaint(log))
    return b"Pid: " in ask(socket, "show info")


def _complaint(log: Path) -> str:
    return "HAProxy does not start:\n" + log.read_text(encoding="utf-8", errors="replace").strip()
