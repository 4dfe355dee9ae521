# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker whose tasks leave something behind, as those of a careless module would: see ``test_soak_can_fail.py``.

The environment variable CARELESS names what they leave.
"""

from __future__ import annotations

import itertools
import os
import threading
from typing import Any

from lab import tasks

from .worker import main

OBJECTS = 1000
"""What a module that remembers its tasks may keep of each; 130 KB."""

SELDOM = 10

_kept: list[Any] = []
_tasks = itertools.count()


def _list() -> None:
    _kept.append([bytes(100) for _each in range(OBJECTS)])


def _descriptor() -> None:
    _kept.append(os.dup(0))


def _thread() -> None:
    if next(_tasks) % SELDOM == 0:  # a thread is memory, too
        threading.Thread(target=threading.Event().wait, daemon=True).start()


WAYS = {"list": _list, "descriptor": _descriptor, "thread": _thread}
_chosen = [WAYS[name] for name in os.environ.get("CARELESS", "").split()]


def run(module: str, arguments: dict[str, Any], *, check: bool) -> tasks.Result:
    """As that of ``tasks``."""
    for leave in _chosen:
        leave()
    return tasks.run(module, arguments, check=check)


if __name__ == "__main__":
    main(run)
