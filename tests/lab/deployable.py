# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applications that can be deployed and cost nothing: an HAProxy that answers itself, behind it one process for slow pages.

What a deploy runs on an application's host::

    python -m lab.deployable start DIRECTORY web1 10.0.0.5:8080 v2     started, restarted or unchanged
    python -m lab.deployable stop DIRECTORY web1                       stopped or absent

``/`` and ``/health`` are answered at once, ``/slow/1500`` after 1,500 ms; each answer tells name and version in X-Server
and X-Version. A restart is a crash, SIGKILL and a new process: whoever did not drain loses requests, and sees it. Two
versions do not come up: ``broken`` answers 503 to everything, ``silent`` does not even listen.

All files of an application are in DIRECTORY and begin with its name; which processes are its own stands in ``*.pid``, so
that a ``Workspace`` of this directory ends them all. Where the application has a process namespace of its own, these
numbers mean others outside: give it a directory that is no Workspace's, below one for example.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import LabError
from .packages import binary
from .processes import is_running, wait_until
from .raw import connect
from .versions import newest

BROKEN, SILENT = "broken", "silent"

STOP_SECONDS = 5.0
START_SECONDS = 15.0

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

_CONFIGURATION = """\
global
    maxconn 4000
    nbthread 1

defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s

frontend application
    bind {address}
    http-after-response set-header X-Server {name}
    http-after-response set-header X-Version {version}
{answers}
backend slow
    server slow unix@{slow}
"""
_GOOD = """\
    http-request return status 200 content-type text/plain string "{name} {version}" unless {{ path_beg /slow/ }}
    default_backend slow
"""
_BAD = """\
    http-request return status 503 content-type text/plain string "{name} {version}"
"""


@dataclass(frozen=True)
class Application:
    """One application."""

    directory: Path
    """An absolute path, short enough for the name of a socket."""
    name: str

    def __post_init__(self) -> None:
        """Raises LabError for a name that would not be one in a configuration, or in a directory."""
        _checked(self.name)

    def start(self, address: str, version: str, program: Path) -> str:
        """Let this version run at ``address:port`` with this HAProxy, from 2.2 on; what runs as asked is left alone.

        Returns "started", "restarted" or "unchanged" when it listens. Raises LabError.
        """
        for word in (version, *address.split(":", 1)):
            _checked(word)
        with self._locked():
            file, text = self._file("cfg"), self._configuration(address, version)
            was_there = self._pid("pid") is not None
            is_same = file.exists() and file.read_text(encoding="ascii") == text
            wanted = [] if version == SILENT else ["pid", "slow.pid"]
            if is_same and all(self._pid(ending) is not None for ending in wanted):
                return "unchanged"
            self._kill("pid")
            file.write_text(text, encoding="ascii")
            if wanted:
                self._start_slow()
                self._launch("pid", [program, "-db", "-f", file], lambda: _connects(address))
            return "restarted" if was_there else "started"

    def stop(self) -> str:
        """Kill it. Returns "stopped", or "absent" where nothing ran."""
        with self._locked():
            self._file("cfg").unlink(missing_ok=True)
            were_there = [self._kill(ending) for ending in ("pid", "slow.pid")]
            return "stopped" if any(were_there) else "absent"

    def pids(self) -> list[int]:
        """Its processes that run now."""
        return [pid for pid in map(self._pid, ("pid", "slow.pid")) if pid is not None]

    def _configuration(self, address: str, version: str) -> str:
        answers = _BAD if version == BROKEN else _GOOD
        return _CONFIGURATION.format(
            address=address, name=self.name, version=version, slow=self._file("slow.sock"),
            answers=answers.format(name=self.name, version=version),
        )  # fmt: skip

    def _start_slow(self) -> None:
        """The process for slow pages knows no version: it stays over a restart."""
        if self._pid("slow.pid") is None:
            script, socket = Path(__file__).with_name("deployable_slow.py"), self._file("slow.sock")
            socket.unlink(missing_ok=True)
            self._launch("slow.pid", [sys.executable, "-I", script, socket], lambda: _connects(str(socket)))

    def _launch(self, ending: str, command: Sequence[str | Path], is_up: Callable[[], bool]) -> None:
        """Start a daemon, of which nobody's pipe is left open, and wait until it is up."""
        log = self._file(f"{ending.removesuffix('pid')}log")
        with log.open("ab") as output:
            process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd=self.directory,
            )  # fmt: skip
        self._file(ending).write_text(f"{process.pid}\n", encoding="ascii")

        def complaint() -> str:
            return f"{self.name} does not start:\n{log.read_text(encoding='utf-8', errors='replace').strip()}"

        def comes_up() -> bool:
            if process.poll() is not None:
                self._file(ending).unlink(missing_ok=True)
                raise LabError(complaint())
            return is_up()

        wait_until(comes_up, START_SECONDS, complaint)
        process.returncode = 0  # it outlives whoever started it, and that is not to be warned about

    def _kill(self, ending: str) -> bool:
        """Kill a process of this application; returns whether there was one."""
        pid = self._pid(ending)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not is_running(pid), STOP_SECONDS, lambda: f"{self.name} (pid {pid}) does not end")
        self._file(ending).unlink(missing_ok=True)
        return pid is not None

    def _pid(self, ending: str) -> int | None:
        """The process of this file, if it runs and is no other that was given the number since."""
        try:
            pid = int(self._file(ending).read_text(encoding="ascii"))
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return None
        wanted = self._file("cfg" if ending == "pid" else "slow.sock")
        return pid if os.fsencode(wanted) in words and is_running(pid) else None

    def _file(self, ending: str) -> Path:
        return self.directory / f"{self.name}.{ending}"

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Nobody else starts or stops it: a playbook that was broken off may still be at it."""
        with self._file("lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def command(*words: str | Path) -> list[str]:
    """The command line, as any directory and environment on this machine can run it: "start", directory, …"""
    path = f"PYTHONPATH={Path(__file__).resolve().parents[1]}"
    return ["env", path, sys.executable, "-m", "lab.deployable", *map(str, words)]


def _checked(word: str) -> None:
    if not _PLAIN.fullmatch(word):
        raise LabError(f"this is no name, version, address or port: {word!r}")


def _connects(address: str) -> bool:
    connect(address).close()
    return True


def _main() -> int:
    parser = argparse.ArgumentParser(prog="lab.deployable")
    verbs = parser.add_subparsers(dest="verb", required=True)
    start, stop = verbs.add_parser("start"), verbs.add_parser("stop")
    for verb in (start, stop):
        verb.add_argument("directory", type=Path)
        verb.add_argument("name")
    start.add_argument("address", metavar="ADDRESS:PORT")
    start.add_argument("version")
    start.add_argument("--haproxy", type=Path, help="the program; by default the lab's newest")
    chosen = parser.parse_args()
    try:
        application = Application(chosen.directory.absolute(), chosen.name)
        if chosen.verb == "stop":
            print(application.stop())
        else:
            print(application.start(chosen.address, chosen.version, chosen.haproxy or binary(newest())))
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
