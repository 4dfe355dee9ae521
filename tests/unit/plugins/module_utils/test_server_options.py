# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task can ask of servers: options, and wishes out of them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import InputError
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.states import STATES
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.weight import Weight
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.wish import Wish
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._server_options import ARGUMENTS, RULES
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._server_spec import SERVER
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._terms import Terms

from unit.plugins.module_utils.wished import item, wishes


def _one(given: dict[str, Any], **beside: Any) -> Wish:
    (wish,) = wishes(servers=[{**item("web1"), **given}], **beside).wishes
    return wish


def test_without_items_the_options_are_the_wish() -> None:
    (wish,) = wishes(name=["web1", "x*"], backend=["www"], state="disabled", weight="5", fail_on_not_found=False).wishes
    assert wish.names.names == {"web1"}
    assert wish.backends is not None
    assert (wish.values.state, wish.values.settings) == ("maint", {"weight": Weight(5, False)})
    assert (wish.special, wish.fail_on_not_found, wish.loose) == ({}, False, True)


def test_each_item_is_a_wish() -> None:
    first, second = wishes(servers=[item("web1", state="drain"), item("web2", None, state="ready")]).wishes
    assert first.names.names == {"web1"}
    assert first.values.state == "drain"
    assert second.names.names == {"web2"}
    assert (second.values.state, second.backends) == ("ready", None)


@pytest.mark.parametrize(
    ("given", "beside", "field", "value"),
    [
        pytest.param({}, {"state": "maint"}, "state", "maint", id="a default"),
        pytest.param({"state": "ready"}, {"state": "maint"}, "state", "ready", id="the item wins"),
        pytest.param({}, {"wait": True}, "wait", True, id="wait"),
        pytest.param({"wait": False}, {"wait": True}, "wait", False, id="no wait"),
        pytest.param({}, {"min_up": "2"}, "min_up", "2", id="min_up"),
        pytest.param({}, {"wait_timeout": 5.0}, "terms", Terms(5.0, "fail"), id="time"),
        pytest.param({"wait_timeout": 6}, {"wait_timeout": 5.0}, "terms", Terms(6.0, "fail"), id="time of the item"),
        pytest.param({}, {"wait_retries": 4}, "terms", Terms(2.0, "fail"), id="retries"),
        pytest.param({"wait_timeout": 6}, {"wait_retries": 4}, "terms", Terms(6.0, "fail"), id="time, not retries"),
        pytest.param({"wait_retries": 4}, {"wait_timeout": 5.0}, "terms", Terms(2.0, "fail"), id="retries, not time"),
        pytest.param({}, {"on_timeout": "continue"}, "terms", Terms(120.0, "continue"), id="what then"),
        pytest.param({}, {"weight": "5"}, "settings", {"weight": Weight(5, False)}, id="a setting"),
        pytest.param(
            {"weight": 7, "maxconn": 3}, {"weight": "5", "port": 80}, "settings",
            {"weight": Weight(7, False), "maxconn": 3, "port": 80}, id="settings of both",
        ),
    ],
)  # fmt: skip
def test_what_is_said_beside_items_is_their_default(
    given: dict[str, Any], beside: dict[str, Any], field: str, value: object
) -> None:
    assert getattr(_one(given, **beside).values, field) == value


@pytest.mark.parametrize(
    ("backend", "beside", "meant"), [(None, None, True), (None, ["api"], False), (["www"], ["api"], True)]
)
def test_the_backend_of_an_item(backend: list[str] | None, beside: list[str] | None, meant: bool) -> None:
    assert _one({"backend": backend}, backend=beside).means(("www", "web1")) is meant


@pytest.mark.parametrize(
    ("option", "raw", "value"),
    [
        ("port", "80", 80),
        ("port", 80, 80),
        ("maxconn", "0", 0),
        ("ssl", "yes", True),
        ("ssl", False, False),
        ("ssl", "off", False),
        ("weight", 50, Weight(50, False)),
        ("weight", "50%", Weight(50, True)),
        ("health_check", "enabled", "enabled"),
        ("agent_send", 5, "5"),
        ("address", "::1", "::1"),
    ],
)
def test_raw_values_are_typed(option: str, raw: object, value: object) -> None:
    assert _one({option: raw}).values.settings == {option: value}


@pytest.mark.parametrize(("raw", "value"), [("yes", True), ("no", False), (1, True), (True, True)])
def test_raw_switches_are_typed(raw: object, value: bool) -> None:
    values = _one({"state": "maint", "wait": raw, "drain": raw, "shutdown_sessions": raw}).values
    assert (values.wait, values.drain, values.shutdown_sessions) == (value, value, value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({"state": "asleep"}, "state", id="state"),
        pytest.param({"port": "http"}, "port", id="port"),
        pytest.param({"maxconn": 1.5}, "maxconn", id="maxconn"),
        pytest.param({"ssl": "perhaps"}, "ssl", id="ssl"),
        pytest.param({"health_check": "on"}, "health_check", id="health check"),
        pytest.param({"on_timeout": "wait"}, "on_timeout", id="on_timeout"),
        pytest.param({"wait_timeout": "long"}, "wait_timeout", id="wait_timeout"),
        pytest.param({"agent_status": "stopping"}, "agent_status", id="agent status"),
        pytest.param({"state": {"p1": "asleep"}}, "state", id="state of one process"),
    ],
)
def test_values_that_no_option_takes_are_refused_in_ansibles_words(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        _one(given)
    assert str(caught.value).startswith("an item of servers: ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [{"name": []}, {"name": ["a b"]}, {"backend": []}, {"weight": "x"}, {"address": "127.1"}, {"min_up": {"p1": "x;"},
     "weight": "x"}, {"weight": {"p1": "x"}}, {"wait_retries": 0}],
)  # fmt: skip
def test_values_that_nothing_can_be_meant_by_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        _one(given)


def test_what_excludes_each_other_in_one_item_is_refused() -> None:
    with pytest.raises(InputError, match="an item of servers: wait_timeout and wait_retries exclude each other"):
        _one({"wait_timeout": 5.0, "wait_retries": 4})


def test_no_item_is_refused() -> None:
    with pytest.raises(InputError, match="servers is empty; it takes at least one item"):
        wishes(servers=[])


# A value for each process ----------------------------------------------------------------------------------------


def test_a_value_for_each_process() -> None:
    wish = _one({"state": {"p1": "drain", "p2": "enabled"}, "weight": "5"})
    assert {name: wish.at(name).state for name in ("p1", "p2", "p3")} == {"p1": "drain", "p2": "ready", "p3": None}
    assert all(wish.at(name).settings == {"weight": Weight(5, False)} for name in ("p1", "p2", "p3"))
    assert len(wish.everywhere) == 3


def test_each_option_may_be_for_other_processes() -> None:
    wish = _one({"state": {"p1": "drain"}, "weight": {"p2": 7}, "maxconn": {"p1": 1, "p2": "2"}})
    assert (wish.at("p1").state, wish.at("p1").settings) == ("drain", {"maxconn": 1})
    assert (wish.at("p2").state, wish.at("p2").settings) == (None, {"maxconn": 2, "weight": Weight(7, False)})
    assert (wish.values.state, wish.values.settings) == (None, {})


def test_a_default_is_not_for_processes_where_the_item_tells_them_apart() -> None:
    wish = _one({"state": {"p1": "drain"}}, state="maint", weight="5")
    assert (wish.at("p1").state, wish.at("p2").state) == ("drain", None)
    assert wish.at("p2").settings == {"weight": Weight(5, False)}


def test_names_of_processes_are_text() -> None:
    assert set(_one({"state": {1: "drain"}}).special) == {"1"}


# The specification -----------------------------------------------------------------------------------------------


def test_an_item_takes_every_option_of_a_server() -> None:
    assert set(ARGUMENTS["servers"]["options"]) == {"name", "backend", *SERVER}
    assert set(ARGUMENTS) == {"name", "backend", "servers", *SERVER, "former", "former_share", "state_dir"}
    assert SERVER["state"]["choices"] == list(STATES)


def test_rules_speak_of_options_that_there_are() -> None:
    assert {name for rule in RULES.values() for names in rule for name in names} <= set(ARGUMENTS)


# The arguments ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "written", "value"),
    [
        ("server", "web1", ["web1"]),
        ("host", ["web1", "x*"], ["web1", "x*"]),
        ("backend", "www,api", ["www", "api"]),
        ("former_share", "50", 50),
        ("state_dir", "~/states", "/users/op/states"),
        ("weight", 5, "5"),
        ("port", "80", 80),
        ("maxconn", "7", 7),
        ("ssl", "yes", True),
        ("drain", "no", False),
        ("wait", "yes", True),
        ("wait_timeout", "1.5", 1.5),
        ("wait_interval", "2", 2.0),
        ("wait_retries", "3", 3),
        ("shutdown_sessions", "yes", True),
        ("fail_on_not_found", "no", False),
    ],
)
def test_options_as_a_task_may_write_them(
    monkeypatch: pytest.MonkeyPatch, option: str, written: object, value: object
) -> None:
    monkeypatch.setenv("HOME", "/users/op")
    result = ArgumentSpecValidator(ARGUMENTS).validate({option: written})
    assert result.error_messages == []
    named = "name" if option in ("server", "host") else option
    assert result.validated_parameters[named] == value


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"servers": [{"backend": "www"}]}, "missing required arguments: name found in servers"),
        ({"servers": [{"name": "web1", "colour": "red"}]}, "servers.colour"),
        ({"former": "forget"}, "value of former must be one of: keep, replace, restore, got: forget"),
        ({"state": "asleep"}, "value of state must be one of: "),
        ({"on_timeout": "wait"}, "value of on_timeout must be one of: fail, shutdown, continue"),
    ],
)
def test_options_that_ansible_refuses(written: dict[str, Any], words: str) -> None:
    assert words in "; ".join(ArgumentSpecValidator(ARGUMENTS).validate(written).error_messages)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({}, "one of the following is required: name, servers"),
        ({"name": "a", "servers": [{"name": "b"}]}, "parameters are mutually exclusive: name|servers"),
        ({"name": "a", "wait_timeout": 1, "wait_retries": 1}, "mutually exclusive: wait_timeout|wait_retries"),
    ],
)
def test_options_that_do_not_go_together(written: dict[str, Any], words: str) -> None:
    assert words in "; ".join(ArgumentSpecValidator(ARGUMENTS, **RULES).validate(written).error_messages)


def test_what_a_task_means_that_says_nothing() -> None:
    result = ArgumentSpecValidator(ARGUMENTS).validate({"name": "web1"}).validated_parameters
    said = {name: value for name, value in result.items() if value is not None}
    assert said == {
        "name": ["web1"], "health": False, "agent": False, "drain": False, "wait": False, "wait_timeout": 120.0,
        "wait_interval": 0.5, "on_timeout": "fail", "shutdown_sessions": False, "fail_on_not_found": True,
        "former_share": 100,
    }  # fmt: skip
