# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task that changes something, from its options to what Ansible reads, on processes in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._changing import run
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._runner import Task
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._terms import Terms

from unit.plugins.module_utils.values import Memory, UntilValue, Values, World

Result = dict[str, Any]
Changed = Callable[..., Result]
WISH = Values([{"p1": {"a": "1"}}])
SET = {"process": "p1", "command": "set a 1"}


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Changed:
    """The result of a task with this wish; each world is what it finds when it looks for processes."""

    def result_of(resource: Values, *worlds: World, **options: Any) -> Result:
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
    assert world.written == ["set a 1"]


def test_what_would_be_done_is_told_and_nothing_is_sent(changed: Changed) -> None:
    world = _world()
    result = changed(WISH, world, check_mode=True, diff=True)
    assert (result["changed"], result["commands"], result["after"]) == (True, [SET], {"p1": {"a": "1"}})
    assert result["diff"] == {"before": {"a": {"p1": "0"}}, "after": {"a": {"p1": "1"}}}
    assert world.written == []


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


def test_a_refusal_tells_what_was_before(changed: Changed) -> None:
    result = changed(WISH, _world(refuses=frozenset({"set a 1"})))
    assert (result["failed"], result["changed"], result["commands"]) == (True, False, [])
    assert (result["process"], result["command"], result["before"]) == ("p1", "set a 1", {"p1": {"a": "0"}})
