# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-playbook does, from the events of its callback to a line per step; pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .witness import Drain

# Names of tasks of rolling_deploy.yml.
DRAIN = "Drain it and wait for its last session"
INSTALL = "Install the new version"
ANSWERS = "Wait until the new version answers"
READY = "Bring it back and wait until it is up"


class Event(NamedTuple):
    """One line of callback/events.py."""

    kind: str
    """"start", "ok", "skipped", "failed" or "ignored"."""
    host: str
    task: str
    time: float
    """Seconds of the machine's monotonic clock."""
    result: Mapping[str, Any]


def event_of(line: str) -> Event | None:
    """The event of a line of output, or None for any other line."""
    try:
        said = json.loads(line)
        return Event(said["event"], said["host"], said["task"], said["time"], said["result"])
    except (ValueError, TypeError, KeyError):
        return None


def reason(event: Event) -> str:
    """Why a task failed, in Ansible's words; of a loop, those of its first item that failed."""
    # ansible-core 2.21 leaves "failed" out of the items, where "exception" remains
    items = [item for item in event.result.get("results", []) if item.get("failed") or "exception" in item]
    words = (items[0] if items else event.result).get("msg", "it failed")
    return f"{event.host}: {event.task}: {words}"


class Narrator:
    """Turns events into lines, of which each tells what a step did and how long it took."""

    def __init__(self, began: float, drain_of: Callable[[str], Drain | None], versions: tuple[str, str]) -> None:
        """`began` is second 0 of the lines; `drain_of` a server is what the witness saw; `versions` old and new."""
        self._began = began
        self._drain_of = drain_of
        self._versions = versions
        self._starts: dict[tuple[str, str], float] = {}

    def line(self, event: Event) -> str | None:
        """The line for this event, or None where it says nothing new."""
        if event.kind == "start":
            self._starts[event.host, event.task] = event.time
        if event.kind != "ok":
            return None
        if event.task == DRAIN:
            return self._told(event, "drained", self._drained(event))
        if event.task == ANSWERS:
            seconds = event.time - self._starts[event.host, INSTALL]
            return self._told(event, "deployed", f"{' -> '.join(self._versions)}, stopped and started, {seconds:.1f} s")
        if event.task == READY:
            seconds = event.time - self._starts[event.host, READY]
            return self._told(event, "ready", f"up on {_processes(event)} processes after {seconds:.1f} s")
        return None

    def _drained(self, event: Event) -> str:
        drain = self._drain_of(event.host)
        if drain is None:
            return f"on {_processes(event)} processes, unseen by the witness"
        seconds = event.time - drain.before
        return f"waited {seconds:.1f} s for {drain.sessions} sessions on {_processes(event)} processes"

    def _told(self, event: Event, step: str, what: str) -> str:
        return f"{event.time - self._began:6.1f} s  {event.host}  {step:8}  {what}"


def _processes(event: Event) -> int:
    """How many processes the module spoke to."""
    return sum(len(item.get("processes", [])) for item in event.result.get("results", []))
