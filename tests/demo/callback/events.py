# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stdout callback for ansible-playbook: one line of JSON per event, for a program that reads along."""

from __future__ import annotations

import json
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: events
type: stdout
short_description: One line of JSON per event
description: Writes when each task began and how it ended on each host, for the demo.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # Ansible has no types
    """Writes ``{"event", "host", "task", "time", "result"}``; time is of the monotonic clock, in seconds."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "events"

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """A task begins on a host."""
        self._write("start", host, task, {})

    def v2_runner_on_ok(self, result: Any) -> None:
        """It ended well; of a loop, all of it."""
        self._write("ok", result.host, result.task, result.result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """It was not run."""
        self._write("skipped", result.host, result.task, result.result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """It failed."""
        self._write("ignored" if ignore_errors else "failed", result.host, result.task, result.result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """There is no way to the host."""
        self._write("failed", result.host, result.task, result.result)

    def _write(self, event: str, host: Any, task: Any, result: Any) -> None:
        line = {
            "event": event,
            "host": host.get_name(),
            "task": task.get_name(),
            "time": time.monotonic(),
            "result": result,
        }
        self._display.display(json.dumps(line, default=str))
