# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The law of every stateful module: what check mode predicts is what a run does, and what is read afterwards.

Check mode sends no command that writes, and neither does the second run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .recorder import Recorders
from .tasks import Result, run

# Keys of a result that tell what was done and predicted. Readings move by themselves.
TOLD = ("changed", "diff", "commands", "also_done", "unconfirmed", "processes", "skipped_sockets", "old_workers")
MOVING = ("readings",)


def without_readings(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a result without what moves by itself."""
    return [{key: value for key, value in row.items() if key not in MOVING} for row in rows]


def told(result: Result, objects: str) -> Result:
    """What a result says of the change and of the objects."""
    assert not result.get("failed"), result["msg"]
    return {**{key: result.get(key) for key in TOLD}, objects: without_readings(result[objects])}


def sent(result: Result) -> list[list[str]]:
    """The commands that a result reports, for each process that it names."""
    names = [process["name"] for process in result["processes"]]
    return [[line["command"] for line in result["commands"] if line["process"] == name] for name in names]


def obeyed(
    module: str,
    arguments: dict[str, Any],
    recorders: Recorders,
    tells: Callable[[Result], Result],
    shown: Callable[[list[str]], list[str]] = list,
) -> tuple[Result, Result]:
    """Assert the law for one task; returns the results of the real run and of the one after it.

    `tells` picks from a result what must have been predicted, `shown` makes of the commands that one process was sent
    what a result shows of them.
    """
    nothing: list[list[str]] = [[]] * len(recorders)

    recorders.clear()
    predicted = run(module, arguments, check=True)
    assert recorders.writes() == nothing, "check mode wrote"

    recorders.clear()
    applied = run(module, arguments)
    writes = recorders.writes()
    assert [shown(each) for each in writes] == sent(applied), "the result tells other commands than were sent"
    assert tells(predicted) == tells(applied), "check mode predicted something else"
    assert applied["changed"] == (writes != nothing or "file" in applied)

    recorders.clear()
    again = run(module, arguments)
    assert recorders.writes() == nothing, "the second run wrote"
    assert not again["changed"]
    assert again["commands"] == []
    return applied, again


def holds(module: str, arguments: dict[str, Any], recorders: Recorders, objects: str) -> Result:
    """Assert the law for one task whose result has rows with ``before`` and ``after``; returns the result of the real run.

    `objects` is the key of the rows. What is read afterwards is for the caller to hold against the result.
    """
    applied, again = obeyed(module, arguments, recorders, lambda result: told(result, objects))
    afterwards = [row["after"] for row in applied[objects]]
    assert [row["before"] for row in again[objects]] == [row["after"] for row in again[objects]] == afterwards
    return applied
