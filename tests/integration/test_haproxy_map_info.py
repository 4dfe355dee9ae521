# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxy_map_info against real HAProxy processes, and cases M of haproxyadmin that only read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lab.tasks import Result, run

from .conftest import may_differ, on
from .patterns import FIRST, LAYOUTS, MAP, MAPS, MIXED, SOME, Sets, layout_id, nothing_sent, started


@pytest.fixture(scope="module", params=LAYOUTS, ids=layout_id)
def sets(request: pytest.FixtureRequest) -> Iterator[Sets]:
    """Each version, as one process and as four."""
    with started(*request.param) as running:
        yield running


def info(sets: Sets, **options: Any) -> Result:
    """What the module tells; it must succeed, and write nothing."""
    sets.recorders.clear()
    result = run("haproxy_map_info", {"socket": sets.sockets, **options})
    assert not result.get("failed"), result["msg"]
    assert nothing_sent(sets)
    assert result["changed"] is False
    return result


def fails(sets: Sets, **options: Any) -> Result:
    failure = run("haproxy_map_info", {"socket": sets.sockets, **options})
    assert failure.get("failed"), failure
    assert "exception" not in failure, failure["exception"]
    return failure


def test_m01_all_maps_are_listed_with_their_uses(sets: Sets) -> None:
    maps = {each["name"]: each for each in info(sets)["maps"]}
    several = sets.count == 4 and not sets.version.has_nbproc
    virtual = {"virt@hosts", sets.path("file.map"), sets.path("opt.map")} if sets.version.number >= (3, 0) else set()
    assert set(maps) == {
        *map(sets.path, (*MAPS, MIXED, SOME)),
        *([sets.path(FIRST)] if several else []),
        *virtual,
    }
    assert list(maps) == sorted(maps)
    for name, uses in MAPS.items():
        found = maps[sets.path(name)]["uses"]
        more = {"both.map": 1, "str.map": 1}.get(name, 0)  # as an ACL, and for the answer to a request
        assert len(found) == len(uses) + more, found
        assert all(use.startswith("map at file '") for use in found), found
    for name, wanted in ((SOME, 2), (FIRST, 1)) if several else ((SOME, sets.count),):
        assert len(maps[sets.path(name)]["per_process"]) == wanted


def test_the_numbers_are_those_of_each_process(sets: Sets) -> None:
    (found,) = (each for each in info(sets)["maps"] if each["name"] == sets.path("str.map"))
    numbers = {row["process"]: f"#{row['number']}" for row in found["per_process"]}
    assert numbers == {
        name: sets.number(index, MAP, sets.path("str.map")) for index, name in enumerate(sets.recorders.sockets)
    }


NAMINGS = {
    f"{layout_id(layout)}-{by}": (layout, by)
    for layout in LAYOUTS
    for by in ("name", "number", "file@")
    if by != "number" or not may_differ(*layout)
}


@pytest.mark.parametrize(("sets", "by"), NAMINGS.values(), ids=NAMINGS, indirect=["sets"])
def test_m02_the_entries_of_one_map(sets: Sets, by: str) -> None:
    """By its file's name and, where that is the same on all processes, by its number."""
    sets.put(MAP, "str.map", ["a v1", "b two words", "#c v;3", "a v1", "ä €"])
    path = sets.path("str.map")
    name = {"name": path, "file@": f"file@{path}", "number": sets.number(0, MAP, path)}[by]
    (found,) = info(sets, map=name)["maps"]
    pairs = (("a", "v1"), ("b", "two words"), ("#c", "v;3"), ("a", "v1"), ("ä", "€"))
    entries = [{"key": key, "value": value} for key, value in pairs]
    assert (found["name"], found["consistent"]) == (path, True)
    assert [row["entries"] for row in found["per_process"]] == [entries] * sets.count
    assert [row["entry_count"] for row in found["per_process"]] == [5] * sets.count
    assert [row["process"] for row in found["per_process"]] == sets.recorders.sockets


@pytest.mark.parametrize("name", ["/nowhere.map", "#99999", "virt@nobody", "str.map"])
@pytest.mark.parametrize("more", [{}, {"key": "a"}], ids=["entries", "lookup"])
def test_m03_an_unknown_map_fails(sets: Sets, name: str, more: dict[str, str]) -> None:
    failure = fails(sets, map=name, **more)
    assert failure["error"] == "ObjectNotFound"
    assert f"no configuration loads a map {name!r}" in failure["msg"]


def test_m04_an_empty_map_is_an_empty_list(sets: Sets) -> None:
    sets.put(MAP, "str.map", [])
    (found,) = info(sets, map=sets.path("str.map"))["maps"]
    assert [row["entries"] for row in found["per_process"]] == [[]] * sets.count
    assert found["consistent"]


def test_processes_that_differ_are_told_apart(sets: Sets) -> None:
    """The same entries in another order are another content, too."""
    sets.put(MAP, "str.map", ["a 1", "b 2"])
    sets.fill(0, MAP, "str.map", ["b 2", "a 1"])
    (found,) = info(sets, map=sets.path("str.map"))["maps"]
    assert found["consistent"] == (sets.count == 1)
    keys = [[entry["key"] for entry in row["entries"]] for row in found["per_process"]]
    assert keys == [["b", "a"], ["a", "b"], ["a", "b"], ["a", "b"]][: sets.count]


def test_bytes_that_are_no_utf_8_are_shown_as_escapes(sets: Sets) -> None:
    sets.put(MAP, "str.map", [b"k\xe9 v\xe9"])
    (found,) = info(sets, map=sets.path("str.map"))["maps"]
    assert found["per_process"][0]["entries"] == [{"key": "k\\xe9", "value": "v\\xe9"}]


# Lookups -------------------------------------------------------------------------------------------------------


def test_m11_a_lookup_that_finds_and_one_that_does_not(sets: Sets) -> None:
    sets.put(MAP, "str.map", ["a v1", "b two words"])
    result = info(sets, map=sets.path("str.map"), key="b")
    assert {key: result[key] for key in ("found", "key", "value", "type", "consistent")} == {
        "found": True,
        "key": "b",
        "value": "two words",
        "type": "str",
        "consistent": True,
    }
    row = result["lookups"][0]
    assert row == {
        "process": sets.recorders.sockets[0],
        "found": True,
        "type": "str",
        "case_sensitive": True,
        "key": "b",
        "value": "two words",
        "value_type": "str",
    }
    result = info(sets, map=sets.path("str.map"), key="z")
    assert (result["found"], result["key"], result["value"], result["type"]) == (False, None, None, None)
    assert {row["value"] for row in result["lookups"]} == {None}


LOOKUPS: dict[str, tuple[str, str, str, str]] = {
    "beg.map": ("/static v1", "/static/a.css", "beg", "str"),
    "sub.map": ("tic v1", "/static/a.css", "sub", "str"),
    "dir.map": ("static v1", "/x/static/y", "dir", "str"),
    "dom.map": ("b.example v1", "a.b.example", "dom", "str"),
    "end.map": (".css v1", "/static/a.css", "end", "str"),
    "reg.map": ("^/st.*[.]css$ v1", "/static/a.css", "reg", "str"),
    "int.map": ("80:90 v1", "85", "int", "str"),
    "ip.map": ("10.0.0.0/8 v1", "10.1.2.3", "ip", "str"),
    "str_int.map": ("a 17", "a", "str", "sint"),
    "str_ip.map": ("a 10.0.0.1", "a", "str", "ipv4"),
}


@pytest.mark.parametrize("name", LOOKUPS)
def test_a_lookup_by_each_method(sets: Sets, name: str) -> None:
    """As HAProxy does it for a request: a map of prefixes finds a longer text."""
    entry, sought, method, value_type = LOOKUPS[name]
    sets.put(MAP, name, [entry])
    result = info(sets, map=sets.path(name), key=sought)
    key, _blank, value = entry.partition(" ")
    assert result["found"], result
    assert (result["type"], result["value"]) == (method, value)
    # A regular expression is not shown, an address or a number as HAProxy writes it.
    assert result["key"] == key or name == "reg.map" or method in ("int", "ip"), result["key"]
    assert {row["value_type"].lower() for row in result["lookups"]} <= {value_type, "ip"}


def test_a_map_that_is_used_by_two_methods_is_looked_up_by_both(sets: Sets) -> None:
    sets.put(MAP, "two.map", ["/a v1"])
    result = info(sets, map=sets.path("two.map"), key="/a/b")
    rows = result["lookups"][:2]
    assert {row["type"]: row["found"] for row in rows} == {"str": False, "beg": True}
    assert (result["found"], result["value"], result["type"]) == (True, "v1", "beg")
    assert len(result["lookups"]) == 2 * sets.count


def test_a_lookup_where_processes_differ(sets: Sets) -> None:
    sets.put(MAP, "str.map", ["a v1"])
    sets.fill(0, MAP, "str.map", ["a other"])
    result = info(sets, map=sets.path("str.map"), key="a")
    assert result["found"]
    assert result["consistent"] == (sets.count == 1)
    assert result["value"] == ("other" if sets.count == 1 else None)
    assert [row["value"] for row in result["lookups"]] == ["other", "v1", "v1", "v1"][: sets.count]


@pytest.mark.parametrize("text", ['a "quoted" text', "a;b", "a\\b", "x, value=y", "ä"])
def test_a_lookup_of_a_text_with_special_characters(sets: Sets, text: str) -> None:
    """Told as one text, whatever it looks like."""
    value = f'{text}", type="x'
    sets.put(MAP, "beg.map", [f"{text.split(' ')[0]} {value}"])
    result = info(sets, map=sets.path("beg.map"), key=text)
    assert result["found"]
    assert result["value"] == value


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"key": "a"}, "say which by the option map"),
        ({"map": ""}, "map is empty"),
        ({"map": "x", "key": ""}, "an empty text"),
        ({"map": "x", "key": "a\nb"}, "control character"),
    ],
    ids=["no map", "empty name", "empty key", "line end"],
)
def test_what_cannot_be_meant_is_refused(sets: Sets, options: dict[str, str], said: str) -> None:
    sets.recorders.clear()
    failure = fails(sets, **options)
    assert failure["error"] == "InputError"
    assert said in failure["msg"]
    assert not any(sets.recorders.commands())


@on(may_differ)
def test_a_number_that_means_different_maps_is_refused(sets: Sets) -> None:
    number = sets.number(0, MAP, sets.path("beg.map"))
    failure = fails(sets, map=number)
    assert failure["error"] == "InputError"
    assert "is not the same map on every process" in failure["msg"]
    assert sets.path("beg.map") in failure["msg"]


def test_only_administrators_see_maps_from_3_3_on() -> None:
    with started(*LAYOUTS[-1], operator=True) as sets:
        failure = run("haproxy_map_info", {"socket": [str(sets.fleet.base / "operator")]})
        assert failure.get("failed")
        assert failure["error"] == "PermissionDenied"
        assert "needs level admin" in failure["msg"]
