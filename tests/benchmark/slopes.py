# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a further task costs a play that has one already: the start of Ansible and the first use of a module are out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from benchmark.ansible import play
from lab.fleet import Fleet

Task = Mapping[str, Any]

TASKS = 16


def further(task: Callable[[], Task], *, collections: Path | None = None) -> float:
    """Seconds of each further task of a play.

    :param task: makes one of them, each time that it is called.
    """
    first = play([task()], collections=collections)
    return slope(first, play([task() for _number in range(TASKS)], collections=collections), TASKS)


def slope(first: float, all_of_them: float, tasks: int) -> float:
    """What each task after the first one costs."""
    return (all_of_them - first) / (tasks - 1)


class Weights:
    """Weights of which each is another than the one before, so that whoever sets one changes something; the first is 1."""

    def __init__(self, fleet: Fleet) -> None:
        self.last = 0
        self._fleet = fleet
        self._numbers = count()

    def another(self) -> str:
        self.last = next(self._numbers) % 256 + 1
        return str(self.last)

    def arrived(self, server: str) -> None:
        """
        :raises RuntimeError: unless this server (BACKEND/NAME) has the last one: then nothing of the kind was measured.
        """
        said = self._fleet.ask(0, f"get weight {server}")
        if said.split()[:1] != [str(self.last)]:
            raise RuntimeError(f"{server} should have weight {self.last}, and HAProxy says {said.strip()!r}")
