# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What matching methods mean for entries: whether order counts, what is surely taken and what surely is not."""

from __future__ import annotations

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.lookups import Lookup, parse_lookups
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._keyed import Wish
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import Command
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.pattern_held import UNKNOWN, Types
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.pattern_types import (
    impossible,
    takes,
    types_of,
)

from unit.plugins.module_utils.support import VERSIONS, process, reply_of, talk


def _types(*matches: str, value: str | None = "str", case: str = "sensitive") -> Types:
    return Types(frozenset((match, case) for match in matches), value)


def _lookup(match: str, value_type: str | None = None, case: str = "sensitive") -> Lookup:
    return Lookup(match, case, value_type is not None, None, None, None, value_type)


@pytest.mark.parametrize(
    ("lookups", "valued", "expected"),
    [
        pytest.param([], True, Types(), id="nothing is known"),
        pytest.param([_lookup("str", "str")], True, _types("str"), id="found"),
        pytest.param([_lookup("str")], True, _types("str", value=None), id="not found: the values' type is unknown"),
        pytest.param([_lookup("beg"), _lookup("str", "str")], True, _types("beg", "str"), id="two uses"),
        pytest.param([_lookup("str", "sint"), _lookup("str", "sint")], True, _types("str", value="sint"), id="the same"),
        pytest.param([_lookup("str", "sint"), _lookup("str", "str")], True, _types("str", value=None), id="two types"),
        pytest.param([_lookup("ip")], False, _types("ip", value=""), id="an ACL has no values"),
        pytest.param([_lookup("str", case="insensitive")], False, _types("str", value="", case="insensitive"), id="case"),
    ],
)  # fmt: skip
def test_types_of(lookups: list[Lookup], valued: bool, expected: Types) -> None:
    assert types_of(lookups, valued=valued) == expected


@pytest.mark.parametrize(
    ("types", "ordered"),
    [
        pytest.param(UNKNOWN, True, id="unknown"),
        pytest.param(_types("str"), False, id="str"),
        pytest.param(_types("ip"), False, id="ip"),
        pytest.param(_types("beg"), False, id="beg"),
        pytest.param(_types("str", "beg", "ip"), False, id="trees all"),
        pytest.param(_types("str", case="insensitive"), True, id="str of any case is a list"),
        pytest.param(_types("reg"), True, id="reg"),
        pytest.param(_types("sub"), True, id="sub"),
        pytest.param(_types("dir"), True, id="dir"),
        pytest.param(_types("dom"), True, id="dom"),
        pytest.param(_types("end"), True, id="end"),
        pytest.param(_types("int"), True, id="int"),
        pytest.param(_types("str", "reg"), True, id="one of two"),
    ],
)
def test_whether_order_counts(types: Types, ordered: bool) -> None:
    assert types.ordered is ordered


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "kept_in"),
    [("map_get", "tree"), ("map_get_ip", "tree"), ("map_get_two", "tree"), ("map_get_reg", "list"),
     ("map_get_int", "list"), ("map_get_dom", "list"), ("acl_get", "tree"), ("acl_get_case", "list")],
)  # fmt: skip
def test_order_counts_where_haproxy_keeps_a_list(version: str, name: str, kept_in: str) -> None:
    table = talk(process().ask(Command("get")), reply_of(version, name))
    assert isinstance(table, str)
    lookups = parse_lookups(table)
    assert {it.kept_in for it in lookups if it.found} == {kept_in}
    assert types_of(lookups, valued=True).ordered is (kept_in == "list")


@pytest.mark.parametrize(
    ("types", "entry", "expected"),
    [
        pytest.param(UNKNOWN, b"a b", False, id="unknown"),
        pytest.param(_types("str"), b"a b", True, id="a text"),
        pytest.param(_types("str", value=None), b"a b", False, id="values of unknown type"),
        pytest.param(_types("str", value="sint"), b"a 1", False, id="numbers for values"),
        pytest.param(_types("reg"), b"a b", False, id="a regex"),
        pytest.param(_types("str", "reg"), b"a b", False, id="a text and a regex"),
        pytest.param(_types("beg", "end", "sub", "dir", "dom"), b"( b", True, id="all texts"),
        pytest.param(_types("ip"), b"10.0.0.1 x", True, id="an address"),
        pytest.param(_types("ip"), b"10.0.0.1/8 x", True, id="a network, whatever its host part"),
        pytest.param(_types("ip"), b"2001:db8::/32 x", True, id="IPv6"),
        pytest.param(_types("ip"), b"10.0.0.0/255.0.0.0 x", False, id="a mask"),
        pytest.param(_types("ip"), b"10.0.0.0/99 x", False, id="no prefix"),
        pytest.param(_types("ip"), b"10 x", False, id="a short form"),
        pytest.param(_types("ip"), b"fe80::1%eth0 x", False, id="a zone"),
        pytest.param(_types("ip"), b"a.example x", False, id="a name"),
        pytest.param(_types("ip"), b"\xe9 x", False, id="bytes"),
        pytest.param(_types("ip"), b"0.0.0.0/0 x", True, id="every address"),
        pytest.param(_types("ip"), b"::/0 x", True, id="every address of IPv6"),
        pytest.param(_types("int"), b"7 x", True, id="a number"),
        pytest.param(_types("int"), b"-7 x", True, id="below nothing"),
        pytest.param(_types("int"), b"1:9 x", False, id="a range"),
        pytest.param(_types("int"), b"9999999999999999999 x", False, id="too large"),
        pytest.param(_types("int", "str"), b"x y", False, id="a text for a number"),
        pytest.param(_types("len"), b"7 x", False, id="what is not known"),
    ],
)
def test_what_is_surely_taken(types: Types, entry: bytes, expected: bool) -> None:
    assert takes(types, entry, valued=True) is expected


def test_of_an_acl_the_whole_line_is_the_key() -> None:
    assert takes(_types("str", value=""), b"a b", valued=False)
    assert not takes(_types("ip", value=""), b"10.0.0.1 x", valued=False)


@pytest.mark.parametrize(
    ("types", "lines", "expected"),
    [
        pytest.param(_types("ip"), [b"10.0.0.1 x", b"notanip x", b"no x"], 1, id="a name among addresses"),
        pytest.param(_types("ip"), [b"10.0.0.0/255.0.0.0 x", b"::/0 x", b"10 x", b"10.0.0.0/99 x"], None,
                     id="what may be an address"),
        pytest.param(_types("int"), [b"1 x", b"1:9 x", b":9 x", b"9: x", b"-1:1 x"], None, id="numbers and ranges"),
        pytest.param(_types("int"), [b"one x"], 0, id="no number"),
        pytest.param(_types("int"), [b": x"], 0, id="a range without numbers"),
        pytest.param(_types("str"), [b"\xe9 x"], None, id="any text"),
        pytest.param(_types("reg"), [b"( x"], None, id="what only HAProxy can tell"),
        pytest.param(_types("str", "ip"), [b"x y"], 0, id="one of two uses"),
        pytest.param(UNKNOWN, [b"a x"], None, id="unknown"),
        pytest.param(_types("str", value="sint"), [b"a 1", b"a -1", b"a +12", b"a many"], 3, id="numbers for values"),
        pytest.param(_types("str", value="sint"), [b"a 1x"], 0, id="more than a number"),
        pytest.param(_types("str", value="ipv4"), [b"a 10.0.0.1", b"a ::1"], 1, id="IPv4 for values"),
        pytest.param(_types("str", value="ipv6"), [b"a ::1", b"a 1.2.3.4", b"a lb1"], 2, id="IPv6 for values"),
        pytest.param(_types("str", value="str"), [b"a 1", b"a many words"], None, id="texts for values"),
    ],
)  # fmt: skip
def test_what_surely_is_not_taken(types: Types, lines: list[bytes], expected: int | None) -> None:
    assert impossible(types, Wish(lines), range(len(lines))) == expected


def test_only_the_lines_that_are_asked_for_count() -> None:
    wish = Wish([b"no x", b"10.0.0.1 x", b"nope x"])
    assert impossible(_types("ip"), wish, []) is None
    assert impossible(_types("ip"), wish, [1]) is None
    assert impossible(_types("ip"), wish, [2, 0]) == 2


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("name", "match", "key"), [
    ("map_add_bad_ip", "ip", b"notanip"), ("map_add_bad_int", "int", b"one"), ("acl_add_bad_ip", "ip", b"notanip"),
])  # fmt: skip
def test_what_every_version_refused_is_known_beforehand(version: str, name: str, match: str, key: bytes) -> None:
    assert b"[3]: " in reply_of(version, name)
    assert impossible(_types(match), Wish([key + b" x"]), [0]) == 0


@pytest.mark.parametrize("version", ["2.6", "3.0", "3.2", "3.4"])
@pytest.mark.parametrize(("name", "types", "entry"), [
    ("map_prepared_bad_ip", _types("ip"), b"10.0.0.0/99 x"),
    ("map_prepared_bad_reg", _types("reg"), b"^(a x"),
    ("map_prepared_bad_code", _types("str", value="sint"), b"x many"),
])  # fmt: skip
def test_what_every_version_refused_was_doubtful(version: str, name: str, types: Types, entry: bytes) -> None:
    assert b"[3]: " in reply_of(version, name)
    assert not takes(types, entry, valued=True)
