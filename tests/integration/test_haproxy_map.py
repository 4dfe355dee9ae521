# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxy_map against real HAProxy processes: the law, from every kind of content, to every kind of wish."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import can_replace, has_prefixes, on, once
from .patterns import (
    KEYS,
    LAYOUTS,
    MAP,
    MAPS,
    Content,
    Sets,
    fails,
    holds,
    keys_of,
    layout_id,
    nothing_sent,
    pairs,
    started,
    values_of,
    warned,
    well,
)


@pytest.fixture(scope="module", params=LAYOUTS, ids=layout_id)
def sets(request: pytest.FixtureRequest) -> Iterator[Sets]:
    """Each version, as one process and as four."""
    with started(*request.param) as running:
        yield running


def starts(name: str) -> dict[str, list[Content]]:
    """What there is at first, where the first three keys are wished: one content for all processes, or one for each."""
    keys, values = keys_of(name), values_of(name)
    wished = [f"{key} {value}" for key, value in zip(keys[:3], values[:3], strict=True)]
    more = [f"{key} {value}" for key, value in zip(keys[3:], values[3:5], strict=True)]
    other = [f"{key} {values[5]}" for key in keys[:3]]
    contents: dict[str, Content] = {
        "nothing": [],
        "what is wished": wished,
        "less": wished[1:2],
        "more": [more[0], *wished, more[1]],
        "other values": [other[0], wished[1], other[2]],
        "repeated keys": [wished[0], wished[1], other[0], wished[2], wished[1]],
        "another order": wished[::-1],
    }
    several = [[other[2], more[0], wished[0]], [], contents["more"], contents["repeated keys"]]
    return {**{which: [content] for which, content in contents.items()}, "each its own": several}


def wishes(name: str) -> dict[str, dict[str, Any]]:
    keys = keys_of(name)
    entries = pairs(keys[:3], values_of(name))
    return {
        "present": {"entries": entries},
        "exclusive": {"entries": entries, "exclusive": True},
        "absent": {"entries": [keys[0], keys[2]], "state": "absent"},
        "empty": {"state": "empty"},
    }


STARTS, WISHES = tuple(starts("str.map")), tuple(wishes("str.map"))


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("start", STARTS)
def test_prophecy_of_texts(sets: Sets, start: str, wish: str) -> None:
    sets.put(MAP, "str.map", *starts("str.map")[start])
    holds(sets, MAP, "str.map", **wishes("str.map")[wish])


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("start", ["nothing", "other values", "repeated keys", "each its own"])
def test_prophecy_of_all_at_once(sets: Sets, start: str, wish: str) -> None:
    """HAProxy 2.2 cannot, and says so before anything is sent."""
    sets.put(MAP, "str.map", *starts("str.map")[start])
    options = {**wishes("str.map")[wish], "atomic": "always"}
    if sets.has_versions:
        result = holds(sets, MAP, "str.map", **options)
        assert result["atomic"]
    elif well(sets, MAP, "str.map", check=True, **wishes("str.map")[wish])["changed"]:
        failure = fails(sets, MAP, "str.map", error="FeatureMissing", **options)
        process = failure["process"]
        assert process in sets.recorders.sockets
        assert f"needs HAProxy 2.4, process {process} runs 2.2" in failure["msg"]
        assert nothing_sent(sets)
    else:
        holds(sets, MAP, "str.map", **options)


@pytest.mark.parametrize("wish", ["present", "exclusive"])
@pytest.mark.parametrize("start", ["more", "repeated keys", "another order", "each its own"])
def test_prophecy_where_the_order_counts(sets: Sets, start: str, wish: str) -> None:
    """Regular expressions are searched in their order; an exclusive set has the wished one."""
    sets.put(MAP, "reg.map", *starts("reg.map")[start])
    holds(sets, MAP, "reg.map", **wishes("reg.map")[wish])


@on(once)
@pytest.mark.parametrize("name", [name for name in MAPS if name not in ("str.map", "reg.map", "spare.map")])
def test_prophecy_of_every_type(sets: Sets, name: str) -> None:
    """One content for each process: entries come, get another value, go; then exactly these, then none."""
    sets.put(MAP, name, *starts(name)["each its own"])
    for wish in ("present", "absent", "exclusive", "empty"):
        holds(sets, MAP, name, **wishes(name)[wish])


@on(has_prefixes)
@pytest.mark.parametrize("name", ["virt@hosts", "file.map", "opt.map"])
def test_prophecy_of_maps_with_a_prefix(sets: Sets, name: str) -> None:
    sets.put(MAP, name, ["d v", "a other"])
    for wish in ("present", "absent", "exclusive", "empty"):
        holds(sets, MAP, name, **wishes("str.map")[wish])


def test_only_processes_that_deviate_get_a_command(sets: Sets) -> None:
    sets.put(MAP, "str.map", ["a v1"])
    sets.fill(0, MAP, "str.map", ["a other"])
    result = holds(sets, MAP, "str.map", entries={"a": "v1"})
    (line,) = result["commands"]
    assert line == {"process": sets.recorders.sockets[0], "command": f"set map {sets.path('str.map')} a v1"}


def test_entries_that_nobody_speaks_of_stay(sets: Sets) -> None:
    """In their place, which matters for regular expressions."""
    sets.put(MAP, "reg.map", ["^/x 1", "^/a 2", "^/y 3"])
    holds(sets, MAP, "reg.map", entries={"^/a": "new", "^/b": "4"})
    assert sets.contents(MAP, "reg.map") == [[b"^/x 1", b"^/a new", b"^/y 3", b"^/b 4"]] * sets.count


def test_a_key_that_stays_is_never_missing(sets: Sets) -> None:
    """What is new is added first and what goes is deleted last; nothing is ever cleared."""
    sets.put(MAP, "str.map", ["a v1", "b v2", "c v3"])
    holds(sets, MAP, "str.map", entries={"a": "v1", "b": "new", "d": "v4"}, exclusive=True)
    path = sets.path("str.map")
    wanted = [f"add map {path} d v4", f"set map {path} b new", f"del map {path} c"]
    sets.put(MAP, "str.map", ["a v1", "b v2", "c v3"])
    sets.recorders.clear()
    well(sets, MAP, "str.map", entries={"a": "v1", "b": "new", "d": "v4"}, exclusive=True)
    assert sets.recorders.writes() == [wanted] * sets.count


def test_emptying_is_a_swap_where_that_is_cheaper_and_never_a_clear(sets: Sets) -> None:
    """A set of several thousands goes at once; ``clear map`` only where HAProxy has nothing better."""
    sets.put(MAP, "spare.map", [f"k{n} v" for n in range(3000)])
    sets.recorders.clear()
    result = well(sets, MAP, "spare.map", state="empty")
    assert (result["removed"], result["entry_count"]) == (3000, 0)
    verbs = [[write.split()[0] for write in writes] for writes in sets.recorders.writes()]
    assert verbs == [["prepare", "commit"] if sets.has_versions else ["clear"]] * sets.count
    assert sets.contents(MAP, "spare.map") == [[]] * sets.count


# Repeated keys ---------------------------------------------------------------------------------------------------


def test_a_repeated_key_gets_its_value_everywhere_and_a_warning_says_so(sets: Sets) -> None:
    sets.put(MAP, "str.map", ["a v1", "b v2", "a other"])
    result = holds(sets, MAP, "str.map", entries={"a": "new"})
    assert sets.contents(MAP, "str.map") == [[b"a new", b"b v2", b"a new"]] * sets.count
    assert (result["added"], result["removed"], result["updated"], result["entry_count"]) == (0, 0, 1, 3)
    assert len(warned(result)) == sets.count
    assert "'a' 2 times; exclusive repairs that" in warned(result)[0]


def test_a_repeated_key_with_the_wished_value_is_unchanged_and_told(sets: Sets) -> None:
    sets.put(MAP, "str.map", ["a v1", "a v1"])
    result = holds(sets, MAP, "str.map", entries={"a": "v1"})
    assert not result["changed"]
    assert len(warned(result)) == sets.count


def test_a_repeated_key_that_nobody_speaks_of_is_none_of_our_business(sets: Sets) -> None:
    sets.put(MAP, "str.map", ["a v1", "b v2", "a other"])
    result = holds(sets, MAP, "str.map", entries={"b": "v2"})
    assert not result["changed"]
    assert warned(result) == []


@pytest.mark.parametrize("name", ["str.map", "reg.map"])
def test_exclusive_repairs_repeated_keys(sets: Sets, name: str) -> None:
    """All at once where HAProxy can, so that the key is never missing."""
    one, two, *_others = keys_of(name)
    sets.put(MAP, name, [f"{one} v1", f"{two} v2", f"{one} other"], [f"{one} v1", f"{one} v1", f"{two} v2"])
    result = holds(sets, MAP, name, entries=pairs((one, two), ("v1", "v2")), exclusive=True)
    assert sets.contents(MAP, name) == [[f"{one} v1".encode(), f"{two} v2".encode()]] * sets.count or (
        not sets.has_versions and name == "str.map"
    )
    assert result["atomic"] == sets.has_versions
    assert result["entry_count"] == 2


def test_exclusive_repairs_one_process_of_four(sets: Sets) -> None:
    sets.put(MAP, "str.map", ["a v1"])
    sets.fill(0, MAP, "str.map", ["a v1", "a v1"])
    result = holds(sets, MAP, "str.map", entries={"a": "v1"}, exclusive=True)
    assert {line["process"] for line in result["commands"]} == {sets.recorders.sockets[0]}


@pytest.mark.parametrize("exclusive", [True, False], ids=["exclusive", "additive"])
def test_a_key_may_be_wished_twice(sets: Sets, exclusive: bool) -> None:
    """A list may say what a dictionary cannot."""
    sets.put(MAP, "reg.map", ["^/b 1", "^/a 1"])
    entries = [{"key": "^/a", "value": "1"}, {"key": "^/b", "value": "1"}, {"key": "^/a", "value": "2"}]
    arguments: dict[str, Any] = {"entries": entries, "exclusive": exclusive}
    well(sets, MAP, "reg.map", **arguments)
    for content in sets.contents(MAP, "reg.map"):
        assert [entry for entry in content if entry.startswith(b"^/a")] == [b"^/a 1", b"^/a 2"]
        assert sorted(content) == [b"^/a 1", b"^/a 2", b"^/b 1"]
        assert not exclusive or content == [b"^/a 1", b"^/b 1", b"^/a 2"]
    sets.recorders.clear()
    assert not well(sets, MAP, "reg.map", **arguments)["changed"]
    assert nothing_sent(sets)


# What a result shows ---------------------------------------------------------------------------------------------


def test_a_long_diff_is_cut_and_says_how_long_it_is(sets: Sets) -> None:
    sets.put(MAP, "spare.map", [f"old{n} v" for n in range(250)])
    result = holds_large(sets, {f"new{n}": "v" for n in range(300)})
    diff = result["diff"]
    before, after = diff["before"].splitlines(), diff["after"].splitlines()
    assert len(before) == len(after) == 201
    assert before[:2] == ["old0 v", "old1 v"]
    assert after[:2] == ["new0 v", "new1 v"]
    assert before[-1] == after[-1] == "… 550 lines change in all"
    assert (result["added"], result["removed"], result["entry_count"]) == (300, 250, 300)


def holds_large(sets: Sets, entries: dict[str, str]) -> dict[str, Any]:
    """A check and a run of an exclusive wish; what is told is the same."""
    predicted = well(sets, MAP, "spare.map", check=True, entries=entries, exclusive=True)
    result = well(sets, MAP, "spare.map", entries=entries, exclusive=True)
    assert {**predicted, "per_process": 0} == {**result, "per_process": 0}
    wished = sorted(f"{key} {value}".encode() for key, value in entries.items())
    assert [sorted(content) for content in sets.contents(MAP, "spare.map")] == [wished] * sets.count
    return result


@on(lambda haproxy, _count: haproxy.number >= (2, 9))
@pytest.mark.parametrize("number", [200, 201])
def test_many_commands_of_a_kind_are_one_line_with_a_count(sets: Sets, number: int) -> None:
    """``set`` and ``del`` that are so many on a set that is so large that a swap would cost more; before HAProxy 2.9 it
    never would."""
    sets.put(MAP, "spare.map", [f"k{n} v" for n in range(4000)])
    result = well(sets, MAP, "spare.map", entries={f"k{n}": "new" for n in range(number)})
    path = sets.path("spare.map")
    several = [f"set map ({number} times)"]
    lines = several if number > 200 else [f"set map {path} k{n} new" for n in range(number)]
    assert [line["command"] for line in result["commands"] if line["process"] == sets.recorders.sockets[0]] == lines
    assert (result["updated"], result["atomic"]) == (number, False)


def test_more_than_200_new_entries_travel_together(sets: Sets) -> None:
    sets.put(MAP, "spare.map", ["old v"])
    result = holds(sets, MAP, "spare.map", entries={f"k{n}": f"v {n}" for n in range(201)})
    assert (result["added"], result["entry_count"]) == (201, 202)
    path = sets.path("spare.map")
    lines = [line["command"] for line in result["commands"] if line["process"] == sets.recorders.sockets[0]]
    assert lines == [f"add map {path} << (201 lines)"]


# Acceptance cases D of what users of other tools were bitten by --------------------------------------------------


def test_d03_a_hundred_of_5000_entries_differ(sets: Sets) -> None:
    """One task, few connections, no reload."""
    sets.put(MAP, "spare.map", [f"key{n} v{n}" for n in range(5000)])
    pids = sets.fleet.pids
    sets.recorders.clear()
    entries = {f"key{n}": f"v{n}" if n % 50 else "new" for n in range(5000)}
    result = well(sets, MAP, "spare.map", entries=entries, exclusive=True)
    assert (result["added"], result["removed"], result["updated"], result["entry_count"]) == (0, 0, 100, 5000)
    lists = 20 if sets.version.has_nbproc else 4  # under nbproc an address is tried several times
    for recorder in sets.recorders.all:
        assert len(recorder.exchanges) < lists + 12
    assert sets.fleet.pids == pids
    sets.recorders.clear()
    assert not well(sets, MAP, "spare.map", entries=entries, exclusive=True)["changed"]


def test_d04_a_key_that_is_there_is_set_and_not_added_again(sets: Sets) -> None:
    sets.put(MAP, "str.map", ["k v1"])
    result = holds(sets, MAP, "str.map", entries={"k": "v2"})
    assert {line["command"] for line in result["commands"]} == {f"set map {sets.path('str.map')} k v2"}
    assert sets.contents(MAP, "str.map") == [[b"k v2"]] * sets.count


def test_d05_special_characters_come_back_identical(sets: Sets) -> None:
    texts = ("a;b", "a\\.b", "#a", "'a", '"a"', "a<<b")
    sets.put(MAP, "str.map", [])
    holds(sets, MAP, "str.map", entries={text: f"{text} {text}" for text in texts})
    assert sets.contents(MAP, "str.map") == [[f"{text} {text} {text}".encode() for text in texts]] * sets.count


def test_d06_a_large_replacement_is_loaded_in_pieces_read_and_committed(sets: Sets) -> None:
    """Disjoint content of 60 KB: no ``clear``, no line or payload above the buffer, nothing live before it is read."""
    sets.put(MAP, "spare.map", [f"old{n} v" for n in range(100)])
    sets.recorders.clear()
    result = well(sets, MAP, "spare.map", entries={f"key{n}": f"value {n}" for n in range(3000)}, exclusive=True)
    assert (result["added"], result["removed"]) == (3000, 100)
    assert result["atomic"] == sets.has_versions
    for recorder in sets.recorders.all:
        assert max(len(request) for request, _reply in recorder.exchanges) <= 15_000
        verbs = [write.split()[0] for write in recorder.writes()]
        assert "clear" not in verbs
        if sets.has_versions:
            assert verbs[0] == "prepare"
            assert verbs[-1] == "commit"
            assert set(verbs[1:-1]) == {"add"}
            commands = recorder.commands()
            read = [n for n, command in enumerate(commands) if command.startswith("show map @")]
            (commit,) = (n for n, command in enumerate(commands) if command.startswith("commit "))
            assert read, "the new version was not read"
            assert read[-1] < commit


def test_d11_a_value_with_blanks_in_a_payload_of_more_than_8_kb(sets: Sets) -> None:
    sets.put(MAP, "spare.map", [])
    entries = {f"key{n}": "two words " * 4 + "end" for n in range(400)}
    result = well(sets, MAP, "spare.map", entries=entries)
    assert result["added"] == 400
    assert set(sets.shown(0, MAP, "spare.map")) == {f"{key} {value}".encode() for key, value in entries.items()}


# Cases M of haproxyadmin ------------------------------------------------------------------------------------------


def test_m05_a_new_key_is_added(sets: Sets) -> None:
    sets.put(MAP, "str.map", ["a v1"])
    result = holds(sets, MAP, "str.map", entries={"b": "v2"})
    assert (result["added"], result["updated"]) == (1, 0)
    assert {line["command"] for line in result["commands"]} == {f"add map {sets.path('str.map')} b v2"}


@pytest.mark.parametrize("value", ["v1", "v2"], ids=["same value", "other value"])
def test_m06_the_same_key_is_never_added_again(sets: Sets, value: str) -> None:
    sets.put(MAP, "str.map", ["a v1"])
    result = holds(sets, MAP, "str.map", entries={"a": value})
    assert result["changed"] == (value != "v1")
    assert result["entry_count"] == 1


def test_m07_a_value_is_set(sets: Sets) -> None:
    sets.put(MAP, "str.map", ["a v1", "b v2"])
    assert holds(sets, MAP, "str.map", entries={"b": "new"})["updated"] == 1


def test_m08_setting_what_is_missing_adds_it(sets: Sets) -> None:
    sets.put(MAP, "str.map", [])
    assert holds(sets, MAP, "str.map", entries={"b": "new"})["added"] == 1


@pytest.mark.parametrize("key", ["a", "nobody"], ids=["there", "missing"])
def test_m09_deleting(sets: Sets, key: str) -> None:
    """What is missing is no failure, on no version."""
    sets.put(MAP, "str.map", ["a v1", "b v2"])
    assert holds(sets, MAP, "str.map", entries=[key], state="absent")["removed"] == (key == "a")


def test_m10_clearing_and_clearing_again(sets: Sets) -> None:
    sets.put(MAP, "str.map", ["a v1", "b v2", "a v1"])
    assert holds(sets, MAP, "str.map", state="empty")["removed"] >= 2
    assert not holds(sets, MAP, "str.map", state="empty")["changed"]


def test_m12_a_value_keeps_its_blanks(sets: Sets) -> None:
    sets.put(MAP, "str.map", ["a v1"])
    holds(sets, MAP, "str.map", entries={"a": "hello world", "b": "hello  new world"})
    assert sets.shown(0, MAP, "str.map") == [b"a hello world", b"b hello  new world"]


def test_m13_keys_with_special_characters(sets: Sets) -> None:
    """Added, set, deleted, and nothing else."""
    keys = ("a;b", "a\\b", "#a", "a#b", '"a"', "0xdead", "@1", "-", "a<<b", "ä", "%[path]", "'", "<version>")
    sets.put(MAP, "str.map", ["x v"])
    holds(sets, MAP, "str.map", entries=dict.fromkeys(keys, "v1"))
    holds(sets, MAP, "str.map", entries=dict.fromkeys(keys, "v2"))
    assert sets.shown(0, MAP, "str.map") == [b"x v", *(f"{key} v2".encode() for key in keys)]
    holds(sets, MAP, "str.map", entries=list(keys), state="absent")
    assert sets.shown(0, MAP, "str.map") == [b"x v"]


def test_m14_keys_that_a_file_repeats_are_made_one(sets: Sets) -> None:
    """As they are after a start with such a file: exactly what is wished, each once."""
    sets.put(MAP, "str.map", ["a v1", "a v2", "b v1", "a v3"])
    result = holds(sets, MAP, "str.map", entries={"a": "v2", "b": "v1"}, exclusive=True)
    assert result["entry_count"] == 2
    assert sorted(sets.shown(0, MAP, "str.map")) == [b"a v2", b"b v1"]


def test_m15_processes_that_differ_converge(sets: Sets) -> None:
    """Each process's own change is in the result."""
    sets.put(MAP, "str.map", ["a v1"], [], ["a v2"], ["a v1", "b v2"])
    result = holds(sets, MAP, "str.map", entries={"a": "v1"}, exclusive=True)
    rows = [(row["added"], row["removed"], row["updated"]) for row in result["per_process"]]
    assert rows == [(0, 0, 0), (1, 0, 0), (0, 0, 1), (0, 1, 0)][: sets.count]
    assert sets.contents(MAP, "str.map") == [[b"a v1"]] * sets.count


@on(can_replace)
def test_m16_a_whole_map_is_replaced_at_once(sets: Sets) -> None:
    sets.put(MAP, "str.map", ["a v1", "b v2"])
    result = holds(sets, MAP, "str.map", entries={"b": "new", "c": "v3"}, exclusive=True, atomic="always")
    assert result["atomic"]
    path = sets.path("str.map")
    lines = [line["command"] for line in result["commands"] if line["process"] == sets.recorders.sockets[0]]
    assert lines == [f"prepare map {path}", f"add map @<version> {path} << (2 lines)", f"commit map @<version> {path}"]


def test_what_is_written_serves_at_once(sets: Sets) -> None:
    """A request that HAProxy answers from the map."""
    sets.put(MAP, "str.map", [])
    for value in ("www", "new www"):
        well(sets, MAP, "str.map", entries={"/page": value})
        assert sets.get("/page").body == value.encode()


def test_the_samples_are_of_every_method() -> None:
    assert {use.partition("(")[0].partition(",map")[2].lstrip("_") or "str" for use in _uses()} <= {
        *KEYS,
        "str_int",
        "str_ip",
    }


def _uses() -> list[str]:
    return [use for uses in MAPS.values() for use in uses]
