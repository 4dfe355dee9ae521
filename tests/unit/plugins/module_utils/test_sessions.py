# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``show sess`` of old workers, and the commands that end sessions."""

from __future__ import annotations

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._address import Address
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.master import through_master
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.servers import Key
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.sessions import (
    SHOW_SESSIONS,
    Session,
    fields_of,
    parse_sessions,
    shutdown_session,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import HAProxyError, ReplyNotUnderstood
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._process import Process
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import decode, read_reply

from unit.plugins.module_utils.support import VERSIONS, facts, reply_of, tables_of, talk
from unit.plugins.module_utils.wished import resource

API, FIXED = ("api", "web1"), ("fixed", "fixed1")
LINE = "0x5a: proto=tcpv4 src=127.0.0.1:1 fe=public be=www srv=web1 ts=00 age=0s calls=4\n"


def _old(version: str) -> Process:
    route = through_master(4712, whole_line=tuple(map(int, version.split("."))) >= (3, 2))
    known = facts(f"{version}.0", pid=4712, Stopping="1")
    return Process("/m@!4712", Address("/m", path="/m"), known, route, 1)


@pytest.mark.parametrize("version", VERSIONS)
class TestSessionsOfEveryVersion:
    def test_those_with_a_server_are_found(self, version: str) -> None:
        """A client that has sent half a request and the one that asks have none."""
        table = tables_of(version, "old_sess")[0]
        found = list(parse_sessions(table))
        assert [session.key for session in found] == [API, FIXED]
        assert len({session.pointer for session in found}) == 2
        assert len(table.splitlines()) > 2
        for session in found:
            assert session.pointer.startswith("0x")
            assert f"{session.pointer}: " in table

    @pytest.mark.parametrize(
        ("keys", "swept"), [({API}, 1), ({API, FIXED}, 2), ({("www", "web1")}, 0), (set(), 0)]
    )  # fmt: skip
    def test_the_sweep_ends_those_of_some_servers(self, version: str, keys: set[Key], swept: int) -> None:
        steps = talk(resource().sweep(_old(version), keys), reply_of(version, "old_sess"))
        assert not isinstance(steps, HAProxyError)
        assert len(steps) == swept
        for (key, field), command, seen in steps:
            assert key in keys
            assert field == "sessions"
            assert not seen
            assert command.text.startswith("shutdown session 0x")

    def test_cut_short_it_is_an_error_or_lacks_sessions_at_its_end(self, version: str) -> None:
        table = tables_of(version, "old_sess")[0]
        whole = list(parse_sessions(table))
        for end in range(len(table)):
            try:
                found = list(parse_sessions(table[:end]))
            except ReplyNotUnderstood:
                continue
            assert found == whole[: len(found)]

    def test_who_has_ended_meanwhile_is_as_good(self, version: str) -> None:
        command = shutdown_session(Session("0x1", API))
        text, _severity = read_reply(reply_of(version, "old_refused_session"), _old(version).route)
        assert text.startswith(command.as_good)
        assert command.as_good


def test_a_session_is_named_by_its_pointer() -> None:
    assert list(parse_sessions(LINE)) == [Session("0x5a", ("www", "web1"))]
    command = shutdown_session(Session("0x5a", ("www", "web1")))
    assert (command.text, command.level, command.silent) == ("shutdown session 0x5a", "admin", False)
    assert SHOW_SESSIONS.level == "operator"


@pytest.mark.parametrize(
    ("table", "count"),
    [
        pytest.param("", 0, id="none"),
        pytest.param("\n", 0, id="an empty line"),
        pytest.param(LINE * 3, 3, id="three"),
        pytest.param(LINE.replace("srv=web1", "srv=<none>"), 0, id="no server"),
        pytest.param(LINE.replace("be=www srv=web1", "be=<NONE> srv=<none>"), 0, id="no backend"),
        pytest.param("0x5a: proto=tcpv4 src=unix:1 fe=GLOBAL\n", 0, id="neither is said"),
        pytest.param(LINE.replace("src=127.0.0.1:1", "src=[::1]:1"), 1, id="IPv6"),
        pytest.param(LINE.replace("web1", "a.b:c-d_e"), 1, id="an unusual name"),
        pytest.param(LINE.replace("calls=4", "rq[f=1: x]"), 1, id="a colon further on"),
    ],
)
def test_lines(table: str, count: int) -> None:
    assert len(list(parse_sessions(table))) == count


@pytest.mark.parametrize("table", ["No such thing.\n", "x" + LINE, LINE + "  flags=0x1\n", decode(b"\xff\n")])
def test_what_is_no_list_of_sessions_is_an_error(table: str) -> None:
    with pytest.raises(ReplyNotUnderstood, match="a line of the sessions"):
        list(parse_sessions(table))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "proto=tcpv4 src=127.0.0.1:5 epoch=1 calls=2 rate=3 cpu=4 lat=5 rc=6",
            {"proto": "tcpv4", "src": "127.0.0.1:5", "epoch": 1, "calls": 2, "rate": 3, "cpu": 4, "lat": 5, "rc": 6},
            id="counts are numbers",
        ),
        pytest.param("age=7s ts=00 fd=-1", {"age": "7s", "ts": "00", "fd": "-1"}, id="nothing else is"),
        pytest.param("calls=many cpu=-1", {"calls": "many", "cpu": "-1"}, id="only where they are counts"),
        pytest.param("rq[f=1h,an=0] scf=[8,fd=2]", {"rq": "[f=1h,an=0]", "scf": "[8,fd=2]"}, id="lists"),
        pytest.param("exp= srv=<none> (x)", {"exp": "", "srv": "<none>"}, id="nothing said"),
        pytest.param("src=[::1]:80", {"src": "[::1]:80"}, id="no list"),
        pytest.param("f=[8 g=1", {"f": "[8", "g": "1"}, id="never closed"),
        pytest.param("", {}, id="nothing"),
    ],
)
def test_fields(text: str, expected: dict[str, object]) -> None:
    assert fields_of(text) == expected
