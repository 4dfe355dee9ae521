# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task can ask of a backend, and what means nothing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._backend_options import ARGUMENTS, backend_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import InputError
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.backend import Backends
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.backend_wish import BackendWish
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.values import Values
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._server_spec import SERVER
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._terms import Terms

ADDRESS = {"address": "192.0.2.1", "port": 80}


def backend(**options: Any) -> Backends:
    """The resource for options as a task writes them."""
    result = ArgumentSpecValidator(ARGUMENTS).validate({"name": "www", **options})
    assert not result.error_messages
    return backend_of(result.validated_parameters)


def _values(of: Backends, name: str) -> Values:
    (wish,) = of.wishes.of(("www", name))
    return wish.values


# What is asked of whom -------------------------------------------------------------------------------------------


def test_a_task_that_says_nothing_asks_for_nothing() -> None:
    assert backend().wish == BackendWish("www")
    assert backend().wishes.wishes == ()


@pytest.mark.parametrize(("options", "wish"), [
    ({"state": "published"}, BackendWish("www", "published")),
    ({"state": "present", "defaults": "dd", "mode": "tcp"}, BackendWish("www", "present", defaults="dd", mode="tcp")),
    ({"dynamic_cookie": "enabled", "dynamic_cookie_key": "k"}, BackendWish("www", None, "enabled", "k")),
])  # fmt: skip
def test_what_is_asked_of_the_backend_itself(options: dict[str, Any], wish: BackendWish) -> None:
    assert backend(**options).wish == wish


@pytest.mark.parametrize(("options", "makes"), [
    ({"state": "present", "defaults": "dd"}, True),
    ({"state": "published", "defaults": "dd"}, True),
    ({"state": "unpublished", "defaults": "dd"}, True),
    ({"state": "present"}, False),
    ({"state": "absent"}, False),
    ({}, False),
])  # fmt: skip
def test_a_backend_is_made_only_from_defaults(options: dict[str, Any], makes: bool) -> None:
    assert backend(**options).wish.makes is makes


def test_servers_are_to_be_there_unless_their_item_says_otherwise() -> None:
    of = backend(servers=[{"name": "web1"}, {"name": "web2", "state": "drain"}, {"name": "web3", "state": "disabled"}])
    assert {name: _values(of, name).state for name in ("web1", "web2", "web3")} == {
        "web1": "present",
        "web2": "drain",
        "web3": "maint",
    }
    assert not of.wishes.means(("www", "web4"))
    assert not of.wishes.means(("api", "web1"))


@pytest.mark.parametrize("servers", [[], [{"name": "web1"}]])
def test_purge_means_all_others_of_this_backend(servers: list[dict[str, Any]]) -> None:
    of = backend(servers=servers, purge=True)
    assert _values(of, "web9").state == "absent"
    assert not of.wishes.means(("api", "web9"))
    assert _values(of, "web1").state == ("present" if servers else "absent")


def test_a_backend_that_goes_loses_all_its_servers() -> None:
    assert _values(backend(state="absent", drain=True), "web1")._replace(terms=Terms(0)) == _values(
        backend(servers=[], purge=True, drain=True), "web1"
    )._replace(terms=Terms(0))


def test_what_stands_beside_the_servers_is_about_all_of_them() -> None:
    beside = {"wait": True, "wait_timeout": 7, "wait_interval": 0.25, "min_up": "50%", "on_timeout": "shutdown"}
    of = backend(servers=[{"name": "web1"}], purge=True, drain=True, **beside)
    weighing = backend(servers=[{"name": "web1"}], weights={"web2": 5}, **beside)
    for values in (_values(of, "web1"), _values(of, "web9"), _values(weighing, "web2")):
        assert (values.wait, values.min_up, values.interval) == (True, "50%", 0.25)
        assert values.terms == Terms(7, "shutdown")
    assert _values(of, "web9").drains_first


def test_an_item_wins_over_what_stands_beside_it() -> None:
    of = backend(
        servers=[{"name": "web1", "wait": False, "wait_timeout": 3, "state": "maint", "drain": False}],
        wait=True,
        drain=True,
        wait_timeout=9,
        min_up="1",
    )
    values = _values(of, "web1")
    assert (values.wait, values.drain, values.terms.timeout, values.min_up) == (False, False, 3.0, "1")


@pytest.mark.parametrize("state", [None, "ready", "present"])
@pytest.mark.parametrize("said", [None, False])
def test_ending_sessions_beside_the_items_is_about_servers_that_leave(state: str | None, said: bool | None) -> None:
    stays = {"name": "web1", "state": state, "shutdown_sessions": said}
    of = backend(servers=[stays, {"name": "web2", "state": "maint"}], shutdown_sessions=True)
    assert [_values(of, name).shutdown_sessions for name in ("web1", "web2")] == [False, True]


@pytest.mark.parametrize("state", [None, "ready", "present"])
def test_an_item_that_itself_ends_sessions_of_a_server_that_stays_is_refused(state: str | None) -> None:
    with pytest.raises(InputError, match="shutdown_sessions is for servers that are taken out"):
        backend(servers=[{"name": "web1", "state": state, "shutdown_sessions": True}])


def test_an_item_of_one_process_alone() -> None:
    of = backend(servers=[{"name": "web1", "weight": {"p1": 5, "p2": 7}}])
    (wish,) = of.wishes.wishes
    assert {process: str(wish.at(process).settings["weight"].number) for process in ("p1", "p2")} == {
        "p1": "5",
        "p2": "7",
    }


@pytest.mark.parametrize(("weights", "name", "weight"), [
    ({"web1": 5}, "web1", (5, False)),
    ({"web1": "5%"}, "web1", (5, True)),
    ({"web[12]": "100%"}, "web2", (100, True)),
    ({"*": "0"}, "spare", (0, False)),
    ({7: "1"}, "7", (1, False)),
])  # fmt: skip
def test_weights(weights: dict[Any, Any], name: str, weight: tuple[int, bool]) -> None:
    values = _values(backend(weights=weights), name)
    assert (values.state, dict(values.settings)) == (None, {"weight": weight})


def test_a_weight_takes_nobody_out() -> None:
    of = backend(servers=[{"name": "web2", "state": "maint"}], weights={"web1": 5}, drain=True, shutdown_sessions=True)
    assert [(it.drain, it.shutdown_sessions) for it in (_values(of, "web1"), _values(of, "web2"))] == [
        (False, False),
        (True, True),
    ]


def test_a_server_of_an_item_that_is_not_found_fails_the_task_unless_the_item_says_otherwise() -> None:
    of = backend(servers=[{"name": "web1", "state": "drain"}, {"name": "web2", "fail_on_not_found": False}])
    assert [wish.fail_on_not_found for wish in of.wishes.wishes] == [True, False]


def test_what_is_fed_back_is_taken() -> None:
    """The ``before`` of a server in a result."""
    item = {"name": "web1", "backend": "www", "state": "ready", "weight": 3, "address": "192.0.2.1", "port": 80}
    values = _values(backend(servers=[item]), "web1")
    assert values.state == "ready"
    assert (values.settings["address"], values.settings["port"]) == ("192.0.2.1", 80)


# Slots -----------------------------------------------------------------------------------------------------------


def test_slots_are_filled_with_addresses() -> None:
    of = backend(slots=True, slot_prefix="s", servers=[ADDRESS, {**ADDRESS, "port": 81, "name": "s2", "weight": 5}])
    assert of.slots is not None
    assert of.slots.prefix == "s"
    assert [(it.address, it.port, it.slot, it.values.state) for it in of.slots.tenants] == [
        ("192.0.2.1", 80, "", "ready"),
        ("192.0.2.1", 81, "s2", "ready"),
    ]
    assert of.slots.leaving is None
    assert of.wishes.settings == {"address", "port", "weight"}


@pytest.mark.parametrize(("said", "state"), [(None, "ready"), ("present", "ready"), ("drain", "drain"),
                                             ("disabled", "maint")])  # fmt: skip
def test_a_slot_becomes_ready_unless_its_item_says_otherwise(said: str | None, state: str) -> None:
    of = backend(slots=True, servers=[{**ADDRESS, **({"state": said} if said else {})}])
    assert of.slots is not None
    assert of.slots.tenants[0].values.state == state


def test_with_purge_the_others_go_to_maintenance_and_are_not_deleted() -> None:
    of = backend(slots=True, purge=True, drain=True, servers=[])
    assert of.slots is not None
    assert of.slots.leaving is not None
    assert (of.slots.leaving.state, of.slots.leaving.drains_first) == ("maint", True)
    assert not of.wishes.delete


def test_with_slots_every_server_is_looked_at_and_none_is_made() -> None:
    of = backend(slots=True, servers=[ADDRESS])
    assert of.wishes.means(("www", "whatever"))
    assert not of.wishes.means(("api", "whatever"))
    assert of.wishes.could_be(["www"], new=True) == set()
    assert [wish.values.state for wish in of.wishes.wishes] == [None]


# What means nothing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("options", "message"), [
    pytest.param({"name": "w*"}, "one backend is wanted, not a glob", id="a glob"),
    pytest.param({"name": "w;w"}, "names in HAProxy hold", id="no name"),
    pytest.param({"name": ""}, "names in HAProxy hold", id="an empty name"),
    pytest.param({"purge": True}, "purge means something with servers only", id="purge alone"),
    pytest.param({"slots": True}, "slots means something with servers only", id="slots alone"),
    pytest.param({"slot_prefix": "s", "servers": []}, "slot_prefix means something with slots only", id="prefix alone"),
    pytest.param({"mode": "http", "state": "present"}, "mode means something with defaults only", id="mode alone"),
    pytest.param({"defaults": "dd"}, "defaults is for a backend that is to be created", id="defaults alone"),
    pytest.param({"defaults": "dd", "state": "absent"}, "defaults is for a backend that is to", id="defaults of none"),
    pytest.param({"state": "absent", "servers": [{"name": "a"}]}, "state=absent and servers contradict", id="servers"),
    pytest.param({"state": "absent", "weights": {"a": 1}}, "state=absent and weights contradict", id="weights"),
    pytest.param({"state": "absent", "dynamic_cookie": "enabled"}, "state=absent and dynamic_cookie", id="cookies"),
    pytest.param({"state": "absent", "dynamic_cookie_key": "k"}, "state=absent and dynamic_cookie_key", id="a key"),
    pytest.param(
        {"slots": True, "servers": [ADDRESS], "weights": {"s1": 1}}, "with slots or purge a weight is said in its item",
        id="slots and weights",
    ),
    pytest.param(
        {"purge": True, "servers": [{"name": "a"}], "weights": {"a": 1}}, "with slots or purge a weight is said in its",
        id="purge and weights",
    ),
    pytest.param({"servers": [{"address": "192.0.2.1"}]}, "an item of servers needs a name", id="no name in an item"),
    pytest.param({"name": "w;w", "servers": [{"name": "a"}]}, "^name 'w;w': names", id="no name beside servers"),
    pytest.param({"servers": [{"name": "web*"}]}, "^servers: 'web.' is a glob; each item is one", id="a glob in an item"),
    pytest.param({"servers": [{"name": "a b"}]}, "^servers 'a b': names in HAProxy hold", id="no name of a server"),
    pytest.param({"servers": [{"name": "a"}, {"name": "b"}, {"name": "a"}]}, "two items of servers are about a", id="2"),
    pytest.param(
        {"servers": [{"name": f"s{number}"} for number in range(40, 9, -1)] * 2}, "two items of servers are about s10$",
        id="several, the first by name",
    ),
    pytest.param(
        {"servers": [{"name": "a", "backend": "api"}]}, "about backend api, and the task about www", id="elsewhere"
    ),
    pytest.param({"servers": [{"name": "a", "weight": "x"}]}, "weight 'x' is neither", id="no weight"),
    pytest.param({"weights": {"a": "300"}}, "weight '300' is neither", id="too heavy"),
    pytest.param({"weights": {"a b": 1}}, "weights 'a b': names in HAProxy", id="no name of weights"),
    pytest.param({"servers": [{"name": "a", "state": "gone"}]}, "an item of servers: value of state", id="no state"),
    pytest.param({"slots": True, "servers": [{"name": "s1"}]}, "item 1 of servers: with slots each needs", id="nowhere"),
    pytest.param(
        {"slots": True, "servers": [{**ADDRESS, "state": "absent"}]}, "item 1 of servers: with slots", id="an absent slot"
    ),
    pytest.param(
        {"slots": True, "servers": [ADDRESS, {**ADDRESS, "name": "s2"}]}, "the same address and port", id="twice"
    ),
    pytest.param(
        {"slots": True, "servers": [ADDRESS, {"address": "192.0.2.1"}]}, "same address, and one of them says no port",
        id="with and without a port",
    ),
    pytest.param(
        {"slots": True, "servers": [{"address": "::1", "port": 80}, {"address": "0:0::1", "port": 80}]},
        "the same address and port", id="twice, written otherwise",
    ),
    pytest.param(
        {"slots": True, "servers": [{**ADDRESS, "name": "s1"}, {**ADDRESS, "port": 81, "name": "s1"}]},
        "two items of servers have the same slot", id="a slot twice",
    ),
    pytest.param(
        {"slots": True, "servers": [{**ADDRESS, "weight": {"p1": 1}}]}, "with slots all processes get the same",
        id="a slot of one process",
    ),
])  # fmt: skip
def test_what_means_nothing_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        backend(**options)


def test_a_server_that_an_item_and_weights_are_about_is_refused_when_it_is_seen() -> None:
    of = backend(servers=[{"name": "web1"}], weights={"web*": 5})
    assert len(of.wishes.of(("www", "web1"))) == 2


@pytest.mark.parametrize("key", ["", "sec\nret", "secret\0", "\tsecret", "secret\x7f", "\x1bsecret"])
def test_a_key_that_cannot_be_said_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(InputError) as caught:
        backend(dynamic_cookie_key=key)
    assert str(caught.value) == "dynamic_cookie_key is empty or holds a control character"


@pytest.mark.parametrize("key", [" ", "two words", "a;b\\c<<", "ключ"])
def test_any_other_key_is_taken_as_it_is(key: str) -> None:
    assert backend(dynamic_cookie_key=key).wish.key == key


# The arguments ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("option", "written", "value"), [
    ("purge", "yes", True),
    ("slots", "no", False),
    ("slot_prefix", 7, "7"),
    ("weights", "web1=5", {"web1": "5"}),
    ("drain", "yes", True),
    ("wait_timeout", "1.5", 1.5),
    ("dynamic_cookie_key", 5, "5"),
])  # fmt: skip
def test_options_as_a_task_may_write_them(option: str, written: object, value: object) -> None:
    result = ArgumentSpecValidator(ARGUMENTS).validate({"name": "www", option: written})
    assert result.error_messages == []
    assert result.validated_parameters[option] == value


def test_a_backend_may_be_called_by_either_option() -> None:
    validator = ArgumentSpecValidator(ARGUMENTS)
    assert validator.validate({"backend": "www"}).validated_parameters["name"] == "www"
    assert validator.validate({}).error_messages == ["missing required arguments: name"]


def test_an_item_takes_all_that_a_server_can_be_asked_for() -> None:
    assert set(ARGUMENTS["servers"]["options"]) == {"name", "backend", *SERVER}


def test_the_key_is_a_secret_and_nothing_else_is() -> None:
    assert [name for name, spec in ARGUMENTS.items() if spec.get("no_log")] == ["dynamic_cookie_key"]
