# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of settings, and what every version answers to them (``lab.capture.GIVEN``)."""

from __future__ import annotations

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect import settings as say
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.servers import Server
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import CommandRefused
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import Command
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._telling import Told, tell

from unit.plugins.module_utils.support import VERSIONS, process, reply_of, talk
from unit.plugins.module_utils.wished import full


def _of(name: str) -> Server:
    return full(backend="set", name=name)


# reply → the command, as the dialect builds it
COMMANDS = {
    "set_addr": say.set_address(_of("plain1"), "127.0.0.2", None),
    "set_addr_again": say.set_address(_of("plain1"), "127.0.0.2", None),
    "set_addr_port": say.set_address(_of("plain1"), "127.0.0.2", 8081),
    "set_addr_garbage": say.set_address(_of("plain1"), "127.0.0.300", None),
    "set_addr_unix": say.set_address(_of("unix1"), "127.0.0.2", None),
    "set_fqdn": say.set_fqdn(_of("named1"), "b.example.test"),
    "set_fqdn_again": say.set_fqdn(_of("named1"), "b.example.test"),
    "set_fqdn_refused": say.set_fqdn(_of("plain1"), "b.example.test"),
    "set_ssl": say.set_ssl(_of("tlsable1"), True),
    "set_ssl_again": say.set_ssl(_of("tlsable1"), True),
    "set_ssl_refused": say.set_ssl(_of("plain1"), True),
    "set_check_port": say.set_check_port(_of("checked1"), 8001),
    "set_check_port_again": say.set_check_port(_of("checked1"), 8001),
    "set_check_port_refused": say.set_check_port(_of("plain1"), 8001),
    "set_check_addr": say.set_check_address(_of("checkat1"), "127.0.0.1"),
    "set_check_addr_refused": say.set_check_address(_of("plain1"), "127.0.0.1"),
    "set_agent_addr": say.set_agent_address(_of("agented1"), "127.0.0.1"),
    "set_agent_addr_refused": say.set_agent_address(_of("plain1"), "127.0.0.1"),
    "set_agent_port": say.set_agent_port(_of("agented1"), 8009),
    "set_agent_port_refused": say.set_agent_port(_of("plain1"), 8009),
    "set_agent_send": say.set_agent_send(_of("agented1"), "lab"),
    "set_agent_send_refused": say.set_agent_send(_of("plain1"), "lab"),
    "set_maxconn": say.set_maxconn(_of("capped1"), 9),
    "enable_health_refused": say.switch_health(_of("plain1"), "enable"),
    "enable_agent_refused": say.switch_agent(_of("plain1"), "enable"),
    "disable_health": say.switch_health(_of("checked1"), "disable"),
    "disable_agent": say.switch_agent(_of("agented1"), "disable"),
    "set_health": say.force_health(_of("libc1"), "down"),
    "set_health_stopping": say.force_health(_of("v6"), "stopping"),
    "set_agent_status_refused": say.force_agent(_of("plain1"), "down"),
}
# What a version refuses with a severity. The other refusals have the severity of a notice: reading finds them out.
ALWAYS = {"set_agent_send_refused", "enable_agent_refused", "set_agent_status_refused"}
LACKING = {name for name in COMMANDS if name.startswith(("set_ssl", "set_check_addr", "set_agent_port"))}
REFUSED = {
    version: ALWAYS
    | (
        LACKING | {"set_agent_addr_refused"}
        if version == "2.2"
        else {"set_ssl_refused", "set_fqdn_refused", "enable_health_refused"}
    )
    for version in VERSIONS
}


def _told(version: str, name: str) -> Told:
    told = talk(tell(process(), [COMMANDS[name]]), reply_of(version, name))
    assert isinstance(told, Told)
    return told


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("version", VERSIONS)
def test_what_every_version_answers(version: str, name: str) -> None:
    command, told = COMMANDS[name], _told(version, name)
    if name in REFUSED[version]:
        assert told._replace(error=None) == Told(refused=(command,))
        assert isinstance(told.error, CommandRefused)
    else:
        assert told._replace(words={}) == Told(done=(command,))


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if command.silent])
@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_called_silent_is(version: str, name: str) -> None:
    assert reply_of(version, name) == b"\n\n" or name in REFUSED[version]


@pytest.mark.parametrize(
    ("version", "name", "words"),
    [
        ("2.2", "set_addr_again", "no need to change the addr by 'stats socket command'"),
        ("3.4", "set_addr_again", "nothing changed"),
        ("2.6", "set_addr_garbage", "Invalid addr '127.0.0.300' by 'stats socket command'"),
        ("3.0", "set_check_port_refused", "health checks are not enabled on this server"),
        ("3.2", "set_agent_addr_refused", "agent checks are not enabled on this server"),
        ("3.4", "set_check_addr", "invalid addr '127.0.0.1'"),
        ("2.2", "set_fqdn_refused", "could not update set/plain1 FQDN by 'stats socket command'"),
        ("2.2", "set_check_port", "health check port updated."),
    ],
)
def test_words_that_are_kept_for_when_reading_finds_something_else(version: str, name: str, words: str) -> None:
    assert _told(version, name).words == {COMMANDS[name]: words}


@pytest.mark.parametrize(
    ("command", "text", "feature"),
    [
        (say.set_address(full(), "::1", 81), "set server www/web1 addr ::1 port 81", None),
        (say.set_ssl(full(), False), "set server www/web1 ssl off", "server_ssl"),
        (say.set_check_address(full(), "::1"), "set server www/web1 check-addr ::1", "check_address"),
        (say.set_agent_port(full(), 0), "set server www/web1 agent-port 0", "agent_port"),
        (say.shutdown_sessions(full()), "shutdown sessions server www/web1", None),
        (say.set_agent_send(full(), "a b;"), "set server www/web1 agent-send a\\ b\\;", None),
    ],
)
def test_commands(command: Command, text: str, feature: str | None) -> None:
    assert (command.text, command.level, command.feature) == (text, "admin", feature)
    assert command.kind
    assert "web1" not in command.kind
