# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task asks of a server, parsed once."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import InputError
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.values import SETTINGS, Values, values_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.weight import Weight
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._terms import Terms

from unit.plugins.module_utils.wished import asked


@pytest.mark.parametrize(
    ("word", "state"),
    [
        (None, None),
        ("ready", "ready"),
        ("drain", "drain"),
        ("maint", "maint"),
        ("present", "present"),
        ("absent", "absent"),
        ("enabled", "ready"),
        ("disabled", "maint"),
    ],
)
def test_states_and_their_aliases(word: str | None, state: str | None) -> None:
    assert asked(state=word).state == state


def test_who_asks_nothing_gets_nothing() -> None:
    nothing = Values(None, {}, frozenset(), (), False, False, Terms(120.0, "fail"), 0.5, False, None)
    assert asked() == nothing
    assert values_of({"wait_timeout": 120.0, "wait_interval": 0.5, "on_timeout": "fail"}) == nothing


def test_everything_that_is_asked_is_there_and_parsed() -> None:
    settings: dict[str, Any] = {
        "address": "0:0::1", "port": 80, "ssl": False, "maxconn": 0, "check_address": "::2", "check_port": 0,
        "agent_address": "::3", "agent_port": 0, "agent_send": "x", "health_check": "enabled",
        "agent_check": "disabled", "health_status": "up", "agent_status": "down",
    }  # fmt: skip
    assert set(settings) == set(SETTINGS) - {"fqdn"}
    values = asked(**settings, weight="50%", min_up="2", options="check", drain=True, wait=True, state="maint")
    assert values.settings == {**settings, "address": "::1", "weight": Weight(50, True)}
    assert (values.min_up, values.options, values.drain, values.wait) == ("2", ("check",), True, True)
    assert values.soft == frozenset()


@pytest.mark.parametrize("options", [{"address": "127.1"}, {"port": -1}, {"weight": "x"}, {"agent_send": "\n"},
                                     {"fqdn": "a b"}, {"address": "::1", "fqdn": "a"}])  # fmt: skip
def test_what_cannot_be_meant_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        asked(**options)


def test_a_server_that_goes_is_given_nothing_but_that_its_agent_stops() -> None:
    assert asked(state="absent", maxconn=3, health_check="disabled").settings == {}
    assert asked(state="absent", agent_check="disabled", port=80).settings == {"agent_check": "disabled"}
    assert asked(state="absent", agent_check="enabled").settings == {}


# Sessions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [None, "drain", "maint", "disabled", "absent"])
def test_sessions_can_be_ended(state: str | None) -> None:
    assert asked(state=state, shutdown_sessions=True).shutdown_sessions


@pytest.mark.parametrize("state", ["ready", "enabled", "present"])
def test_sessions_of_a_server_that_takes_new_ones_are_not_ended(state: str) -> None:
    with pytest.raises(InputError, match="shutdown_sessions is for servers that are taken out"):
        asked(state=state, shutdown_sessions=True)
    assert not asked(state=state, shutdown_sessions=False).shutdown_sessions


@pytest.mark.parametrize(
    ("options", "waits", "drains", "kills"),
    [
        pytest.param({}, False, False, False, id="nothing"),
        pytest.param({"wait": True}, False, False, False, id="wait for nothing"),
        pytest.param({"drain": True}, False, False, False, id="drain for nothing"),
        pytest.param({"state": "drain"}, False, False, False, id="drain"),
        pytest.param({"state": "drain", "wait": True}, True, False, False, id="drain and wait"),
        pytest.param({"state": "drain", "drain": True}, False, False, False, id="drain by drain"),
        pytest.param({"state": "ready", "wait": True, "drain": True}, False, False, False, id="ready"),
        pytest.param({"state": "maint", "wait": True}, False, False, False, id="maintenance waits for nothing"),
        pytest.param({"state": "maint", "drain": True}, True, True, False, id="maintenance by drain"),
        pytest.param({"state": "maint", "shutdown_sessions": True}, False, False, False, id="maintenance, killed"),
        pytest.param({"state": "absent"}, True, False, False, id="absent"),
        pytest.param({"state": "absent", "drain": True}, True, True, False, id="absent by drain"),
        pytest.param({"state": "absent", "shutdown_sessions": True}, True, False, True, id="absent, killed"),
        pytest.param(
            {"state": "absent", "shutdown_sessions": True, "drain": True}, True, True, False, id="absent by both"
        ),
        pytest.param({"state": "present", "wait": True, "drain": True}, False, False, False, id="present"),
    ],
)
def test_what_becomes_of_sessions(options: dict[str, Any], waits: bool, drains: bool, kills: bool) -> None:
    values = asked(**options)
    assert (values.waits_for_sessions, values.drains_first, values.kills_first) == (waits, drains, kills)


@pytest.mark.parametrize(
    ("options", "creates"),
    [
        ({"state": "present"}, True),
        ({"state": "present", "address": "::1"}, True),
        ({"state": "ready", "address": "::1"}, True),
        ({"state": "drain", "address": "::1"}, True),
        ({"state": "maint", "address": "::1"}, True),
        ({"state": "absent", "address": "::1"}, False),
        ({"address": "::1"}, False),
        ({"state": "ready"}, False),
        ({}, False),
    ],
)
def test_which_wishes_make_a_server(options: dict[str, Any], creates: bool) -> None:
    assert asked(**options).creates is creates


# Time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "terms", "interval"),
    [
        pytest.param({}, Terms(120.0, "fail"), 0.5, id="by default"),
        pytest.param({"wait_timeout": 0.0}, Terms(0.0, "fail"), 0.5, id="one look"),
        pytest.param({"wait_timeout": 3.0, "on_timeout": "shutdown"}, Terms(3.0, "shutdown"), 0.5, id="shutdown"),
        pytest.param({"wait_retries": 1}, Terms(0.5, "fail"), 0.5, id="one retry"),
        pytest.param({"wait_retries": 10, "wait_interval": 2.0}, Terms(20.0, "fail"), 2.0, id="retries"),
        pytest.param({"wait_retries": 10, "wait_timeout": 3.0}, Terms(5.0, "fail"), 0.5, id="retries win"),
        pytest.param({"wait_retries": 3, "on_timeout": "continue"}, Terms(1.5, "continue"), 0.5, id="then go on"),
    ],
)
def test_terms(options: dict[str, Any], terms: Terms, interval: float) -> None:
    values = asked(**options)
    assert (values.terms, values.interval) == (terms, interval)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param({"wait_retries": 0}, "wait_retries is 0", id="no retry"),
        pytest.param({"wait_retries": -3}, "wait_retries is -3", id="fewer than none"),
        pytest.param({"wait_retries": 10**9}, "wait_retries times wait_interval is 5e", id="years of retries"),
        pytest.param({"wait_timeout": -1.0}, "wait_timeout is -1", id="no time"),
        pytest.param({"wait_timeout": float("inf")}, "wait_timeout is inf", id="for ever"),
        pytest.param({"wait_timeout": float("nan")}, "wait_timeout is nan", id="no number"),
        pytest.param({"wait_interval": 0.0}, "wait_interval is 0", id="no interval"),
        pytest.param(
            {"wait_interval": float("nan"), "wait_retries": 2}, "wait_interval is nan", id="no interval at all"
        ),
    ],
)
def test_times_that_cannot_be_are_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        asked(**options)
    assert str(caught.value).startswith(sentence)


# Checks that go with the state -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "switch"),
    [
        ("ready", "enabled"),
        ("enabled", "enabled"),
        ("maint", "disabled"),
        ("disabled", "disabled"),
        ("drain", None),
        ("present", None),
        ("absent", None),
        (None, None),
    ],
)
def test_checks_are_switched_together_with_the_state(state: str | None, switch: str | None) -> None:
    for option, check in (("health", "health_check"), ("agent", "agent_check")):
        values = asked(state=state, **{option: True})
        assert values.settings == ({} if switch is None else {check: switch})
        assert values.soft == (set() if switch is None else {check})
    both = asked(state=state, health=True, agent=True)
    assert set(both.settings) == both.soft == (set() if switch is None else {"health_check", "agent_check"})


def test_what_is_said_of_a_check_itself_wins() -> None:
    values = asked(state="ready", health=True, health_check="disabled")
    assert values.settings == {"health_check": "disabled"}
