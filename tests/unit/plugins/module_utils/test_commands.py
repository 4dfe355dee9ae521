# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each command that changes something, whole: the level that it needs, whether its success is silent, the feature."""

from __future__ import annotations

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect import (
    backends,
    connections,
    errors,
    frontends,
    info,
    limits,
    master,
    patterns,
    servers,
    sessions,
    set_server,
    settings,
    stat,
    typed,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.backends import Backend
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.frontends import Frontend
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.patterns import Ref
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import Command

from unit.plugins.module_utils.wished import full

WEB1 = full(backend="www", name="web1", weight=7)
WWW = Backend("www", defaults="d", mode="http", cookie="enabled", published=True, key="k")
PUBLIC = Frontend("public", "OPEN", "enabled", 9)
MAP = Ref("map", "/a.map", "admin")


@pytest.mark.parametrize(
    ("command", "text", "silent", "feature"),
    [
        (set_server.set_state(WEB1), "set server www/web1 state ready", True, None),
        (set_server.set_weight(WEB1), "set server www/web1 weight 7", True, None),
        (settings.set_address(WEB1, "::1", 80), "set server www/web1 addr ::1 port 80", False, None),
        (settings.set_fqdn(WEB1, "a"), "set server www/web1 fqdn a", False, None),
        (settings.set_ssl(WEB1, False), "set server www/web1 ssl off", False, "server_ssl"),
        (settings.set_maxconn(WEB1, 9), "set maxconn server www/web1 9", True, None),
        (settings.set_check_address(WEB1, "::1"), "set server www/web1 check-addr ::1", False, "check_address"),
        (settings.set_check_port(WEB1, 0), "set server www/web1 check-port 0", False, None),
        (settings.set_agent_address(WEB1, "::1"), "set server www/web1 agent-addr ::1", False, None),
        (settings.set_agent_port(WEB1, 8), "set server www/web1 agent-port 8", False, "agent_port"),
        (settings.set_agent_send(WEB1, "a b"), "set server www/web1 agent-send a\\ b", False, None),
        (settings.force_health(WEB1, "up"), "set server www/web1 health up", True, None),
        (settings.force_agent(WEB1, "down"), "set server www/web1 agent down", True, None),
        (settings.switch_health(WEB1, "enable"), "enable health www/web1", True, None),
        (settings.switch_agent(WEB1, "disable"), "disable agent www/web1", True, None),
        (settings.del_server(WEB1), "del server www/web1", False, "dynamic_servers"),
        (settings.shutdown_sessions(WEB1), "shutdown sessions server www/web1", True, None),
        (sessions.shutdown_session(sessions.Session("0x1", ("a", "b"))), "shutdown session 0x1", False, None),
        (backends.add_backend(WWW), "add backend www from d mode http", False, "dynamic_backends"),
        (backends.del_backend(WWW), "del backend www", False, "dynamic_backends"),
        (backends.try_to_delete(WWW), "del backend www", False, "dynamic_backends"),
        (backends.publish(WWW), "publish backend www", False, "dynamic_backends"),
        (backends.publish(WWW._replace(published=False)), "unpublish backend www", False, "dynamic_backends"),
        (backends.switch_cookie(WWW), "enable dynamic-cookie backend www", True, None),
        (backends.set_key(WWW), "set dynamic-cookie-key backend www k", True, None),
        (frontends.set_frontend_state(PUBLIC, "disabled"), "disable frontend public", True, None),
        (frontends.set_frontend_state(PUBLIC._replace(state=None), "enabled"), "enable frontend public", False, None),
        (frontends.set_frontend_maxconn(PUBLIC), "set maxconn frontend public 9", True, None),
        (limits.set_rate_limit("sessions", 5), "set rate-limit sessions global 5", True, None),
        (limits.CLEAR["all"], "clear counters all", True, "clear_all_counters"),
        (MAP.add("a", "b"), "add map /a.map a b", True, None),
        (MAP.add("a", "b", "3"), "add map @3 /a.map a b", True, "set_versions"),
        (MAP.set("a", "b"), "set map /a.map a b", True, None),
        (MAP.delete("a"), "del map /a.map a", True, None),
        (MAP.clear(), "clear map /a.map", True, None),
        (MAP.prepare(), "prepare map /a.map", False, "set_versions"),
    ],
    ids=lambda it: it.text if isinstance(it, Command) else "",
)
def test_command(command: Command, text: str, silent: bool, feature: str | None) -> None:
    assert (command.text, command.level, command.silent, command.feature) == (text, "admin", silent, feature)
    assert "admin" not in command.kind
    assert command.kind.split(" ")[0] == text.split(" ")[0]


@pytest.mark.parametrize(
    ("command", "text", "level"),
    [
        (master.SHOW_PROC, "show proc", "user"),
        (stat.SHOW_BACKENDS, "show stat -1 2 -1", "user"),
        (stat.SHOW_SERVERS, "show stat -1 4 -1", "user"),
        (stat.show_stat([stat.FRONTEND]), "show stat -1 1 -1", "user"),
        (stat.show_stat([stat.BACKEND, stat.SERVER]), "show stat -1 6 -1", "user"),
        (stat.show_stat_of(["7"])[0], "show stat #7 6 -1", "user"),
        (stat.show_stat_of(list("123456789"))[0], "show stat -1 6 -1", "user"),
        (sessions.SHOW_SESSIONS, "show sess", "operator"),
        (typed.SHOW_INFO_TYPED, "show info typed", "user"),
        (errors.SHOW_ERRORS, "show errors", "operator"),
        (patterns.LISTS[0], "show map", "user"),
        (patterns.LISTS[1], "show acl", "user"),
        (servers.SHOW_BACKENDS, "show backend", "user"),
        (servers.SHOW_STATE, "show servers state", "user"),
        (connections.SHOW_CONNECTIONS, "show servers conn", "user"),
        (info.FACTS[0], "show info", "user"),
        (info.FACTS[1], "show cli level", "user"),
        (info.FACTS[2], "show cli sockets", "user"),
        (info.FACTS[3], "show pools", "user"),
        (frontends.SHOW_FRONTENDS, "show stat -1 1 -1", "user"),
        (backends.SHOW, "show stat -1 6 -1", "user"),
    ],
    ids=lambda it: it.text if isinstance(it, Command) else "",
)
def test_command_that_reads(command: Command, text: str, level: str) -> None:
    assert (command.text, command.level, command.silent, command.feature) == (text, level, False, None)


def test_a_limit_of_compression_is_told_in_bytes_and_said_in_kilobytes() -> None:
    said = {"Maxconn": "9", "Hard_maxconn": "10", "CompressBpsRateLim": "1048576"}
    assert limits.limits_of(said) == limits.Limits(9, 10, None, None, None, 1024)


def test_what_an_operator_may() -> None:
    assert limits.CLEAR["max"] == Command("clear counters", "clear counters", "operator", silent=True)


def test_what_is_committed_is_read_with_it() -> None:
    command = MAP.commit()
    assert (command.text, command.witness, command.silent) == ("commit map @<version> /a.map", "show map /a.map", False)
    assert command.feature == "set_versions"


def test_lines_are_told_by_their_number() -> None:
    assert MAP.add_lines("a b\nc d", "3").told == "add map @3 /a.map << (2 lines)"
    assert MAP.add_lines("a b").told == "add map /a.map << (1 line)"
