# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sequences are a check that can fail: each module broken, each socket that lies and each forgotten rule turns them red."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils import _engine, _runner
from hypothesis import Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from faults.places import specification
from lab.agent import Agent
from lab.apps import Apps
from lab.commands import is_write, split_commands
from lab.raw import ask
from lab.versions import oldest

from . import test_sequences
from .machine import BASE, LONG, RULES, machine, tasks_of
from .world import World, started

READERS = ("haproxy_info", "haproxy_map_info", "haproxy_acl_info")
WRITERS = tuple(module for module in RULES if module not in READERS)
# Whose writes are read again by the engine.
CONFIRMED = tuple(module for module in WRITERS if module != "haproxy_command")

Break = Callable[[World, pytest.MonkeyPatch], None]


@pytest.fixture(scope="module")
def one(apps: Apps, agent: Agent) -> Iterator[World]:
    """One process of the oldest version, which reloads fastest."""
    with started(oldest(), 1, apps, agent) as running:
        yield running


def _fail(world: World, module: str) -> None:
    """Run tasks of this module until one breaks the law."""
    run_state_machine_as_test(
        seed(1)(machine(world, tasks_of(module))),
        settings=settings(
            BASE, max_examples=20, stateful_step_count=15, phases=(Phase.generate,), report_multiple_bugs=False
        ),
    )


def _at_exit(patch: pytest.MonkeyPatch, change: Callable[[AnsibleModule, dict[str, Any]], None]) -> None:
    """Change what a module tells, or do more, at its end."""
    real = _runner.Task.answer

    def answer(task: _runner.Task, work: Callable[[_runner.Task], dict[str, Any]]) -> None:
        def changed(task: _runner.Task) -> dict[str, Any]:
            result = {**_runner._readable(task.known), **work(task)}
            change(task.module, result)
            return result

        real(task, changed)

    patch.setattr(_runner.Task, "answer", answer)


def check_mode_writes(_world: World, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(AnsibleModule, "check_mode", property(lambda _self: False, lambda _self, _value: None), raising=False)


def check_mode_sees_no_change(_world: World, patch: pytest.MonkeyPatch) -> None:
    def change(module: AnsibleModule, result: dict[str, Any]) -> None:
        result["changed"] = result["changed"] and not module.check_mode

    _at_exit(patch, change)


def a_command_is_not_told(world: World, patch: pytest.MonkeyPatch) -> None:
    def change(_module: AnsibleModule, _result: dict[str, Any]) -> None:
        ask(world.recorders.sockets[0], "clear counters")

    _at_exit(patch, change)


def writes_are_swallowed(world: World, _patch: pytest.MonkeyPatch) -> None:
    world.recorders[0].swallow = lambda request: b"\n\n" if any(map(is_write, split_commands(request))) else None


def writes_are_swallowed_and_believed(world: World, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_engine, "_confirm", lambda *_arguments: None)
    writes_are_swallowed(world, patch)


def something_else_changes_too(world: World, _patch: pytest.MonkeyPatch) -> None:
    def meddle(request: bytes) -> None:
        if any(map(is_write, split_commands(request))):
            world.tell(0, "set server both-1/own1 weight 7")

    world.recorders[0].swallow = meddle


def something_else_is_told(_world: World, patch: pytest.MonkeyPatch) -> None:
    def change(_module: AnsibleModule, result: dict[str, Any]) -> None:
        for row in result.get("servers", ()):
            row["weight"] = 77
        for row in (*result.get("maps", ()), *result.get("acls", ())):
            row["name"] += "x"
            for each in row["per_process"]:
                each.get("entries", []).append({"key": "x", "value": "y"})

    _at_exit(patch, change)


BREAKS: dict[Break, tuple[str, ...]] = {
    check_mode_writes: WRITERS,
    check_mode_sees_no_change: WRITERS,
    a_command_is_not_told: tuple(RULES),
    writes_are_swallowed: WRITERS,
    writes_are_swallowed_and_believed: CONFIRMED,
    something_else_changes_too: WRITERS,
    something_else_is_told: READERS,
}
CASES = {
    f"{how.__name__}-{module}": (how, module)
    for number, (how, modules) in enumerate(BREAKS.items())
    for module in (modules if LONG else modules[number % 3 :: 3])
}


@pytest.mark.parametrize(("how", "module"), CASES.values(), ids=CASES)
def test_a_broken_module_is_seen(one: World, monkeypatch: pytest.MonkeyPatch, how: Break, module: str) -> None:
    how(one, monkeypatch)
    try:
        with pytest.raises(AssertionError):
            _fail(one, module)
    finally:
        one.recorders[0].swallow = None


def test_a_module_without_rules_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RULES, "haproxy_map")
    with pytest.raises(AssertionError):
        test_sequences.test_every_module_has_rules()


def test_an_option_without_values_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    more = {**specification("haproxy_acl"), "new_option": {"type": "str"}}
    monkeypatch.setattr(test_sequences, "specification", lambda _module: more)
    with pytest.raises(AssertionError):
        test_sequences.test_every_option_is_drawn_or_left_out_for_a_reason("haproxy_acl")
