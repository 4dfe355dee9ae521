# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be read of a server and set again, on every version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.servers import (
    RUNNING,
    STARTING,
    STOPPED,
    STOPPING,
    Server,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.rows import FIELDS
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.settable import forced, settable, switched
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.settings import FIELDS as ALL_FIELDS

from unit.plugins.module_utils.support import VERSIONS
from unit.plugins.module_utils.wished import captured, commands, full, goals_of, item, resource, server

NEW = [version for version in VERSIONS if version != "2.2"]
BASIC = {"state": "ready", "weight": 1, "maxconn": 0, "port": 8001, "address": "127.0.0.1"}
CHECK = {"health_check": "enabled"}
AGENT = {"agent_check": "enabled"}


def _settable(version: str, name: str, when: str = "settings", backend: str = "set") -> dict[str, object]:
    return settable(captured(version, when).servers[backend, name], ())


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        pytest.param("plain1", {}, {"ssl": False}, id="plain"),
        pytest.param("checked1", {"port": 8002, **CHECK}, {"ssl": False, "check_port": 0}, id="checked"),
        pytest.param(
            "agented1", {"port": 8003, **CHECK, **AGENT},
            {"ssl": False, "check_port": 0, "agent_address": "127.0.0.1", "agent_port": 8009}, id="agent",
        ),
        pytest.param("capped1", {"port": 8004, "maxconn": 7}, {"ssl": False}, id="connection limit"),
        pytest.param("tls1", {}, {"ssl": True}, id="ssl"),
        pytest.param("tlsable1", {"port": 8002}, {"ssl": False}, id="ssl prepared"),
        pytest.param(
            "checkat1", {"port": 8003, **CHECK}, {"ssl": False, "check_port": 8001, "check_address": "127.0.0.1"},
            id="checked elsewhere",
        ),
        pytest.param("v6", {"address": "::1"}, {"ssl": False}, id="IPv6"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("version", VERSIONS)
def test_settable(version: str, name: str, old: dict[str, object], new: dict[str, object]) -> None:
    """2.2 shows neither ssl nor where checks go."""
    assert _settable(version, name) == {**BASIC, **old, **({} if version == "2.2" else new)}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("libc1", {"fqdn": "localhost", "port": 8004}, id="a host name"),
        pytest.param("named1", {"fqdn": "a.example.test", "port": 8001}, id="a resolver"),
        pytest.param("unix1", {}, id="a UNIX socket"),
    ],
)
def test_where_the_address_is_not_the_users(version: str, name: str, shown: dict[str, object]) -> None:
    expected = {"state": "ready", "weight": 1, "maxconn": 0, **shown}
    assert _settable(version, name) == {**expected, **({} if version == "2.2" else {"ssl": False})}


@pytest.mark.parametrize("spoken", [(), ("address",)])
def test_the_address_beside_a_host_name_is_shown_to_whom_speaks_of_it(spoken: tuple[str, ...]) -> None:
    assert ("address" in settable(full(fqdn="a.test"), spoken)) is bool(spoken)
    assert "address" in settable(full(), ())


@pytest.mark.parametrize("version", VERSIONS)
class TestGivingItBack:
    """What a result calls before and after are items that can be fed back."""

    def test_a_server_as_it_is_needs_no_command(self, version: str) -> None:
        now = captured(version, "settings")
        assert commands(self._back(version, now.servers), {"p1": now}) == {"p1": []}

    def test_changes_are_taken_back(self, version: str) -> None:
        before, after = (captured(version, when) for when in ("settings", "given"))
        wished = self._back(version, before.servers)
        sent = commands(wished, {"p1": after})["p1"]
        assert "set server set/plain1 addr 127.0.0.1 port 8001" in sent
        assert "set server set/named1 fqdn a.example.test" in sent
        assert "set maxconn server set/capped1 7" in sent
        assert "enable health set/checked1" in sent
        assert "enable agent set/agented1" in sent
        assert ("set server set/tlsable1 ssl off" in sent) is (version != "2.2")
        assert ("set server set/checked1 check-port 0" in sent) is (version != "2.2")
        state = after
        for goal in goals_of(wished, {"p1": after}):
            state = wished.predicted(state, goal.aimed.get("p1", {}))
        assert {key: settable(one, ()) for key, one in state.servers.items()} == {
            key: settable(one, ()) for key, one in before.servers.items()
        }

    def _back(self, version: str, servers: Mapping[Any, Server]) -> Any:
        assert version in VERSIONS
        return resource(servers=[item(name, backend, **settable(one, ())) for (backend, name), one in servers.items()])


@pytest.mark.parametrize("version", VERSIONS)
def test_what_changes_by_commands_is_seen(version: str) -> None:
    """The replies before and after the commands of lab.capture.GIVEN."""
    before, after = (captured(version, when).servers for when in ("settings", "given"))
    changed = {
        (key[1], name)
        for key in before
        for name in {*settable(before[key], ("health_status",)), *settable(after[key], ("health_status",))}
        if settable(before[key], ("health_status",)).get(name) != settable(after[key], ("health_status",)).get(name)
    }
    new = {("checked1", "check_port"), ("tlsable1", "ssl")}
    assert changed - {("checked1", "health_status")} - {("plain1", "health_status")} == {
        ("plain1", "address"), ("plain1", "port"), ("named1", "fqdn"), ("capped1", "maxconn"),
        ("checked1", "health_check"), ("agented1", "agent_check"),
        ("libc1", "health_status"), ("v6", "health_status"), *(() if version == "2.2" else new),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("state", "said"),
    [(0, None), (1, None), (4, None), (2, "disabled"), (3, "disabled"), (6, "enabled"), (7, "enabled"),
     (14, "enabled"), (18, "disabled"), (22, "enabled"), (23, "enabled")],
)  # fmt: skip
def test_switched(state: int, said: str | None) -> None:
    """2.2 sets 4 alone when told to enable a check that there is not."""
    assert switched(state) == said


@pytest.mark.parametrize(
    ("one", "said"),
    [
        pytest.param(server(), "up", id="runs"),
        pytest.param(server(op_state=STARTING), "up", id="slow start"),
        pytest.param(server(op_state=STOPPED), "down", id="down"),
        pytest.param(server(op_state=STOPPING), "stopping", id="stopping"),
        pytest.param(server(op_state=STOPPED, check_state=6), None, id="a check says so"),
        pytest.param(server(op_state=STOPPED, agent_state=6), None, id="an agent says so"),
        pytest.param(server(op_state=STOPPED, check_state=2), "down", id="its check is off"),
        pytest.param(server(op_state=STOPPED, tracks="www/web9"), None, id="the tracked one says so"),
        pytest.param(server(op_state=STOPPED, state="maint"), None, id="maintenance hides it"),
        pytest.param(server(op_state=STOPPED, admin_state=2), None, id="inherited maintenance hides it"),
        pytest.param(server(state="drain"), "up", id="drain does not"),
    ],
)
def test_forced(one: Server, said: str | None) -> None:
    assert forced(one) == said
    assert settable(one, ("health_status",)).get("health_status") == said
    assert "health_status" not in settable(one, ())


@pytest.mark.parametrize("present", [True, False])
def test_a_server_that_is_not_there_has_a_state_only(present: bool) -> None:
    assert (settable(full(present=present), ()) == {"state": "absent"}) is not present


def test_fields() -> None:
    """Sessions may come back after they were ended; everything else has to be as it was aimed at."""
    assert [field.name for field in FIELDS] == ["state", "weight", "sessions"]
    assert set(FIELDS) < set(ALL_FIELDS)
    assert [field.name for field in ALL_FIELDS if not field.lasts] == ["sessions"]
    assert server().op_state == RUNNING


@pytest.mark.parametrize(
    ("now", "target", "text"),
    [
        pytest.param(full(), full(admin_state=1), "set server www/web1 state maint", id="state"),
        pytest.param(full(present=False), full(admin_state=1), "add server www/web1 127.0.0.1:80", id="made"),
        pytest.param(full(admin_state=1), full(present=False), "del server www/web1", id="deleted"),
    ],
)
def test_how_a_state_is_said(now: Server, target: Server, text: str) -> None:
    (field,) = (field for field in FIELDS if field.name == "state")
    assert field.say(now, target).text == text


@pytest.mark.parametrize(("sessions", "text"), [(3, "shutdown sessions server www/web1"), (0, "")])
def test_sessions_are_ended_where_there_are_any(sessions: int, text: str) -> None:
    (field,) = (field for field in FIELDS if field.name == "sessions")
    now = server(sessions=sessions)
    assert field.read(now) is bool(text)
    assert field.say(now, server()).text == "shutdown sessions server www/web1"
