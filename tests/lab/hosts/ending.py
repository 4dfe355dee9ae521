# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How hosts end, whoever ends them: the process that made them, or another that knows where they are."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Iterable
from pathlib import Path

from ..errors import LabError
from ..guardian import MARK, marked
from ..processes import members, wait_until
from . import kernel

STOP_SECONDS = 5.0
"""The kernel ends a namespace within milliseconds, and ssh when its connection is cut."""


def end(base: Path, groups: Iterable[int], network: str | None) -> None:
    """End all and leave nothing: the process groups, whoever else is in the network, ssh, the directory.

    `network` is a namespace, None for loopback and for a world that never was. Raises LabError where something stays.
    """
    _kill_groups(groups)
    _kill_marked(base)
    _empty_network(network, base)
    _end_masters(base / "world")
    _remove(base)


def _kill_groups(groups: Iterable[int]) -> None:
    """SIGKILL to process groups; returns when none of their processes runs."""
    wanted = list(groups)
    for group in wanted:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    wait_until(lambda: not members(wanted), STOP_SECONDS, lambda: f"process groups {wanted} survive SIGKILL")


def _kill_marked(base: Path) -> None:
    """Kill who left the process group that was started for it: on loopback all bear a mark in their environment."""
    _kill(lambda: marked(f"{MARK}={base}"), base)


def _empty_network(network: str | None, base: Path) -> None:
    """Kill who is left in a network: commands that were started in it from outside. None: there is no such network."""
    _kill(lambda: kernel.members("net", network), base)


def _kill(found: Callable[[], list[int]], base: Path) -> None:
    """Kill until none is found; some may have made others in the meantime."""

    def are_gone() -> bool:
        pids = found()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not pids

    wait_until(are_gone, STOP_SECONDS, lambda: f"processes of {base} survive SIGKILL: {found()}")


def _end_masters(client: Path) -> None:
    """Wait for ssh's kept connections, which are cut by now; those that wait for something else are killed."""
    title = f"ssh: {client}/c/"
    with contextlib.suppress(LabError):
        wait_until(lambda: not kernel.titles(title), STOP_SECONDS, lambda: "ssh does not end")
    for pid in kernel.titles(title):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _remove(directory: Path) -> None:
    """Remove a directory into which somebody may still be writing."""

    def is_gone() -> bool:
        shutil.rmtree(directory, ignore_errors=True)
        return not directory.exists()

    wait_until(is_gone, STOP_SECONDS, lambda: f"{directory} cannot be removed")
