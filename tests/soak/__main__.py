# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A soak from the command line; exit code 1 where a promise was broken."""

from __future__ import annotations

import argparse
import sys

from lab.versions import newest, version

from .judged import broken
from .report import text
from .soaking import Plan, soak


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="soak", description="tasks of every module on a balancer under load")
    parser.add_argument("--seconds", type=float, default=Plan.seconds, help="how long, after a first round")
    parser.add_argument("--version", type=version, default=newest(), help="of HAProxy")
    parser.add_argument("--processes", type=int, default=Plan.processes)
    parser.add_argument("--rate", type=float, default=Plan.rate, help="requests a second")
    chosen = parser.parse_args()
    outcome = soak(Plan(chosen.version, chosen.processes, chosen.seconds, chosen.rate))
    print(text(outcome))
    return int(bool(broken(outcome.figures)))


if __name__ == "__main__":
    sys.exit(main())
