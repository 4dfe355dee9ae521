# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines of the core a test executes. coverage (7.17) needs three times as long: it watches each line for ever."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from pathlib import Path
from types import CodeType


class Watch:
    """Notes the lines that are executed, of all threads.

    :param core: the folder of the files that are watched.
    """

    def __init__(self, core: Path) -> None:
        self.reached: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        self._below = f"{core}{os.sep}"
        self._test = -1
        self._names: dict[str, str] = {}
        """File as code objects know it → below the folder, or nothing."""
        monitoring = sys.monitoring
        monitoring.use_tool_id(monitoring.COVERAGE_ID, "mutation")
        monitoring.register_callback(monitoring.COVERAGE_ID, monitoring.events.LINE, self._line)
        monitoring.set_events(monitoring.COVERAGE_ID, monitoring.events.LINE)

    def end(self) -> None:
        """Watch no more."""
        monitoring = sys.monitoring
        monitoring.set_events(monitoring.COVERAGE_ID, monitoring.events.NO_EVENTS)
        monitoring.free_tool_id(monitoring.COVERAGE_ID)

    def begin(self, test: int) -> None:
        """What follows is done by this test."""
        self._test = test
        sys.monitoring.restart_events()

    def _line(self, code: CodeType, line: int) -> object:
        name = self._names.get(code.co_filename)
        if name is None:
            path = os.path.realpath(code.co_filename)
            name = path.removeprefix(self._below) if path.startswith(self._below) else ""
            self._names[code.co_filename] = name
        if name:
            self.reached[name][line].add(self._test)
        return sys.monitoring.DISABLE  # up to the next test
