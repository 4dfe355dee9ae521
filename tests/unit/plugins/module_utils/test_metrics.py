# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The natures that HAProxy gives its fields, and how several values become one by them."""

from __future__ import annotations

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.typed import (
    Nature,
    parse_info_natures,
    parse_row,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import ReplyNotUnderstood
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._metrics import (
    AGREE,
    Rule,
    Stats,
    Value,
    add,
    greatest,
    heard,
    latest,
    least,
    mean,
    merged,
    rule_of,
    rules_of,
    value_of,
    weighted,
)

from unit.plugins.module_utils.support import VERSIONS, text_of

INFO: dict[str, Rule] = {
    "CurrConns": add,
    "CumReq": add,
    "ConnRate": add,
    "Maxconn": add,
    "MaxConnRate": greatest,
    "MaxSessRate": greatest,
    "Idle_pct": mean,
    "SslFrontendSessionReuse_pct": mean,
    "Uptime_sec": greatest,
    "Uptime": heard,
    "Pid": AGREE,
    "Version": AGREE,
    "Nbthread": AGREE,
    "node": AGREE,
    "Stopping": AGREE,
    "BusyPolling": AGREE,
}
SERVER: dict[str, Rule] = {
    "scur": add,
    "stot": add,
    "rate": add,
    "qtime": weighted,
    "rtime_max": greatest,
    "smax": greatest,
    "rate_max": greatest,
    "lastchg": latest,
    "lastsess": latest,
    "check_duration": greatest,
    "check_rise": AGREE,
    "act": AGREE,
    "status": AGREE,
    "iid": AGREE,
}
BACKEND: dict[str, Rule] = {
    "act": add,
    "bck": add,
    "slim": add,
    "rate_max": greatest,
    "status": AGREE,
    "algo": AGREE,
    "ttime": weighted,
}


@pytest.mark.parametrize("version", VERSIONS)
class TestEveryVersion:
    def test_fields_of_show_info(self, version: str) -> None:
        natures = parse_info_natures(text_of(version, "info_typed"))
        told = {line.partition(": ")[0] for line in text_of(version, "info").splitlines() if ": " in line}
        assert natures.keys() == told
        assert natures["CurrConns"] == Nature("M", "G", "u32")
        assert {name: rule_of(name, natures[name]) for name in INFO} == INFO

    @pytest.mark.parametrize(("reply", "rules"), [("typed_server", SERVER), ("typed_backend", BACKEND)])
    def test_columns_of_show_stat(self, version: str, reply: str, rules: dict[str, Rule]) -> None:
        natures = parse_row(text_of(version, reply))
        assert {name: rule_of(name, natures[name]) for name in rules} == rules

    def test_a_text_with_colons_and_quotes_is_one_text(self, version: str) -> None:
        natures = parse_row(text_of(version, "typed_said"))
        assert natures["last_chk"] == Nature("M", "O", "str")
        assert natures["uweight" if version != "2.2" else "weight"] == Nature("M", "a", "u32")


def test_what_is_no_typed_table_is_an_error() -> None:
    with pytest.raises(ReplyNotUnderstood, match="not a typed table"):
        parse_info_natures("Name: HAProxy\n")


def test_a_row_that_has_gone_tells_nothing_and_a_text_of_several_lines_no_field() -> None:
    assert parse_row("\n") == {}
    table = "S.2.1.56.last_chk.1:MOPV:str:a\nb.c:d\nS.2.1.99.uweight.1:MaPV:u32:1\n"
    assert list(parse_row(table)) == ["last_chk", "uweight"]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("0", "u32", 0),
        ("-1", "s32", -1),
        ("18446744073709551615", "u64", 18446744073709551615),
        ("1.5", "flt", 1.5),
        ("12", "str", "12"),
        ("none", "u32", "none"),
        ("caf\udce9", "str", "caf\\xe9"),
        ("4711", None, 4711),
        ("-1", None, -1),
        ("", None, ""),
        ("1.5", None, "1.5"),
        ("0d 0h00m01s", None, "0d 0h00m01s"),
        ("+1", None, "+1"),
        (" 1", None, " 1"),
        ("1\n", None, "1\n"),
        ("\u0661", None, "\u0661"),
    ],
)
def test_a_value_is_of_the_type_that_haproxy_gives_it_or_that_it_looks_like(
    text: str, kind: str | None, value: Value
) -> None:
    found = value_of(text, None if kind is None else Nature("M", "G", kind))
    assert found == value
    assert found.__class__ is value.__class__


@pytest.mark.parametrize(
    ("rule", "values", "requests", "value"),
    [
        pytest.param(add, (1, 2, 3), (0, 0, 0), 6, id="sum"),
        pytest.param(greatest, (1, 7, 3), (9, 0, 0), 7, id="greatest"),
        pytest.param(least, (4, 2, 3), (0, 0, 0), 2, id="least"),
        pytest.param(latest, (-1, 20, 3), (0, 0, 0), 3, id="the latest"),
        pytest.param(latest, (-1, -1), (0, 0), -1, id="never"),
        pytest.param(latest, (0, 5), (0, 0), 0, id="now"),
        pytest.param(mean, (50, 100), (9, 1), 75.0, id="plain average"),
        pytest.param(mean, (50, 50), (9, 1), 50, id="plain average of the same"),
        pytest.param(weighted, (10, 20), (1, 3), 17.5, id="weighted average"),
        pytest.param(weighted, (10, 0), (1, 0), 10.0, id="who has no requests has no say"),
        pytest.param(weighted, (10, 20), (0, 0), 15.0, id="nobody had any"),
        pytest.param(weighted, (7, 7), (1, 3), 7, id="average of the same"),
        pytest.param(weighted, (1, 2, 2), (1, 1, 1), 1.667, id="three decimals"),
    ],
)
def test_rules(rule: Rule, values: tuple[int, ...], requests: tuple[int, ...], value: float) -> None:
    assert rule is not None
    found = rule(values, requests)
    assert found == value
    assert found.__class__ is value.__class__


@pytest.mark.parametrize("tags", [("M", "T"), ("X", "Y"), ("K", "C"), ("S", "O"), ("P", "O"), ("C", "M")])
def test_what_no_rule_fits_must_agree(tags: tuple[str, str]) -> None:
    assert rule_of("new", Nature(*tags, "u32")) is AGREE
    assert rule_of("new", None) is AGREE
    assert rule_of("new", Nature("S", "C", "str")) is AGREE


RULES = rules_of(
    {
        "scur": Nature("M", "G", "u32"),
        "stot": Nature("M", "C", "u64"),
        "qtime": Nature("M", "a", "u32"),
        "status": Nature("S", "G", "str"),
        "pid": Nature("K", "G", "u32"),
        "check": Nature("M", "O", "str"),
        "code": Nature("M", "O", "u32"),
    }
)


@pytest.mark.parametrize(
    ("rows", "stats", "consistent"),
    [
        pytest.param([{"scur": 1, "status": "UP"}], {"scur": 1, "status": "UP"}, True, id="one process"),
        pytest.param(
            [{"scur": 1, "status": "UP"}, {"scur": 2, "status": "UP"}],
            {"scur": 3, "status": "UP"},
            True,
            id="they agree",
        ),
        pytest.param(
            [{"scur": 1, "status": "UP"}, {"scur": 2, "status": "MAINT"}],
            {"scur": 3, "status": {"p1": "UP", "p2": "MAINT"}},
            False,
            id="they do not",
        ),
        pytest.param(
            [{"scur": 1, "slim": 5}, {"scur": 2}, {"scur": 0, "slim": 5}],
            {"scur": 3, "slim": {"p1": 5, "p3": 5}},
            False,
            id="one lacks what must agree",
        ),
        pytest.param([{"scur": 1}, {"stot": 2}], {"scur": 1, "stot": 2}, True, id="each has another"),
        pytest.param(
            [{"stot": 1, "qtime": 4}, {"stot": 3, "qtime": 8}], {"stot": 4, "qtime": 7.0}, True, id="weighted by stot"
        ),
        pytest.param(
            [{"req_tot": 1, "qtime": 4}, {"req_tot": 3, "qtime": 8}],
            {"req_tot": {"p1": 1, "p2": 3}, "qtime": 7.0},
            False,
            id="weighted by req_tot",
        ),
        pytest.param(
            [{"stot": 0, "qtime": 4}, {"stot": 3}, {"stot": 0, "qtime": 8}],
            {"stot": 3, "qtime": 6.0},
            True,
            id="an average that one lacks",
        ),
        pytest.param([{"qtime": 4}, {"qtime": 8}], {"qtime": 6.0}, True, id="no process counts requests"),
        pytest.param(
            [{"qtime": 4}, {"stot": 3, "qtime": 8}], {"stot": 3, "qtime": 8.0}, True, id="one that counts no requests"
        ),
        pytest.param(
            [{"scur": 1}, {"scur": "many"}], {"scur": {"p1": 1, "p2": "many"}}, False, id="a number that is none"
        ),
        pytest.param([{"check": "* L4OK"}, {"check": "L4OK"}], {"check": "L4OK"}, True, id="a check that is under way"),
        pytest.param([{"check": "* L4OK"}, {"check": "* L4OK"}], {"check": "* L4OK"}, True, id="two of them"),
        pytest.param(
            [{"check": "L4OK"}, {"check": "L4CON"}], {"check": {"p1": "L4OK", "p2": "L4CON"}}, True, id="other words"
        ),
        pytest.param(
            [{"code": 200, "scur": 1}, {"scur": 1}], {"code": 200, "scur": 2}, True, id="one says nothing yet"
        ),
        pytest.param([{"pid": 1}, {"pid": 2}], {"pid": {"p1": 1, "p2": 2}}, True, id="the number of a process"),
    ],
)
def test_merged(rows: list[Stats], stats: dict[str, object], consistent: bool) -> None:
    assert merged({f"p{number}": row for number, row in enumerate(rows, 1)}, RULES) == (stats, consistent)


def test_only_some_must_agree() -> None:
    rows: dict[str, Stats] = {"p1": {"status": "OPEN", "scur": 1}, "old": {"status": "STOP", "scur": 2}}
    stats, consistent = merged(rows, RULES, {"p1"})
    assert stats == {"status": {"p1": "OPEN", "old": "STOP"}, "scur": 3}
    assert consistent
