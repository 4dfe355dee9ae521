# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxy_acl against real HAProxy processes: the law, and cases A of haproxyadmin that change something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import can_replace, has_prefixes, on, once
from .patterns import (
    ACL,
    ACLS,
    INLINE,
    LAYOUTS,
    Content,
    Sets,
    fails,
    holds,
    keys_of,
    layout_id,
    nothing_sent,
    started,
    warned,
    well,
)


@pytest.fixture(scope="module", params=LAYOUTS, ids=layout_id)
def sets(request: pytest.FixtureRequest) -> Iterator[Sets]:
    """Each version, as one process and as four."""
    with started(*request.param) as running:
        yield running


def starts(name: str) -> dict[str, list[Content]]:
    """What there is at first, where the first three patterns are wished: for all processes, or one for each."""
    one, two, three, four, five = keys_of(name)
    contents: dict[str, Content] = {
        "nothing": [],
        "what is wished": [one, two, three],
        "less": [two],
        "more": [four, one, two, three, five],
        "repeated patterns": [one, two, one, three, two],
        "another order": [three, two, one],
    }
    several = [[three, four, one], [], contents["more"], contents["repeated patterns"]]
    return {**{which: [content] for which, content in contents.items()}, "each its own": several}


def wishes(name: str) -> dict[str, dict[str, Any]]:
    keys = list(keys_of(name))
    return {
        "present": {"entries": keys[:3]},
        "exclusive": {"entries": keys[:3], "exclusive": True},
        "absent": {"entries": [keys[0], keys[2]], "state": "absent"},
        "empty": {"state": "empty"},
    }


STARTS, WISHES = tuple(starts("ip.acl")), tuple(wishes("ip.acl"))


@on(once)
@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("start", STARTS)
def test_prophecy_of_addresses(sets: Sets, start: str, wish: str) -> None:
    sets.put(ACL, "ip.acl", *starts("ip.acl")[start])
    holds(sets, ACL, "ip.acl", **wishes("ip.acl")[wish])


@pytest.mark.parametrize("wish", WISHES)
def test_prophecy_of_all_at_once(sets: Sets, wish: str) -> None:
    sets.put(ACL, "ip.acl", *starts("ip.acl")["each its own"])
    options = {**wishes("ip.acl")[wish], "atomic": "always"}
    if sets.has_versions:
        assert holds(sets, ACL, "ip.acl", **options)["atomic"]
    else:
        failure = fails(sets, ACL, "ip.acl", error="FeatureMissing", **options)
        assert f"needs HAProxy 2.4, process {failure['process']} runs 2.2" in failure["msg"]
        assert nothing_sent(sets)


@pytest.mark.parametrize("start", ["more", "repeated patterns", "another order", "each its own"])
def test_prophecy_where_the_order_counts(sets: Sets, start: str) -> None:
    sets.put(ACL, "reg.acl", *starts("reg.acl")[start])
    holds(sets, ACL, "reg.acl", **wishes("reg.acl")["exclusive"])


@on(once)
@pytest.mark.parametrize("name", [name for name in ACLS if name not in ("ip.acl", "reg.acl", "both.map")])
def test_prophecy_of_every_type(sets: Sets, name: str) -> None:
    sets.put(ACL, name, *starts(name)["each its own"])
    for wish in ("present", "absent", "exclusive", "empty"):
        holds(sets, ACL, name, **wishes(name)[wish])


@on(has_prefixes)
def test_prophecy_of_a_virtual_acl(sets: Sets) -> None:
    sets.put(ACL, "virt@blocked", ["d", "a"])
    for wish in ("present", "absent", "exclusive", "empty"):
        holds(sets, ACL, "virt@blocked", **wishes("str.acl")[wish])


def test_an_acl_in_the_configuration_is_named_by_its_number(sets: Sets) -> None:
    """It has no file. On four instances of different configurations the number is refused; under nbproc it is one."""
    number = sets.number(0, ACL, INLINE)
    assert sets.shown(0, ACL, number) == [b"10.0.0.1", b"10.0.0.2"]
    if sets.count == 4 and not sets.version.has_nbproc:
        assert "not the same acl on every process" in fails(sets, ACL, number, entries=["10.0.0.3"])["msg"]
        assert nothing_sent(sets)
        return
    try:
        holds(sets, ACL, number, entries=["10.0.0.3"])
        holds(sets, ACL, number, entries=["10.0.0.1"], state="absent")
        assert sets.contents(ACL, number) == [[b"10.0.0.2", b"10.0.0.3"]] * sets.count
    finally:
        sets.put(ACL, number, ["10.0.0.1", "10.0.0.2"])


@pytest.mark.parametrize("count", [200, 201])
def test_many_patterns_travel_in_few_lines(sets: Sets, count: int) -> None:
    """There is no payload for ACLs; more than 200 commands are one line with a count."""
    patterns = [f"10.0.{n // 250}.{n % 250}" for n in range(count)]
    sets.put(ACL, "ip.acl", ["192.0.2.1"])
    result = holds(sets, ACL, "ip.acl", entries=patterns)
    assert (result["added"], result["entry_count"]) == (count, count + 1)
    lines = [line["command"] for line in result["commands"] if line["process"] == sets.recorders.sockets[0]]
    path = sets.path("ip.acl")
    many = ["add acl (201 times)"]
    assert lines == (many if count > 200 else [f"add acl {path} {each}" for each in patterns])
    sets.put(ACL, "ip.acl", ["192.0.2.1"])
    sets.recorders.clear()
    well(sets, ACL, "ip.acl", entries=patterns)
    for recorder in sets.recorders.all:
        lengths = [len(request) for request, _reply in recorder.exchanges if b"add acl" in request]
        assert len(lengths) <= 4
        assert max(lengths) <= (15_000 if sets.version.number >= (3, 0) else 8_000)


def test_what_is_written_serves_at_once(sets: Sets) -> None:
    sets.put(ACL, "str.acl", [])
    assert sets.get("/page").status == 200
    well(sets, ACL, "str.acl", entries=["/page"])
    assert sets.get("/page").status == 403
    well(sets, ACL, "str.acl", entries=["/page"], state="absent")
    assert sets.get("/page").status == 200


# Cases A of haproxyadmin -------------------------------------------------------------------------------------------


def test_a05_a_pattern_is_added_once(sets: Sets) -> None:
    sets.put(ACL, "str.acl", [])
    assert holds(sets, ACL, "str.acl", entries=["/a"])["added"] == 1
    assert not holds(sets, ACL, "str.acl", entries=["/a"])["changed"]
    assert sets.contents(ACL, "str.acl") == [[b"/a"]] * sets.count


def test_a06_absent_deletes_all_of_a_repeated_pattern(sets: Sets) -> None:
    """HAProxy 3.4 deletes one at a time, older ones all at once."""
    sets.put(ACL, "str.acl", ["/a", "/b", "/a", "/a"])
    result = holds(sets, ACL, "str.acl", entries=["/a"], state="absent")
    assert result["entry_count"] == 1
    assert sets.contents(ACL, "str.acl") == [[b"/b"]] * sets.count


def test_a07_deleting_what_is_missing_changes_nothing(sets: Sets) -> None:
    sets.put(ACL, "str.acl", ["/a"])
    assert not holds(sets, ACL, "str.acl", entries=["/b"], state="absent")["changed"]


def test_a08_clearing_and_clearing_again(sets: Sets) -> None:
    sets.put(ACL, "str.acl", ["/a", "/b"])
    assert holds(sets, ACL, "str.acl", state="empty")["removed"] == 2
    assert not holds(sets, ACL, "str.acl", state="empty")["changed"]


def test_a09_what_is_no_address_is_refused_and_nothing_is_sent(sets: Sets) -> None:
    sets.put(ACL, "ip.acl", ["10.0.0.1"])
    failure = fails(sets, ACL, "ip.acl", entries=["10.0.0.2", "not-an-ip"])
    assert "entry 2, 'not-an-ip'" in failure["msg"]
    assert nothing_sent(sets)


def test_a12_special_patterns_are_stored_exactly(sets: Sets) -> None:
    """And no part of one becomes a command."""
    patterns = [
        *("two words", "a;disable frontend public", "#a", "a\\b", "tab\there", "ä€", '"', "a<<b", "<<", "'", "@1"),
        "<version>",
    ]
    sets.put(ACL, "str.acl", ["/x"])
    holds(sets, ACL, "str.acl", entries=patterns)
    assert sets.contents(ACL, "str.acl") == [[b"/x", *(pattern.encode() for pattern in patterns)]] * sets.count
    holds(sets, ACL, "str.acl", entries=patterns, state="absent")
    assert sets.contents(ACL, "str.acl") == [[b"/x"]] * sets.count
    assert sets.get("/y").status == 200


def test_a12_a_pattern_with_a_line_end_is_refused(sets: Sets) -> None:
    failure = fails(sets, ACL, "str.acl", entries=["/a", "/b\ndisable frontend public"])
    assert "entry 2 " in failure["msg"]
    assert nothing_sent(sets)


def test_a13_a_pattern_that_looks_like_a_pointer(sets: Sets) -> None:
    """``0x…`` is a text like others; only behind a ``#`` it would be a pointer, which is refused."""
    sets.put(ACL, "str.acl", [])
    holds(sets, ACL, "str.acl", entries=["0xdead"])
    assert sets.contents(ACL, "str.acl") == [[b"0xdead"]] * sets.count
    holds(sets, ACL, "str.acl", entries=["0xdead"], state="absent")
    assert sets.contents(ACL, "str.acl") == [[]] * sets.count
    failure = fails(sets, ACL, "str.acl", entries=["#0xdead"])
    assert "entry 1 ('#0xdead'): HAProxy takes a key that begins with #0x for a pointer" in failure["msg"]


def test_a14_the_file_name_is_used_and_never_a_pointer_or_a_number(sets: Sets) -> None:
    """Numbers and pointers are each process's own."""
    sets.put(ACL, "ip.acl", ["10.0.0.1", "10.0.0.2"], ["10.0.0.3"])
    sets.recorders.clear()
    well(sets, ACL, "ip.acl", entries=["10.0.0.2", "10.0.0.4"], exclusive=True)
    writes = [write for writes in sets.recorders.writes() for write in writes]
    assert writes
    for write in writes:
        assert "#" not in write
        assert f" {sets.path('ip.acl')}" in write


def test_a15_processes_that_differ_converge(sets: Sets) -> None:
    sets.put(ACL, "ip.acl", ["10.0.0.1"], [], ["10.0.0.2", "10.0.0.1"], ["10.0.0.3"])
    result = holds(sets, ACL, "ip.acl", entries=["10.0.0.1"], exclusive=True)
    rows = [(row["added"], row["removed"]) for row in result["per_process"]]
    assert rows == [(0, 0), (1, 0), (0, 1), (1, 1)][: sets.count]


def test_a17_an_acl_that_is_a_map_too_is_refused(sets: Sets) -> None:
    failure = fails(sets, ACL, "both.map", entries=["10.0.0.1"])
    assert "is a map, too, whose entries have values: use haproxy_map" in failure["msg"]
    assert nothing_sent(sets)


def test_a18_the_file_need_not_be_there(sets: Sets) -> None:
    """As where HAProxy runs in a container: the name is only a name."""
    path = sets.files / "sub.acl"
    path.unlink()
    try:
        sets.put(ACL, "sub.acl", [])
        holds(sets, ACL, "sub.acl", entries=["/a"])
    finally:
        path.touch()


@on(can_replace)
def test_a20_a_whole_list_is_replaced_at_once(sets: Sets) -> None:
    sets.put(ACL, "ip.acl", ["10.0.0.1", "10.0.0.2"])
    result = holds(sets, ACL, "ip.acl", entries=["10.0.0.2", "10.0.0.3"], exclusive=True, atomic="always")
    path = sets.path("ip.acl")
    lines = [line["command"] for line in result["commands"] if line["process"] == sets.recorders.sockets[0]]
    assert lines == [
        f"prepare acl {path}",
        f"add acl @<version> {path} 10.0.0.2",
        f"add acl @<version> {path} 10.0.0.3",
        f"commit acl @<version> {path}",
    ]
    assert (result["diff"]["before"], result["diff"]["after"]) == ("10.0.0.1\n", "10.0.0.3\n")


def test_a_pattern_that_is_wished_twice_is_there_once(sets: Sets) -> None:
    """It has no value in which two could differ."""
    sets.put(ACL, "str.acl", ["/a"])
    wish: dict[str, Any] = {"entries": ["/a", "/b", "/a"], "exclusive": True}
    assert well(sets, ACL, "str.acl", **wish)["added"] == 1
    assert [sorted(content) for content in sets.contents(ACL, "str.acl")] == [[b"/a", b"/b"]] * sets.count
    assert not well(sets, ACL, "str.acl", **wish)["changed"]


def test_a_repeated_pattern_is_told_and_left_alone(sets: Sets) -> None:
    sets.put(ACL, "str.acl", ["/a", "/a"])
    result = holds(sets, ACL, "str.acl", entries=["/a"])
    assert not result["changed"]
    assert "'/a' 2 times; exclusive repairs that" in warned(result)[0]
