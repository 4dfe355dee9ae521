# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same question to many processes, and what the answers come to."""

from __future__ import annotations

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    CannotConnect,
    ClosedEarly,
    HAProxyError,
    NotFound,
    PermissionDenied,
    ProcessReplaced,
    TimedOut,
    TransportError,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import Fleet, PerProcess, all_well
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._process import Process
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import Command
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._transport import Conversation, Exchange
from hypothesis import given
from hypothesis import strategies as st

from unit.plugins.module_utils.support import ScriptedConverse, fleet_of, process, said


@pytest.mark.parametrize(
    ("values", "same", "merged"),
    [
        pytest.param({}, True, {}, id="nobody"),
        pytest.param({"p1": 1}, True, 1, id="one"),
        pytest.param({"p1": 1, "p2": 1}, True, 1, id="two agree"),
        pytest.param({"p1": 1, "p2": 2}, False, {"p1": 1, "p2": 2}, id="two disagree"),
        pytest.param({"p1": 1, "p2": 1, "p3": 2}, False, {"p1": 1, "p2": 1, "p3": 2}, id="the last disagrees"),
        pytest.param({"p1": None, "p2": None}, True, None, id="nothing is a value"),
        pytest.param({"p1": 0, "p2": None}, False, {"p1": 0, "p2": None}, id="zero is not nothing"),
    ],
)
def test_values_of_processes(values: dict[str, object], same: bool, merged: object) -> None:
    per_process = PerProcess(values)
    assert per_process.same is same
    assert per_process.merged() == merged
    assert dict(per_process) == values
    assert list(per_process) == list(values)
    assert len(per_process) == len(values)


def test_values_are_not_changed_from_outside() -> None:
    values = {"p1": 1}
    per_process = PerProcess(values)
    values["p1"] = 2
    assert per_process["p1"] == 1
    with pytest.raises(KeyError):
        per_process["p2"]


@given(st.dictionaries(st.text(min_size=1), st.integers(0, 2), min_size=1))
def test_merging_loses_nothing(values: dict[str, int]) -> None:
    merged = PerProcess(values).merged()
    assert values == (merged if isinstance(merged, dict) else dict.fromkeys(values, merged))


def test_all_well_gives_the_answers() -> None:
    assert all_well({"p1": 1, "p2": 2}) == {"p1": 1, "p2": 2}


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        pytest.param({"p1": 1, "p2": TimedOut("late")}, "process p2: late", id="one"),
        pytest.param(
            {"p1": TimedOut("late"), "p2": 1, "p3": TimedOut("later")},
            "process p1: late (and 1 more of 3 processes)",
            id="two of three",
        ),
        pytest.param({"p1": NotFound("no", answer="no", process="px")}, "process px: no", id="one that has its place"),
    ],
)
def test_the_first_error_is_raised_and_counts_the_others(answers: dict[str, int | HAProxyError], sentence: str) -> None:
    with pytest.raises(HAProxyError) as caught:
        all_well(answers)
    assert str(caught.value) == sentence
    assert caught.value in answers.values()


def _name(one: Process) -> Conversation[str]:
    return (yield from one.ask(Command("show name")))


def test_every_process_is_asked_once_in_one_call() -> None:
    converse = ScriptedConverse(lambda exchange: said(f"\n{exchange.address.text}\n\n".encode()))
    fleet = fleet_of([process("p1"), process("p2"), process("p3")], converse, timeout=2.5)
    assert dict(fleet.each(_name)) == {name: name for name in ("p1", "p2", "p3")}
    assert [exchange.address.text for exchange in converse.exchanges] == ["p1", "p2", "p3"]
    assert converse.timeouts == [2.5]


def test_an_error_of_one_process_is_the_fleets_and_has_its_place() -> None:
    def answer(exchange: Exchange) -> bytes | TransportError:
        return CannotConnect("gone", errno=2) if exchange.address.text == "p2" else said(b"\nx\n\n")

    fleet = fleet_of([process("p1"), process("p2")], ScriptedConverse(answer))
    with pytest.raises(CannotConnect) as caught:
        fleet.each(_name)
    assert (caught.value.process, caught.value.command) == ("p2", "show name")


def test_an_attempt_gives_errors_beside_answers() -> None:
    def answer(exchange: Exchange) -> bytes | TransportError:
        return TimedOut("late") if exchange.address.text == "p1" else said(b"\nx\n\n")

    fleet = fleet_of([process("p1"), process("p2")], ScriptedConverse(answer))
    outcomes = fleet.attempt({name: _name(fleet[name]) for name in ("p2", "p1")})
    assert list(outcomes) == ["p2", "p1"]
    assert outcomes["p2"] == "x"
    assert isinstance(outcomes["p1"], TimedOut)


def test_a_process_is_found_by_its_name() -> None:
    fleet = fleet_of([process("p1"), process("p2")], ScriptedConverse(lambda _exchange: b""))
    assert fleet["p2"].name == "p2"


# Old workers -----------------------------------------------------------------------------------------------------

GONE = b"Can't find the target PID matching the prefix '@!1'\n"


def _old_fleet(answers: dict[str, bytes | TransportError]) -> Fleet:
    converse = ScriptedConverse(lambda exchange: said(answers[exchange.address.text]))
    return fleet_of([process("p1")], converse, old=[process(name) for name in answers])


def test_every_old_worker_is_asked_and_no_current_one() -> None:
    fleet = _old_fleet({"o1": b"\n1\n\n", "o2": b"\n2\n\n"})
    assert dict(fleet.each_old(_name)) == {"o1": "1", "o2": "2"}


def test_an_old_worker_that_has_ended_is_left_out_and_a_silent_one_says_nothing() -> None:
    fleet = _old_fleet(
        {
            "gone": GONE,
            "hung": TimedOut("late"),
            "cut": ClosedEarly("it broke the connection off"),
            "away": CannotConnect("gone", errno=111),
            "there": b"\nx\n\n",
        }
    )
    assert dict(fleet.each_old(_name)) == {"hung": None, "cut": None, "away": None, "there": "x"}


def test_an_old_worker_that_refuses_is_an_error_with_its_place() -> None:
    with pytest.raises(PermissionDenied) as caught:
        _old_fleet({"o1": b"\nx\n\n", "o2": b"\n[3]: Permission denied\n\n"}).each_old(_name)
    assert caught.value.process == "o2"


@pytest.mark.parametrize("old", [None, ()], ids=["unknown", "none"])
def test_no_old_worker_is_no_answer(old: tuple[Process, ...] | None) -> None:
    fleet = fleet_of([process("p1")], ScriptedConverse(lambda _exchange: b""), old=old)
    assert dict(fleet.each_old(_name)) == {}
    assert fleet.old == old


def test_a_current_process_that_was_replaced_is_an_error() -> None:
    with pytest.raises(ProcessReplaced):
        fleet_of([process("p1")], ScriptedConverse(lambda _exchange: GONE)).each(_name)
