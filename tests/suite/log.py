# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands whose output goes to a log."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from suite.paths import LOGS, ROOT


class Finished(NamedTuple):
    code: int
    output: str


class Log:
    """The log of one area: each command, what it said, how it ended."""

    def __init__(self, area: str) -> None:
        LOGS.mkdir(parents=True, exist_ok=True)
        self.processor_seconds = 0.0
        """What the commands took of the processors, as far as their children were waited for."""
        self.path = LOGS / f"{area}.log"
        self.path.write_text("")

    def write(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(text.rstrip("\n") + "\n")

    def run(self, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> Finished:
        """Run to the end; `env` is added to the environment. Nothing is read from standard input."""
        words = [str(word) for word in command]
        self.write("$ " + shlex.join(words))
        with self.path.open("r+") as file:
            begin = file.seek(0, os.SEEK_END)
            variables = {**os.environ, **(env or {})}
            process = subprocess.Popen(
                words, cwd=cwd, env=variables, stdin=subprocess.DEVNULL, stdout=file, stderr=file
            )
            _pid, status, used = os.wait4(process.pid, 0)
            code = process.returncode = os.waitstatus_to_exitcode(status)
            file.seek(begin)
            output = file.read()
        self.processor_seconds += used.ru_utime + used.ru_stime
        if code:
            self.write(f"(exit code {code})")
        return Finished(code, output)
