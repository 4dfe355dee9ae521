# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``haproxy_info`` gathers, of captured replies."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.errors import parse_errors
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.sessions import fields_of, parse_lines
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.typed import Nature
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    InputError,
    PermissionDenied,
    ProcessReplaced,
    ReplyNotUnderstood,
    TimedOut,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._features import Version
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._process import Process
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.info import gather_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.learning import (
    MOST_ROWS,
    Sample,
    enough,
    natures_for,
    natures_of_all,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._transport import Exchange

from unit.plugins.module_utils.support import (
    VERSIONS,
    Answer,
    ScriptedConverse,
    facts,
    fleet_of,
    line_of,
    process,
    reply_of,
    said,
    tables_of,
    text_of,
)

LINE = b"0x5a: proto=tcpv4 src=127.0.0.1:1 fe=public be=www srv=web1 ts=00 age=0s calls=4\n"
SUBSETS = ["process", "frontends", "backends", "servers"]
NATURES = {"2": "typed_backend", "4": "typed_server"}


def params(*subsets: str, **filters: list[str]) -> dict[str, Any]:
    return {"gather_subset": list(subsets), "frontend": None, "backend": None, "server": None, **filters}


def haproxy(version: str, **replies: bytes) -> ScriptedConverse:
    """Processes that all answer as one of this version did, but for these replies."""

    def answer(exchange: Exchange) -> Answer:
        line = line_of(exchange).removesuffix(";show info")
        row = re.fullmatch(r"show stat #(\d+) (\d) (-1|\d+) typed", line)
        if row:
            return said(reply_of(version, "typed_said" if row[1] == "6" and row[2] == "4" else NATURES[row[2]]))
        if line == "show servers state":
            return said(b"\n" + tables_of(version, "state")[1].encode() + b"\n")
        if line == "show info typed":
            return said(reply_of(version, "info_typed"))
        if line.startswith("show stat -1"):
            return said(replies.get("stat", reply_of(version, "stat")))
        return said(replies[line])

    return ScriptedConverse(answer)


def cells(version: str) -> dict[tuple[str, str], dict[str, str]]:
    """The captured table as the csv module reads it."""
    rows = csv.DictReader(io.StringIO(text_of(version, "stat").removeprefix("# ").strip("\n"), newline="\n"))
    return {(row["pxname"], row["svname"]): row for row in rows}


def known(version: str) -> Process:
    return process("p1", facts(f"{version}.0"))


@pytest.mark.parametrize("version", VERSIONS)
class TestEveryVersion:
    def test_every_cell_that_is_not_empty_is_there_and_no_other(self, version: str) -> None:
        result = gather_of(params(*SUBSETS))(fleet_of([known(version)], haproxy(version)))
        there = cells(version)
        told = {(row["backend"], row["name"]): row for row in result["servers"]}
        told.update({(row["name"], "BACKEND"): row for row in result["backends"]})
        assert told.keys() == there.keys()
        assert list(told) == sorted(told, key=lambda key: (key[1] == "BACKEND", key))
        for key, row in told.items():
            expected = {name: text for name, text in there[key].items() if text and name not in ("", "-")}
            assert {name: str(value) for name, value in row["stats"].items()} == expected
            assert row["per_process"] == [{"process": "p1", "stats": row["stats"]}]
            assert row["consistent"]
        assert json.loads(json.dumps(result)) == result

    def test_types_and_texts(self, version: str) -> None:
        (row,) = gather_of(params("servers", server=["said1"]))(fleet_of([known(version)], haproxy(version)))["servers"]
        stats = row["stats"]
        assert stats["last_chk"] == 'all "fine", really\u2028so'
        assert (stats["scur"], stats["lastsess"], stats["check_code"]) == (0, -1, 200)
        assert (row["state"], row["weight"], row["address"], row["health_check"]) == (
            "ready",
            1,
            "127.0.0.1",
            "enabled",
        )

    def test_natures_are_asked_once_for_all_processes_of_a_version(self, version: str) -> None:
        two = [process(name, facts(f"{version}.0")) for name in ("p1", "p2")]
        converse = haproxy(version)
        result = gather_of(params("process", "backends", "servers"))(fleet_of(two, converse))
        typed = [line for line in converse.lines if "typed" in line]
        assert len([line for line in typed if line.startswith("show info")]) == 1
        assert 1 < len(typed) == len(set(typed)) <= 1 + 2 * 5
        (www,) = [row for row in result["backends"] if row["name"] == "www"]
        assert www["stats"]["act"] == 2 * www["per_process"][0]["stats"]["act"] > 0, "a gauge is added up"
        assert all(row["consistent"] for row in result["servers"])
        assert [each["process"] for each in result["servers"][0]["per_process"]] == ["p1", "p2"]

    def test_sessions(self, version: str) -> None:
        table = tables_of(version, "old_sess")[0]
        converse = haproxy(version, **{"show sess": f"\n{table}\n".encode()})
        rows = gather_of(params("sessions"))(fleet_of([known(version)], converse))["sessions"]
        served = [row for row in rows if row["server"]]
        assert [(row["frontend"], row["backend"], row["server"]) for row in served] == [
            ("public", "api", "web1"),
            ("public", "fixed", "fixed1"),
        ]
        assert (served[0]["fe"], served[0]["be"], served[0]["srv"]) == ("public", "api", "web1")
        assert all(row["id"].startswith("0x") and row["proto"] and isinstance(row["calls"], int) for row in rows)
        assert {row["process"] for row in rows} == {"p1"}
        assert [row for row in rows if row["backend"] is None]
        for filters, count in (({"backend": ["api"]}, 1), ({"server": ["*"]}, 2), ({"frontend": ["none"]}, 0)):
            ask = gather_of(params("sessions", **filters))
            assert len(ask(fleet_of([known(version)], converse))["sessions"]) == count

    def test_errors(self, version: str) -> None:
        converse = haproxy(version, **{"show errors": reply_of(version, "errors")})
        (row,) = gather_of(params("errors"))(fleet_of([known(version)], converse))["errors"]
        assert (row["process"], row["count"]) == ("p1", 0)
        assert row["lines"][0].startswith("Total events captured on [")

    def test_filters(self, version: str) -> None:
        def gathered(**filters: list[str]) -> dict[str, Any]:
            return gather_of(params(*SUBSETS, **filters))(fleet_of([known(version)], haproxy(version)))

        result = gathered(backend=["www", "a*"])
        assert [row["name"] for row in result["backends"]] == ["api", "www"]
        assert {row["backend"] for row in result["servers"]} == {"api", "www"}
        result = gathered(server=["web1"])
        assert [(row["backend"], row["name"]) for row in result["servers"]] == [("api", "web1"), ("www", "web1")]
        assert len(result["backends"]) > 2
        result = gathered(backend=["nowhere"], frontend=["nothing"])
        assert (result["frontends"], result["backends"], result["servers"]) == ([], [], [])


def test_all_is_everything_and_each_subset_only_itself() -> None:
    version = VERSIONS[-1]
    replies = {"show errors": reply_of(version, "errors"), "show sess": b"\n0x1: proto=a fe=f be=b srv=<none> \n\n"}
    keys = {"process": {"processes", "info"}}
    for subset in (*SUBSETS, "errors", "sessions", "all"):
        result = gather_of(params(subset))(fleet_of([known(version)], haproxy(version, **replies)))
        every = {"processes", "info", "frontends", "backends", "servers", "errors", "sessions"}
        assert set(result) == (every if subset == "all" else keys.get(subset, {subset}))


@pytest.mark.parametrize("subset", ["errors", "sessions"])
def test_what_needs_level_operator_is_refused_before_anything_is_asked(subset: str) -> None:
    converse = ScriptedConverse(lambda _exchange: b"")
    fleet = fleet_of([known("3.0"), process("p2", facts("3.0.0", level="user"))], converse)
    with pytest.raises(PermissionDenied, match="needs level operator"):
        gather_of(params(subset))(fleet)
    assert converse.lines == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (params(), "gather_subset is empty"),
        (params("servers", backend=[]), "backend is empty"),
        (params("servers", server=["a b"]), "names in HAProxy"),
        (params("frontends", frontend=["ä"]), "names in HAProxy"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_process_is_sought(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        gather_of(wrong)


def test_an_old_worker_is_a_row_and_need_not_agree() -> None:
    version = VERSIONS[-1]
    table = re.sub(rb",UP[^,]*,", b",DOWN,", reply_of(version, "stat"))
    current, old = haproxy(version), haproxy(version, stat=table)

    def answer(exchange: Exchange) -> Answer:
        return (old if exchange.address.text == "old" else current)._answer(exchange)

    workers = [process("old", facts(f"{version}.0", Stopping="1"))]
    fleet = fleet_of([known(version)], ScriptedConverse(answer), old=workers)
    result = gather_of(params("servers", backend=["www"]))(fleet)
    row = next(row for row in result["servers"] if row["name"] == "web2")
    assert [each["process"] for each in row["per_process"]] == ["p1", "old"]
    assert row["stats"]["status"] == {"p1": cells(version)["www", "web2"]["status"], "old": "DOWN"}
    assert row["consistent"]
    assert row["state"] == "ready"


@pytest.mark.parametrize("other", [2, 3])
def test_what_can_be_set_and_differs_is_told_by_process(other: int) -> None:
    version = VERSIONS[-1]
    usual = haproxy(version)

    def answer(exchange: Exchange) -> Answer:
        reply = usual._answer(exchange)
        if line_of(exchange).startswith("show servers state") and exchange.address.text == f"p{other}":
            assert isinstance(reply, bytes)
            return reply.replace(b" www 1 web1 127.0.0.1 2 0 ", b" www 1 web1 127.0.0.1 2 1 ")
        return reply

    names = [f"p{number}" for number in range(1, other + 1)]
    fleet = fleet_of([process(name, facts(f"{version}.0")) for name in names], ScriptedConverse(answer))
    (row,) = gather_of(params("servers", backend=["www"], server=["web1"]))(fleet)["servers"]
    assert row["state"] == {name: "maint" if name == names[-1] else "ready" for name in names}
    assert not row["consistent"]


@pytest.mark.parametrize("subset", ["errors", "sessions"])
def test_a_silent_old_worker_says_nothing_and_keeps_nobody_from_being_read(subset: str) -> None:
    """Nobody knows its level."""
    version = VERSIONS[-1]
    answers = {"show sess": b"\n" + LINE + b"\n", "show errors": reply_of(version, "errors")}
    current = haproxy(version, **answers)

    def answer(exchange: Exchange) -> Answer:
        return TimedOut("silent") if exchange.address.text == "old" else current._answer(exchange)

    workers = [process("old", facts("2.9.0", Stopping="1", level="user"))]
    fleet = fleet_of([known(version)], ScriptedConverse(answer), old=workers)
    rows = gather_of(params(subset))(fleet)[subset]
    assert {row["process"] for row in rows} == {"p1"}


@pytest.mark.parametrize("error", [ProcessReplaced("gone"), TimedOut("silent")])
def test_an_old_worker_that_ends_meanwhile_is_left_out(error: Any) -> None:
    version = VERSIONS[-1]
    current = haproxy(version)

    def answer(exchange: Exchange) -> Answer:
        if exchange.address.text == "old":
            return error if isinstance(error, TimedOut) else b"Can't find the target PID matching\n"
        return current._answer(exchange)

    workers = [process("old", facts("2.9.0", Stopping="1"))]
    fleet = fleet_of([known(version)], ScriptedConverse(answer), old=workers)
    result = gather_of(params(*SUBSETS))(fleet)
    assert [row["name"] for row in result["processes"]] == ["p1", "old"]
    assert {each["process"] for row in result["servers"] for each in row["per_process"]} == {"p1"}


def test_a_text_that_is_not_utf8_is_shown_by_its_bytes() -> None:
    version = VERSIONS[-1]
    table = reply_of(version, "stat").replace(b"Layer4 check passed", b"caf\xe9 ge\xc3\xb6ffnet")
    result = gather_of(params("servers"))(fleet_of([known(version)], haproxy(version, stat=table)))
    assert "caf\\xe9 geöffnet" in {row["stats"].get("check_desc") for row in result["servers"]}
    assert json.dumps(result).encode("utf-8")


def test_a_number_that_is_none_and_a_column_that_nobody_explains_are_no_failure() -> None:
    version = VERSIONS[-1]
    header, *rows = text_of(version, "stat").rstrip("\n").split("\n")
    rows = [f"{row}7," for row in rows]
    table = "\n".join(("", f"{header}new,", *rows, "", "")).replace("\nwww,web1,0,", "\nwww,web1,many,")
    converse = haproxy(version, stat=table.encode())
    result = gather_of(params("servers", backend=["www"], server=["web1"]))(fleet_of([known(version)], converse))
    (row,) = result["servers"]
    assert (row["stats"]["new"], row["stats"]["qcur"], row["stats"]["scur"]) == (7, "many", 0)


@pytest.mark.parametrize(("text", "maxconn"), [("", 0), ("30", 30), ("many", None)])
def test_the_limit_of_a_server_is_what_the_statistics_say(text: str, maxconn: int | None) -> None:
    version = VERSIONS[-1]
    header, *rows = text_of(version, "stat").rstrip("\n").split("\n")
    place = header.removeprefix("# ").split(",").index("slim")
    (number,) = [number for number, row in enumerate(rows) if row.startswith("www,web1,")]
    cells = rows[number].split(",")
    rows[number] = ",".join([*cells[:place], text, *cells[place + 1 :]])
    table = "\n".join(("", header, *rows, "", "")).encode()
    ask = gather_of(params("servers", backend=["www"], server=["web1"]))
    (row,) = ask(fleet_of([known(version)], haproxy(version, stat=table)))["servers"]
    assert row.get("maxconn") == maxconn


def test_each_version_explains_its_own_columns() -> None:
    old, new = {"act": Nature("C", "G", "u32")}, {"act": Nature("M", "G", "u32")}
    learned = {(Version(2, 6, 0), "4"): old, (Version(3, 4, 0), "4"): new, (Version(3, 4, 0), "2"): old}
    assert natures_for(learned, Version(3, 4, 0)) == {"4": new, "2": old}
    assert natures_of_all(learned, "4") == new


def sample(kind: str, *columns: str, old: bool = False) -> Sample:
    worker = process("old", facts(Stopping="1")) if old else process()
    return Sample(worker, kind, "1", "1", frozenset(columns))


def test_as_few_rows_as_show_everything_and_current_processes_first() -> None:
    samples = [sample("2", "a"), sample("2", "a", "b", old=True), sample("2", "a", "b"), sample("2", "c")]
    assert enough(samples) == [samples[2], samples[3]]
    assert enough([]) == []
    many = [sample("2", str(number)) for number in range(100)]
    assert len(enough(many)) == MOST_ROWS


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("proto=tcpv6 src=::1:5 be=<NONE>", {"proto": "tcpv6", "src": "::1:5", "be": "<NONE>"}),
        ("rq[f=1h,i=0] s0=[8,1h,fd=9]", {"rq": "[f=1h,i=0]", "s0": "[8,1h,fd=9]"}),
        ("exp= rc=0 c_exp=", {"exp": "", "rc": 0, "c_exp": ""}),
        ("src=[::1]:80 calls=3", {"src": "[::1]:80", "calls": 3}),
        ("c_exp= (nice=-64)", {"c_exp": "", "nice": "-64"}),
    ],
)
def test_what_is_said_of_a_session(text: str, fields: dict[str, object]) -> None:
    assert fields_of(text) == fields


@pytest.mark.parametrize("table", ["No such session.\n", "0x1 fe=public\n"])
def test_what_is_no_session_is_an_error(table: str) -> None:
    with pytest.raises(ReplyNotUnderstood, match="a line of the sessions"):
        list(parse_lines(table))


def test_captured_errors_are_kept_as_they_stand() -> None:
    text = (
        "Total events captured on [22/Nov/2026:22:05:38.016] : 12\n \n[22/Nov] frontend public (#2): invalid request\n"
    )
    assert parse_errors(text) == (12, text.split("\n")[:-1])
    with pytest.raises(ReplyNotUnderstood, match="not the captured errors"):
        parse_errors("Permission denied\n")
