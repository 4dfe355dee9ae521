# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script that outlives its parent: when the parent is gone, it kills what the parent had started.

Reads lines from standard input: ``+ PGID`` and ``- PGID`` for process groups, ``d PATH`` and ``r PATH`` for temporary
directories to remember and to forget. At the end of input, however the parent ended, the remaining groups and those in
the ``*.pid`` files of the remaining directories get SIGKILL, and the directories are removed. Run with ``python -I -S``; imports nothing of the lab.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from pathlib import Path


def main() -> None:
    """Remember until the input ends, then clean up."""
    groups: set[int] = set()
    directories: set[str] = set()
    for line in sys.stdin:
        sign, _blank, word = line.rstrip("\n").partition(" ")
        if sign == "+":
            groups.add(int(word))
        elif sign == "-":
            groups.discard(int(word))
        elif sign == "d":
            directories.add(word)
        elif sign == "r":
            directories.discard(word)
    for directory in directories:  # daemons that were not yet known when the parent ended
        for file in Path(directory).glob("*.pid"):
            groups.update(int(word) for word in file.read_text(encoding="ascii").split())
    for group in groups:
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    main()
