# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task that only reads, and one that sends what the user writes, from their options to what Ansible reads."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import InputError
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import Fleet
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._gathering import run_commands, run_info
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._runner import Task

from unit.plugins.module_utils.values import Memory, Values, World

Result = dict[str, Any]
Said = Callable[..., Result]
READS = Values([])


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """What a task says; each world is what it finds when it looks for processes."""

    def result_of(run: Callable[[], None], *worlds: World, writer: bool = False, **options: Any) -> Result:
        fleets = iter([world.fleet for world in worlds])

        def fleet(_task: Task, *, writes: bool) -> Fleet:
            assert writes is writer
            return next(fleets)

        monkeypatch.setattr(Task, "fleet", fleet)
        with patch_module_args(options), pytest.raises(SystemExit):
            run()
        result: Result = json.loads(capsys.readouterr().out)
        return result

    return result_of


def _gather(fleet: Fleet) -> Result:
    return {"values": dict(fleet.each(READS.observe)), "collects": gc.isenabled()}


def _read() -> None:
    run_info({}, lambda _params: _gather)


@pytest.mark.parametrize("collects", [True, False])
def test_what_is_read_is_told_and_changes_nothing(said: Said, collects: bool) -> None:
    """Python looks for no garbage meanwhile, and does so again afterwards if it did before."""
    former = gc.isenabled()
    try:
        (gc.enable if collects else gc.disable)()
        result = said(_read, World({"p1": Memory({"a": "1"})}))
        assert gc.isenabled() is collects
    finally:
        (gc.enable if former else gc.disable)()
    assert (result["changed"], result["values"], result["collects"]) == (False, {"p1": {"a": "1"}}, False)


def test_after_a_reload_meanwhile_it_is_read_again_once(said: Said) -> None:
    gone = World({"p1": Memory({"a": "0"}, replaced=True)})
    result = said(_read, gone, World({"p1": Memory({"a": "1"})}))
    assert (result["changed"], result["values"]) == (False, {"p1": {"a": "1"}})
    assert json.dumps(result["warnings"]).count("read again: ") == 1
    failed = said(_read, gone, gone)
    assert (failed["failed"], failed["error"], failed["changed"]) == (True, "ProcessReplaced", False)


def test_options_that_cannot_be_meant_are_refused_before_any_process_is_sought(said: Said) -> None:
    def refused(_params: Mapping[str, Any]) -> Any:
        raise InputError("not so")

    assert said(lambda: run_info({}, refused))["msg"] == "not so"
    assert said(lambda: _send(refused), writer=True, command=["x"])["msg"] == "not so"


def _send(commands_of: Callable[[Any], Any] = list) -> None:
    def send(fleet: Fleet, commands: list[str], writes: bool) -> Result:
        names = [one.name for one in fleet.processes]
        return {"changed": writes, "sent": commands, "names": names, "warnings": ["a word"]}

    run_commands({"command": {"type": "list", "elements": "str"}}, commands_of, send)


@pytest.mark.parametrize("check_mode", [False, True])
def test_in_check_mode_nothing_that_writes_is_sent(said: Said, check_mode: bool) -> None:
    world = World({"p1": Memory({})})
    result = said(_send, world, writer=True, command=["a", "b"], _ansible_check_mode=check_mode)
    assert (result["changed"], result["sent"], result["names"]) == (not check_mode, ["a", "b"], ["p1"])
    assert "a word" in json.dumps(result["warnings"])
