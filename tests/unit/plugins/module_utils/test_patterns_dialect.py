# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps and ACLs, as every version lists and looks them up and answers to their commands
(``lab.capture.OF_PATTERNS`` and what follows it)."""

from __future__ import annotations

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.lookups import Lookup, parse_lookups
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.patterns import (
    ACL,
    LISTS,
    MAP,
    Ref,
    Row,
    parse_list,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    CommandRefused,
    FeatureMissing,
    HAProxyError,
    InputError,
    NotFound,
    PermissionDenied,
    ReplyNotUnderstood,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import VERSION, Command, decode
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._telling import Told, can, tell
from hypothesis import example, given
from hypothesis import strategies as st

from unit.plugins.module_utils.support import VERSIONS, commands_of, facts, process, reply_of, talk, words_of

HERE = "/etc/haproxy"
VERSIONED = [version for version in VERSIONS if version != "2.2"]

# Lists -----------------------------------------------------------------------------------------------------------

MAPS = ["hosts.map", "empty.map", "blank.map", "nets.map", "ints.map", "regs.map", "begs.map", "codes.map", "doms.map",
        "odd ) map;.map", "both.acl"]  # fmt: skip


def _lists(version: str) -> tuple[list[Row], list[Row]]:
    tables = talk(process().ask_tables(LISTS), reply_of(version, "map_lists"))
    assert isinstance(tables, list)
    maps, acls = map(parse_list, tables)
    return maps, acls


@pytest.mark.parametrize("version", VERSIONS)
class TestListsOfEveryVersion:
    def test_maps_have_their_files_names(self, version: str) -> None:
        maps, _acls = _lists(version)
        assert [(row.number, row.name) for row in maps] == [(n, f"{HERE}/{name}") for n, name in enumerate(MAPS)]

    def test_acls_have_a_name_where_they_have_a_file(self, version: str) -> None:
        _maps, acls = _lists(version)
        assert {row.name for row in acls} == {
            *(f"{HERE}/{name}.acl" for name in ("both", "ips", "names", "empty")),
            "",
        }
        assert [row.number for row in acls if row.described.startswith("acl 'src'") and row.number == 77] == [77]

    def test_numbers_that_move_are_no_part_of_what_it_is(self, version: str) -> None:
        for row in (*_lists(version)[0], *_lists(version)[1]):
            assert "curr_ver" not in row.described
            assert "entry_cnt" not in row.described
            assert not row.described.startswith("(")

    def test_where_the_configuration_uses_them(self, version: str) -> None:
        maps, acls = ({row.name: row for row in rows} for rows in _lists(version))
        assert maps[f"{HERE}/hosts.map"].uses == ["map at file '/run/haproxy/p1.cfg' line 19"]
        assert maps[f"{HERE}/begs.map"].uses == [
            "map at file '/run/haproxy/p1.cfg' line 25",
            "map at file '/run/haproxy/p1.cfg' line 26",
        ]
        assert len(maps[f"{HERE}/odd ) map;.map"].uses) == 1
        assert acls[f"{HERE}/ips.acl"].uses == ["acl at file '/run/haproxy/p1.cfg' line 31"]
        here = next(row for row in _lists(version)[1] if row.number == 77)
        assert here.uses == ["acl 'src' file '/run/haproxy/p1.cfg' line 35"]

    def test_an_acl_that_is_a_map_is_in_both(self, version: str) -> None:
        maps, acls = _lists(version)
        assert {row.number for row in maps} & {row.number for row in acls} == {10}

    def test_who_may_not_see_them(self, version: str) -> None:
        outcome = talk(process().ask_tables(LISTS), reply_of(version, "map_lists_operator"))
        if version == "3.4":
            assert isinstance(outcome, PermissionDenied)
        else:
            assert not isinstance(outcome, HAProxyError)


@pytest.mark.parametrize(
    ("line", "row"),
    [
        pytest.param(
            "0 (/f) pattern loaded from file '/f' used by map at file '/h.cfg' line 14",
            Row(0, "/f", "pattern loaded from file '/f' used by map at file '/h.cfg' line 14"),
            id="a map",
        ),
        pytest.param(
            "-1 (/f) pattern loaded from file '/f' used by map at file '/h.cfg' line 14. "
            "curr_ver=4294967295 next_ver=3 entry_cnt=-5",
            Row(-1, "/f", "pattern loaded from file '/f' used by map at file '/h.cfg' line 14. "
                "curr_ver=4294967295 next_ver=3 entry_cnt=-5"),
            id="no such counts",
        ),
        pytest.param(
            "1 (virt@m) pattern loaded from file 'virt@m' used by map at file '/h.cfg' line 14. "
            "curr_ver=0 next_ver=0 entry_cnt=1",
            Row(1, "virt@m", "pattern loaded from file 'virt@m' used by map at file '/h.cfg' line 14"),
            id="without a file",
        ),
        pytest.param(
            "1 (/f) pattern loaded from file 'opt@/f' used by map at file '/h.cfg' line 14",
            Row(1, "/f", "pattern loaded from file 'opt@/f' used by map at file '/h.cfg' line 14"),
            id="with a prefix",
        ),
        pytest.param(
            "1 (/a) (b) pattern loaded from file '/a) (b' used by map at file '/h.cfg' line 14",
            Row(1, "/a) (b", "pattern loaded from file '/a) (b' used by map at file '/h.cfg' line 14"),
            id="parentheses in its name",
        ),
        pytest.param(
            "1 (/a) pattern loaded from file 'x) pattern loaded from file '/a) pattern loaded from file 'x' used by map",
            Row(1, "/a) pattern loaded from file 'x", "pattern loaded from file '/a) pattern loaded from file 'x' used by map"),
            id="a name that looks like what follows",
        ),
        pytest.param("12 () acl 'src' file '/h.cfg' line 31", Row(12, "", "acl 'src' file '/h.cfg' line 31"), id="inline"),
    ],
)  # fmt: skip
def test_a_line_of_a_list(line: str, row: Row) -> None:
    assert parse_list(f"# id (file) description\n{line}\n") == [row]


@pytest.mark.parametrize("line", ["x", "1 /f pattern", "(/f) pattern loaded", "a (b) c", "1 (x"])
def test_a_line_that_names_none_is_not_understood(line: str) -> None:
    with pytest.raises(ReplyNotUnderstood):
        parse_list(f"# id (file) description\n{line}\n")


# Lookups ---------------------------------------------------------------------------------------------------------


def _found(match: str, key: str, value: str | None = None, **more: str) -> Lookup:
    usual = {"case": "sensitive", "kept_in": "tree", "value_type": "str" if value is not None else None, **more}
    return Lookup(match, str(usual["case"]), True, usual["kept_in"], key, value, usual["value_type"])


def _none(match: str, case: str = "sensitive") -> Lookup:
    return Lookup(match, case, False, None, None, None, None)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("map_get", [_found("str", "a.example", "www")]),
        ("map_get_none", [_none("str")]),
        ("map_get_8bit", [_found("str", "c.example", "caf\\xe9")]),
        ("map_get_quotes", [_found("str", 'q"q', '"v", x')]),
        ("map_get_novalue", [_found("str", "lone", "")]),
        ("map_get_empty", [_none("str")]),
        ("map_get_ip", [_found("ip", "10.1.0.0/16", "b")]),
        ("map_get_ip_none", [_none("ip")]),
        ("map_get_int", [_found("int", "1:99", "low", kept_in="list")]),
        ("map_get_reg", [_found("reg", "^/b", "y", kept_in="list")]),
        ("map_get_two", [_found("beg", "/a/b", "y"), _none("str")]),
        ("map_get_code", [_found("str", "b", "2", value_type="sint")]),
        ("map_get_dom", [_found("dom", "example.com", "x", kept_in="list")]),
        ("acl_get", [_found("ip", "10.9.0.0/16")]),
        ("acl_get_none", [_none("ip")]),
        ("acl_get_case", [_found("str", "www", case="insensitive", kept_in="list")]),
        ("acl_get_empty", [_none("beg")]),
    ],
)
def test_lookups_of_every_version(version: str, name: str, expected: list[Lookup]) -> None:
    table = talk(process().ask(Command("get")), reply_of(version, name))
    assert isinstance(table, str)
    assert parse_lookups(table) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            'type=str, case=sensitive, found=yes, key="a", value="b", type="str"',
            Lookup("str", "sensitive", True, None, "a", "b", "str"),
            id="no place",
        ),
        pytest.param(
            'type=str, case=sensitive, found=yes, idx=tree, key="a", value="b", type="str", value="c", type="str"',
            _found("str", "a", 'b", type="str", value="c'),
            id="a value that looks like what follows",
        ),
        pytest.param(
            'type=str, case=sensitive, match=yes, idx=tree, pattern="a", b"', _found("str", 'a", b'), id="quotes in a key"
        ),
        pytest.param('type=str, case=sensitive, found=yes', Lookup("str", "sensitive", True, None, None, None, None),
                     id="nothing of what was found"),
    ],
)  # fmt: skip
def test_a_lookup(line: str, expected: Lookup) -> None:
    assert parse_lookups(line) == [expected]


@pytest.mark.parametrize("line", ["", "x", "type=str", "type=str, case=sensitive", "found=yes", "[3]: no"])
def test_a_lookup_that_tells_no_type_is_not_understood(line: str) -> None:
    with pytest.raises(ReplyNotUnderstood):
        parse_lookups(line)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["map_unknown", "acl_unknown", "map_unknown_get", "map_of_acl"])
def test_a_set_that_is_not_there(version: str, name: str) -> None:
    outcome = talk(process("p7").read(Command("show map /f")), reply_of(version, name))
    assert isinstance(outcome, NotFound)
    assert outcome.process == "p7"


# Commands --------------------------------------------------------------------------------------------------------


def _ref(name: str, kind: str = MAP) -> Ref:
    return Ref(kind, f"{HERE}/{name}", "user")


# reply → the command, as the dialect builds it
COMMANDS = {
    "map_add": _ref("hosts.map").add("new", "some value"),
    "map_set": _ref("hosts.map").set("new", "other; value"),
    "map_set_none": _ref("hosts.map").set("nowhere", "x"),
    "map_del": _ref("hosts.map").delete("new"),
    "map_del_none": _ref("hosts.map").delete("new"),
    "map_add_bad_ip": _ref("nets.map").add("notanip", "x"),
    "map_add_bad_int": _ref("ints.map").add("one", "x"),
    "map_add_bad_reg": _ref("regs.map").add("^(a", "x"),
    "map_add_bad_code": _ref("codes.map").add("x", "many"),
    "map_add_lines": _ref("begs.map").add_lines("/c one\n/d two words;"),
    "map_add_lines_refused": _ref("nets.map").add_lines("10.2.0.0/16 x\nnotanip y\n10.3.0.0/16 z"),
    "map_clear": _ref("begs.map").clear(),
    "acl_add": _ref("names.acl", ACL).add("new one", None),
    "acl_add_bad_ip": _ref("ips.acl", ACL).add("notanip", None),
    "acl_add_of_map": _ref("both.acl", ACL).add("x", None),
    "acl_add_to_map": _ref("hosts.map", ACL).add("x", None),
    "acl_del": _ref("names.acl", ACL).delete("new one"),
    "acl_del_none": _ref("names.acl", ACL).delete("nowhere"),
    "map_unknown_add": _ref("nowhere").add("x", "y"),
    "acl_unknown_add": _ref("nowhere", ACL).add("x", None),
}
VERSIONED_COMMANDS = {
    "map_prepare": _ref("hosts.map").prepare(),
    "map_prepared_lines": _ref("hosts.map").add_lines("a.example new\nz.example last one", "1"),
    "map_prepared_add": _ref("empty.map").add("a", "b", "1"),
    "map_prepared_bad_reg": _ref("regs.map").add_lines("^/c z\n^(a x\n^/d z", "1"),
    "map_prepared_bad_ip": _ref("nets.map").add("10.0.0.0/99", "x", "1"),
    "map_prepared_bad_code": _ref("codes.map").add("x", "many", "1"),
    "acl_prepare": _ref("names.acl", ACL).prepare(),
    "map_unknown_prepare": _ref("nowhere").prepare(),
}
SAID = {
    "map_add": f"add map {HERE}/hosts.map new some\\ value",
    "map_set": f"set map {HERE}/hosts.map new other\\;\\ value",
    "map_del": f"del map {HERE}/hosts.map new",
    "map_add_lines": f"add map {HERE}/begs.map",
    "map_clear": f"clear map {HERE}/begs.map",
    "acl_add": f"add acl {HERE}/names.acl new\\ one",
    "acl_del": f"del acl {HERE}/names.acl new\\ one",
    "map_prepare": f"prepare map {HERE}/hosts.map",
    "map_prepared_lines": f"add map @1 {HERE}/hosts.map",
    "map_prepared_add": f"add map @1 {HERE}/empty.map a b",
    "acl_prepare": f"prepare acl {HERE}/names.acl",
}
SHARED = "This ACL is shared with a map containing samples. You must use the command 'add map' to add values."
NO_MAP, NO_ACL = (f"Unknown {kind} identifier. Please use #<id> or <file>." for kind in ("map", "ACL"))
REFUSED = {
    "map_set_none": "entry not found.",
    "map_del_none": "Key not found.",
    "map_add_bad_ip": "'notanip' is not a valid IPv4 or IPv6 address.",
    "map_add_bad_int": "'one' is not a number.",
    "map_add_bad_reg": "regex '^(a' is invalid (error=missing closing parenthesis, erroffset=3).",
    "map_add_bad_code": "unable to parse 'many'.",
    "map_add_lines_refused": "'notanip' is not a valid IPv4 or IPv6 address.",
    "acl_add_bad_ip": "'notanip' is not a valid IPv4 or IPv6 address.",
    "acl_add_of_map": SHARED,
    "acl_add_to_map": SHARED,
    "acl_del_none": "Key not found.",
    "map_unknown_add": NO_MAP,
    "acl_unknown_add": NO_ACL,
    "map_prepared_bad_reg": "regex '^(a' is invalid (error=missing closing parenthesis, erroffset=3).",
    "map_prepared_bad_ip": "'10.0.0.0/99' is not a valid IPv4 or IPv6 address.",
    "map_prepared_bad_code": "unable to parse 'many'.",
    "map_unknown_prepare": NO_MAP,
}


def test_the_commands_that_were_answered_are_those_of_the_dialect() -> None:
    every = {**COMMANDS, **VERSIONED_COMMANDS}
    assert {name: command.text for name, command in every.items() if name in SAID} == SAID
    assert set(SAID) | set(REFUSED) == set(every)


@pytest.mark.parametrize(
    ("version", "name"),
    [
        *((version, name) for version in VERSIONS for name in COMMANDS),
        *((version, name) for version in VERSIONED for name in VERSIONED_COMMANDS),
    ],
)
def test_what_every_version_answers(version: str, name: str) -> None:
    command = {**COMMANDS, **VERSIONED_COMMANDS}[name]
    told = talk(tell(process(known=facts(f"{version}.0")), [command]), reply_of(version, name))
    assert isinstance(told, Told)
    if name in REFUSED:
        assert told.refused == (command,)
        assert isinstance(told.error, CommandRefused)
        assert told.error.answer == REFUSED[name]
        assert isinstance(told.error, NotFound) == (REFUSED[name] in (NO_MAP, NO_ACL))
    else:
        assert told.done == (command,)
        assert told.error is None
        assert told.version == ("1" if name.endswith("prepare") else "")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["map_add_operator", "map_prepare_operator"])
def test_who_may_not_change_them(version: str, name: str) -> None:
    if version == "2.2" and "prepare" in name:
        return
    command = _ref("blank.map").add("o", "1") if "add" in name else _ref("blank.map").prepare()
    told = talk(tell(process(), [command]), reply_of(version, name))
    assert isinstance(told, Told)
    assert isinstance(told.error, PermissionDenied) == (version == "3.4")


@pytest.mark.parametrize("version", [*VERSIONS, "3.3"])
def test_a_level_that_is_too_low_is_refused_beforehand_where_it_counts(version: str) -> None:
    low = process(known=facts(f"{version}.0", level="operator"))
    can(low, [_ref("a.map").add("a", "b")])
    with pytest.raises(PermissionDenied, match="needs level admin"):
        can(low, [Ref(MAP, "/f", "admin").add("a", "b")])


@pytest.mark.parametrize("command", [
    _ref("a").prepare(), _ref("a").commit(), _ref("a").add("a", "b", "1"), _ref("a").add_lines("a b", VERSION),
    _ref("a", ACL).prepare(), _ref("a").show("1"),
])  # fmt: skip
def test_versions_of_sets_are_refused_beforehand_on_2_2(command: Command) -> None:
    can(process(known=facts("2.4.0")), [command])
    with pytest.raises(FeatureMissing, match=r"needs HAProxy 2\.4"):
        can(process(known=facts("2.2.9")), [command])


@pytest.mark.parametrize("command", [
    _ref("a").add("a", "b"), _ref("a").set("a", "b"), _ref("a").delete("a"), _ref("a").clear(), _ref("a").show(),
])  # fmt: skip
def test_the_rest_is_for_every_version(command: Command) -> None:
    assert command.feature is None
    can(process(known=facts("2.2.9")), [command])


def test_commands_of_a_kind_are_counted_as_one() -> None:
    ref = _ref("a.map")
    assert ref.add("a", "b").kind == ref.add("c", "d").kind
    assert ref.add("a", "b", VERSION).kind != ref.add("a", "b").kind
    assert "secret" not in ref.add_lines("secret secret").shown


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20),
    st.text(st.sampled_from("\\;<> #@'\"\t"), min_size=1, max_size=8),
)
@example("/f", "<<", "\\")
@example("#1", "#0x1", "@1")
def test_haproxy_reads_what_was_meant(name: str, key: str, value: str) -> None:
    ref = Ref(MAP, name, "user")
    for command, expected in (
        (ref.show(), ["show", "map", name]),
        (ref.show("7"), ["show", "map", "@7", name]),
        (ref.get(key), ["get", "map", name, key]),
        (ref.add(key, value), ["add", "map", name, key, value]),
        (ref.add(key, value, "7"), ["add", "map", "@7", name, key, value]),
        (ref.set(key, value), ["set", "map", name, key, value]),
        (ref.delete(key), ["del", "map", name, key]),
        (Ref(ACL, name, "user").add(key, None), ["add", "acl", name, key]),
    ):
        assert commands_of(command.text) == [command.text]
        assert words_of(command.text) == (expected, False)
    commit = ref.commit()
    assert words_of(commit.text.replace(VERSION, "7", 1)) == (["commit", "map", "@7", name], False)
    assert words_of(commit.witness) == (["show", "map", name], False)


@pytest.mark.parametrize("text", ["", "a\nb", "a\0", "\x7f"])
def test_what_cannot_be_said_is_refused(text: str) -> None:
    ref = _ref("a.map")
    with pytest.raises(InputError):
        ref.get(text)
    with pytest.raises(InputError):
        ref.delete(text)
    with pytest.raises(InputError):
        ref.add(text, "v")
    with pytest.raises(InputError):
        ref.set("k", text)
    with pytest.raises(InputError):
        Ref(MAP, text, "user").show()


def test_bytes_that_are_no_utf8_are_said() -> None:
    command = _ref("a.map").add(decode(b"k\xe9"), decode(b"\xff"))
    assert command.text.encode("utf-8", "surrogateescape").endswith(b" k\xe9 \xff")
