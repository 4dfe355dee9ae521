# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of ./dev."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping

from suite.areas import AREAS, LONG_AREAS, test
from suite.docs import docs

HELP = f"""\
usage: ./dev COMMAND

  demo            a rolling deploy of a live HAProxy, under load
  test [AREA...]  everything, or: {", ".join(AREAS)}
  test long       the same on every version, more of it, and what takes hours: {", ".join(LONG_AREAS)}
  lint            the same as: test lint
  bench [CASE...] what a task costs, beside ping and the peers; --check fails where a goal is missed
  docs            the documentation as HTML, below .cache/docs; --captures first makes anew what the guides show
  lab             start HAProxy processes to play with and print their sockets

STRICT=1 makes a failure of whatever is missing on this machine. HAPROXY names the demo's HAProxy."""


def _module(name: str, *first: str) -> Callable[[list[str]], int]:
    """A command that is a package of its own below tests/."""
    return lambda words: subprocess.run([sys.executable, "-m", name, *first, *words], check=False).returncode


def _help(_words: list[str]) -> int:
    print(HELP)
    return 0


COMMANDS: Mapping[str, Callable[[list[str]], int]] = {
    "bench": _module("benchmark"),
    "demo": _module("demo"),
    "docs": docs,
    "help": _help,
    "lab": _module("lab", "run"),
    "lint": lambda _words: test(["lint"]),
    "test": test,
}


def main(words: list[str]) -> int:
    command, *rest = words or ["help"]
    if command in ("-h", "--help"):
        command = "help"
    if command not in COMMANDS:
        print(f"dev: no command {command}\n\n{HELP}", file=sys.stderr)
        return 2
    return COMMANDS[command](rest)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
