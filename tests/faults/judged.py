# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task said, held against what its recorders saw and what the processes hold."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from lab.commands import is_write

from .modules import MASKED, SECRET, Deed
from .sample import Held

FAILURE_KEYS = {"error", "process", "command", "done", "refused", "not_attempted", "unconfirmed", "changed", "msg"}
OK = "ok"

Result = dict[str, Any]
Writes = Mapping[str, Sequence[str]]
"""Process → the write commands that its recorder saw."""


def kind_of(result: Result) -> str:
    """``ok``, or the kind of the error."""
    return str(result.get("error", "no kind")) if result.get("failed") else OK


def check_form(result: Result) -> None:
    """A result or a failure as every module gives it: no traceback, no fault of the collection, no secret."""
    text = json.dumps(result)
    assert "exception" not in result, result["exception"]
    assert "Traceback" not in text
    assert kind_of(result) != "Fault", result["msg"]
    assert SECRET not in text, "the secret is in the result"
    if result.get("failed"):
        assert result.keys() >= FAILURE_KEYS
        assert len(result["msg"]) < 4000, f"{len(result['msg'])} characters of message"


def check_lists(deed: Deed, result: Result, seen: Writes, refused: Writes) -> None:
    """The lists of commands are what the recorders saw: nothing is missing and nothing is invented.

    :param refused: those that HAProxy refused, with what stood behind them in the same line. A task that succeeds in
        the end, as it does when HAProxy was reloaded meanwhile, need not tell them.
    """
    reported = Counter(_lines(result, "done", "refused", "unconfirmed", "also_done"))
    recorded = Counter((name, _masked(command)) for name, commands in seen.items() for command in commands)
    if not result.get("failed"):
        recorded -= Counter((name, _masked(command)) for name, commands in refused.items() for command in commands)
    assert reported == recorded, f"told and not sent: {reported - recorded}; sent and not told: {recorded - reported}"
    touched = _lines(result, "done", "also_done", *(["unconfirmed"] if result.get("failed") else []))
    assert result["changed"] == bool(touched), f"changed is {result['changed']} after {touched}"
    if not result.get("failed"):
        return
    later = [line for line in _lines(result, "not_attempted") if is_write(line[1])]
    assert not set(later) & set(recorded), "not attempted, and sent all the same"
    told: dict[str, set[str]] = {}
    for name, command in (*reported, *later):
        told.setdefault(name, set()).add(deed.effect_of(command)[0])
    if reported:
        assert all(told.get(name, set()) >= deed.effects.keys() for name in seen), (
            f"some commands are in no list: {told}"
        )


def check_truth(deed: Deed, result: Result, home: Mapping[str, Held], now: Mapping[str, Held]) -> None:
    """Each process holds what the result says: what is done took effect, what is not did not, nothing else changed.

    :param home: process → what it held before; ``now``: after. A process that is dead is not among them.
    """
    done = _lines(result, "done", "also_done")
    unsure = _lines(result, "unconfirmed") if result.get("failed") else []
    for name, held in now.items():
        wished, maybe = _effects(deed, name, done), _effects(deed, name, unsure)
        for key in held.keys() | home[name].keys():
            before, after = home[name].get(key), held.get(key)
            if key in wished:
                assert after == wished[key] or (wished[key] == "*" and after != before), f"{name}: {key} is {after}"
            elif key in maybe:
                assert after == before or maybe[key] in (after, "*"), f"{name}: {key} is {after}"
            else:
                assert after == before, f"{name}: {key} was {before} and is {after}, and nobody said so"


def check_untouched(home: Mapping[str, Held], now: Mapping[str, Held]) -> None:
    """Nothing changed on any process, whatever the result says."""
    assert dict(now) == dict(home)


def _lines(result: Result, *lists: str) -> list[tuple[str, str]]:
    """(process, command) of these lists, in their order; what is done a task that succeeds calls ``commands``."""
    if not result.get("failed"):
        names = {"done": "commands", "also_done": "also_done"}
        lists = tuple(names[name] for name in lists if name in names)
    return [(line["process"], line["command"]) for name in lists for line in result[name]]


def _masked(command: str) -> str:
    return command.replace(SECRET, MASKED)


def _effects(deed: Deed, process: str, lines: Sequence[tuple[str, str]]) -> dict[str, str | None]:
    """What these commands leave on one process, the later ones over the earlier."""
    found: dict[str, str | None] = {}
    for name, command in lines:
        if name == process:
            found.update(deed.effect_of(command)[1])
    return found
