# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that the lab starts and always stops: by process group, and by a guardian should Python itself be killed."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from .errors import LabError
from .guardian import PID_FILES

T = TypeVar("T")

POLL_SECONDS = 0.004
GRACE_SECONDS = 3.0
"""HAProxy ends within milliseconds of SIGTERM; a process that takes longer is killed."""


class _Guardian:
    """The one helper process that cleans up after a Python that was killed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0

    def tell(self, sign: str, word: object) -> None:
        """Send one line, starting the guardian on the first."""
        with self._lock:
            if self._process is None or self._owner != os.getpid():
                script = Path(__file__).with_name("guardian.py")
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(script)],
                    stdin=subprocess.PIPE, text=True, start_new_session=True, cwd="/",
                )  # fmt: skip
                self._owner = os.getpid()
            if self._process.stdin is not None:
                self._process.stdin.write(f"{sign} {word}\n")
                self._process.stdin.flush()

    def end(self) -> None:
        """Close its input, at which it cleans up what is left and ends."""
        with self._lock:
            if self._process is not None and self._owner == os.getpid():
                if self._process.stdin is not None:
                    self._process.stdin.close()
                self._process.wait()
                self._process = None


_guardian = _Guardian()
atexit.register(_guardian.end)


class Workspace:
    """A short temporary directory and the process groups that were started for it; `stop` ends and removes all."""

    def __init__(self) -> None:
        """Make the directory; its path leaves room for socket names, of which HAProxy takes 97 characters in all."""
        short = "/tmp" if os.access("/tmp", os.W_OK) else None
        self.directory = Path(tempfile.mkdtemp(prefix="hap.", dir=short))
        _guardian.tell("d", self.directory)
        self._started: list[subprocess.Popen[bytes]] = []
        self._groups: list[int] = []

    def start(self, command: Sequence[str | Path], log: Path) -> subprocess.Popen[bytes]:
        """Start a command in a process group of its own, its output appended to `log`."""
        with log.open("ab") as output:
            process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd=self.directory,
            )  # fmt: skip
        self._started.append(process)
        self._remember(process.pid)
        return process

    def adopt(self) -> None:
        """Take over the daemons whose pids are in the directory's ``PID_FILES``; each leads a group of its own.

        A daemon may be a moment away from becoming that leader: until then it is in the group it was started in.
        """
        for pattern in PID_FILES:
            for file in self.directory.glob(pattern):
                for word in file.read_text(encoding="ascii").split():
                    self._remember(int(word))

    def pids(self) -> list[int]:
        """The processes that run now, zombies left out, sorted."""
        return members(self._groups)

    def failed(self) -> bool:
        """Whether a command that was started has ended with an error."""
        return any(process.poll() not in (None, 0) for process in self._started)

    @property
    def groups(self) -> list[int]:
        """The process groups of this workspace, by the pids of their leaders."""
        self.adopt()
        return self._groups.copy()

    def leave(self) -> None:
        """Forget all without ending it, so that it outlives this process."""
        for group in self.groups:
            _guardian.tell("-", group)
        _guardian.tell("r", self.directory)
        for process in self._started:
            process.returncode = process.poll() or 0  # no warning about a process that goes on
        self._groups.clear()
        self._started.clear()

    def stop(self) -> None:
        """SIGTERM, then SIGKILL; returns when nothing is left. May be called again."""
        self.adopt()
        for number in (signal.SIGTERM, signal.SIGKILL):
            for group in self._groups:
                # A paused process takes no signal but SIGKILL before it is continued.
                for each in (number, signal.SIGCONT):
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.killpg(group, each)
            if self._ended(GRACE_SECONDS):
                break
        for group in self._groups:
            _guardian.tell("-", group)
        self._groups.clear()
        self._started.clear()
        shutil.rmtree(self.directory, ignore_errors=True)
        _guardian.tell("r", self.directory)

    def _remember(self, group: int) -> None:
        if group not in self._groups:
            self._groups.append(group)
            _guardian.tell("+", group)

    def _ended(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if all(process.poll() is not None for process in self._started) and not self.pids():
                return True
            time.sleep(POLL_SECONDS)
        return False


def members(groups: Iterable[int]) -> list[int]:
    """All running processes of these process groups, sorted; a zombie does not run."""
    wanted = set(groups)
    if not wanted:
        return []
    pids = [int(entry.name) for entry in os.scandir("/proc") if entry.name.isdecimal()]
    return sorted(pid for pid in pids if _group_of(pid) in wanted)


def is_running(pid: int) -> bool:
    """Whether this process exists and is no zombie."""
    return _group_of(pid) is not None


def _group_of(pid: int) -> int | None:
    """The process group of a running process; None for one that has ended, also where nobody has reaped it yet."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # "PID (name) STATE PPID PGRP ...": the name may hold blanks and parentheses.
    state, _parent, group, *_rest = text.rpartition(")")[2].split()
    return None if state in "ZX" else int(group)


def wait_until(probe: Callable[[], T | None], seconds: float, what: Callable[[], str]) -> T:
    """The first value of `probe` that is neither None nor False; LabError with `what` after `seconds`.

    An OSError of the probe counts as "not yet".
    """
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError):
            value = probe()
            if value is not None and value is not False:
                return value
        if time.monotonic() > end:
            raise LabError(what())
        time.sleep(POLL_SECONDS)
