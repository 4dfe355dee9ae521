# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frontends and limits of a process, as every version shows them and answers to their commands
(``lab.capture.FRONTENDS``)."""

from __future__ import annotations

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.frontends import (
    Frontend,
    parse_frontends,
    set_frontend_maxconn,
    set_frontend_state,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.info import parse_info
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.limits import (
    CLEAR,
    Limits,
    limits_of,
    set_maxconn,
    set_rate_limit,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    CommandRefused,
    NotFound,
    ReplyNotUnderstood,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._features import version_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import Command
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._telling import Told, tell

from unit.plugins.module_utils.support import VERSIONS, process, reply_of, talk, text_of

# Replies were captured from the packaged releases; this one stands for 2.6.
RELEASES = {"2.6": "2.6.12"}


def _frontends(version: str, name: str, release: str = "") -> dict[str, Frontend]:
    known = version_of(release or RELEASES.get(version, version))
    return {frontend.name: frontend for frontend in parse_frontends(text_of(version, name), known)}


@pytest.mark.parametrize("version", VERSIONS)
def test_frontends_as_they_start(version: str) -> None:
    names = ("public", "private", "closed")
    assert _frontends(version, "frontends") == {name: Frontend(name, "OPEN", "enabled", 100) for name in names}


@pytest.mark.parametrize("version", VERSIONS)
def test_one_that_is_disabled_and_one_that_was_shut_down(version: str) -> None:
    """2.2 calls disabled what the others call shut down, and forgets what was shut down."""
    oldest = version == "2.2"
    assert _frontends(version, "frontends_changed") == {
        "public": Frontend("public", "OPEN", "enabled", 50),
        "private": Frontend("private", "STOP" if oldest else "PAUSED", "disabled", 100),
        **({} if oldest else {"closed": Frontend("closed", "STOP", "shutdown", 100)}),
    }


@pytest.mark.parametrize(("status", "release", "state"), [
    ("OPEN", "2.2.9", "enabled"),
    ("STOP", "2.2.34", "disabled"),
    ("OPEN", "2.3.0", None),
    ("OPEN", "2.4.30", None),
    ("OPEN", "2.6.11", None),
    ("STOP", "2.3.0", "shutdown"),
    ("STOP", "2.6.11", "shutdown"),
    ("PAUSED", "2.4.0", None),
    ("OPEN", "2.6.12", "enabled"),
    ("PAUSED", "2.6.12", "disabled"),
    ("FULL", "2.2.9", "enabled"),
    ("FULL", "3.4.7", "enabled"),
    ("STOP", "3.4.7", "shutdown"),
])  # fmt: skip
def test_what_the_words_mean_on_each_version(status: str, release: str, state: str | None) -> None:
    """OPEN may be a disabled frontend on 2.3.0 to 2.6.11."""
    table = text_of("2.6", "frontends").replace(",OPEN,", f",{status},")
    assert {frontend.state for frontend in parse_frontends(table, version_of(release))} == {state}


@pytest.mark.parametrize(("word", "other"), [(",OPEN,", ",ASLEEP,"), (",100,", ",,"), ("slim,", "slum,"), ("# ", "")])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_table_that_says_something_else_is_not_understood(version: str, word: str, other: str) -> None:
    table = text_of(version, "frontends").replace(word, other)
    with pytest.raises(ReplyNotUnderstood):
        list(parse_frontends(table, version_of("3.0.0")))


# Commands --------------------------------------------------------------------------------------------------------


def _now(name: str, state: str | None) -> Frontend:
    return Frontend(name, "", state, 50)


_LIMITS = Limits(100, 200, 0, 0, 0, 0)

# reply → the command, as the dialect builds it
COMMANDS = {
    "frontend_enable": set_frontend_state(_now("private", "disabled"), "enabled"),
    "frontend_enable_again": set_frontend_state(_now("public", "disabled"), "enabled"),
    "frontend_disable": set_frontend_state(_now("private", "enabled"), "disabled"),
    "frontend_disable_again": set_frontend_state(_now("private", "enabled"), "disabled"),
    "frontend_shutdown": set_frontend_state(_now("closed", "enabled"), "shutdown"),
    "frontend_shutdown_again": set_frontend_state(_now("closed", "enabled"), "shutdown"),
    "frontend_enable_shut": set_frontend_state(_now("closed", "disabled"), "enabled"),
    "refused_frontend": set_frontend_state(_now("nowhere", "enabled"), "disabled"),
    "frontend_maxconn": set_frontend_maxconn(_now("public", "enabled")),
    "global_maxconn": set_maxconn(_LIMITS),
    "global_maxconn_refused": set_maxconn(_LIMITS._replace(maxconn=100000)),
    "rate_limit": set_rate_limit("http-compression", 8),
    "rate_limit_refused": set_rate_limit("sessions", -1),
    "clear_counters": CLEAR["max"],
    "clear_counters_all": CLEAR["all"],
}
SAID = {
    "frontend_enable": "enable frontend private",
    "frontend_disable": "disable frontend private",
    "frontend_shutdown": "shutdown frontend closed",
    "frontend_maxconn": "set maxconn frontend public 50",
    "global_maxconn": "set maxconn global 100",
    "rate_limit": "set rate-limit http-compression global 8",
    "clear_counters": "clear counters",
    "clear_counters_all": "clear counters all",
}
REFUSED = {
    "frontend_enable_shut": "Frontend was previously shut down, cannot enable.",
    "refused_frontend": "No such frontend.",
    "global_maxconn_refused": "Value out of range.",
    "rate_limit_refused": "Value out of range.",
}


def _told(version: str, command: Command, name: str) -> Told:
    told = talk(tell(process(), [command]), reply_of(version, name))
    assert isinstance(told, Told)
    return told


@pytest.mark.parametrize("name", SAID)
@pytest.mark.parametrize("version", VERSIONS)
def test_success_is_silence_on_every_version(version: str, name: str) -> None:
    command = COMMANDS[name]
    assert command.silent
    assert command.text == SAID[name]
    assert reply_of(version, name) == b"\n\n"
    assert _told(version, command, name) == Told(done=(command,))


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("version", VERSIONS)
def test_refusals_are_errors_with_haproxys_words(version: str, name: str) -> None:
    told = _told(version, COMMANDS[name], name)
    assert told.refused == (COMMANDS[name],)
    assert isinstance(told.error, NotFound if name == "refused_frontend" else CommandRefused)
    assert told.error.answer == REFUSED[name]


@pytest.mark.parametrize(("name", "state"), [
    ("frontend_enable_again", "enabled"),
    ("frontend_disable_again", "disabled"),
    ("frontend_shutdown_again", "shutdown"),
])  # fmt: skip
@pytest.mark.parametrize("version", [version for version in VERSIONS if version != "2.2"])
def test_already_so_is_as_good_where_the_state_cannot_be_read(version: str, name: str, state: str) -> None:
    command = set_frontend_state(_now("public", None), state)
    assert not command.silent
    assert _told(version, command, name)._replace(words={}) == Told(done=(command,))


@pytest.mark.parametrize("version", [version for version in VERSIONS if version != "2.2"])
def test_shut_down_for_good_is_not_as_good(version: str) -> None:
    told = _told(version, set_frontend_state(_now("closed", None), "enabled"), "frontend_enable_shut")
    assert isinstance(told.error, CommandRefused)


def test_levels_that_commands_need() -> None:
    assert {name: command.level for name, command in COMMANDS.items() if command.level != "admin"} == {
        "clear_counters": "operator"
    }
    assert CLEAR["all"].feature == "clear_all_counters"


# Limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_limits_as_they_start(version: str) -> None:
    assert limits_of(parse_info(text_of(version, "info"))) == Limits(200, 200, 0, 0, 0, 0)


@pytest.mark.parametrize("version", VERSIONS)
def test_limits_that_were_given(version: str) -> None:
    """``show info`` tells compression in bytes."""
    info = parse_info(text_of(version, "global_info"))
    assert info["CompressBpsRateLim"] == "8192"
    assert limits_of(info) == Limits(100, 200, 0, 0, 0, 8)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_process_was_built_without_is_no_limit(version: str) -> None:
    info = dict(parse_info(text_of(version, "info")))
    del info["SslRateLimit"], info["CompressBpsRateLim"]
    limits = limits_of(info)
    assert limits.rate_limit_ssl_sessions is None
    assert limits.rate_limit_http_compression is None
    assert limits.rate_limit_sessions == 0


@pytest.mark.parametrize(("name", "text"), [
    ("Maxconn", None), ("Hard_maxconn", None), ("Maxconn", "many"), ("SslRateLimit", ""), ("CompressBpsRateLim", "1.5"),
])  # fmt: skip
def test_limits_that_are_no_numbers_are_not_understood(name: str, text: str | None) -> None:
    info = dict(parse_info(text_of("3.0", "info")))
    info.pop(name)
    if text is not None:
        info[name] = text
    with pytest.raises(ReplyNotUnderstood):
        limits_of(info)


def test_back_to_the_start_is_said_as_zero() -> None:
    assert set_maxconn(_LIMITS._replace(maxconn=200)).text == "set maxconn global 0"
    assert set_maxconn(_LIMITS._replace(maxconn=199)).text == "set maxconn global 199"
