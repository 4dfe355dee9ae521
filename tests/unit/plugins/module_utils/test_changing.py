# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task that changes something, from its options to what Ansible reads, on processes in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._changing import run
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._runner import Task
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._terms import Terms

from unit.plugins.module_utils.support import fleet_of
from unit.plugins.module_utils.values import Memory, UntilValue, Values, World

Result = dict[str, Any]
Changed = Callable[..., Result]
WISH = Values([{"p1": {"a": "1"}}])
SET = {"process": "p1", "command": "set a 1"}


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Changed:
    """The result of a task with this wish; each world is what it finds when it looks for processes."""

    def result_of(resource: Values, *worlds: Any, **options: Any) -> Result:
        fleets = iter([world.fleet for world in worlds])
        monkeypatch.setattr(Task, "fleet", lambda _task, *, writes: next(fleets) if writes else None)
        arguments = {f"_ansible_{name}": value for name, value in options.items()}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            run({}, lambda _params: resource)
        result: Result = json.loads(capsys.readouterr().out)
        return result

    return result_of


def _world(**memory: Any) -> World:
    return World({"p1": Memory({"a": "0"}, **memory)})


def test_what_is_done_is_told_and_a_second_run_does_nothing(changed: Changed) -> None:
    world = _world()
    first = changed(WISH, world)
    assert (first["changed"], first["commands"], first["also_done"], first["unconfirmed"]) == (True, [SET], [], [])
    assert (first["before"], first["after"]) == ({"p1": {"a": "0"}}, {"p1": {"a": "1"}})
    assert "diff" not in first
    second = changed(WISH, world)
    assert (second["changed"], second["commands"], second["after"]) == (False, [], {"p1": {"a": "1"}})
    assert second["waited"] == 0
    assert world.written == ["set a 1"]


def test_what_would_be_done_is_told_and_nothing_is_sent(changed: Changed) -> None:
    world = _world()
    result = changed(WISH, world, check_mode=True, diff=True)
    assert (result["changed"], result["commands"], result["after"]) == (True, [SET], {"p1": {"a": "1"}})
    assert result["diff"] == {"before": {"a": {"p1": "0"}}, "after": {"a": {"p1": "1"}}}
    assert result["waited"] == 0
    assert world.written == []


class _File:
    """A file that is written once HAProxy has taken everything."""

    def __init__(self) -> None:
        self.begun = 0
        self.diff = {"before": "0", "after": "1"}

    def begin(self) -> None:
        self.begun += 1

    def result(self, _backup: Any, _move: Any, done: Sequence[Any], *, writes: bool) -> Result:
        return {"persisted": writes, "taken": len(done)}


class _Kept(Values):
    def file(self, _before: Any, _after: Any) -> Any:
        return FILE


FILE = _File()


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("diff", [False, True])
def test_a_file_is_part_of_the_change_and_of_the_diff(changed: Changed, check_mode: bool, diff: bool) -> None:
    FILE.begun = 0
    result = changed(_Kept([{"p1": {"a": "1"}}]), _world(), check_mode=check_mode, diff=diff)
    assert (result["changed"], result["persisted"], result["taken"]) == (True, not check_mode, 1)
    assert FILE.begun == (0 if check_mode else 1)
    both = [{"before": {"a": {"p1": "0"}}, "after": {"a": {"p1": "1"}}}, FILE.diff]
    assert result.get("diff") == (both if diff else None)


def test_a_file_alone_is_a_change(changed: Changed) -> None:
    result = changed(_Kept([{"p1": {"a": "0"}}]), _world())
    assert (result["changed"], result["commands"], result["persisted"]) == (True, [], True)


def test_what_was_done_beside_the_plan_is_told_apart(changed: Changed) -> None:
    """The end of what did not end in time."""
    until = replace(UntilValue("up", "yes"), limits=Terms(0.0, "shutdown"))
    result = changed(Values([{"p1": {}}], until, resort={"up": "yes"}), World({"p1": Memory({"up": "no"})}))
    assert result["also_done"] == [{"process": "p1", "command": "set up yes"}]
    assert (result["changed"], result["commands"]) == (True, [])


def test_after_a_reload_meanwhile_it_is_planned_again_once(changed: Changed) -> None:
    reloaded = _world()
    result = changed(WISH, _world(replaced=True), reloaded)
    assert (result["changed"], result["commands"], result["after"]) == (True, [SET], {"p1": {"a": "1"}})
    assert json.dumps(result["warnings"]).count("planned again: ") == 1
    assert reloaded.written == ["set a 1"]
    failed = changed(WISH, _world(replaced=True), _world(replaced=True))
    assert (failed["failed"], failed["error"], failed["changed"]) == (True, "ProcessReplaced", False)


def test_what_the_first_try_changed_is_part_of_the_diff(changed: Changed) -> None:
    """On a process that lives on what was before it counts."""
    lives, replaced = Memory({"b": "0"}), Memory({"a": "0"}, replaced=True)
    first = World({"p1": replaced, "p2": lives})
    again = World({"p1": Memory({"a": "0"}), "p2": lives})
    wish = Values([{"p2": {"b": "1"}}, {"p1": {"a": "1"}}])
    replaced.replaced = False
    answer = replaced.answer

    def reload_at_writing(line: str) -> Any:
        replaced.replaced = replaced.replaced or line.startswith("set ")
        return answer(line)

    replaced.answer = reload_at_writing  # type: ignore[method-assign]
    result = changed(wish, first, again, diff=True)
    assert result["diff"] == {
        "before": {"a": {"p1": "0", "p2": None}, "b": {"p1": None, "p2": "0"}},
        "after": {"a": {"p1": "1", "p2": None}, "b": {"p1": None, "p2": "1"}},
    }
    assert list(result["diff"]["before"]) == ["a", "b"]
    assert result["commands"] == [{"process": "p1", "command": "set a 1"}]
    assert result["also_done"] == [{"process": "p2", "command": "set b 1"}]
    assert result["before"] == {"p1": {"a": "0"}, "p2": {"b": "0"}}


@pytest.mark.parametrize(("empties", "knows", "warns"), [
    (frozenset({"up"}), False, True), (frozenset({"up"}), True, False), (frozenset(), False, False),
])  # fmt: skip
def test_where_sessions_of_old_workers_count_and_nobody_knows_them_is_said(
    changed: Changed, monkeypatch: pytest.MonkeyPatch, empties: frozenset[str], knows: bool, warns: bool
) -> None:
    told: list[str] = []  # Ansible's own warnings are those of all tasks of a process
    monkeypatch.setattr(Task, "warn", lambda _task, sentence: told.append(sentence))
    world = World({"p1": Memory({"up": "yes"})})
    fleet = fleet_of(world.processes, world.converse, old=() if knows else None)
    wish = Values([{"p1": {}}], replace(UntilValue("up", "yes"), empties=empties))
    changed(wish, SimpleNamespace(fleet=fleet))
    said = "old workers are unknown: add the master socket, so that their sessions are waited for, too"
    assert told == ["p1 may change", *[said] * warns]


def test_a_refusal_tells_what_was_before(changed: Changed) -> None:
    result = changed(WISH, _world(refuses=frozenset({"set a 1"})))
    assert (result["failed"], result["changed"], result["commands"]) == (True, False, [])
    assert (result["process"], result["command"], result["before"]) == ("p1", "set a 1", {"p1": {"a": "0"}})
