# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that only read, and tasks that send what the user writes."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ._errors import ProcessReplaced
from ._fleet import Fleet
from ._runner import Params, Result, Task

C = TypeVar("C")


def run_info(argument_spec: Mapping[str, Any], gather_of: Callable[[Params], Callable[[Fleet], Result]]) -> None:
    """Be a module that only reads.

    :param gather_of: judges the options, before any process is asked for, and says what to ask the fleet.
    """
    Task(argument_spec).answer(lambda task: _gather(task, gather_of(task.params)))


def _without_collector(work: Callable[[], Result]) -> Result:
    """The rows of thousands of servers are many objects and no cycles among them; to look for some takes a tenth of it."""
    collects = gc.isenabled()
    gc.disable()
    try:
        return work()
    finally:
        if collects:
            gc.enable()


def _gather(task: Task, ask: Callable[[Fleet], Result]) -> Result:
    """Read; when HAProxy is reloaded meanwhile, look again, once."""
    try:
        return _without_collector(lambda: {"changed": False, **ask(task.fleet(writes=False))})
    except ProcessReplaced as error:
        task.warn(f"read again: {error}")
        return {"changed": False, **ask(task.fleet(writes=False))}


def run_commands(
    argument_spec: Mapping[str, Any], commands_of: Callable[[Any], C], send: Callable[[Fleet, C, bool], Result]
) -> None:
    """Be a module that sends what the user writes in its option ``command``.

    :param commands_of: judges it, before any process is asked for.
    :param send: does it; when its last argument is False, only what reads. Its ``warnings`` are said as such.
    """

    def work(task: Task) -> Result:
        commands = commands_of(task.params["command"])
        result = send(task.fleet(writes=True), commands, not task.predicts)
        for warning in result.pop("warnings"):
            task.warn(warning)
        return result

    Task(argument_spec).answer(work)
