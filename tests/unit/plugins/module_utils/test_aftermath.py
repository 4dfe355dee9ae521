# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""After what went wrong: asking again, giving up, going back; deeds, and old workers whose sessions are ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._aftermath import pass_guard
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._engine import Outcome, carry_out
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    CannotConnect,
    CommandRefused,
    HAProxyError,
    NotConverged,
    PartlyApplied,
    TimedOut,
    WaitTimedOut,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import Fleet, PerProcess
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._plan import Goal
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._sending import may_yet
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._telling import Told
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._terms import Terms

from unit.plugins.module_utils.support import facts, fleet_of
from unit.plugins.module_utils.values import (
    NOT_YET,
    FakeClock,
    Memory,
    State,
    UntilValue,
    Values,
    World,
    plan_of,
    set_value,
)

BOTH = ("p1", "p2")
UP = UntilValue("up", "yes")


def _fleet(world: World, *old: str) -> Fleet:
    """The fleet of this world; some of its processes were replaced by a reload."""
    processes = [one for one in world.processes if one.name not in old]
    stopping = [
        one._replace(facts=facts(pid=one.facts.pid, Stopping="1")) for one in world.processes if one.name in old
    ]
    return fleet_of(processes, world.fleet.converse, old=stopping)


def _run(world: World, resource: Values, clock: FakeClock | None = None, *old: str) -> Outcome[State]:
    fleet = _fleet(world, *old)
    planned = plan_of(fleet, resource)
    return carry_out(fleet, resource, planned, (clock or FakeClock()).clock)


def _failed(world: World, resource: Values, clock: FakeClock | None = None, *old: str) -> HAProxyError:
    with pytest.raises(HAProxyError) as caught:
        _run(world, resource, clock, *old)
    return caught.value


def _lines(lines: Any) -> list[tuple[str, str]]:
    return [(line["process"], line["command"]) for line in lines]


def _waiting(on_timeout: str, timeout: float = 3.0, **special: Terms) -> Values:
    until = replace(UP, limits=Terms(timeout, on_timeout), special=special)
    return Values([{name: {"a": "1"} for name in BOTH}], until, resort={"up": "yes"})


def _pair(**memory: Any) -> World:
    return World({"p1": Memory({"up": "no"}, **memory), "p2": Memory({"up": "yes"})})


# Not yet ---------------------------------------------------------------------------------------------------------


def _guarded(world: World, clock: FakeClock, waited: float = 0.0, interval: float = 0.5) -> Any:
    """A guard that lets pass when p1 says so; asked for three seconds."""

    def guard(now: PerProcess[State]) -> str:
        return "" if now["p1"].get("up") == "yes" else "p1 is not up"

    resource = Values([{"p1": {"a": "1"}}])
    goal = Goal(PerProcess({}), guard=guard, retry=(3.0, interval))
    return pass_guard(world.fleet, resource, goal, world.fleet.each(resource.observe), waited, clock.clock)


@pytest.mark.parametrize(("waited", "interval"), [(0.0, 0.5), (1.0, 0.5), (3.0, 0.5), (0.0, 2.0), (1.0, 9.0)])
def test_what_a_guard_does_not_let_pass_in_time_fails_and_nothing_was_sent(waited: float, interval: float) -> None:
    world, clock = _pair(), FakeClock()
    with pytest.raises(WaitTimedOut, match="p1 is not up"):
        _guarded(world, clock, waited, interval)
    assert clock.passed == 3.0 - waited
    assert world.memories["p1"].lines == []


def test_what_a_guard_lets_pass_is_what_was_read_last() -> None:
    world = _pair()
    clock = FakeClock({1.0: lambda: world.memories["p1"].values.update(up="yes")})
    assert _guarded(world, clock)["p1"] == {"up": "yes"}
    assert clock.passed == 1.0


# Too late --------------------------------------------------------------------------------------------------------


def test_too_late_and_fail() -> None:
    clock = FakeClock()
    error = _failed(_pair(), _waiting("fail"), clock)
    assert error.__class__ is WaitTimedOut
    assert str(error) == "after 3 s still waiting for up of p1 is no"
    assert error.process == "p1"
    assert clock.passed == 3.0
    assert _lines(error.done) == [("p1", "set a 1"), ("p2", "set a 1")]
    assert error.also_done == []


def test_too_late_and_go_on() -> None:
    clock = FakeClock()
    outcome = _run(_pair(), _waiting("continue"), clock)
    assert outcome.ledger.warnings == ["after 3 s no longer waiting for up of p1 is no"]
    assert outcome.waited == clock.passed == 3.0
    assert dict(outcome.after) == {"p1": {"up": "no", "a": "1"}, "p2": {"up": "yes", "a": "1"}}
    assert outcome.ledger.also == []


def test_seconds_are_told_in_thousandths() -> None:
    assert str(_failed(_pair(), _waiting("fail", 1.234375))).startswith("after 1.234 s still waiting for ")
    (warning,) = _run(_pair(), _waiting("continue", 1.234375)).ledger.warnings
    assert warning.startswith("after 1.234 s no longer waiting for ")


def test_who_is_left_behind_does_not_keep_others_from_being_waited_for() -> None:
    world = World({"p1": Memory({"up": "no"}), "p2": Memory({"up": "no"})})
    clock = FakeClock({5.0: lambda: world.memories["p2"].values.update(up="yes")})
    outcome = _run(world, _waiting("continue", 2.0, p2=Terms(9.0)), clock)
    assert outcome.ledger.warnings == ["after 2 s no longer waiting for up of p1 is no"]
    assert clock.passed == 5.0


def test_one_that_must_not_fail_ends_the_wait_for_all() -> None:
    world = World({name: Memory({"up": "no"}) for name in BOTH})
    clock = FakeClock()
    error = _failed(world, _waiting("continue", 2.0, p2=Terms(4.0)), clock)
    assert str(error) == "after 4 s still waiting for up of p2 is no"
    assert clock.passed == 4.0


def test_too_late_and_ended() -> None:
    world = _pair()
    clock = FakeClock()
    outcome = _run(world, _waiting("shutdown"), clock)
    assert world.memories["p1"].lines == ["set a 1", "set up yes"]
    assert outcome.ledger.also == [{"process": "p1", "command": "set up yes"}]
    assert _lines(outcome.ledger.lines()) == [("p1", "set a 1"), ("p2", "set a 1")]
    assert outcome.ledger.warnings == []
    assert 3.0 < clock.passed <= 4.0
    assert dict(outcome.after)["p1"] == {"up": "yes", "a": "1"}


def test_what_was_ended_and_stays_is_left_behind_with_a_warning() -> None:
    """A second lateness fails nothing and ends nothing again."""
    world = _pair(ignores=frozenset({"set up yes"}))
    clock = FakeClock()
    outcome = _run(world, _waiting("shutdown"), clock)
    assert world.memories["p1"].lines == ["set a 1", "set up yes"]
    assert outcome.ledger.warnings == ["after 5 s no longer waiting for up of p1 is no"]
    assert clock.passed == 5.0


def test_an_end_that_is_refused_fails() -> None:
    world = _pair(refuses=frozenset({"set up yes"}))
    error = _failed(world, _waiting("shutdown"))
    assert isinstance(error, CommandRefused)
    assert error.command == "set up yes"
    assert _lines(error.done) == [("p1", "set a 1"), ("p2", "set a 1")]


def test_fail_goes_before_shutdown() -> None:
    world = World({name: Memory({"up": "no"}) for name in BOTH})
    error = _failed(world, _waiting("shutdown", 2.0, p2=Terms(2.0, "fail")))
    assert isinstance(error, WaitTimedOut)
    assert world.memories["p1"].lines == ["set a 1"]


@pytest.mark.parametrize("on_timeout", ["continue", "shutdown"])
def test_without_time_one_look_is_made(on_timeout: str) -> None:
    clock = FakeClock()
    _run(_pair(), _waiting(on_timeout, 0.0), clock)
    assert clock.passed <= 2.0


def test_sessions_of_old_workers_are_ended_too() -> None:
    world = World({"p1": Memory({"up": "no"}), "o1": Memory({"session1": "x", "session2": "x"})})
    until = replace(UP, empties=frozenset({"up"}), limits=Terms(3.0, "shutdown"))
    resource = Values([{"p1": {}}], until, resort={"up": "yes"}, resort_sweeps=frozenset({"session1", "session2"}))
    clock = FakeClock()
    outcome = _run(world, resource, clock, "o1")
    assert world.memories["o1"].values == {}
    assert outcome.ledger.lines() == []
    assert set(_lines(outcome.ledger.also)) == {("o1", "end session1"), ("o1", "end session2"), ("p1", "set up yes")}
    assert outcome.ledger.warnings == []


def test_sessions_of_old_workers_that_nobody_ends_are_waited_for() -> None:
    old = Memory({"session1": "x"})
    world = World({"p1": Memory({"up": "yes"}), "o1": old})
    clock = FakeClock({4.0: old.values.clear})
    _run(world, Values([{"p1": {}}], replace(UP, empties=frozenset({"up"}))), clock, "o1")
    assert clock.passed == 4.0


# Not yet ---------------------------------------------------------------------------------------------------------


def _insisting(world: World, retry: tuple[float, float] = (10.0, 1.0), **wish: str) -> Values:
    return Values([dict.fromkeys(world.memories, wish)], retry=retry, silent=False)


def test_what_may_not_be_done_yet_is_asked_for_again() -> None:
    world = World({"p1": Memory({}, not_yet={"set b 1": 3})})
    clock = FakeClock()
    outcome = _run(world, _insisting(world, a="1", b="1", c="1"), clock)
    assert world.memories["p1"].lines == ["set a 1", *["set b 1"] * 4, "set c 1"]
    assert clock.slept == [1.0, 1.0, 1.0]
    assert dict(outcome.after) == {"p1": {"a": "1", "b": "1", "c": "1"}}
    assert _lines(outcome.ledger.lines()) == [("p1", "set a 1"), ("p1", "set b 1"), ("p1", "set c 1")]
    assert _lines(outcome.ledger.also) == [("p1", "set b 1")] * 3


def test_what_may_never_be_done_is_a_refusal_when_the_time_is_over() -> None:
    world = World({"p1": Memory({}, not_yet={"set b 1": 99})})
    clock = FakeClock()
    error = _failed(world, _insisting(world, (5.0, 1.0), a="1", b="1", c="1"), clock)
    assert isinstance(error, PartlyApplied)
    assert isinstance(error.__cause__, CommandRefused)
    assert error.__cause__.answer.startswith(NOT_YET)
    assert clock.passed == 5.0
    assert _lines(error.refused) == [("p1", "set b 1")]
    assert _lines(error.not_attempted) == [("p1", "set c 1")]
    assert _lines(error.also_done) == [("p1", "set b 1")] * 5


@pytest.mark.parametrize(("retry", "asked"), [((0.0, 1.0), 1), ((0.5, 1.0), 2), ((3.0, 1.0), 4), ((2.9, 1.5), 3)])
def test_asking_again_is_bounded_in_time(retry: tuple[float, float], asked: int) -> None:
    world = World({"p1": Memory({}, not_yet={"set a 1": 99})})
    clock = FakeClock()
    error = _failed(world, _insisting(world, retry, a="1"), clock)
    assert isinstance(error, CommandRefused)
    assert world.memories["p1"].lines == ["set a 1"] * asked
    assert clock.passed <= retry[0]


def test_of_several_that_were_refused_the_first_is_the_one_that_was() -> None:
    """What came behind it in the same line is judged by reading."""
    first, other = set_value("a", "1", silent=False), set_value("b", "1")
    error = CommandRefused("no", answer=f"{NOT_YET}, later")
    assert may_yet(Told(refused=(first, other), error=error))
    assert not may_yet(Told(refused=(other, first), error=error))


def test_only_who_is_not_ready_is_asked_again() -> None:
    world = World({"p1": Memory({}, not_yet={"set a 1": 1}), "p2": Memory({})})
    _run(world, _insisting(world, a="1"))
    assert world.memories["p1"].lines == ["set a 1"] * 2
    assert world.memories["p2"].lines == ["set a 1"]


def test_a_refusal_for_good_is_not_asked_again() -> None:
    world = World({"p1": Memory({}, refuses=frozenset({"set a 1"}))})
    clock = FakeClock()
    assert isinstance(_failed(world, _insisting(world, a="1"), clock), CommandRefused)
    assert (world.memories["p1"].lines, clock.slept) == (["set a 1"], [])


def test_who_dies_while_it_is_asked_again_says_so() -> None:
    memory = Memory({}, not_yet={"set a 1": 99})
    clock = FakeClock({2.0: lambda: setattr(memory, "dead", True)})
    error = _failed(World({"p1": memory}), _insisting(World({"p1": memory}), a="1"), clock)
    assert isinstance(error, CannotConnect)
    assert clock.passed == 2.0


# Going back ------------------------------------------------------------------------------------------------------


def _returning(until: UntilValue | None = None, *goals: dict[str, dict[str, str]]) -> Values:
    wished = goals or ({name: {"a": "1", "b": "1"} for name in BOTH},)
    return Values(wished, until, goes_back=True)


def _zeros(**memory: Any) -> World:
    return World({"p1": Memory({"a": "0", "b": "0"}), "p2": Memory({"a": "0", "b": "0"}, **memory)})


def test_a_refusal_brings_back_what_was_there_on_all_processes() -> None:
    world = _zeros(refuses=frozenset({"set b 1"}))
    error = _failed(world, _returning())
    assert world.values() == {name: {"a": "0", "b": "0"} for name in BOTH}
    assert str(error).endswith("; the former state was restored")
    assert isinstance(error, PartlyApplied)
    assert _lines(error.done) == [("p1", "set a 1"), ("p1", "set b 1"), ("p2", "set a 1")]
    assert _lines(error.also_done) == [("p1", "set a 0"), ("p1", "set b 0"), ("p2", "set a 0")]


def test_a_wait_that_fails_brings_back_what_was_there() -> None:
    world = _zeros()
    error = _failed(world, _returning(replace(UP, limits=Terms(1.0))))
    assert isinstance(error, WaitTimedOut)
    assert world.values() == {name: {"a": "0", "b": "0"} for name in BOTH}
    assert str(error).endswith("; the former state was restored")


def test_a_later_stage_that_fails_brings_back_what_was_before_all() -> None:
    world = _zeros(refuses=frozenset({"set b 1"}))
    _failed(world, _returning(None, {name: {"a": "1"} for name in BOTH}, {name: {"b": "1"} for name in BOTH}))
    assert world.values() == {name: {"a": "0", "b": "0"} for name in BOTH}


def test_where_it_cannot_be_brought_back_is_said() -> None:
    world = _zeros(refuses=frozenset({"set b 1", "set a 0"}))
    error = _failed(world, _returning())
    assert str(error).endswith("; the former state could not be restored: a is 1, not 0 on p2")
    assert world.values() == {"p1": {"a": "0", "b": "0"}, "p2": {"a": "1", "b": "0"}}


def test_one_that_is_dead_cannot_be_brought_back() -> None:
    world = _zeros()
    clock = FakeClock({1.0: lambda: setattr(world.memories["p2"], "dead", True)})
    error = _failed(world, _returning(replace(UP, limits=Terms(5.0))), clock)
    assert isinstance(error, CannotConnect)
    assert str(error).endswith("; the former state could not be restored: p2: it does not answer")
    assert world.values()["p1"] == {"a": "0", "b": "0"}


def test_nothing_is_said_where_nothing_has_changed() -> None:
    world = World({"p1": Memory({"a": "0"}, refuses=frozenset({"set a 1"}))})
    error = _failed(world, _returning(None, {"p1": {"a": "1"}}))
    assert "former state" not in str(error)
    assert error.also_done == []


def test_nothing_is_brought_back_where_nobody_asked() -> None:
    world = _zeros(refuses=frozenset({"set b 1"}))
    error = _failed(world, replace(_returning(), goes_back=False))
    assert "former state" not in str(error)
    assert world.values()["p1"] == {"a": "1", "b": "1"}


def test_after_a_reload_nothing_is_brought_back() -> None:
    world = _zeros()
    clock = FakeClock({1.0: lambda: setattr(world.memories["p2"], "replaced", True)})
    error = _failed(world, _returning(replace(UP, limits=Terms(5.0))), clock)
    assert "former state" not in str(error)
    assert world.values()["p1"] == {"a": "1", "b": "1"}


# Deeds -----------------------------------------------------------------------------------------------------------


def test_deeds_are_sent_each_time_and_no_reading_can_tell() -> None:
    world = World({"p1": Memory({})})
    resource = Values([{"p1": {"a": "1"}}], deeds=frozenset({"a"}))
    for expected in (["set a 1;kick a"], ["set a 1;kick a", "kick a"]):
        outcome = _run(world, resource)
        assert world.memories["p1"].lines == expected
        assert _lines(outcome.ledger.lines())[-1] == ("p1", "kick a")


def test_a_deed_that_is_refused_fails() -> None:
    world = World({"p1": Memory({}, refuses=frozenset({"kick a"}))})
    error = _failed(world, Values([{"p1": {"a": "1"}}], deeds=frozenset({"a"})))
    assert _lines(error.refused) == [("p1", "kick a")]
    assert _lines(error.done) == [("p1", "set a 1")]


def test_a_deed_behind_a_refusal_stays_unconfirmed() -> None:
    """HAProxy runs the rest of a line, and no reading tells whether it did."""
    world = World({"p1": Memory({}, refuses=frozenset({"set a 1"}))})
    error = _failed(world, Values([{"p1": {"a": "1", "b": "1"}}], deeds=frozenset({"a"})))
    assert _lines(error.refused) == [("p1", "set a 1")]
    assert _lines(error.unconfirmed) == [("p1", "kick a")]
    assert _lines(error.done) == [("p1", "set b 1")]


# Words -----------------------------------------------------------------------------------------------------------


def test_what_haproxy_had_said_is_told_when_a_value_did_not_take() -> None:
    memory = Memory({}, ignores=frozenset({"set a 1"}), notices={"set a 1": "Update is not supported"})
    error = _failed(World({"p1": memory}), Values([{"p1": {"a": "1"}}], silent=False))
    assert isinstance(error, NotConverged)
    assert str(error).endswith("a is None, not 1; HAProxy had said 'Update is not supported'")


def test_what_haproxy_said_about_another_value_is_not_told() -> None:
    memory = Memory({}, ignores=frozenset({"set a 1"}), notices={"set b 1": "nothing changed"})
    error = _failed(World({"p1": memory}), Values([{"p1": {"a": "1", "b": "1"}}], silent=False))
    assert str(error).endswith("a is None, not 1")


# The way of a later stage ----------------------------------------------------------------------------------------


def test_what_somebody_else_has_done_meanwhile_is_not_done_again() -> None:
    class Helpful(Memory):
        def answer(self, line: str) -> Any:
            reply = super().answer(line)
            if line == "set a 1":
                self.values["b"] = "1"
            return reply

    world = World({"p1": Helpful({})})
    outcome = _run(world, Values([{"p1": {"a": "1"}}, {"p1": {"b": "1"}}]))
    assert world.memories["p1"].lines == ["set a 1"]
    assert dict(outcome.after) == {"p1": {"a": "1", "b": "1"}}


def test_what_somebody_else_has_undone_meanwhile_is_done_again() -> None:
    class Harmful(Memory):
        def answer(self, line: str) -> Any:
            reply = super().answer(line)
            if line == "set a 1":
                self.values["b"] = "0"
            return reply

    world = World({"p1": Harmful({"b": "1"})})
    resource = Values([{"p1": {"a": "1"}}, {"p1": {"b": "1"}}])
    fleet = world.fleet
    planned = plan_of(fleet, resource)
    assert _lines(planned.commands()) == [("p1", "set a 1")]
    outcome = carry_out(fleet, resource, planned, FakeClock().clock)
    assert _lines(outcome.ledger.lines()) == [("p1", "set a 1")]
    assert _lines(outcome.ledger.also) == [("p1", "set b 1")]


def test_the_time_of_an_earlier_wait_is_not_given_again() -> None:
    """``wait_timeout`` is for the whole task; see Terms.afresh."""

    class Twice(Values):
        def aim(self, now: Any, origin: Any) -> Any:
            return [replace(goal, until=self.until) for goal in super().aim(now, origin)]

    world = World({"p1": Memory({"up": "no"})})
    goals: list[dict[str, dict[str, str]]] = [{"p1": {"a": "1"}}, {"p1": {"a": "2"}}]
    for afresh, passed in ((False, 5.0), (True, 8.0)):
        memory = world.memories["p1"] = Memory({"up": "no"})
        world.__post_init__()
        clock = FakeClock({3.0: lambda memory=memory: memory.values.update(up="yes")})
        until = replace(UP, limits=Terms(5.0, "continue", afresh))
        _run_twice(world, Twice(goals, until), clock, memory)
        assert clock.passed == passed


def _run_twice(world: World, resource: Values, clock: FakeClock, memory: Memory) -> None:
    answer = memory.answer

    def down_again(line: str) -> Any:
        reply = answer(line)
        if line == "set a 2":
            memory.values["up"] = "no"
        return reply

    memory.answer = down_again  # type: ignore[method-assign]
    _run(world, resource, clock)


# Old workers -----------------------------------------------------------------------------------------------------

SWEPT = Values([{"p1": {"a": "1"}}], swept=frozenset({"session1"}))


def test_sessions_of_old_workers_are_ended_and_told() -> None:
    world = World({"p1": Memory({}), "o1": Memory({"session1": "x", "session2": "x"})})
    outcome = _run(world, SWEPT, None, "o1")
    assert world.memories["o1"].values == {"session2": "x"}
    assert _lines(outcome.ledger.lines()) == [("o1", "end session1"), ("p1", "set a 1")]


def test_a_session_that_ends_by_itself_meanwhile_is_fine() -> None:
    class Short(Memory):
        def answer(self, line: str) -> Any:
            if line.startswith("end "):
                self.values.clear()
            return super().answer(line)

    world = World({"p1": Memory({}), "o1": Short({"session1": "x"})})
    outcome = _run(world, SWEPT, None, "o1")
    assert ("o1", "end session1") in _lines(outcome.ledger.lines())


def test_an_old_worker_that_ends_between_the_look_and_the_command_is_fine() -> None:
    class Ending(Memory):
        def answer(self, line: str) -> Any:
            if line.startswith("end "):
                self.replaced = True
            return super().answer(line)

    world = World({"p1": Memory({}), "o1": Ending({"session1": "x"})})
    outcome = _run(world, SWEPT, None, "o1")
    assert dict(outcome.after) == {"p1": {"a": "1"}}
    assert ("o1", "end session1") in _lines(outcome.ledger.lines())


def test_a_current_process_that_is_replaced_then_is_not_fine() -> None:
    class Ending(Memory):
        def answer(self, line: str) -> Any:
            if line.startswith("set "):
                self.replaced = True
            return super().answer(line)

    assert _failed(World({"p1": Ending({})}), SWEPT).done == []


def test_an_old_worker_that_hangs_at_the_command_fails_with_what_is_unknown() -> None:
    world = World({"p1": Memory({}), "o1": Memory({"session1": "x"}, fails={0: TimedOut("late")})})
    error = _failed(world, SWEPT, None, "o1")
    assert _lines(error.unconfirmed) == [("o1", "end session1")]
    assert _lines(error.done) == [("p1", "set a 1")]


@pytest.mark.parametrize("gone", ["dead", "replaced"])
def test_an_old_worker_that_cannot_be_asked_is_passed_over(gone: str) -> None:
    world = World({"p1": Memory({}), "o1": Memory({"session1": "x"})})
    setattr(world.memories["o1"], gone, True)
    outcome = _run(world, SWEPT, None, "o1")
    assert _lines(outcome.ledger.lines()) == [("p1", "set a 1")]
