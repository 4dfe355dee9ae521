# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script that outlives its parent: when the parent is gone, it kills what the parent had started.

Reads lines from standard input: ``+ PGID`` and ``- PGID`` for process groups, ``d PATH`` and ``r PATH`` for temporary
directories to remember and to forget. At the end of input, however the parent ended, the remaining groups and those in
the ``PID_FILES`` of the remaining directories get SIGKILL, and the directories are removed. Run
with ``python -I -S``; imports nothing of the lab.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path

PID_FILES = ("*.pid", "loopback/*/run/*.pid")
"""Where daemons leave their pids: in the directory itself, and in the /run of hosts that share this machine's processes."""

TRIES, PAUSE_SECONDS, MOMENT_SECONDS = 50, 0.02, 0.0005

MARK = "HAPROXY_LAB_WORKSPACE"
"""The environment variable by which processes that left their group are known; its value is the directory."""


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
        for file in (file for pattern in PID_FILES for file in Path(directory).glob(pattern)):
            groups.update(int(word) for word in file.read_text(encoding="ascii").split())
    for group in groups:
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)
    for pid in (pid for directory in directories for pid in marked(f"{MARK}={directory}")):
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    for directory in directories:
        for _try in range(TRIES):  # somebody who is about to end may still write there
            shutil.rmtree(directory, ignore_errors=True)
            if not Path(directory).exists():
                break
            time.sleep(PAUSE_SECONDS)


def marked(*marks: str) -> list[int]:
    """The running processes whose environment has all of these, each NAME=VALUE, and that we may look into."""
    wanted, found = {mark.encode() for mark in marks}, []
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                if wanted <= set(_environment(Path(entry.path)).split(b"\0")):
                    found.append(int(entry.name))
    return found


def _environment(process: Path) -> bytes:
    """The environment of a process; while it executes a program it seems to have none for a moment."""
    for _try in range(TRIES):
        found = (process / "environ").read_bytes()
        if found:
            break
        (process / "exe").readlink()  # OSError: a thread of the kernel, which has no program
        time.sleep(MOMENT_SECONDS)
    return found


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    main()
