# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Master-worker fleets: reloads, and the old workers that a reload leaves while they have sessions."""

from __future__ import annotations

import os
import signal

from .config import Global, write
from .processes import is_running, wait_until
from .running import START_SECONDS, Fleet, Options
from .versions import Version


class MasterFleet(Fleet):
    """A master with its worker (``-W -S``), or several workers on versions that have nbproc."""

    master: str
    master_pid: int

    def __init__(self, wanted: str | Version) -> None:
        """Make the directory; nothing runs yet. Tests use ``fleet.master_worker`` instead."""
        super().__init__(wanted)
        self.master = str(self.base / "master.sock")
        self._former: list[int] = []
        self._head: Global | None = None

    @property
    def old_pids(self) -> list[int]:
        """Old workers that still run, oldest first."""
        return [pid for pid in self._former if is_running(pid)]

    def begin(self, body: str, workers: int, options: Options) -> None:
        """Start the master and wait until all workers and the master itself answer."""
        lines = [
            socket
            for number in range(1, workers + 1)
            for socket in self.add_sockets(number, options, process=number if workers > 1 else None)
        ]
        self._head = Global(lines, workers, options.get("nbthread", 1), options.get("global_lines", ""))
        self.master_pid = self.launch("master", self._head, body, "-W", "-S", self.master)
        self.wait_ready()
        self._wait_master(self.pids)

    def reload(self, body: str | None = None, *, seconds: float = START_SECONDS) -> list[int]:
        """Reload by SIGUSR2, with another body if one is given; returns the pids of the new workers.

        Returns when the new workers answer on every socket, the master shows them, and those of before know that
        they are old. LabError where the new ones do not answer within `seconds`, as with a bad configuration: then
        the workers of before go on.
        """
        if body is not None and self._head is not None:
            write(self.base / "master.cfg", self._head, body)
        before = self.pids
        self._former = self.old_pids  # those that have ended: their pids may come again
        os.kill(self.master_pid, signal.SIGUSR2)

        def renewed() -> list[int] | None:
            now = self.pids
            return None if set(now) & {*before, *self._former} else now

        after = wait_until(renewed, seconds, lambda: self.complaint("no new worker after the reload"))
        self._former += before
        self._wait_master(after)
        wait_until(
            lambda: all(map(self._is_old, before)), START_SECONDS, lambda: self.complaint("none is told to stop")
        )
        return after

    def _is_old(self, pid: int) -> bool:
        """Whether this worker has been told to stop, or has ended."""
        return not is_running(pid) or "\nStopping: 1\n" in self.ask(self.master, f"@!{pid} show info", 2.0)

    def wait_old_gone(self, seconds: float = START_SECONDS) -> None:
        """Wait until no old worker runs; LabError after `seconds`."""
        wait_until(lambda: not self.old_pids, seconds, lambda: self.complaint(f"old workers {self.old_pids} live"))

    def _wait_master(self, pids: list[int]) -> None:
        """The master refuses connections while it executes itself again: at reloads, on 2.6 and 3.0 also at the start.

        `pids` are the current workers. They are not asked again: on 2.6 an old worker may still answer a connection
        after the new one has answered.
        """
        current = {str(pid) for pid in pids}

        def shows() -> bool:
            rows = self.ask(self.master, "show proc", 2.0).partition("# old workers")[0]
            return current <= {row.split()[0] for row in rows.splitlines() if row.strip()}

        wait_until(shows, START_SECONDS, lambda: self.complaint("the master does not answer"))
