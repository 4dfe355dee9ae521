# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One step judged: a task obeys the law of its module, is refused in both modes alike, or does its deeds each time; and
nothing changes but what it was about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from integration.backends import masked
from integration.patterns import shown
from lab.prophecy import TOLD, sent
from lab.tasks import Result, run

from .held import Held, Thing
from .world import World

Options = dict[str, Any]
Law = Callable[[World, Options, list[Held]], Result]
"""Asserts the law of one module for a task that is neither refused nor a deed; gets what each process held before."""

Touched = Callable[[World, Options, Result], set[Thing]]
"""The things that a task may change, by its result."""

CHANGED, SAME, DEED, REFUSED = "changed", "same", "deed", "refused"
VERDICTS = (CHANGED, SAME, DEED, REFUSED)

# Errors by which a task is refused before anything is sent.
_FORESEEN = ("InputError", "ObjectNotFound", "FeatureMissing", "CommandRefused", "Hopeless", None)


def judged(world: World, module: str, options: Options, law: Law, touched: Touched) -> tuple[str, Result]:
    """What came of a task with these options, and its result. Raises AssertionError where it broke the law."""
    options = world.filled(options)
    before = world.held()
    predicted = _silent(world, module, options, check=True)
    if predicted.get("failed"):
        assert predicted.get("error") in _FORESEEN, predicted
        applied, verdict, things = _refused(world, module, options, predicted), REFUSED, set[Thing]()
    else:
        if predicted.get("unconfirmed"):
            applied, verdict = _done_each_time(world, module, options, predicted), DEED
        else:
            applied = law(world, options, before)
            verdict = CHANGED if applied["changed"] else SAME
        things = touched(world, options, applied)
    _only(things, before, world.held())
    return verdict, applied


def _silent(world: World, module: str, options: Options, *, check: bool) -> Result:
    """The result of a run that sends nothing that writes."""
    world.recorders.clear()
    result = run(module, {"socket": world.sockets, **options}, check=check)
    assert world.recorders.writes() == [[]] * world.count, "check mode wrote" if check else "a refused task wrote"
    assert "exception" not in result, result["exception"]
    return result


def _refused(world: World, module: str, options: Options, predicted: Result) -> Result:
    """A run fails as check mode said, before anything is sent."""
    failure = _silent(world, module, options, check=False)
    for key in ("failed", "error", "msg", "process", "command"):
        assert failure.get(key) == predicted.get(key), (
            f"check mode said {predicted.get('msg')}, not {failure.get('msg')}"
        )
    for key in ("changed", "done", "refused", "unconfirmed", "also_done"):
        assert not failure.get(key), failure
    return failure


def _done_each_time(world: World, module: str, options: Options, predicted: Result) -> Result:
    """Check mode predicts deeds, too; the first run does all, each one after it the deeds and nothing else."""
    arguments = {"socket": world.sockets, **options}
    applied = first = _well(world, module, arguments)
    assert {key: predicted.get(key) for key in TOLD} == {key: applied.get(key) for key in TOLD}
    for _time in range(2):
        assert applied["changed"]
        # They may be fewer: what a backend without servers does not show is seen once it has some.
        assert {*_deeds(applied)} <= {*_deeds(first)}, "the deeds of a later run are others"
        applied = _well(world, module, arguments)
        assert applied["commands"] == applied["unconfirmed"], "a later run does more than its deeds"
    return first


def _deeds(result: Result) -> list[tuple[str, str]]:
    return [(line["process"], line["command"]) for line in result["unconfirmed"]]


def _well(world: World, module: str, arguments: Options) -> Result:
    """The result of a run that sends what it tells."""
    world.recorders.clear()
    result = run(module, arguments)
    assert not result.get("failed"), result["msg"]
    writes = [shown([masked(command) for command in commands]) for commands in world.recorders.writes()]
    assert writes == sent(result), "the result tells other commands than were sent"
    return result


def _only(things: set[Thing], before: list[Held], after: list[Held]) -> None:
    """Nothing else has changed on any process."""
    for was, now in zip(before, after, strict=True):
        for thing in (was.keys() | now.keys()) - things:
            assert was.get(thing) == now.get(thing), f"{thing}, which the task is not about, has changed"


def per_process(world: World, value: Any, index: int) -> Any:
    """An option's value for one process, which may be a dictionary of process and value; None where it says nothing."""
    if isinstance(value, dict):
        return value.get(world.recorders.sockets[index])
    return value
