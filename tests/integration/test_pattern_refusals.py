# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What maps and ACLs refuse: one bad entry changes nothing anywhere, and a name means one set or is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.tasks import run

from .conftest import can_replace, may_differ, on, once
from .patterns import (
    ACL,
    LAYOUTS,
    MAP,
    MIXED,
    SOME,
    Sets,
    fails,
    keys_of,
    layout_id,
    nothing_sent,
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


def nothing_live_sent(sets: Sets) -> bool:
    """Whether what was sent was only about a version that serves nobody."""
    return all(
        write.startswith("prepare ") or write.split()[2].startswith("@")
        for writes in sets.recorders.writes()
        for write in writes
        if not write.startswith("commit ")
    ) and not any(write.startswith("commit ") for writes in sets.recorders.writes() for write in writes)


# One bad entry -------------------------------------------------------------------------------------------------

BAD_OF_MAPS: dict[str, tuple[str, str, str]] = {
    "no address": ("ip.map", "not-an-ip", "v"),
    "no network": ("ip.map", "10.0.0.0/99", "v"),
    "no number": ("int.map", "many", "v"),
    "no range": ("int.map", "1:x", "v"),
    "no expression": ("reg.map", "^(bad", "v"),
    "no expression, with groups": ("regm.map", "^(bad", "v"),
    "no number as value": ("str_int.map", "bad", "x1"),
    "no address as value": ("str_ip.map", "bad", "10.0.0.999"),
}
"""Map, key and value."""
BAD_OF_ACLS = {
    "no address": ("ip.acl", "not-an-ip"),
    "no network": ("ip.acl", "10.0.0.0/99"),
    "no number": ("int.acl", "many"),
    "no expression": ("reg.acl", "^(bad"),
}


# Additions by themselves and with deletions; so few that they are single commands, and so many that they are not.
SIZES = pytest.mark.parametrize(
    ("exclusive", "count"),
    [(False, 2), (False, 250), (True, 2), (True, 250)],
    ids=["additive-single", "additive-many", "exclusive-single", "exclusive-many"],
)


def filler(name: str, count: int) -> list[str]:
    """So many keys that the set of this name takes."""
    if name.startswith("ip"):
        return [f"10.1.{n // 250}.{n % 250}" for n in range(count)]
    return [f"{1000 + n}" for n in range(count)]


@on(once)
@SIZES
@pytest.mark.parametrize("which", BAD_OF_MAPS)
def test_one_bad_entry_of_a_map_changes_nothing_anywhere(sets: Sets, which: str, exclusive: bool, count: int) -> None:
    """It is named; on HAProxy 2.2, which may have taken some before, these are taken back."""
    name, key, value = BAD_OF_MAPS[which]
    good = values_of(name)[0]
    sets.put(MAP, name, [f"{each} {good}" for each in keys_of(name)[:3]])
    entries = dict.fromkeys(filler(name, count), good)
    entries = {**entries, key: value, **dict.fromkeys(filler(name, count + 2), good)}
    before = sets.contents(MAP, name)
    sets.recorders.clear()
    arguments = {"socket": sets.sockets, "map": sets.path(name), "entries": entries, "exclusive": exclusive}
    failure = run("haproxy_map", arguments)
    assert failure.get("failed")
    assert "exception" not in failure, failure["exception"]
    assert sets.contents(MAP, name) == before, failure["msg"]
    assert key in failure["msg"] or value in failure["msg"]
    if sets.has_versions:
        assert f"entry {count + 1}, {key!r}" in failure["msg"]
        assert nothing_live_sent(sets)
        assert failure["done"] == []
    del entries[key]
    arguments["entries"] = entries
    result = run("haproxy_map", arguments)  # what was abandoned does not stand in the way
    assert not result.get("failed"), result["msg"]
    assert not run("haproxy_map", arguments)["changed"]


@on(once)
@SIZES
@pytest.mark.parametrize("which", BAD_OF_ACLS)
def test_one_bad_entry_of_an_acl_changes_nothing_anywhere(sets: Sets, which: str, exclusive: bool, count: int) -> None:
    name, bad = BAD_OF_ACLS[which]
    sets.put(ACL, name, keys_of(name)[:3])
    entries = [*filler(name, count), bad, *filler(name, count + 2)[count:]]
    failure = fails_somehow(sets, ACL, name, entries=entries, exclusive=exclusive)
    assert bad in failure["msg"]
    if sets.has_versions:
        assert f"entry {count + 1}, {bad!r}" in failure["msg"]
        assert nothing_live_sent(sets)
    entries.remove(bad)
    assert well(sets, ACL, name, entries=entries, exclusive=exclusive)["changed"]


def fails_somehow(sets: Sets, kind: str, name: str, **options: Any) -> dict[str, Any]:
    """The failure of a task, whatever its kind; what every process has is as before."""
    before = sets.contents(kind, name)
    sets.recorders.clear()
    failure = run(f"haproxy_{kind}", {"socket": sets.sockets, kind: sets.path(name), **options})
    assert failure.get("failed"), failure
    assert "exception" not in failure, failure["exception"]
    assert sets.contents(kind, name) == before, failure["msg"]
    return failure


@pytest.mark.parametrize(("name", "value"), [("str_int.map", "x1"), ("str_ip.map", "nowhere")])
@pytest.mark.parametrize("exclusive", [False, True], ids=["additive", "exclusive"])
def test_a_bad_value_for_a_key_that_is_there(sets: Sets, name: str, value: str, exclusive: bool) -> None:
    """``set map`` of 2.2 and 2.6 says nothing to that."""
    good = values_of(name)[:2]
    sets.put(MAP, name, [f"a {good[0]}", f"b {good[0]}"])
    failure = fails_somehow(sets, MAP, name, entries={"a": good[1], "b": value}, exclusive=exclusive)
    assert "'b'" in failure["msg"]


@on(may_differ)
@pytest.mark.parametrize("bad", ["not-an-ip", "10.0.0.0/99"])
@SIZES
def test_an_entry_that_is_bad_on_one_process_only(sets: Sets, bad: str, count: int, exclusive: bool) -> None:
    """The fourth instance has the file as addresses, the others as texts, which take it."""
    sets.put(MAP, MIXED, ["10.0.0.1 v"])
    sets.recorders.clear()
    entries = {**dict.fromkeys(filler("ip", count), "v"), bad: "v"}
    arguments = {"socket": sets.sockets, "map": sets.path(MIXED), "entries": entries, "exclusive": exclusive}
    failure = run("haproxy_map", arguments)
    assert failure.get("failed")
    assert f"entry {count + 1}, {bad!r}" in failure["msg"]
    assert failure["process"] == sets.recorders.sockets[3]
    assert sets.contents(MAP, MIXED) == [[b"10.0.0.1 v"]] * 4
    assert nothing_live_sent(sets)


@on(lambda haproxy, count: not can_replace(haproxy, count))
def test_on_2_2_what_was_added_is_taken_back(sets: Sets) -> None:
    """Also where a key that is added was there already, and where another's order counts."""
    sets.put(MAP, "reg.map", ["^/b 1", "^/a 1", "^/c 1"])
    entries = [("^/a", "1"), ("^/a", "2"), ("^/d", "1"), ("^(bad", "1")]
    for exclusive in (False, True):
        failure = fails_somehow(
            sets,
            MAP,
            "reg.map",
            entries=[{"key": key, "value": value} for key, value in entries],
            exclusive=exclusive,
        )
        assert "the former state was restored" in failure["msg"]


# Names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["file@", "opt@"])
def test_the_prefix_of_a_file_name_does_not_count(sets: Sets, prefix: str) -> None:
    sets.put(MAP, "str.map", [])
    well(sets, MAP, f"{prefix}{sets.path('str.map')}", entries={"a": "v"})
    assert sets.contents(MAP, "str.map") == [[b"a v"]] * sets.count


def test_a_number_names_a_map_where_it_is_the_same_on_all(sets: Sets) -> None:
    """On one process, under nbproc, and on instances of one configuration."""
    sets.put(MAP, "str.map", [])
    number = sets.number(0, MAP, sets.path("str.map"))
    alike = sets.sockets if sets.count == 1 or sets.version.has_nbproc else sets.recorders.sockets[:3]
    result = run("haproxy_map", {"socket": alike, "map": number, "entries": {"a": "v"}})
    assert result["changed"], result
    expected = [[b"a v"]] * (sets.count if alike == sets.sockets else 3)
    assert sets.contents(MAP, "str.map")[: len(expected)] == expected
    assert all(f" {sets.path('str.map')}" in line["command"] for line in result["commands"])


@on(may_differ)
def test_a_number_that_means_different_maps_is_refused(sets: Sets) -> None:
    number = sets.number(0, MAP, sets.path("beg.map"))
    sets.recorders.clear()
    failure = fails(sets, MAP, number, entries={"a": "v"})
    assert f"{number} is not the same map on every process" in failure["msg"]
    assert sets.path("beg.map") in failure["msg"]
    assert sets.path("str.map") in failure["msg"]
    assert nothing_sent(sets)


@pytest.mark.parametrize("kind", [MAP, ACL])
@pytest.mark.parametrize(
    ("name", "state"),
    [("/nowhere.map", "present"), ("virt@nobody", "absent"), ("#99999", "empty")],
    ids=["file", "virtual", "number"],
)
def test_d08_a_set_that_no_configuration_loads_is_a_clear_failure(sets: Sets, kind: str, name: str, state: str) -> None:
    entries = {} if state == "empty" else {"entries": ["a"] if kind == ACL or state == "absent" else {"a": "v"}}
    failure = fails(sets, kind, name, error="ObjectNotFound", state=state, persist=state == "present", **entries)
    assert "no configuration loads" in failure["msg"]
    assert repr(name) in failure["msg"]
    assert sets.path(f"{'str' if kind == ACL else 'beg'}.{kind}") in failure["msg"], "names those that there are"
    assert nothing_sent(sets)


@on(may_differ)
def test_a_set_on_some_processes_only_is_done_there_and_told(sets: Sets) -> None:
    for index in (0, 1):
        sets.fill(index, MAP, SOME, [])
    result = well(sets, MAP, SOME, entries={"a": "v"})
    assert sorted({line["process"] for line in result["commands"]}) == sets.recorders.sockets[:2]
    assert [row["process"] for row in result["per_process"]] == sets.recorders.sockets[:2]
    warnings = warned(result)
    assert len(warnings) == 2
    for warning, process in zip(warnings, sets.recorders.sockets[2:], strict=True):
        assert f"process {process} does not have a map {sets.path(SOME)}" in warning
    assert [sets.shown(index, MAP, SOME) for index in (0, 1)] == [[b"a v"]] * 2
    assert not well(sets, MAP, SOME, entries={"a": "v"})["changed"]


def test_an_acl_is_no_map_and_a_map_is_no_acl(sets: Sets) -> None:
    failure = fails(sets, MAP, "str.acl", error="ObjectNotFound", entries={"a": "v"})
    assert "it is an ACL there, not a map: use haproxy_acl" in failure["msg"]
    failure = fails(sets, ACL, "str.map", error="ObjectNotFound", entries=["a"])
    assert "it is a map there" in failure["msg"]
    assert nothing_sent(sets)


def test_a_map_that_is_an_acl_too_is_a_map(sets: Sets) -> None:
    sets.put(MAP, "both.map", [])
    assert well(sets, MAP, "both.map", entries={"10.0.0.1": "v"})["changed"]
    assert sets.contents(MAP, "both.map") == [[b"10.0.0.1 v"]] * sets.count


# Options -------------------------------------------------------------------------------------------------------

OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "state=present takes entries or src"),
    "absent without entries": ({"state": "absent"}, "state=absent takes entries or src"),
    "empty with entries": ({"state": "empty", "entries": {"a": "v"}}, "state=empty takes neither entries nor src"),
    "empty with src": ({"state": "empty", "src": "/x"}, "state=empty takes neither entries nor src"),
    "exclusive and absent": ({"state": "absent", "exclusive": True, "entries": ["a"]}, "state=present only"),
    "exclusive and nothing": ({"exclusive": True, "entries": {}}, "that is said as state=empty"),
    "backup alone": ({"entries": {"a": "v"}, "backup": True}, "goes with persist only"),
    "entries and src": ({"entries": {"a": "v"}, "src": "/x"}, "mutually exclusive"),
    "src that is not there": ({"src": "/nowhere/src"}, "src /nowhere/src cannot be read: No such file or directory"),
    "a number": ({"entries": 5}, "entries is a dictionary or a list"),
    "an unknown way": ({"entries": {"a": "v"}, "atomic": "never"}, "must be one of: auto, always"),
}


@pytest.fixture(scope="module")
def newest() -> Iterator[Sets]:
    """One process of the newest version, for what is judged before any process is asked."""
    with started(LAYOUTS[-1][0], 1) as running:
        yield running


@pytest.mark.parametrize(("options", "said"), OPTIONS.values(), ids=OPTIONS)
def test_options_that_cannot_be_meant(newest: Sets, options: dict[str, Any], said: str) -> None:
    """Judged before any process is asked."""
    newest.recorders.clear()
    failure = run("haproxy_map", {"socket": newest.sockets, "map": newest.path("str.map"), **options})
    assert failure.get("failed")
    assert said in failure["msg"]
    assert not any(newest.recorders.commands())


@pytest.mark.parametrize("name", ["", "a\nb"])
def test_a_name_that_cannot_be_one(sets: Sets, name: str) -> None:
    sets.recorders.clear()
    failure = run("haproxy_map", {"socket": sets.sockets, "map": name, "entries": {"a": "v"}})
    assert failure.get("failed")
    assert failure["error"] in ("InputError", "ObjectNotFound")
    assert nothing_sent(sets)


def test_d11_an_empty_list_never_empties(sets: Sets, tmp_path: Path) -> None:
    """Neither an empty file; only ``state: empty`` does."""
    (tmp_path / "src").write_text("# nothing\n")
    sets.put(MAP, "str.map", ["a v"])
    nothings: list[dict[str, Any]] = [{"entries": []}, {"entries": {}}, {"src": str(tmp_path / "src")}]
    for options in nothings:
        assert "state=empty" in fails(sets, MAP, "str.map", exclusive=True, **options)["msg"]
        assert not well(sets, MAP, "str.map", **options)["changed"]
    assert sets.contents(MAP, "str.map") == [[b"a v"]] * sets.count


def test_a_whole_number_is_taken_in_decimal(sets: Sets) -> None:
    sets.put(MAP, "int.map", [])
    well(sets, MAP, "int.map", entries={8080: 1, 90: "b"})
    assert sets.contents(MAP, "int.map") == [[b"8080 1", b"90 b"]] * sets.count
    sets.put(ACL, "int.acl", [])
    well(sets, ACL, "int.acl", entries=[8080])
    assert sets.contents(ACL, "int.acl") == [[b"8080"]] * sets.count
