# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab.hosts``: hosts that outlive the command, for molecule's create and destroy.

up DIRECTORY PLAN.json                        start; writes DIRECTORY/inventory.json and ssh_config
inside DIRECTORY [--host NAME] COMMAND...     run a command in their network, or on one of them
start DIRECTORY [--host NAME] COMMAND...      start one that goes on beside them or on one, and ends with them
reload DIRECTORY NAME                         reload a balancer of the layout master_worker
down DIRECTORY                                end them and remove every trace, also after a failed up, also again
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from ..errors import LabError
from . import left, plan
from .place import Place, environment


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands; returns the exit code."""
    parser = argparse.ArgumentParser(prog="lab.hosts", description="Real hosts with an sshd each, in namespaces.")
    commands = parser.add_subparsers(dest="command", required=True)
    words = "[--host NAME] COMMAND..."
    for name, text in (
        ("up", "start the hosts of a plan"),
        ("inside", "run a command where the hosts are"),
        ("start", "start a command that goes on"),
        ("reload", "reload a balancer"),
        ("down", "end the hosts"),
    ):
        commands.add_parser(name, help=text).add_argument("directory", type=Path)
    commands.choices["up"].add_argument("plan", type=Path)
    commands.choices["up"].add_argument("--kind", choices=("namespaces", "loopback"), help="default: namespaces if any")
    commands.choices["inside"].add_argument("words", nargs=argparse.REMAINDER, metavar=words)
    commands.choices["start"].add_argument("words", nargs=argparse.REMAINDER, metavar=words)
    commands.choices["reload"].add_argument("host")
    chosen = parser.parse_args(arguments)
    try:
        _run(chosen)
    except (LabError, OSError) as error:
        print(f"lab.hosts: {error}", file=sys.stderr)
        return 1
    return 0


def _run(chosen: argparse.Namespace) -> None:
    directory = chosen.directory.absolute()
    if chosen.command == "up":
        state = left.up(directory, plan.read(chosen.plan), chosen.kind)
        print(state["kind"], *(f"{name}={address}" for name, address in state["addresses"].items()))
        if state["why"]:
            print(state["why"])
    elif chosen.command == "down":
        left.down(directory)
    elif chosen.command == "reload":
        print(*left.balancer(directory, chosen.host).reload())
    else:
        place = left.place(directory)
        host, command = _told(chosen.words, place)
        if chosen.command == "start":
            log = place.client / "start.log" if host is None else place.outside(host, "/var/log/start.log")
            print(place.start(host, command, log))
        else:
            line = place.inside(command, host)
            os.execvpe(line[0], line, {**os.environ, **environment(place.addresses, host)})


def _told(words: list[str], place: Place) -> tuple[str | None, list[str]]:
    """Host and command. argparse leaves all after the directory alone, since options of the command are not ours."""
    host = None
    if words[:1] == ["--host"]:
        host, words = words[1] if len(words) > 1 else "", words[2:]
        if host not in place.addresses:
            raise LabError(f"there is no host {host!r}")
    words = words[1:] if words[:1] == ["--"] else words
    if not words:
        raise LabError("no command is given")
    return host, words


if __name__ == "__main__":
    sys.exit(main())
