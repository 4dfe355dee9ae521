# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that are made while HAProxy runs: what is predicted is what every version shows."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.servers import Server
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.settings import add_server, del_server
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import InputError, UnknownCommand
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import PerProcess
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.creation import (
    created,
    first_values,
    missing,
    with_options,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.keywords import words_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.settable import settable
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._telling import Told, tell

from unit.plugins.module_utils.support import VERSIONS, process, reply_of, talk
from unit.plugins.module_utils.support import words_of as words_of_command
from unit.plugins.module_utils.wished import (
    asked,
    captured,
    captured_server,
    commands,
    full,
    goals_of,
    resource,
    seen,
    server,
)

CAN = [version for version in VERSIONS if version != "2.2"]
HERE = {"address": "127.0.0.1", "port": 8101}

# The servers of the captured replies (``ADDED`` in lab.capture): name → what was asked for.
ADDED: dict[str, dict[str, Any]] = {
    "plain": HERE,
    "portless": {"address": "127.0.0.1"},
    "six": {"address": "::1", "port": 8101},
    "checked": {**HERE, "options": "check inter 200ms"},
    "weighted": {**HERE, "options": "weight 5 maxconn 3"},
    "twice": {**HERE, "options": "weight 5 weight 7 maxconn 3 maxconn 4"},
    "light": {**HERE, "options": "weight 0"},
    "checkat": {**HERE, "options": "check port 9000 addr 127.0.0.4"},
    "unchecked": {**HERE, "options": "port 9000 addr 127.0.0.4"},
    "agented": {**HERE, "options": "agent-check agent-port 9999 agent-addr 127.0.0.5"},
    "both": {**HERE, "options": "check port 9000 addr 127.0.0.4 agent-check agent-port 9999 agent-addr 127.0.0.5"},
    "turned": {**HERE, "options": "agent-check agent-port 9999 agent-addr 127.0.0.5 check port 9000 addr 127.0.0.4"},
    "halfagent": {**HERE, "options": "check port 9000 addr 127.0.0.4 agent-check agent-port 9999"},
    "tls": {**HERE, "options": "ssl verify none"},
    "backup": {**HERE, "options": "backup"},
    "tracking": {**HERE, "options": "track set/checked1"},
}
# Taken from 3.0 on.
COOKIES: dict[str, dict[str, Any]] = {
    "spaced": {**HERE, "options": "cookie 'a b'"},
    "cookieweight": {**HERE, "options": "cookie weight maxconn 6"},
}
# Refused by every version.
REFUSED: dict[str, dict[str, Any]] = {"nocheck": {**HERE, "options": "check no-check"}}


def _predicted(name: str, asked_for: dict[str, Any], algorithm: str = "") -> Server:
    return created(missing(("set", name)), asked(state="present", **asked_for), algorithm)


@pytest.mark.parametrize("version", CAN)
class TestPredictionsOfEveryVersion:
    @pytest.mark.parametrize("name", ADDED)
    def test_what_is_predicted_is_what_is_read(self, version: str, name: str) -> None:
        self._compare(version, name, ADDED[name])

    @pytest.mark.parametrize("name", COOKIES)
    def test_the_value_of_a_keyword_is_no_keyword(self, version: str, name: str) -> None:
        if version == "2.6":
            assert b"is not accepted for dynamic server" in reply_of(version, f"add_{name}")
            return
        self._compare(version, name, COOKIES[name])

    @pytest.mark.parametrize("keyword", ["check", "ssl", "backup", "agent-check"])
    def test_a_cookie_called_as_a_keyword(self, version: str, keyword: str) -> None:
        name = f"cookie{keyword.partition('-')[0]}"
        real = captured_server("3.0" if version == "2.6" else version, "added", ("set", name))
        predicted = _predicted(name, {**HERE, "options": f"cookie {keyword}"})
        assert settable(predicted, ()) == settable(real, ())
        assert predicted.backup is real.backup

    def test_a_backup_that_is_none(self, version: str) -> None:
        real = captured_server(version, "added", ("set", "nobackup"))
        assert _predicted("nobackup", {**HERE, "options": "backup no-backup"}).backup is real.backup

    def _compare(self, version: str, name: str, asked_for: dict[str, Any]) -> None:
        real = captured_server(version, "added", ("set", name))
        predicted = _predicted(name, asked_for)
        assert settable(predicted, ()) == settable(real, ())
        same = ("op_state", "weight", "initial_weight", "backup", "maxconn", "sessions", "state", "effective_state",
                "checked", "port", "address", "ssl", "check_port", "check_address", "agent_address", "agent_port")  # fmt: skip
        assert {field: getattr(predicted, field) for field in same} == {field: getattr(real, field) for field in same}

    @pytest.mark.parametrize("name", [*ADDED, *REFUSED])
    def test_what_haproxy_says_of_it(self, version: str, name: str) -> None:
        command = add_server(_predicted(name, {**ADDED, **REFUSED}[name]))
        told = talk(tell(process(), [command]), reply_of(version, f"add_{name}"))
        assert isinstance(told, Told)
        assert bool(told.error) is (name in REFUSED)
        assert told.words == ({} if name in REFUSED else {command: "New server registered."})

    def test_every_server_that_was_captured_is_in_a_table(self, version: str) -> None:
        names = {name for backend, name in captured(version, "added").keys if backend == "set"}
        known = {"cookiecheck", "cookiessl", "cookiebackup", "cookieagent", "nobackup", "on"}
        configured = {name for name in names if name.endswith("1") or name == "v6"}
        assert names - configured - known <= set(ADDED) | set(COOKIES)
        assert set(ADDED) <= names


@pytest.mark.parametrize("keyword", ["enabled", "disabled"])
def test_what_would_put_it_into_service_at_once_is_refused(keyword: str) -> None:
    """2.6 takes "enabled", and the server is ready at once."""
    assert captured_server("2.6", "added", ("set", "on")).state == "ready"
    with pytest.raises(InputError, match="whether it is in service is what state says"):
        _predicted("on", {**HERE, "options": f"check {keyword}"})


def test_2_2_makes_none() -> None:
    told = talk(tell(process(), [add_server(_predicted("plain", HERE))]), reply_of("2.2", "add_plain"))
    assert isinstance(told, Told)
    assert isinstance(told.error, UnknownCommand)


@pytest.mark.parametrize(
    ("one", "options"),
    [
        pytest.param(full(initial=7, check_state=0, agent_state=0), "weight 7", id="plain"),
        pytest.param(full(check_state=0, agent_state=0, backup=True), "weight 1 backup", id="backup"),
        pytest.param(full(agent_state=0, check_port=9000), "weight 1 check port 9000", id="a check"),
        pytest.param(
            full(check_state=0, agent_port=9999, agent_address="::5"), "weight 1 agent-check agent-port 9999 agent-addr ::5",
            id="an agent",
        ),
    ],
)  # fmt: skip
def test_what_makes_a_server_again_that_goes(one: Server, options: str) -> None:
    """``before`` of a server that is deleted; HAProxy takes it for a new one, which is like the one that went."""
    back = with_options({"state": "ready"}, one)
    assert back == {"state": "ready", "options": options}
    made = created(missing(("www", "web1")), asked(state="present", **HERE, options=options), "")
    assert (made.initial_weight, made.backup, made.check_port) == (one.initial_weight, one.backup, one.check_port)


def test_what_is_not_there_is_not_made_again() -> None:
    assert with_options({"state": "absent"}, missing(("www", "web1"))) == {"state": "absent"}


def test_the_algorithm_is_the_one_of_the_servers_backend() -> None:
    here = {"state": "present", "name": ["web9"], "backend": ["www"], **HERE}
    empty = server(name="web9", present=False)
    assert commands(resource(**here), {"p1": seen(empty, algorithms={"www": "roundrobin", "api": "static-rr"})})["p1"]
    with pytest.raises(InputError, match="www/web9 cannot be created: its backend uses the static algorithm static-rr"):
        commands(resource(**here), {"p1": seen(empty, algorithms={"www": "static-rr", "api": "roundrobin"})})


def test_nothing_is_deleted_anywhere_while_sessions_are_left_on_one_process() -> None:
    of = resource(name=["web*"], backend=["www"], state="absent")
    names = [f"web{number}" for number in range(1, 5)]
    idle = {process: seen(*(server(name=name, state="maint") for name in names)) for process in ("p2", "p1")}
    busy = {process: seen(*(server(name=name, state="maint", sessions=1) for name in names)) for process in idle}
    last = goals_of(of, idle)[-1]
    assert last.guard is not None
    assert last.guard(PerProcess(idle)) == ""
    assert last.guard(PerProcess({**idle, "p2": busy["p2"]})) == (
        "sessions are left on www/web1 on p2; www/web2 on p2; www/web3 on p2; www/web4 on p2, so nothing is deleted anywhere"
    )
    assert last.guard(PerProcess(busy)).startswith(
        "sessions are left on www/web1 on p1; www/web2 on p1; www/web3 on p1"
    )


# Keywords --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("", ()),
        ("  check  inter 2s ", ("check", "inter", "2s")),
        ("cookie 'a b'", ("cookie", "a b")),
        ('cookie "a b"', ("cookie", "a b")),
        ("cookie a\\ b", ("cookie", "a b")),
        ("sni str(a.test)", ("sni", "str(a.test)")),
        ("check\tssl", ("check", "ssl")),
    ],
)
def test_words_of(options: str, words: tuple[str, ...]) -> None:
    assert words_of(options) == words


@pytest.mark.parametrize("options", ["cookie 'a", 'cookie "a', "cookie a\\"])
def test_a_quote_that_is_never_closed_is_refused(options: str) -> None:
    with pytest.raises(InputError, match=r"^options "):
        words_of(options)


@pytest.mark.parametrize(
    ("server", "text"),
    [
        (full(), "add server www/web1 127.0.0.1:80"),
        (full(port=0), "add server www/web1 127.0.0.1"),
        (full(address="::1"), "add server www/web1 [::1]:80"),
        (full(address="::1", port=0), "add server www/web1 [::1]"),
        (full(options=("check", "inter", "2s")), "add server www/web1 127.0.0.1:80 check inter 2s"),
        (full(options=("cookie", "a b;")), "add server www/web1 127.0.0.1:80 cookie a\\ b\\;"),
    ],
)
def test_add_server(server: Server, text: str) -> None:
    command = add_server(server)
    assert command.text == text
    assert (command.kind, command.level, command.feature) == ("add server …", "admin", "dynamic_servers")
    assert words_of_command(text)[0][4:] == list(server.options)


@pytest.mark.parametrize("options", ["a\nshutdown frontend f", "'a\n'", "a\0"])
def test_options_never_become_another_command(options: str) -> None:
    with pytest.raises(InputError, match="holds a control character"):
        _predicted("x", {**HERE, "options": options})


def test_an_empty_word_cannot_be_said() -> None:
    with pytest.raises(InputError, match="cannot be said"):
        add_server(_predicted("x", {**HERE, "options": "''"}))


def test_del_server() -> None:
    command = del_server(full())
    assert (command.text, command.feature, command.silent) == ("del server www/web1", "dynamic_servers", False)


@pytest.mark.parametrize("options", ["weight x", "maxconn 1.5", "port +1", "agent-port", "weight 5%", "port १"])
def test_numbers_that_haproxy_would_misread_are_refused(options: str) -> None:
    with pytest.raises(InputError, match="is no whole number"):
        _predicted("x", {**HERE, "options": options})


def test_options_have_a_bound() -> None:
    """HAProxy reads 64 words of a command; 2.6 drops what is more in silence."""
    assert len(words_of("stick " * 60)) == 60
    with pytest.raises(InputError, match="options holds 61 words; HAProxy reads 60"):
        words_of("stick " * 61)


@pytest.mark.parametrize(("ssl", "options"), [(True, ""), (False, "ssl verify none")])
def test_ssl_is_said_in_the_options(ssl: bool, options: str) -> None:
    with pytest.raises(InputError, match=r"^ssl of set/x: a server is created with it or without"):
        _predicted("x", {**HERE, "ssl": ssl, "options": options})
    _predicted("x", {**HERE, "ssl": not ssl, "options": options})


@pytest.mark.parametrize(("algorithm", "refused"), [("static-rr", True), ("roundrobin", False), ("", False)])
def test_static_backends_take_no_new_server(algorithm: str, refused: bool) -> None:
    if refused:
        with pytest.raises(InputError, match="set/x cannot be created: its backend uses the static algorithm"):
            _predicted("x", HERE, algorithm)
    else:
        assert _predicted("x", HERE, algorithm).present


def test_a_server_needs_an_address() -> None:
    with pytest.raises(InputError, match="set/x does not exist, and to create it its address is needed"):
        _predicted("x", {"options": "check"})


def test_what_stands_for_a_server_that_is_not_there() -> None:
    nobody = missing(("www", "web9"))
    assert (nobody.called, nobody.state, nobody.present, nobody.sessions) == ("www/web9", "absent", False, 0)
    assert settable(nobody, ("weight",)) == {"state": "absent"}


# What is asked of it then ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked_for", "state", "settings"),
    [
        pytest.param({"state": "present"}, "ready", {}, id="present ends ready"),
        pytest.param({"state": "drain"}, "drain", {}, id="drain"),
        pytest.param({"state": "maint", "drain": True}, "maint", {}, id="maint"),
        pytest.param({"state": "present", "options": "check"}, "ready", {"health_check": "enabled"}, id="check"),
        pytest.param({"state": "present", "options": "agent-check agent-port 1"}, "ready", {"agent_check": "enabled"},
                     id="agent check"),
        pytest.param({"state": "present", "options": "check", "health_check": "disabled"}, "ready",
                     {"health_check": "disabled"}, id="check, but off"),
        pytest.param({"state": "present", "maxconn": 3}, "ready", {"maxconn": 3}, id="a setting"),
    ],
)  # fmt: skip
def test_first_values(asked_for: dict[str, Any], state: str, settings: dict[str, Any]) -> None:
    values = first_values(asked(**HERE, **asked_for))
    assert (values.state, values.settings, values.drain) == (state, settings, False)
