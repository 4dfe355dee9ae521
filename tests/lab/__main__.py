# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab prepare`` brings the binaries, sshd among them where the machine has none.

``python -m lab run`` starts a fleet to play with.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from types import FrameType

from .apps import Apps
from .config import bind_lines, servers_body
from .errors import LabError
from .fleet import Fleet, instances, master_worker, nbproc, one
from .packages import prepare, sshd
from .ports import free_port
from .versions import newest

LAYOUTS = ("one", "instances", "nbproc", "master_worker")


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands; returns the exit code."""
    parser = argparse.ArgumentParser(prog="lab", description="Real HAProxy processes of several versions.")
    commands = parser.add_subparsers(dest="command", required=True)
    preparation = commands.add_parser("prepare", help="bring the HAProxy binaries into the cache, and sshd")
    preparation.add_argument("versions", nargs="*", help="such as 3.0; all where none is named")
    running = commands.add_parser("run", help="start a fleet with sample servers, until Ctrl-C")
    running.add_argument("--version", default=newest().name, help="such as 3.0 (default: the newest)")
    running.add_argument("--layout", choices=LAYOUTS, default="one")
    running.add_argument("--count", type=int, default=4, help="processes of instances and nbproc (default: 4)")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "prepare":
            _prepare(chosen.versions)
        else:
            _run(chosen.version, chosen.layout, chosen.count)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    return 0


def _prepare(names: list[str]) -> None:
    begin = time.monotonic()
    for one_version in prepare(names or None):
        print(f"HAProxy {one_version.version}  {one_version.package_version:24} {one_version.seconds:6.1f} s")
    if not names:
        print(f"sshd         {sshd()}")
    print(f"all {time.monotonic() - begin:.1f} s")


def _run(version: str, layout: str, count: int) -> None:
    """Start applications and a fleet, print what there is, wait for Ctrl-C or SIGTERM, stop all."""
    signal.signal(signal.SIGTERM, _interrupt)
    with Apps(4) as apps:
        port = free_port()
        with _started(version, layout, count, apps.ports, port) as fleet:
            print(f"HAProxy {fleet.version}, {layout}, pids {', '.join(map(str, fleet.pids))}")
            print(f"directory  {fleet.directory}")
            for socket in fleet.sockets:
                print(f"socket     {socket}")
            if fleet.master:
                print(f"master     {fleet.master}")
            print(f"frontend   http://127.0.0.1:{port}/", "Ctrl-C stops all.", sep="\n", flush=True)
            while True:
                signal.pause()


def _started(version: str, layout: str, count: int, app_ports: list[int], port: int) -> Fleet:
    if layout == "nbproc":
        return nbproc(version, count, servers_body(app_ports, binds=bind_lines(port, processes=count)))
    body = servers_body(app_ports, binds=bind_lines(port))
    if layout == "instances":
        return instances(version, count, body)
    return master_worker(version, body) if layout == "master_worker" else one(version, body)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
