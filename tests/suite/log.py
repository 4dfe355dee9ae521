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
            process = subprocess.run(
                words, check=False, cwd=cwd, env=variables, stdin=subprocess.DEVNULL, stdout=file, stderr=file
            )
            file.seek(begin)
            output = file.read()
        if process.returncode:
            self.write(f"(exit code {process.returncode})")
        return Finished(process.returncode, output)
