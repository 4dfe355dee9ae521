# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change as a value: nothing is written, everything that can be refused beforehand is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    FeatureMissing,
    InputError,
    PermissionDenied,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import PerProcess
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._missed import missed
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._plan import (
    LISTED,
    NAMED,
    Goal,
    Plan,
    Step,
    listed,
    named,
    told,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._planning import plan
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._promises import Verdict
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import Command
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._shapes import (
    Aimed,
    Field,
    merged_view,
    route,
)

from unit.plugins.module_utils.support import fleet_of
from unit.plugins.module_utils.values import Memory, Patient, State, UntilValue, Values, World, plan_of


def _plan(world: World, *goals: dict[str, dict[str, str]], **options: object) -> Plan[State]:
    resource = Values(goals, **options)  # type: ignore[arg-type]
    return plan_of(world.fleet, resource)


def _world(**memories: State) -> World:
    return World({name: Memory(dict(values)) for name, values in memories.items()})


def test_only_processes_that_deviate_get_a_command() -> None:
    world = _world(p1={"a": "1"}, p2={"a": "2"}, p3={"a": "1"})
    planned = _plan(world, {name: {"a": "1"} for name in ("p1", "p2", "p3")})
    assert planned.commands()
    assert planned.commands() == [{"process": "p2", "command": "set a 1"}]
    assert [list(stage.steps) for stage in planned.stages] == [["p2"]]


def test_what_is_as_wished_is_no_change() -> None:
    planned = _plan(_world(p1={"a": "1"}, p2={"a": "1"}), {"p1": {"a": "1"}, "p2": {"a": "1"}})
    assert not planned.commands()
    assert planned.commands() == []
    assert planned.changes == ()
    assert planned.after == planned.before


def test_a_plan_writes_nothing() -> None:
    world = _world(p1={"a": "1"})
    _plan(world, {"p1": {"a": "2"}})
    assert world.written == []
    assert world.values() == {"p1": {"a": "1"}}


def test_what_will_be_is_what_was_with_what_is_wished() -> None:
    planned = _plan(_world(p1={"a": "1", "b": "1"}, p2={"a": "5"}), {"p1": {"a": "2"}})
    assert dict(planned.before) == {"p1": {"a": "1", "b": "1"}, "p2": {"a": "5"}}
    assert dict(planned.after) == {"p1": {"a": "2", "b": "1"}, "p2": {"a": "5"}}


def test_a_second_goal_starts_from_where_the_first_leads() -> None:
    world = _world(p1={"a": "1"})
    planned = _plan(world, {"p1": {"a": "2"}}, {"p1": {"a": "1"}}, {"p1": {"a": "1"}})
    assert [step.command.text for stage in planned.stages for step in stage.steps.get("p1", ())] == [
        "set a 2",
        "set a 1",
    ]
    assert planned.commands()
    assert dict(planned.after) == {"p1": {"a": "1"}}


def test_commands_are_in_the_order_of_processes_and_of_sending_within_each() -> None:
    world = _world(p2={}, p1={})
    planned = _plan(world, {"p2": {"b": "1", "a": "1"}, "p1": {"z": "1"}}, {"p1": {"a": "1"}})
    assert [(line["process"], line["command"]) for line in planned.commands()] == [
        ("p1", "set z 1"),
        ("p1", "set a 1"),
        ("p2", "set b 1"),
        ("p2", "set a 1"),
    ]


def test_changes_are_the_objects_that_any_command_is_about_sorted_once_each() -> None:
    planned = _plan(_world(p1={}, p2={}), {"p1": {"b": "1", "a": "1"}, "p2": {"b": "1"}}, {"p2": {"a": "1"}})
    assert planned.changes == ("a", "b")


@pytest.mark.parametrize("low", ["p1", "p2", "p3"])
def test_a_level_that_is_too_low_on_one_process_refuses_the_plan(low: str) -> None:
    memories = {name: Memory({}) for name in ("p1", "p2", "p3")}
    world = World(memories, levels={low: "operator"})
    with pytest.raises(PermissionDenied) as caught:
        _plan(world, {name: {"a": "1"} for name in memories})
    assert caught.value.process == low
    assert caught.value.done == ()
    assert world.written == []


def test_a_level_that_is_too_low_does_not_matter_where_nothing_is_to_be_done() -> None:
    world = World({"p1": Memory({"a": "1"}), "p2": Memory({})}, levels={"p1": "user"})
    assert _plan(world, {"p1": {"a": "1"}, "p2": {"a": "1"}}).commands()


def test_a_version_that_lacks_something_refuses_the_plan() -> None:
    world = World({"p1": Memory({}), "p2": Memory({})}, versions={"p2": "2.2.9"})
    with pytest.raises(FeatureMissing, match=r"process p2 runs 2\.2\.9"):
        _plan(world, {"p1": {"a": "1"}, "p2": {"a": "1"}}, features={"a": "long_lines"})
    assert world.written == []


def test_a_level_that_only_a_later_goal_needs_refuses_the_plan() -> None:
    world = World({"p1": Memory({"a": "1"})}, levels={"p1": "operator"})
    with pytest.raises(PermissionDenied):
        _plan(world, {"p1": {"a": "1"}}, {"p1": {"a": "2"}})


def test_a_command_that_one_process_cannot_take_refuses_the_plan() -> None:
    world = World({"p1": Memory({}), "p2": Memory({})}, versions={"p2": "2.2.9"})
    wish = {"a": "x" * 9000}
    with pytest.raises(InputError, match="over the bound"):
        _plan(world, {"p1": wish, "p2": wish})
    assert world.written == []


class _Old(Patient):
    empties = frozenset({"session1"})

    def judge(self, *_what_is: object) -> Verdict:
        return Verdict({}, {})


def test_a_plan_knows_whether_old_workers_count() -> None:
    assert not _plan(_world(p1={"a": "1"}), {"p1": {"a": "2"}}).counts_old
    assert not _plan(_world(p1={"a": "1"}), {"p1": {"a": "2"}}, until=UntilValue("a", "2")).counts_old
    assert _plan(_world(p1={"a": "1"}), {"p1": {"a": "2"}}, until=_Old()).counts_old


# Deeds -----------------------------------------------------------------------------------------------------------


def test_deeds_are_commands_and_told_apart_whatever_is_there() -> None:
    world = _world(p1={"a": "1"}, p2={"a": "2", "b": "1"})
    wish = {"a": "1", "b": "1"}
    planned = _plan(world, {"p1": wish, "p2": wish}, deeds=frozenset({"a"}))
    assert [(line["process"], line["command"]) for line in planned.commands()] == [
        ("p1", "kick a"),
        ("p1", "set b 1"),
        ("p2", "set a 1"),
        ("p2", "kick a"),
    ]
    assert planned.deeds() == [{"process": name, "command": "kick a"} for name in ("p1", "p2")]
    assert planned.commands()


def test_a_deed_alone_is_a_change_each_time() -> None:
    world = _world(p1={"a": "1"})
    planned = _plan(world, {"p1": {"a": "1"}}, deeds=frozenset({"a"}))
    assert planned.commands()
    assert planned.changes == ("a",)
    assert planned.after == planned.before


def test_a_plan_without_deeds_has_none_to_tell() -> None:
    assert _plan(_world(p1={"a": "1"}), {"p1": {"a": "2"}}).deeds() == []


# Sessions of old workers -----------------------------------------------------------------------------------------


def test_what_is_to_be_ended_on_old_workers_is_in_the_plan() -> None:
    world = _world(p1={"a": "1"}, p2={"session1": "x", "session2": "x"}, p3={"session9": "x"})
    fleet = fleet_of(world.processes[:1], world.converse, old=world.processes[1:])
    resource = Values([{"p1": {"a": "1"}}], swept=frozenset({"session1", "session9"}))
    planned = plan_of(fleet, resource)
    assert planned.commands() == [
        {"process": "p2", "command": "end session1"},
        {"process": "p3", "command": "end session9"},
    ]
    assert world.written == []
    assert dict(planned.after) == {"p1": {"a": "1"}}


def test_what_an_earlier_goal_waits_for_on_old_workers_is_not_ended_there() -> None:
    class Drained(Values):
        def aim(self, now: PerProcess[State], origin: PerProcess[State]) -> Sequence[Goal[State]]:
            first, last = super().aim(now, origin)
            return [replace(first, until=_Old()), last]

    world = _world(p1={"a": "1"}, p2={"session1": "x", "session2": "x"})
    fleet = fleet_of(world.processes[:1], world.converse, old=world.processes[1:])
    resource = Drained([{"p1": {"a": "1"}}, {"p1": {"a": "1"}}], swept=frozenset({"session1", "session2"}))
    assert plan_of(fleet, resource).commands() == [{"process": "p2", "command": "end session2"}]


@pytest.mark.parametrize("gone", ["replaced", "dead"])
def test_an_old_worker_that_does_not_say_has_nothing_to_be_ended(gone: str) -> None:
    world = _world(p1={"a": "1"}, p2={"session1": "x"})
    setattr(world.memories["p2"], gone, True)
    fleet = fleet_of(world.processes[:1], world.converse, old=world.processes[1:])
    resource = Values([{"p1": {"a": "1"}}], swept=frozenset({"session1"}))
    assert not plan_of(fleet, resource).commands()


# Many texts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "text"),
    [
        pytest.param(0, "", id="nothing is left"),
        pytest.param(1, "0", id="one"),
        pytest.param(NAMED, "0; 1; 2; 3; 4", id="as many as are named"),
        pytest.param(NAMED + 1, "0; 1; 2; 3; 4; and 1 more", id="one more"),
        pytest.param(1000, "0; 1; 2; 3; 4; and 995 more", id="many"),
    ],
)
def test_what_is_left_is_one_text_that_is_never_endless(count: int, text: str) -> None:
    assert named(str(number) for number in range(count)) == text


# Lists of commands -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "lines"),
    [pytest.param(0, 0, id="none"), pytest.param(LISTED, LISTED, id="as many as are listed"),
     pytest.param(LISTED + 1, 1, id="one more")],
)  # fmt: skip
def test_many_commands_of_one_kind_are_one_line(count: int, lines: int) -> None:
    commands = [Command(f"set map m {number} 1", kind="set map m …") for number in range(count)]
    shown = list(listed("p1", commands))
    assert len(shown) == lines
    if lines == 1:
        assert shown == [{"process": "p1", "command": f"set map m … ({count} times)"}]


def test_commands_are_listed_by_process_whatever_the_order_of_the_steps() -> None:
    steps = [Step(("a", "x"), Command(f"set {number}")) for number in range(3)]
    lines = told([("p2", steps[:1]), ("p1", steps[1:2]), ("p2", steps[2:])])
    assert [(line["process"], line["command"]) for line in lines] == [("p1", "set 1"), ("p2", "set 0"), ("p2", "set 2")]


def test_a_kind_of_which_there_are_few_is_listed_beside_one_of_which_there_are_many() -> None:
    many = [Command(f"set map m {number} 1", kind="set map m …") for number in range(LISTED + 1)]
    few = Command("commit map m", kind="commit map m")
    shown = [line["command"] for line in listed("p1", [*many[:5], few, *many[5:]])]
    assert shown == [f"set map m … ({LISTED + 1} times)", "commit map m"]


# Records ---------------------------------------------------------------------------------------------------------

Record = tuple[str, int, int]  # name, x, y
X: Field[Record] = Field("x", lambda record: record[1], lambda _now, it: Command(f"set {it[0]} x {it[1]}"))
Y: Field[Record] = Field("y", lambda record: record[2], lambda _now, it: Command(f"set {it[0]} y {it[2]}"))
DEED = Step(("a", "y"), Command("kick a"))


@pytest.mark.parametrize(
    ("fields", "commands"),
    [
        pytest.param({"x", "y"}, ["set a x 1", "set a y 2"], id="all that differ, in the order of the rows"),
        pytest.param({"y"}, ["set a y 2"], id="only those that the task speaks of"),
        pytest.param(set(), [], id="none"),
    ],
)
def test_route_of_a_record(fields: set[str], commands: list[str]) -> None:
    aimed = {"a": Aimed(("a", 1, 2), frozenset(fields))}
    steps = list(route((X, Y), {"a": ("a", 0, 0)}, aimed))
    assert [step.command.text for step in steps] == commands
    assert [step.part for step in steps] == [("a", command.split(" ")[2]) for command in commands]


def test_route_follows_the_order_of_the_rows() -> None:
    aimed = {"a": Aimed(("a", 1, 2), frozenset(("x", "y")))}
    steps = route((Y, X), {"a": ("a", 0, 0)}, aimed)
    assert [step.command.text for step in steps] == ["set a y 2", "set a x 1"]


def test_a_command_is_told_what_is_and_what_should_be() -> None:
    turn: Field[Record] = Field("x", lambda record: record[1], lambda now, it: Command(f"turn {now[1]} to {it[1]}"))
    (step,) = route((turn,), {"a": ("a", 7, 0)}, {"a": Aimed(("a", 1, 2), frozenset({"x"}))})
    assert step.command.text == "turn 7 to 1"


def test_one_command_may_serve_two_fields() -> None:
    both = [Field(name, read, lambda _now, it: Command(f"set {it[0]} to {it[1]} and {it[2]}"))
            for name, read in (("x", X.read), ("y", Y.read))]  # fmt: skip
    aimed = {"a": Aimed(("a", 1, 2), frozenset({"x", "y"}))}
    assert [step.part for step in route(both, {"a": ("a", 0, 0)}, aimed)] == [("a", "x")]
    assert [step.part for step in route(both, {"a": ("a", 1, 0)}, aimed)] == [("a", "y")]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(("a", 0, 0), ["set a x 1", "kick a", "set b x 0"], id="a field differs"),
        pytest.param(("a", 1, 0), ["kick a", "set b x 0"], id="nothing differs"),
        pytest.param(("a", 1, 2), ["kick a", "set b x 0"], id="nothing differs at all"),
    ],
)
def test_deeds_are_sent_whatever_is_there_in_the_order_of_the_rows(now: Record, expected: list[str]) -> None:
    aimed = {"a": Aimed(("a", 1, 2), frozenset({"x"}), {"y": DEED}), "b": Aimed(("b", 0, 0), frozenset({"x"}))}
    steps = list(route((X, Y), {"a": now, "b": ("b", 5, 0)}, aimed))
    assert [step.command.text for step in steps] == expected


def test_what_does_not_last_is_a_step_and_never_missed() -> None:
    passing = Field(X.name, X.read, X.say, lasts=False)
    aimed = {"a": Aimed(("a", 1, 2), frozenset({"x", "y"}))}
    assert [step.part for step in route((passing, Y), {"a": ("a", 0, 2)}, aimed)] == [("a", "x")]
    assert missed((passing, Y), {"a": ("a", 0, 2)}, aimed, str) == {}
    assert missed((passing, Y), {"a": ("a", 0, 0)}, aimed, str).keys() == {("a", "y")}


@pytest.mark.parametrize(
    ("now", "fields", "sentences"),
    [
        pytest.param({"a": ("a", 1, 2)}, {"x", "y"}, {}, id="as wished"),
        pytest.param({"a": ("a", 0, 2)}, {"y"}, {}, id="nobody speaks of what differs"),
        pytest.param({"a": ("a", 0, 2)}, {"x"}, {"x": "x of the a is 0, not 1"}, id="another value"),
        pytest.param(
            {"a": ("a", 0, 0)},
            {"x", "y"},
            {"x": "x of the a is 0, not 1", "y": "y of the a is 0, not 2"},
            id="two other values, each by itself",
        ),
        pytest.param({}, {"x", "y"}, {"x": "the a is gone", "y": "the a is gone"}, id="gone"),
        pytest.param({}, set(), {}, id="gone, and nothing was wished"),
    ],
)
def test_missed_of_a_record(now: dict[str, Record], fields: set[str], sentences: dict[str, str]) -> None:
    found = missed((X, Y), now, {"a": Aimed(("a", 1, 2), frozenset(fields))}, lambda record: f"the {record[0]}")
    assert found == {("a", name): sentence for name, sentence in sentences.items()}


@pytest.mark.parametrize(
    ("values", "view"),
    [
        pytest.param({"p1": {"x": 1, "y": 2}, "p2": {"x": 1, "y": 3}}, {"x": 1, "y": {"p1": 2, "p2": 3}}, id="some"),
        pytest.param({"p1": {"x": 1}}, {"x": 1}, id="one process"),
        pytest.param({}, {}, id="no process"),
        pytest.param({"p1": {"x": 1}, "p2": {"y": 2}}, {"x": {"p1": 1}, "y": {"p2": 2}}, id="fields of one only"),
        pytest.param({"p1": {"x": 1}, "p2": {}}, {"x": {"p1": 1}}, id="one cannot say it"),
        pytest.param({"p1": {"x": None}, "p2": {"x": None}}, {"x": None}, id="nothing, on all"),
        pytest.param({"p2": {"x": 1}, "p1": {"x": 2}}, {"x": {"p2": 1, "p1": 2}}, id="in the order of the fleet"),
    ],
)
def test_view_shows_one_value_or_who_says_what(values: dict[str, dict[str, object]], view: dict[str, object]) -> None:
    assert merged_view(values) == view
    assert list(merged_view(values)) == list(view)


def test_nothing_here_is_changed_by_planning() -> None:
    before = PerProcess({"p1": {"a": "1"}})
    resource = Values([{"p1": {"a": "2"}}])
    world = _world(p1={"a": "1"})
    planned = plan(world.fleet, resource, before, before)
    assert dict(before) == {"p1": {"a": "1"}}
    assert planned.before is before
