# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that go on by themselves: their parent is the first process of where they run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import LabError

SCRIPT = 'setsid "$@" </dev/null >&2 & echo $!'


def started(prefix: Sequence[str], command: Sequence[str], log: Path, environment: Mapping[str, str]) -> int:
    """Start `command` in a session of its own and return its pid, as it counts where `prefix` leads.

    Its output is appended to `log`, complaints about the command itself, too. Raises LabError where `prefix` fails.
    """
    with log.open("ab") as output:
        done = subprocess.run(
            [*prefix, "sh", "-c", SCRIPT, "lab", *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=output, check=False,
            env={**os.environ, **environment},
        )  # fmt: skip
    if done.returncode != 0:
        raise LabError(f"{command[0]} cannot be started, see {log}")
    return int(done.stdout)
