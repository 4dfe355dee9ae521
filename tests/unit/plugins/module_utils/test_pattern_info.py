# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of maps and ACLs, from the captured replies of every version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.patterns import ACL, MAP
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    HAProxyError,
    InputError,
    ObjectNotFound,
    PermissionDenied,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.pattern_info import gather_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._transport import Exchange

from unit.plugins.module_utils.pattern_sets import body_of
from unit.plugins.module_utils.support import (
    VERSIONS,
    Answer,
    ScriptedConverse,
    facts,
    fleet_of,
    info_table,
    line_of,
    process,
    reply_of,
)

HERE = "/etc/haproxy"
LISTS = "show map;show acl;show info"
Answers = Mapping[str, bytes]


def _gathered(
    kind: str, answers: Mapping[str, Answers], version: str = "3.0.11", level: str = "admin", **options: Any
) -> dict[str, Any]:
    """What a task tells of processes that answer so (process → line → reply)."""
    sought = "key" if kind == MAP else "value"

    def answer(exchange: Exchange) -> Answer:
        return answers[exchange.address.text][line_of(exchange)]

    fleet = fleet_of([process(name, facts(version, level=level)) for name in answers], ScriptedConverse(answer))
    return gather_of(kind, {kind: None, sought: None, **options})(fleet)


def _captured(version: str, **lines: str) -> Answers:
    return {LISTS: reply_of(version, "map_lists"), **{line: reply_of(version, name) for name, line in lines.items()}}


def _table(number: int, name: str, kind: str = MAP) -> str:
    return f"{number} ({name}) pattern loaded from file '{name}' used by {kind} at file '/h.cfg' line 1\n"


def _made(
    *, maps: str = "", acls: str = "", shows: Mapping[str, Sequence[bytes]] | None = None, said: Answers | None = None
) -> Answers:
    """A process with these lists, sets (command → entries) and other answers."""
    head = "# id (file) description\n"
    info = info_table()
    answers = {LISTS: f"\n{head}{maps}\n{head}{acls}\n".encode() + info}
    for command, entries in (shows or {}).items():
        answers[f"{command};show info"] = b"\n" + body_of(entries) + (b"\n\n" if entries else b"\n") + info
    return {**answers, **{f"{line};show info": b"\n" + reply + b"\n\n" + info for line, reply in (said or {}).items()}}


# Options ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        (MAP, {"key": "a"}, "key is looked for in one map; say which by the option map"),
        (ACL, {"value": "a"}, "value is looked for in one acl; say which by the option acl"),
        (MAP, {"map": ""}, "map is empty"),
        (MAP, {"map": "/f", "key": ""}, "empty text"),
        (MAP, {"map": "/f", "key": "a\nb"}, "control character"),
    ],
)
def test_options_that_cannot_be_meant_are_refused_before_anybody_is_asked(
    kind: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        _gathered(kind, {}, **options)


# Which there are -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
class TestEveryVersion:
    def test_the_list_of_maps(self, version: str) -> None:
        found = _gathered(MAP, {"p1": _captured(version)})["maps"]
        assert [one["name"] for one in found] == sorted(
            f"{HERE}/{name}"
            for name in ("hosts.map", "empty.map", "blank.map", "nets.map", "ints.map", "regs.map", "begs.map",
                         "codes.map", "doms.map", "odd ) map;.map", "both.acl")
        )  # fmt: skip
        begs = next(one for one in found if one["name"].endswith("begs.map"))
        assert begs == {
            "name": f"{HERE}/begs.map",
            "uses": [f"map at file '/run/haproxy/p1.cfg' line {line}" for line in (25, 26)],
            "per_process": [{"process": "p1", "number": 6}],
        }

    def test_the_list_of_acls_has_those_without_a_name_behind(self, version: str) -> None:
        found = _gathered(ACL, {"p1": _captured(version)})["acls"]
        names = [one["name"] for one in found]
        assert names[:4] == [f"{HERE}/{name}.acl" for name in ("both", "empty", "ips", "names")]
        assert set(names[4:]) == {""}
        assert [one["per_process"][0]["number"] for one in found if one["uses"][0].endswith("line 35")] == [77]

    def test_entries_of_a_map(self, version: str) -> None:
        answers = _captured(version, map_hosts=f"show map {HERE}/hosts.map;show info")
        (found,) = _gathered(MAP, {"p1": answers}, map=f"{HERE}/hosts.map")["maps"]
        (one,) = found["per_process"]
        assert (found["name"], found["consistent"], one["entry_count"]) == (f"{HERE}/hosts.map", True, 13)
        assert one["entries"][:4] == [
            {"key": "a.example", "value": "www"},
            {"key": "b.example", "value": "two words  and  more"},
            {"key": "c.example", "value": "caf\\xe9"},
            {"key": "d.example", "value": "größe"},
        ]
        assert {"key": "lone", "value": ""} in one["entries"]

    def test_entries_of_an_acl(self, version: str) -> None:
        answers = _captured(version, acl_names=f"show acl {HERE}/names.acl;show info")
        (found,) = _gathered(ACL, {"p1": answers}, acl=f"file@{HERE}/names.acl")["acls"]
        assert found["per_process"][0]["entries"] == ["www", "two words  ", "www", "caf\\xe9"]

    def test_an_acl_that_is_a_map_may_be_read(self, version: str) -> None:
        answers = _captured(version, acl_both=f"show acl {HERE}/both.acl;show info")
        (found,) = _gathered(ACL, {"p1": answers}, acl=f"{HERE}/both.acl")["acls"]
        assert found["per_process"][0]["entry_count"] == 1

    def test_a_set_without_a_name_by_its_number(self, version: str) -> None:
        answers = _captured(version, acl_here="show acl #77;show info")
        (found,) = _gathered(ACL, {"p1": answers}, acl="#77")["acls"]
        assert found["per_process"][0]["entries"] == ["10.0.0.1", "10.0.0.2"]

    def test_an_empty_map(self, version: str) -> None:
        answers = _captured(version, map_empty=f"show map {HERE}/empty.map;show info")
        (found,) = _gathered(MAP, {"p1": answers}, map=f"{HERE}/empty.map")["maps"]
        assert found["per_process"] == [{"process": "p1", "number": 1, "entry_count": 0, "entries": []}]

    @pytest.mark.parametrize(
        ("reply", "file", "sought", "expected"),
        [
            ("map_get", "hosts", "a.example", (True, "a.example", "www", "str")),
            ("map_get_none", "hosts", "nope", (False, None, None, None)),
            ("map_get_8bit", "hosts", "c.example", (True, "c.example", "caf\\xe9", "str")),
            ("map_get_ip", "nets", "10.1.2.3", (True, "10.1.0.0/16", "b", "ip")),
            ("map_get_two", "begs", "/a/bc", (True, "/a/b", "y", "beg")),
        ],
    )
    def test_what_haproxy_finds(
        self, version: str, reply: str, file: str, sought: str, expected: tuple[object, ...]
    ) -> None:
        name = f"{HERE}/{file}.map"
        answers = _captured(version, **{reply: f"get map {name} {sought};show info"})
        found = _gathered(MAP, {"p1": answers, "p2": answers}, map=name, key=sought)
        assert (found["found"], found["key"], found["value"], found["type"]) == expected
        assert found["consistent"]
        assert {one["process"] for one in found["lookups"]} == {"p1", "p2"}
        if found["found"]:
            told = {
                "key": expected[1],
                "value": expected[2],
                "value_type": "str",
                "type": expected[3],
                "case_sensitive": True,
            }
            assert next(one for one in found["lookups"] if one["found"]) == {"process": "p1", "found": True, **told}

    def test_what_haproxy_finds_in_an_acl(self, version: str) -> None:
        answers = _captured(version, acl_get_case=f"get acl {HERE}/names.acl WWW;show info")
        found = _gathered(ACL, {"p1": answers}, acl=f"{HERE}/names.acl", value="WWW")
        assert found == {
            "found": True,
            "key": "www",
            "type": "str",
            "consistent": True,
            "lookups": [{"process": "p1", "found": True, "type": "str", "case_sensitive": False, "key": "www"}],
        }

    def test_who_may_not_see_them(self, version: str) -> None:
        release = f"{version}.0"
        if version == "3.4":
            with pytest.raises(PermissionDenied):
                _gathered(MAP, {"p1": {}}, version=release, level="operator")
        else:
            answers = {LISTS: reply_of(version, "map_lists_operator")}
            assert _gathered(MAP, {"p1": answers}, version=release, level="operator")["maps"]

    @pytest.mark.parametrize(("kind", "name"), [(MAP, "/nowhere"), (MAP, f"{HERE}/ips.acl"), (ACL, "#9999")])
    def test_what_is_nowhere(self, version: str, kind: str, name: str) -> None:
        with pytest.raises(ObjectNotFound, match=r"no configuration loads an? "):
            _gathered(kind, {"p1": _captured(version)}, **{kind: name})


# Several processes -----------------------------------------------------------------------------------------------


def test_a_set_that_several_have_is_one() -> None:
    found = _gathered(
        MAP, {"p1": _made(maps=_table(0, "/a") + _table(1, "/b")), "p2": _made(maps=_table(3, "/b") + _table(4, "/c"))}
    )["maps"]
    assert [(one["name"], [(it["process"], it["number"]) for it in one["per_process"]]) for one in found] == [
        ("/a", [("p1", 0)]),
        ("/b", [("p1", 1), ("p2", 3)]),
        ("/c", [("p2", 4)]),
    ]


@pytest.mark.parametrize(
    ("one", "other", "consistent"),
    [
        ([b"a 1", b"b 2"], [b"a 1", b"b 2"], True),
        ([b"a 1", b"b 2"], [b"b 2", b"a 1"], False),
        ([b"a 1"], [], False),
        ([b"a 1"], [b"a 1 "], False),
    ],
)
def test_whether_processes_hold_the_same(one: list[bytes], other: list[bytes], consistent: bool) -> None:
    answers = {
        name: _made(maps=_table(n, "/a"), shows={"show map /a": those})
        for n, (name, those) in enumerate({"p1": one, "p2": other}.items())
    }
    (found,) = _gathered(MAP, {**answers, "p3": _made(maps=_table(0, "/z"))}, map="/a")["maps"]
    assert found["consistent"] is consistent
    assert [it["process"] for it in found["per_process"]] == ["p1", "p2"]
    assert [it["entry_count"] for it in found["per_process"]] == [len(one), len(other)]


def test_a_number_that_means_other_sets_is_refused() -> None:
    answers = {
        name: _made(maps=_table(0, file), shows={f"show map {file}": []}) for name, file in (("p1", "/a"), ("p2", "/b"))
    }
    with pytest.raises(InputError, match="#0 is not the same map on every process: /a on p1; /b on p2"):
        _gathered(MAP, answers, map="#0")


FOUND = b'type=str, case=sensitive, found=yes, idx=tree, key="k", value="%s", type="str"'
NONE = b"type=str, case=sensitive, found=no"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(FOUND % b"1", FOUND % b"1", (True, "k", "1", "str", True), id="the same"),
        pytest.param(FOUND % b"1", FOUND % b"2", (True, None, None, None, False), id="another value"),
        pytest.param(FOUND % b"1", NONE, (False, None, None, None, False), id="found by one"),
        pytest.param(NONE, NONE, (False, None, None, None, True), id="found by none"),
    ],
)
def test_what_several_processes_find(one: bytes, other: bytes, expected: tuple[object, ...]) -> None:
    answers = {
        name: _made(maps=_table(0, "/a"), said={"get map /a k": reply}) for name, reply in (("p1", one), ("p2", other))
    }
    found = _gathered(MAP, answers, map="/a", key="k")
    assert tuple(found[name] for name in ("found", "key", "value", "type", "consistent")) == expected
    assert [it["found"] for it in found["lookups"]] == [reply != NONE for reply in (one, other)]


def test_what_is_looked_for_is_escaped() -> None:
    answers = _made(maps=_table(0, "/a"), said={"get map /a two\\ words\\;": NONE})
    assert _gathered(MAP, {"p1": answers}, map="/a", key="two words;")["found"] is False


def test_a_refusal_is_an_error_with_its_place() -> None:
    answers = _made(maps=_table(0, "/a"), said={"show map /a": b"[3]: Unknown map identifier. Please use #<id>."})
    with pytest.raises(HAProxyError) as caught:
        _gathered(MAP, {"p1": answers}, map="/a")
    assert caught.value.process == "p1"
