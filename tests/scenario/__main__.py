# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m scenario``: what the playbooks of the molecule scenarios call.

create NAME DIRECTORY         start hosts, applications, witness and load; DIRECTORY/inventory.json is for Ansible
unfinished DIRECTORY          print the applications that are not deployed, or not what they were
fail DIRECTORY STEP           let something go wrong, and look at what became of it
kill DIRECTORY BALANCER       SIGKILL to its HAProxy
verify DIRECTORY              end the load and judge; exit code 1 where something is not as it should be
destroy DIRECTORY             end all, also what is half made, also again
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from lab.errors import LabError

from . import failures, life, verdicts
from .findings import told
from .plan import BALANCERS


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands; returns the exit code."""
    parser = argparse.ArgumentParser(prog="scenario", description="Rolling deploys on real hosts.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("create", "unfinished", "fail", "kill", "verify", "destroy"):
        command = commands.add_parser(name)
        if name == "create":
            command.add_argument("scenario")
        command.add_argument("directory", type=Path)
    commands.choices["create"].add_argument(
        "--kind", choices=("namespaces", "loopback"), default=os.environ.get("HAPROXY_LAB_HOSTS"),
        help="default: $HAPROXY_LAB_HOSTS, else namespaces if any",
    )  # fmt: skip
    commands.choices["fail"].add_argument("step", choices=sorted(failures.STEPS))
    commands.choices["kill"].add_argument("balancer", choices=BALANCERS)
    chosen = parser.parse_args(arguments)
    directory = chosen.directory.absolute()
    try:
        if chosen.command == "create":
            print(life.create(chosen.scenario, directory, chosen.kind))
        elif chosen.command == "unfinished":
            print(*verdicts.unfinished(life.site(directory)), sep="\n")
        elif chosen.command == "fail":
            begin = time.monotonic()
            code = told(failures.STEPS[chosen.step](life.site(directory)))
            print(f"{time.monotonic() - begin:.1f} s")
            return code
        elif chosen.command == "kill":
            failures.kill(life.site(directory), chosen.balancer)
        elif chosen.command == "verify":
            return told(verdicts.verify(life.site(directory)))
        else:
            life.destroy(directory)
    except (LabError, OSError) as error:
        print(f"scenario: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
