# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server can be given beside its state: what is refused, what it is afterwards, and the commands."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.servers import (
    RUNNING,
    STARTING,
    STOPPED,
    STOPPING,
    Server,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import HAProxyError, InputError
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._missed import missed
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.settings import FIELDS, checked, given
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._shapes import Aimed, route
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._telling import can

from unit.plugins.module_utils.support import facts, process
from unit.plugins.module_utils.wished import (
    CHECKED,
    UNCHECKED,
    asked,
    captured_server,
    commands,
    full,
    resource,
    seen,
    server,
)

KEY = ("www", "web1")
OFF = 2  # a check that is configured and disabled

# What a user wrote -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["address", "check_address", "agent_address"])
@pytest.mark.parametrize(
    ("text", "address"),
    [
        pytest.param("127.0.0.1", "127.0.0.1", id="IPv4"),
        pytest.param("0.0.0.0", "0.0.0.0", id="any IPv4"),
        pytest.param("::1", "::1", id="IPv6"),
        pytest.param("::", "::", id="any IPv6"),
        pytest.param("0:0:0:0:0:0:0:1", "::1", id="IPv6 in full"),
        pytest.param("2001:DB8::000A", "2001:db8::a", id="IPv6 in capitals"),
        pytest.param("::ffff:1.2.3.4", "::ffff:1.2.3.4", id="IPv4 in IPv6"),
        pytest.param("fe80::1", "fe80::1", id="link-local"),
    ],
)
def test_addresses_become_what_haproxy_prints(option: str, text: str, address: str) -> None:
    assert checked({option: text}) == {option: address}


@pytest.mark.parametrize("option", ["address", "check_address", "agent_address"])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("127.1", id="a short form"),
        pytest.param("2130706433", id="a number"),
        pytest.param("0x7f.0.0.1", id="hexadecimal"),
        pytest.param("01.2.3.4", id="octal"),
        pytest.param("256.1.1.1", id="beyond a byte"),
        pytest.param("1.2.3.4/8", id="a network"),
        pytest.param("1.2.3.4:80", id="with a port"),
        pytest.param("[::1]", id="brackets"),
        pytest.param("fe80::1%eth0", id="with a zone"),
        pytest.param("::g", id="no hexadecimal"),
        pytest.param("localhost", id="a host name"),
        pytest.param("unix@/run/x", id="a UNIX socket"),
        pytest.param("ipv4@1.2.3.4", id="with a family"),
        pytest.param(" 1.2.3.4", id="a leading blank"),
        pytest.param("1.2.3.4\n", id="a line feed"),
        pytest.param("1.2.3.4;x", id="a command"),
        pytest.param("1.2.3.4\0", id="NUL"),
        pytest.param("१.2.3.4", id="other digits"),
    ],
)
def test_what_is_no_address_is_refused(option: str, text: str) -> None:
    with pytest.raises(InputError) as caught:
        checked({option: text})
    assert str(caught.value) == f"{option} {text!r} is no IPv4 or IPv6 address"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a.test", "a.test"),
        ("A.Test", "a.test"),
        ("web-1", "web-1"),
        ("_srv._tcp.a.test", "_srv._tcp.a.test"),
        ("1.a", "1.a"),
        ("a" * 63, "a" * 63),
        (".".join(["a" * 63] * 3 + ["a" * 61]), ".".join(["a" * 63] * 3 + ["a" * 61])),
    ],
)
def test_host_names(text: str, name: str) -> None:
    assert checked({"fqdn": text}) == {"fqdn": name}


@pytest.mark.parametrize(
    "text",
    ["", ".", "a.", ".a", "a..b", "-a", "a-", "a b", "a;b", "a\n", "a\0", "ä.test", "a/b", "a:80", "a" * 64,
     ".".join(["a" * 63] * 4)],
)  # fmt: skip
def test_what_is_no_host_name_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        checked({"fqdn": text})
    assert str(caught.value) == f"fqdn {text!r} is no host name"


@pytest.mark.parametrize(
    ("option", "most"),
    [("port", 65535), ("check_port", 65535), ("agent_port", 65535), ("maxconn", 2**31 - 1)],
)
def test_numbers_have_bounds(option: str, most: int) -> None:
    for number in (0, 1, most):
        assert checked({option: number}) == {option: number}
    for number in (-1, most + 1, 10**30):
        with pytest.raises(InputError, match=f"{option} is {number}; it takes whole numbers from 0 to {most}"):
            checked({option: number})


@pytest.mark.parametrize("text", ["lab", "a b", "a;b", "\\", "<<", "#x", "täg", "\t"])
def test_what_an_agent_can_be_told(text: str) -> None:
    assert checked({"agent_send": text}) == {"agent_send": text}


@pytest.mark.parametrize("text", ["", "a\n", "a\nshutdown frontend f", "a\0", "\x1b"])
def test_what_no_agent_can_be_told_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^agent_send: "):
        checked({"agent_send": text})


def test_an_address_and_a_host_name_exclude_each_other() -> None:
    with pytest.raises(InputError, match="address and fqdn exclude each other"):
        checked({"address": "::1", "fqdn": "a.test"})


def test_what_needs_no_check_stays_as_it_is() -> None:
    settings = {"ssl": True, "health_check": "enabled", "agent_status": "down", "health_status": "stopping"}
    assert checked(settings) == settings


# What a server is given ------------------------------------------------------------------------------------------


def _commands(one: Server, settings: dict[str, Any], soft: frozenset[str] = frozenset()) -> list[str]:
    target = given(one, settings, soft)
    aimed = {KEY: Aimed(*target)}
    steps = list(route(FIELDS, {KEY: one}, aimed))
    assert missed(FIELDS, {KEY: target.server}, aimed, str) == {}
    assert all(step.part[0] == KEY for step in steps)
    return [step.command.text for step in steps]


UNWATCHED = full(check_state=UNCHECKED, agent_state=UNCHECKED)


@pytest.mark.parametrize(
    ("one", "settings", "expected"),
    [
        pytest.param(full(), {}, [], id="nothing"),
        pytest.param(full(), {"address": "::2"}, ["set server www/web1 addr ::2"], id="address"),
        pytest.param(full(), {"port": 81}, ["set server www/web1 addr 127.0.0.1 port 81"], id="port"),
        pytest.param(
            full(), {"port": 81, "address": "::2"}, ["set server www/web1 addr ::2 port 81"], id="both in one command"
        ),
        pytest.param(full(fqdn="a.test"), {"fqdn": "b.test"}, ["set server www/web1 fqdn b.test"], id="host name"),
        pytest.param(full(), {"ssl": True}, ["set server www/web1 ssl on"], id="ssl"),
        pytest.param(full(ssl=True), {"ssl": False}, ["set server www/web1 ssl off"], id="no ssl"),
        pytest.param(full(), {"maxconn": 5}, ["set maxconn server www/web1 5"], id="maxconn"),
        pytest.param(full(maxconn=5), {"maxconn": 0}, ["set maxconn server www/web1 0"], id="no maxconn"),
        pytest.param(full(), {"check_address": "::2"}, ["set server www/web1 check-addr ::2"], id="check address"),
        pytest.param(full(), {"check_port": 81}, ["set server www/web1 check-port 81"], id="check port"),
        pytest.param(full(), {"agent_address": "::2"}, ["set server www/web1 agent-addr ::2"], id="agent address"),
        pytest.param(full(), {"agent_port": 81}, ["set server www/web1 agent-port 81"], id="agent port"),
        pytest.param(full(), {"agent_send": "a b;"}, ["set server www/web1 agent-send a\\ b\\;"], id="agent send"),
        pytest.param(full(), {"health_check": "disabled"}, ["disable health www/web1"], id="health check off"),
        pytest.param(full(check_state=OFF), {"health_check": "enabled"}, ["enable health www/web1"], id="health check"),
        pytest.param(full(), {"agent_check": "disabled"}, ["disable agent www/web1"], id="agent check off"),
        pytest.param(full(agent_state=OFF), {"agent_check": "enabled"}, ["enable agent www/web1"], id="agent check"),
        pytest.param(full(), {"health_status": "down"}, ["set server www/web1 health down"], id="forced, checked"),
        pytest.param(full(), {"health_status": "up"}, ["set server www/web1 health up"], id="a deed: each time"),
        pytest.param(UNWATCHED, {"health_status": "down"}, ["set server www/web1 health down"], id="forced, unchecked"),
        pytest.param(UNWATCHED, {"health_status": "stopping"}, ["set server www/web1 health stopping"], id="stopping"),
        pytest.param(UNWATCHED, {"health_status": "up"}, [], id="up already"),
        pytest.param(UNWATCHED._replace(op_state=STOPPED), {"health_status": "down"}, [], id="down already"),
        pytest.param(UNWATCHED._replace(op_state=STOPPING), {"health_status": "stopping"}, [], id="stopping already"),
        pytest.param(UNWATCHED._replace(op_state=STARTING), {"health_status": "up"}, [], id="starting is up"),
        pytest.param(full(), {"agent_status": "down"}, ["set server www/web1 agent down"], id="agent status"),
        pytest.param(
            full(agent_state=OFF),
            {"agent_status": "up", "agent_check": "enabled"},
            ["enable agent www/web1", "set server www/web1 agent up"],
            id="agent status of a check that the task enables",
        ),
    ],
)
def test_commands_of_what_is_given(one: Server, settings: dict[str, Any], expected: list[str]) -> None:
    assert _commands(one, settings) == expected


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"address": "127.0.0.1"}, "address"),
        ({"port": 80}, "port"),
        ({"ssl": False}, "ssl"),
        ({"maxconn": 0}, "maxconn"),
        ({"check_address": ""}, "check_address"),
        ({"check_port": 0}, "check_port"),
        ({"agent_port": 0}, "agent_port"),
        ({"health_check": "enabled"}, "health_check"),
        ({"agent_check": "enabled"}, "agent_check"),
    ],
)
def test_what_is_there_already_is_no_command_and_confirmed_all_the_same(settings: dict[str, Any], field: str) -> None:
    assert _commands(full(), settings) == []
    assert given(full(), settings, frozenset()).fields == {field}


# 2.2 shows no ssl, no port or address of a check.
OLD = server(check_state=CHECKED, agent_state=CHECKED, address="127.0.0.1", port=80, maxconn=0)


@pytest.mark.parametrize(
    ("settings", "command", "feature"),
    [
        ({"check_port": 81}, "set server www/web1 check-port 81", None),
        ({"agent_address": "::2"}, "set server www/web1 agent-addr ::2", None),
        ({"ssl": True}, "set server www/web1 ssl on", "server_ssl"),
        ({"check_address": "::2"}, "set server www/web1 check-addr ::2", "check_address"),
        ({"agent_port": 81}, "set server www/web1 agent-port 81", "agent_port"),
        ({"agent_send": "x"}, "set server www/web1 agent-send x", None),
        ({"agent_status": "up"}, "set server www/web1 agent up", None),
    ],
)
def test_what_cannot_be_read_is_a_deed(settings: dict[str, Any], command: str, feature: str | None) -> None:
    target = given(OLD, settings, frozenset())
    assert target.server == OLD
    assert target.fields == frozenset()
    (step,) = target.deeds.values()
    assert step.part == (KEY, next(iter(settings)))
    assert not step.seen, "no reading can confirm it"
    assert (step.command.text, step.command.feature) == (command, feature)
    assert _commands(OLD, settings) == [command]


@pytest.mark.parametrize("settings", [{"ssl": True}, {"check_address": "::2"}, {"agent_port": 81}])
def test_a_deed_that_2_2_lacks_is_refused_before_it_is_sent(settings: dict[str, Any]) -> None:
    commands = [step.command for step in given(OLD, settings, frozenset()).deeds.values()]
    with pytest.raises(HAProxyError, match=r"needs HAProxy 2\.4, process p1 runs 2\.2\.9"):
        can(process(known=facts("2.2.9")), commands)


@pytest.mark.parametrize("version", ["2.2", "2.6", "3.0", "3.2", "3.4"])
def test_what_is_a_deed_on_each_version(version: str) -> None:
    one = captured_server(version, "settings", ("set", "agented1"))
    settings = {"check_port": 81, "agent_address": "::2", "maxconn": 3, "port": 81, "agent_send": "x"}
    target = given(one, settings, frozenset())
    always = {"agent_send"}
    assert {step.part[1] for step in target.deeds.values()} == (
        always | {"check_port", "agent_address"} if version == "2.2" else always
    )
    assert target.fields == set(settings) - {step.part[1] for step in target.deeds.values()}


NEEDS_CHECK = "no health check is configured on it"
NEEDS_AGENT = "no agent check is configured on it"


@pytest.mark.parametrize(
    ("one", "settings", "sentence"),
    [
        pytest.param(UNWATCHED, {"health_check": "enabled"}, NEEDS_CHECK, id="health check"),
        pytest.param(UNWATCHED, {"check_address": "::1"}, NEEDS_CHECK, id="check address"),
        pytest.param(UNWATCHED, {"check_port": 1}, NEEDS_CHECK, id="check port"),
        pytest.param(UNWATCHED, {"agent_check": "enabled"}, NEEDS_AGENT, id="agent check"),
        pytest.param(UNWATCHED, {"agent_address": "::1"}, NEEDS_AGENT, id="agent address"),
        pytest.param(UNWATCHED, {"agent_port": 1}, NEEDS_AGENT, id="agent port"),
        pytest.param(UNWATCHED, {"agent_send": "x"}, NEEDS_AGENT, id="agent send"),
        pytest.param(UNWATCHED, {"agent_status": "up"}, NEEDS_AGENT, id="agent status"),
        pytest.param(
            full(agent_state=OFF), {"agent_status": "up"}, "its agent check is disabled", id="agent that is off"
        ),
        pytest.param(
            full(), {"agent_status": "up", "agent_check": "disabled"}, "its agent check is disabled", id="switched off"
        ),
        pytest.param(full(), {"fqdn": "a.test"}, "it was not configured with a host name", id="no host name"),
        pytest.param(full(address=None), {"address": "::1"}, "it has no IP address", id="address of a UNIX socket"),
        pytest.param(full(address=None), {"port": 81}, "it has no IP address", id="port of a UNIX socket"),
        pytest.param(
            full(tracks="www/web9"), {"health_status": "up"}, "it tracks www/web9, whose health it has", id="tracking"
        ),
    ],
)
def test_what_a_server_lacks_is_refused(one: Server, settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        given(one, settings, frozenset())
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(f"{next(iter(settings))} of www/web1: ")


@pytest.mark.parametrize(
    ("one", "settings"),
    [
        pytest.param(full(check_state=OFF), {"check_port": 81}, id="check port"),
        pytest.param(full(check_state=OFF), {"check_address": "::2"}, id="check address"),
        pytest.param(full(agent_state=OFF), {"agent_port": 81}, id="agent port"),
        pytest.param(full(agent_state=OFF), {"agent_address": "::2"}, id="agent address"),
        pytest.param(full(agent_state=OFF), {"agent_send": "x"}, id="agent send"),
    ],
)
def test_what_a_check_takes_only_while_it_runs_is_refused_where_it_is_off(
    one: Server, settings: dict[str, Any]
) -> None:
    with pytest.raises(InputError, match="only while it is enabled"):
        given(one, settings, frozenset())


@pytest.mark.parametrize(
    ("one", "settings"),
    [
        (full(check_state=OFF, check_port=81), {"check_port": 81}),
        (full(agent_state=OFF, agent_address="::2"), {"agent_address": "::2"}),
        (full(address=None, port=0), {"port": 0}),
        (full(fqdn="a.test"), {"fqdn": "a.test"}),
    ],
)
def test_what_is_there_already_needs_nothing(one: Server, settings: dict[str, Any]) -> None:
    assert _commands(one, settings) == []


@pytest.mark.parametrize("settings", [{"agent_send": "disabled"}, {"fqdn": "disabled"}])
def test_the_word_disabled_is_a_text_like_any_other(settings: dict[str, Any]) -> None:
    """It must not be passed over in silence."""
    with pytest.raises(InputError):
        given(UNWATCHED, settings, frozenset())


@pytest.mark.parametrize(
    ("settings", "soft"),
    [
        pytest.param({"health_check": "disabled"}, set(), id="a health check that is not there is disabled"),
        pytest.param({"agent_check": "disabled"}, set(), id="an agent check that is not there is disabled"),
        pytest.param({"health_check": "enabled"}, {"health_check"}, id="soft health check"),
        pytest.param({"agent_check": "enabled"}, {"agent_check"}, id="soft agent check"),
    ],
)
def test_what_is_passed_over_in_silence(settings: dict[str, Any], soft: set[str]) -> None:
    target = given(UNWATCHED, settings, frozenset(soft))
    assert target.server == UNWATCHED
    assert not target.fields
    assert not target.deeds


def test_what_is_soft_counts_where_there_is_a_check() -> None:
    assert _commands(full(check_state=OFF), {"health_check": "enabled"}, frozenset({"health_check"})) == [
        "enable health www/web1"
    ]


def test_what_is_passed_over_keeps_nothing_else_from_being_said() -> None:
    settings = {"agent_check": "enabled", "health_check": "enabled", "maxconn": 5}
    assert _commands(UNWATCHED, settings, frozenset({"agent_check", "health_check"})) == [
        "set maxconn server www/web1 5"
    ]


def test_the_order_of_commands() -> None:
    """What a check takes only while it runs, its switch, the state, then what makes it another server."""
    wished = resource(
        state="maint", weight="5", address="::2", port=81, ssl=True, maxconn=3, check_address="::3", check_port=82,
        agent_address="::4", agent_port=83, agent_send="x", health_check="disabled", agent_check="disabled",
    )  # fmt: skip
    assert commands(wished, {"p1": seen(full(weight=1, initial_weight=1))}) == {
        "p1": [
            "set server www/web1 agent-addr ::4",
            "set server www/web1 agent-port 83",
            "set server www/web1 agent-send x",
            "disable agent www/web1",
            "set server www/web1 check-addr ::3",
            "set server www/web1 check-port 82",
            "disable health www/web1",
            "set server www/web1 state maint",
            "set server www/web1 addr ::2 port 81",
            "set server www/web1 ssl on",
            "set maxconn server www/web1 3",
            "set server www/web1 weight 5",
        ]
    }


def test_a_server_that_comes_back_is_given_everything_before_but_its_health() -> None:
    wished = resource(state="ready", weight="5", maxconn=3, health_status="up")
    assert commands(wished, {"p1": seen(full(admin_state=1, op_state=STOPPED))}) == {
        "p1": [
            "set maxconn server www/web1 3",
            "set server www/web1 weight 5",
            "set server www/web1 state ready",
            "set server www/web1 health up",
        ]
    }


def test_a_setting_of_one_server_does_not_touch_another() -> None:
    wished = resource(name=["web1"], maxconn=3)
    now = seen(full(), full(name="web2"))
    assert commands(wished, {"p1": now}) == {"p1": ["set maxconn server www/web1 3"]}
    assert asked(maxconn=3).settings == {"maxconn": 3}
    assert full().op_state == RUNNING
