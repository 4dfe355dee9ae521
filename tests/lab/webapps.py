# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Web servers that can be deployed: each a process of its own that is stopped and started again with another version.

``python -m lab.webapps DIRECTORY NAME PORT`` is what a deploy runs: it stops the server NAME, if it runs, and starts it
with the version that stands in ``DIRECTORY/NAME.version``. Which process is NAME's stands in ``DIRECTORY/NAME.pid``; no
other is touched. A ``Workspace`` with this directory ends them all.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

from .processes import Workspace, is_running, wait_until
from .raw import connect

SLOW_SECONDS = 2.0
"""How long a request for /slow takes."""

STOP_SECONDS = 5.0
START_SECONDS = 15.0


def version_file(directory: Path, name: str) -> Path:
    """Where the version of this server is written; it holds from the next start on."""
    return directory / f"{name}.version"


def restart(directory: Path, name: str, port: int) -> int:
    """Stop the server of this name, if it runs, start it, and return the pid; does not wait until it listens.

    Raises LabError where the old process does not end.
    """
    pidfile = directory / f"{name}.pid"
    with contextlib.suppress(FileNotFoundError):
        pid = int(pidfile.read_text(encoding="ascii"))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not is_running(pid), STOP_SECONDS, lambda: f"{name} (pid {pid}) does not end")
        pidfile.unlink()
    version = version_file(directory, name).read_text(encoding="ascii").strip()
    script = Path(__file__).with_name("webapp.py")
    with (directory / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-I", str(script), name, str(port), version, str(SLOW_SECONDS)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=directory,
        )  # fmt: skip
    process.returncode = 0  # a daemon: it outlives whoever started it, and that is not to be warned about
    pidfile.write_text(f"{process.pid}\n", encoding="ascii")
    return process.pid


def started(workspace: Workspace, ports: dict[str, int], version: str) -> None:
    """Start one server per name and port, all of `version`; returns when they answer. Raises LabError."""
    for name, port in ports.items():
        version_file(workspace.directory, name).write_text(f"{version}\n", encoding="ascii")
        restart(workspace.directory, name, port)
    workspace.adopt()
    for name, port in ports.items():
        wait_until(partial(_listens, port), START_SECONDS, partial("{} does not listen".format, name))


def _listens(port: int) -> bool:
    connect(f"127.0.0.1:{port}").close()
    return True


if __name__ == "__main__":
    restart(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
