# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply, confirm, wait: with processes that obey, refuse, lie, hang and die half-way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._engine import Outcome, carry_out
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    CannotConnect,
    ClosedEarly,
    Fault,
    HAProxyError,
    Hopeless,
    NotConverged,
    NotFound,
    PartlyApplied,
    ProcessReplaced,
    TimedOut,
    WaitTimedOut,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import PerProcess
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._plan import Plan
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._promises import Remains, Until, Verdict
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._sending import CLOCK, Clock
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._terms import Place, Terms
from hypothesis import given
from hypothesis import strategies as st

from unit.plugins.module_utils.support import fleet_of
from unit.plugins.module_utils.values import FakeClock, Memory, Patient, State, UntilValue, Values, World, plan_of

ALL_THREE = ("p1", "p2", "p3")


def _planned(world: World, resource: Values) -> Plan[State]:
    return plan_of(world.fleet, resource)


def _run(
    world: World, resource: Values, clock: FakeClock | None = None, *, timeout: float = 10.0, interval: float = 1.0
) -> PerProcess[State]:
    return _outcome(world, resource, clock, timeout=timeout, interval=interval).after


def _outcome(
    world: World, resource: Values, clock: FakeClock | None = None, *, timeout: float = 10.0, interval: float = 1.0
) -> Outcome[State]:
    passing = (clock or FakeClock()).clock
    if isinstance(resource.until, UntilValue):
        resource = replace(resource, until=replace(resource.until, limits=Terms(timeout), interval=interval))
    return carry_out(world.fleet, resource, _planned(world, resource), passing)


def _failed(world: World, resource: Values, clock: FakeClock | None = None, **patience: float) -> HAProxyError:
    with pytest.raises(HAProxyError) as caught:
        _run(world, resource, clock, **patience)
    return caught.value


def _everywhere(world: World, **wish: str) -> Values:
    return Values([dict.fromkeys(world.memories, wish)])


def _lines(lines: object) -> list[tuple[str, str]]:
    assert isinstance(lines, (list, tuple))
    return [(line["process"], line["command"]) for line in lines]


# Apply and confirm -----------------------------------------------------------------------------------------------

STATES = st.dictionaries(st.sampled_from("abcde"), st.sampled_from("123"), max_size=5)


@given(st.dictionaries(st.sampled_from(ALL_THREE), st.tuples(STATES, STATES, STATES), min_size=1), st.booleans())
def test_predicted_is_applied_is_read_back_and_a_second_run_writes_nothing(
    cases: dict[str, tuple[State, State, State]], one_line_each: bool
) -> None:
    memories = {name: Memory(dict(state)) for name, (state, _first, _second) in cases.items()}
    world = World(memories, one_line_each=one_line_each)
    resource = Values(
        [{name: case[1] for name, case in cases.items()}, {name: case[2] for name, case in cases.items()}]
    )
    planned = _planned(world, resource)
    assert world.written == []
    after = carry_out(world.fleet, resource, planned, FakeClock().clock).after
    assert dict(after) == dict(planned.after) == world.values()
    sent = [command for line in world.written for command in line.split(";")]
    assert sorted(sent) == sorted(line["command"] for line in planned.commands())
    again = _planned(world, Values([resource.goals[1]]))
    assert not again.commands()


def test_nothing_to_do_reads_and_writes_nothing_more() -> None:
    world = World({"p1": Memory({"a": "1"})})
    after = _run(world, _everywhere(world, a="1"))
    assert dict(after) == {"p1": {"a": "1"}}
    assert world.memories["p1"].reads == 1
    assert world.written == []


def test_every_stage_is_confirmed_before_the_next_begins() -> None:
    world = World({"p1": Memory({}, ignores=frozenset({"set a 1"}))})
    error = _failed(world, Values([{"p1": {"a": "1"}}, {"p1": {"b": "1"}}]))
    assert isinstance(error, NotConverged)
    assert world.written == ["set a 1"]


# Refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one_line_each", [False, True], ids=["in one line", "a line each"])
def test_a_refusal_on_one_of_three_stops_that_one_and_tells_who_did_what(one_line_each: bool) -> None:
    world = World(
        {
            "p1": Memory({}),
            "p2": Memory({}, refuses=frozenset({"set b 1"})),
            "p3": Memory({"a": "1"}),
        },
        one_line_each=one_line_each,
    )
    error = _failed(world, _everywhere(world, a="1", b="1", c="1"))
    assert isinstance(error, PartlyApplied)
    assert isinstance(error.__cause__, NotFound)
    assert (error.process, error.command) == ("p2", "set b 1")
    assert _lines(error.refused) == [("p2", "set b 1")]
    assert [line["answer"] for line in error.refused] == ["No such value."]
    done = [("p1", "set a 1"), ("p1", "set b 1"), ("p1", "set c 1"), ("p2", "set a 1")]
    done += [] if one_line_each else [("p2", "set c 1")]  # in one line HAProxy goes on behind a refusal
    done += [("p3", "set b 1"), ("p3", "set c 1")]
    assert _lines(error.done) == done
    assert _lines(error.not_attempted) == ([("p2", "set c 1")] if one_line_each else [])
    assert error.unconfirmed == []
    assert str(error).endswith("; commands were carried out on p1, p2, p3")
    assert "No such value." in str(error)


def test_a_refusal_of_everything_is_the_refusal_itself() -> None:
    world = World({"p1": Memory({}, refuses=frozenset({"set a 1"}))})
    error = _failed(world, _everywhere(world, a="1"))
    assert error.__class__ is NotFound
    assert str(error) == "process p1: HAProxy refused 'set a 1': No such value."
    assert (error.process, error.command) == ("p1", "set a 1")
    assert (error.done, error.not_attempted, error.unconfirmed) == ([], [], [])
    assert _lines(error.refused) == [("p1", "set a 1")]


def test_of_refusals_where_nothing_was_done_the_others_are_counted() -> None:
    world = World({name: Memory({}, refuses=frozenset({"set a 1"})) for name in ALL_THREE})
    error = _failed(world, _everywhere(world, a="1"))
    assert error.__class__ is NotFound
    assert str(error).endswith(" (and 2 more of 3 processes)")
    assert _lines(error.refused) == [(name, "set a 1") for name in ALL_THREE]


def test_refusals_on_several_processes_are_all_told() -> None:
    memories = {name: Memory({}, refuses=frozenset({"set b 1"})) for name in ALL_THREE}
    error = _failed(World(memories), _everywhere(World(memories), a="1", b="1"))
    assert isinstance(error, PartlyApplied)
    assert _lines(error.refused) == [(name, "set b 1") for name in ALL_THREE]
    assert _lines(error.done) == [(name, "set a 1") for name in ALL_THREE]


def test_what_an_earlier_stage_did_is_told_when_a_later_one_is_refused() -> None:
    world = World({"p1": Memory({}, refuses=frozenset({"set b 1"}))})
    error = _failed(world, Values([{"p1": {"a": "1"}}, {"p1": {"b": "1"}}]))
    assert isinstance(error, PartlyApplied)
    assert _lines(error.done) == [("p1", "set a 1")]
    assert _lines(error.refused) == [("p1", "set b 1")]


def test_the_stages_behind_the_one_that_failed_are_not_attempted() -> None:
    world = World({"p1": Memory({}, refuses=frozenset({"set a 1"})), "p2": Memory({})})
    both = {"p1": {"b": "1"}, "p2": {"b": "1"}}
    error = _failed(world, Values([{"p1": {"a": "1"}}, both]))
    assert _lines(error.refused) == [("p1", "set a 1")]
    assert _lines(error.not_attempted) == [("p1", "set b 1"), ("p2", "set b 1")]


def test_a_process_that_cannot_be_reached_any_more_did_nothing() -> None:
    world = World(
        {"p1": Memory({}), "p2": Memory({}, fails={0: CannotConnect("refused", errno=111)}, carries_out=False)}
    )
    error = _failed(world, _everywhere(world, a="1", b="1"))
    assert isinstance(error, PartlyApplied)
    assert isinstance(error.__cause__, CannotConnect)
    assert error.process == "p2"
    assert _lines(error.done) == [("p1", "set a 1"), ("p1", "set b 1")]
    assert _lines(error.not_attempted) == [("p2", "set a 1"), ("p2", "set b 1")]
    assert (error.refused, error.unconfirmed) == ([], [])


# Commands of which nobody knows ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("carries_out", "done", "refused"),
    [
        pytest.param(True, [("p1", "set a 1"), ("p1", "set b 1")], [], id="carried out"),
        pytest.param(False, [], [("p1", "set a 1"), ("p1", "set b 1")], id="not carried out"),
    ],
)
def test_what_became_of_a_line_whose_connection_broke_is_read(
    carries_out: bool, done: list[tuple[str, str]], refused: list[tuple[str, str]]
) -> None:
    world = World({"p1": Memory({}, fails={0: ClosedEarly("broken off")}, carries_out=carries_out)})
    error = _failed(world, _everywhere(world, a="1", b="1"))
    assert _lines(error.done) == done
    assert _lines(error.refused) == refused
    assert error.unconfirmed == []
    assert isinstance(error, PartlyApplied if done else ClosedEarly)
    assert "broken off" in str(error)


@pytest.mark.parametrize("cut", range(5))
def test_what_became_of_a_line_whose_answer_is_cut_short_is_read(cut: int) -> None:
    world = World({"p1": Memory({}, cut=cut)})
    error = _failed(world, _everywhere(world, a="1", b="1", c="1", d="1"))
    assert isinstance(error, PartlyApplied)
    assert len(error.done) == 4
    assert error.refused == error.unconfirmed == []


def test_what_lies_behind_a_refusal_in_a_line_is_judged_by_reading() -> None:
    refuses = frozenset({"set b 1", "set d 1"})
    world = World({"p1": Memory({}, refuses=refuses)})
    error = _failed(world, _everywhere(world, a="1", b="1", c="1", d="1"))
    assert _lines(error.done) == [("p1", "set a 1"), ("p1", "set c 1")]
    assert _lines(error.refused) == [("p1", "set b 1"), ("p1", "set d 1")]
    assert (error.not_attempted, error.unconfirmed) == ([], [])


def test_what_became_of_a_line_that_hung_stays_unknown() -> None:
    world = World({"p1": Memory({}), "p2": Memory({}, fails={0: TimedOut("late")})})
    error = _failed(world, _everywhere(world, a="1"))
    assert isinstance(error.__cause__, TimedOut)
    assert _lines(error.unconfirmed) == [("p2", "set a 1")]
    assert _lines(error.done) == [("p1", "set a 1")]


def test_what_became_of_a_line_stays_unknown_where_nothing_can_be_read_any_more() -> None:
    memory = Memory({}, fails={0: ClosedEarly("died")})
    world = World({"p1": memory})
    resource = _everywhere(world, a="1")
    planned = _planned(world, resource)
    answer = memory.answer

    def die_after(line: str) -> Any:
        reply = answer(line)
        memory.dead = True
        return reply

    memory.answer = die_after  # type: ignore[method-assign]
    with pytest.raises(ClosedEarly) as caught:
        carry_out(world.fleet, resource, planned)
    assert _lines(caught.value.unconfirmed) == [("p1", "set a 1")]
    assert (caught.value.done, caught.value.refused) == ([], [])
    assert caught.value.unreached == ["p1"]


# Processes that lie ----------------------------------------------------------------------------------------------


def test_a_process_that_accepts_and_changes_nothing_fails_the_task() -> None:
    world = World({"p1": Memory({}), "p2": Memory({"a": "0"}, ignores=frozenset({"set a 1"}))})
    error = _failed(world, _everywhere(world, a="1"))
    assert error.__class__ is NotConverged
    assert error.process == "p2"
    assert "a is 0, not 1" in str(error)
    assert _lines(error.done) == [("p1", "set a 1"), ("p2", "set a 1")]


@pytest.mark.parametrize(("names", "more"), [("a", ""), ("ab", " (and 1 more)"), ("abc", " (and 2 more)")])
def test_of_several_values_that_did_not_take_one_is_named_and_the_rest_counted(names: str, more: str) -> None:
    world = World({"p1": Memory({}, ignores=frozenset(f"set {name} 1" for name in names))})
    error = _failed(world, _everywhere(world, **dict.fromkeys(names, "1")))
    assert isinstance(error, NotConverged)
    assert str(error).endswith(f"a is None, not 1{more}")


def test_a_process_that_dies_before_it_is_read_again_fails_with_what_was_done() -> None:
    memory = Memory({}, fails={})
    world = World({"p1": memory})
    resource = _everywhere(world, a="1")
    planned = _planned(world, resource)
    answer = memory.answer

    def die_after_writing(line: str) -> Any:
        reply = answer(line)
        memory.dead = line.startswith("set ")
        return reply

    memory.answer = die_after_writing  # type: ignore[method-assign]
    with pytest.raises(CannotConnect) as caught:
        carry_out(world.fleet, resource, planned)
    assert _lines(caught.value.done) == [("p1", "set a 1")]
    assert caught.value.process == "p1"


# Waiting ---------------------------------------------------------------------------------------------------------


def _waiting(world: World, until: Until[State] | None = None, **wish: str) -> Values:
    return Values([dict.fromkeys(world.memories, wish)], until or UntilValue("up", "yes"))


def _come_up(*memories: Memory) -> Any:
    return lambda: [memory.values.update(up="yes") for memory in memories]


def test_what_is_already_true_is_not_waited_for() -> None:
    world = World({"p1": Memory({"up": "yes"})})
    clock = FakeClock()
    after = _run(world, _waiting(world, a="1"), clock)
    assert dict(after) == {"p1": {"up": "yes", "a": "1"}}
    assert clock.slept == []


def test_waiting_without_a_change_reads_until_it_is_true() -> None:
    memory = Memory({"up": "no"})
    world = World({"p1": memory})
    clock = FakeClock({2.5: _come_up(memory)})
    after = _run(world, _waiting(world), clock)
    assert dict(after) == {"p1": {"up": "yes"}}
    assert clock.slept == [1.0, 1.0, 1.0]
    assert world.written == []


def test_waiting_ends_when_the_last_process_is_there() -> None:
    first, second = Memory({"up": "no"}), Memory({"up": "no"})
    world = World({"p1": first, "p2": second})
    clock = FakeClock({1.5: _come_up(first), 4.2: _come_up(second)})
    after = _run(world, _waiting(world, a="1"), clock)
    assert dict(after) == world.values()
    assert clock.passed == 5.0


@pytest.mark.parametrize("interval", [0.3, 1.0, 7.0, 100.0])
@pytest.mark.parametrize("comes", [0.1, 2.0, 9.9, 10.0])
def test_what_comes_in_time_is_seen_within_an_interval_and_within_the_timeout(interval: float, comes: float) -> None:
    memory = Memory({"up": "no"})
    world = World({"p1": memory})
    clock = FakeClock({comes: _come_up(memory)})
    _run(world, _waiting(world), clock, timeout=10.0, interval=interval)
    assert comes <= clock.passed + 1e-9
    assert clock.passed <= min(comes + interval, 10.0) + 1e-9


@pytest.mark.parametrize(("timeout", "interval"), [(3.0, 1.0), (3.2, 1.0), (0.5, 1.0), (0.0, 1.0), (2.0, 0.01)])
def test_waiting_ends_at_the_timeout_and_says_what_is_missing(timeout: float, interval: float) -> None:
    world = World({"p1": Memory({"up": "no"}), "p2": Memory({"up": "yes"}), "p3": Memory({"up": "no"})})
    clock = FakeClock()
    error = _failed(world, _waiting(world, a="1"), clock, timeout=timeout, interval=interval)
    assert error.__class__ is WaitTimedOut
    assert str(error) == f"after {timeout:g} s still waiting for up of p1 is no; up of p3 is no"
    assert clock.passed == pytest.approx(timeout)
    assert _lines(error.done) == [(name, "set a 1") for name in ALL_THREE]


@pytest.mark.parametrize("wish", [{}, {"a": "1"}], ids=["nothing to change", "a change"])
def test_without_time_to_wait_there_is_one_reading_that_counts(wish: dict[str, str]) -> None:
    world = World({"p1": Memory({"up": "yes"})})
    clock = FakeClock()
    _run(world, Values([{"p1": wish}], UntilValue("up", "yes")), clock, timeout=0.0)
    assert clock.slept == []
    assert world.memories["p1"].reads == 1 + len(wish)


def test_what_comes_true_by_the_command_itself_counts_without_time_to_wait() -> None:
    world = World({"p1": Memory({"up": "no"})})
    assert dict(_run(world, _waiting(world, up="yes"), timeout=0.0)) == {"p1": {"up": "yes"}}


def test_somebody_who_undoes_the_wish_meanwhile_ends_the_wait() -> None:
    memory = Memory({"a": "0", "up": "no"})
    world = World({"p1": memory, "p2": Memory({"a": "1", "up": "no"})})
    clock = FakeClock({2.0: lambda: memory.values.update(a="0")})
    error = _failed(world, _waiting(world, a="1"), clock)
    assert error.__class__ is NotConverged
    assert error.process == "p1"
    assert "a is 0, not 1" in str(error)
    assert clock.passed == 2.0
    assert _lines(error.done) == [("p1", "set a 1")]


def test_a_process_that_dies_while_we_wait_fails_with_what_was_done() -> None:
    memory = Memory({"up": "no"})
    world = World({"p1": memory})
    clock = FakeClock({2.0: lambda: setattr(memory, "dead", True)})
    error = _failed(world, _waiting(world, a="1"), clock)
    assert isinstance(error, CannotConnect)
    assert _lines(error.done) == [("p1", "set a 1")]


class _Counting(Patient):
    """Remembers how often it was asked, in the memory that it is handed."""

    interval = 0.5

    def __init__(self, enough: int) -> None:
        self.enough = enough
        self.seen: list[tuple[float, Mapping[Any, Any]]] = []

    def judge(self, now: PerProcess[State], old: Remains, seconds: float, memory: Mapping[Any, Any]) -> Verdict:
        assert dict(now)
        assert dict(old) == {}
        self.seen.append((seconds, memory))
        left: dict[Place, str] = {} if len(self.seen) == self.enough else {("p1", None): "more"}
        return Verdict(left, {"since": seconds})


def test_a_judgement_gets_the_seconds_since_the_wait_began_and_its_own_memory() -> None:
    world = World({"p1": Memory({})})
    counting = _Counting(3)
    _run(world, _waiting(world, counting, a="1"))
    assert counting.seen == [(0.0, {}), (0.5, {"since": 0.0}), (1.0, {"since": 0.5})]


class _Hopeless(Patient):
    def judge(self, now: PerProcess[State], old: Remains, seconds: float, memory: Mapping[Any, Any]) -> Verdict:
        assert dict(old) == {}
        raise Hopeless(f"never, after {seconds} s and {len(memory)} looks", process=next(iter(now)))


def test_a_wait_without_hope_ends_at_once_with_what_was_done() -> None:
    world = World({"p1": Memory({})})
    clock = FakeClock()
    error = _failed(world, _waiting(world, _Hopeless(), a="1"), clock)
    assert error.__class__ is Hopeless
    assert clock.slept == []
    assert _lines(error.done) == [("p1", "set a 1")]


def test_the_seconds_that_went_by_in_waiting_are_told() -> None:
    memory = Memory({"up": "no"})
    clock = FakeClock({2.5: _come_up(memory)})
    assert _outcome(World({"p1": memory}), _waiting(World({"p1": memory})), clock).waited == 3.0
    assert _outcome(World({"p1": memory}), _everywhere(World({"p1": memory}), a="1")).waited == 0.0


class _UntilOldIsGone(Patient):
    empties = frozenset({"session"})

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    def judge(self, now: PerProcess[State], old: Remains, seconds: float, memory: Mapping[Any, Any]) -> Verdict:
        assert set(now) == {"p1"}
        assert seconds == len(self.seen)
        assert memory == {}
        self.seen.append(dict(old))
        left = {(name, None): f"{name} says {said}" for name, said in old.items() if said != {"sessions": 0}}
        return Verdict(left, {})


def test_old_workers_are_asked_at_each_look_where_they_count() -> None:
    old = Memory({"session": "1"})
    world = World({"p1": Memory({}), "p2": old})
    fleet = fleet_of(world.processes[:1], world.fleet.converse, old=world.processes[1:])
    until = _UntilOldIsGone()
    resource = Values([{"p1": {"a": "1"}}], until)
    planned = plan_of(fleet, resource)
    clock = FakeClock({2.0: old.values.clear})
    carry_out(fleet, resource, planned, clock.clock)
    assert until.seen == [{"p2": {"sessions": 1}}, {"p2": {"sessions": 1}}, {"p2": {"sessions": 0}}]


def test_an_old_worker_that_ends_meanwhile_is_waited_for_no_more() -> None:
    old = Memory({"session": "1"})
    world = World({"p1": Memory({}), "p2": old})
    fleet = fleet_of(world.processes[:1], world.fleet.converse, old=world.processes[1:])
    until = _UntilOldIsGone()
    resource = Values([{"p1": {"a": "1"}}], until)
    planned = plan_of(fleet, resource)
    clock = FakeClock({1.0: lambda: setattr(old, "replaced", True)})
    carry_out(fleet, resource, planned, clock.clock)
    assert until.seen == [{"p2": {"sessions": 1}}, {}]


# Reloads meanwhile, and faults of our own ------------------------------------------------------------------------


def test_a_process_that_a_reload_replaced_before_the_write_says_so_with_what_others_did() -> None:
    """The runner plans again: so this is no PartlyApplied."""
    world = World({"p1": Memory({}), "p2": Memory({})})
    resource = _everywhere(world, a="1")
    planned = _planned(world, resource)
    world.memories["p2"].replaced = True
    with pytest.raises(ProcessReplaced) as caught:
        carry_out(world.fleet, resource, planned)
    assert caught.value.process == "p2"
    assert _lines(caught.value.done) == [("p1", "set a 1")]
    assert _lines(caught.value.not_attempted) == [("p2", "set a 1")]
    assert (caught.value.refused, caught.value.unconfirmed) == ([], [])


def test_a_process_that_is_replaced_while_we_look_what_became_of_a_line_is_planned_for_again() -> None:
    memory = Memory({}, fails={0: ClosedEarly("died")})
    world = World({"p1": memory})
    resource = _everywhere(world, a="1")
    planned = _planned(world, resource)
    answer = memory.answer

    def replaced_after(line: str) -> Any:
        reply = answer(line)
        memory.replaced = True
        return reply

    memory.answer = replaced_after  # type: ignore[method-assign]
    with pytest.raises(ProcessReplaced) as caught:
        carry_out(world.fleet, resource, planned)
    assert _lines(caught.value.unconfirmed) == [("p1", "set a 1")]


def test_a_process_that_is_replaced_while_we_wait_fails_with_what_was_done() -> None:
    memory = Memory({"up": "no"})
    world = World({"p1": memory})
    error = _failed(world, _waiting(world, a="1"), FakeClock({2.0: lambda: setattr(memory, "replaced", True)}))
    assert error.__class__ is ProcessReplaced
    assert _lines(error.done) == [("p1", "set a 1")]


class _Faulty(Patient):
    def judge(self, *_what_is: object) -> Verdict:
        raise ZeroDivisionError("division by zero")


def test_a_fault_of_our_own_says_what_was_done() -> None:
    world = World({"p1": Memory({})})
    error = _failed(world, _waiting(world, _Faulty(), a="1"))
    assert error.__class__ is Fault
    assert isinstance(error.__cause__, ZeroDivisionError)
    assert str(error) == "a fault of this collection, please report it: ZeroDivisionError: division by zero"
    assert _lines(error.done) == [("p1", "set a 1")]


def test_an_interruption_from_outside_is_no_fault() -> None:
    world = World({"p1": Memory({})})

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    resource = _waiting(world, a="1")
    with pytest.raises(KeyboardInterrupt):
        carry_out(world.fleet, resource, _planned(world, resource), Clock(sleep=interrupt))


def test_what_became_of_lines_on_several_processes_is_read_from_all_at_once() -> None:
    memories = {name: Memory({}, fails={0: ClosedEarly("died")}) for name in ALL_THREE}
    world = World(memories)
    resource = _everywhere(world, a="1")
    planned = _planned(world, resource)
    world.converse.timeouts.clear()
    with pytest.raises(PartlyApplied) as caught:
        carry_out(world.fleet, resource, planned)
    assert len(world.converse.timeouts) == 2  # one to write, one to look
    assert _lines(caught.value.done) == [(name, "set a 1") for name in ALL_THREE]
    assert "(and 2 more of 3 processes)" in str(caught.value)


def test_the_real_clock_goes_forward() -> None:
    began = CLOCK.now()
    CLOCK.sleep(0.001)
    assert CLOCK.now() > began
