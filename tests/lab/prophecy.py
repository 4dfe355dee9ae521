# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The law of every stateful module: what check mode predicts is what a run does, and what is read afterwards.

Check mode sends no command that writes, and neither does the second run.
"""

from __future__ import annotations

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


def holds(module: str, arguments: dict[str, Any], recorders: Recorders, objects: str) -> Result:
    """Assert the law for one task; returns the result of the real run.

    `objects` is the key of the result's rows. What is read afterwards is for the caller to hold against the result.
    """
    nothing: list[list[str]] = [[]] * len(recorders)

    recorders.clear()
    predicted = run(module, arguments, check=True)
    assert recorders.writes() == nothing, "check mode wrote"

    recorders.clear()
    applied = run(module, arguments)
    assert recorders.writes() == sent(applied), "the result tells other commands than were sent"
    assert told(predicted, objects) == told(applied, objects), "check mode predicted something else"
    assert applied["changed"] == (recorders.writes() != nothing)

    recorders.clear()
    again = run(module, arguments)
    assert recorders.writes() == nothing, "the second run wrote"
    assert not again["changed"]
    assert again["commands"] == []
    afterwards = [row["after"] for row in applied[objects]]
    assert [row["before"] for row in again[objects]] == [row["after"] for row in again[objects]] == afterwards
    return applied
