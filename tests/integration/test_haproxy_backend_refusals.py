# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What haproxy_backend refuses, what HAProxy refuses, and that nothing is left half done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lab.apps import Apps
from lab.config import servers_body
from lab.fleet import one
from lab.ports import free_port
from lab.recorder import Recorder
from lab.resolver import Resolver
from lab.tasks import run
from lab.versions import newest, oldest, versions

from .backends import CHANGES_BACKENDS, DELETES_SERVERS, MODULE, Farm, farm, needs, refused
from .test_haproxy_backend import A, B, C, D, at_ports, slots

COUNT = 4
KEYED = "cookie key"
POINTING = "cannot be removed at runtime due to other configuration elements pointing to it"

MORE = """
frontend public
    bind 127.0.0.1:{port}
    default_backend needed
backend needed
    balance roundrobin
    server a 127.0.0.1:{app}
    server b 127.0.0.1:{app} disabled
resolvers lab
    nameserver lab 127.0.0.1:{dns}
    timeout resolve 200ms
    hold valid 100ms
backend named
    balance roundrobin
    server a 127.0.0.1:{app}
    server b a.example.test:{app} resolvers lab init-addr none
    server c 127.0.0.1:{app}
"""


@pytest.fixture(scope="module")
def single(apps: Apps) -> Iterator[Farm]:
    """One process of the newest version, for what is refused without looking at a version."""
    with farm(newest(), 1, apps, {"web": 1, "pool": 1, "duo": 1, "sticky": 1}) as running:
        yield running


CONTRADICTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "purge without servers": ({"purge": True}, "purge means something with servers only"),
    "slots without servers": ({"slots": True}, "slots means something with servers only"),
    "a prefix without slots": ({"slot_prefix": "s"}, "slot_prefix means something with slots only"),
    "a mode without defaults": ({"mode": "tcp"}, "mode means something with defaults only"),
    "defaults without a state": ({"defaults": "plain"}, "it goes with state=present"),
    "defaults of what goes": ({"defaults": "plain", "state": "absent"}, "it goes with state=present"),
    "absent and servers": ({"state": "absent", "servers": [A]}, "state=absent and servers contradict each other"),
    "absent and weights": ({"state": "absent", "weights": {"a": 1}}, "state=absent and weights contradict"),
    "absent and a key": ({"state": "absent", "dynamic_cookie_key": KEYED}, "state=absent and dynamic_cookie_key"),
    "absent and cookies": ({"state": "absent", "dynamic_cookie": "disabled"}, "state=absent and dynamic_cookie con"),
    "slots and weights": (
        {"slots": True, "servers": at_ports(1), "weights": {"a": 1}},
        "a weight is said in its item of servers",
    ),
    "purge and weights": (
        {"purge": True, "servers": [A], "weights": {"a": 1}},
        "a weight is said in its item of servers",
    ),
    "an item without a name": ({"servers": [{"address": "127.0.0.1"}]}, "an item of servers needs a name"),
    "an item of another backend": ({"servers": [{**A, "backend": "x"}]}, "an item of servers is about backend x"),
    "a glob as an item": ({"servers": [{"name": "w*"}]}, "'w*' is a glob; each item is one server"),
    "a hostile name": ({"servers": [{"name": "a;disable server b/c"}]}, "names in HAProxy hold letters"),
    "the same item twice": ({"servers": [A, B, A]}, "two items of servers are about a"),
    "a server in two globs": ({"weights": {"a": 1, "[ab]": 2}}, "two items of servers are about web1/a"),
    "a server in servers and weights": ({"servers": [A], "weights": {"*": 2}}, "two items of servers are about web1/a"),
    "a weight of nothing": ({"weights": {"c": "50%"}}, "web1/c: weight 50% of the initial weight 1 rounds down to 0"),
    "a weight that is none": ({"weights": {"c": "many"}}, "weight 'many' is neither"),
    "a new one without an address": (
        {"servers": [{"name": "d"}]},
        "web1/d does not exist, and to create it its address",
    ),
    "an unknown state of an item": ({"servers": [{**A, "state": "gone"}]}, "value of state must be one of"),
    "min_up of words": ({"servers": [A], "purge": True, "min_up": "most"}, "min_up 'most' is neither"),
    "an empty key": ({"dynamic_cookie_key": ""}, "dynamic_cookie_key is empty or holds a control character"),
    "a key of two lines": ({"dynamic_cookie_key": "a\nb"}, "dynamic_cookie_key is empty or holds a control character"),
    "an item of slots without an address": (
        {"slots": True, "servers": [A]},
        "item 1 of servers: with slots each needs an address",
    ),
    "two items of one address": (
        {"slots": True, "servers": at_ports(1, 2, 1)},
        "two items of servers have the same address and port",
    ),
    "two items of one slot": (
        {"slots": True, "servers": [*at_ports(1, name="s1"), *at_ports(2, name="s1")]},
        "two items of servers have the same slot",
    ),
    "sessions of one that stays": ({"servers": [{**A, "shutdown_sessions": True}]}, "shutdown_sessions is for servers"),
}


@pytest.mark.parametrize(("wish", "words"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_what_means_nothing_is_refused(single: Farm, wish: dict[str, Any], words: str) -> None:
    failure = refused(single, {"name": "web1", **wish}, "InputError", words)
    assert KEYED not in failure["msg"]


@pytest.mark.parametrize("name", ["web*", "web[12]", "web1;show info", "web1\nshow info", ""])
def test_a_backend_is_one_name(single: Farm, name: str) -> None:
    failure = run(MODULE, {"name": name, "socket": single.sockets})
    assert (failure["failed"], failure["error"]) == (True, "InputError")


NOWHERE: dict[str, dict[str, Any]] = {
    "nothing": {},
    "servers": {"servers": [A]},
    "purge": {"servers": [], "purge": True},
    "weights": {"weights": {"*": 1}},
    "cookies": {"dynamic_cookie": "enabled"},
    "a key": {"dynamic_cookie_key": KEYED},
    "slots": {"slots": True, "servers": []},
}


@pytest.mark.parametrize("wish", NOWHERE.values(), ids=NOWHERE)
def test_a_backend_that_is_nowhere(single: Farm, wish: dict[str, Any]) -> None:
    refused(single, {"name": "webb1", **wish}, "ObjectNotFound", "no backend 'webb1' on any process; did you mean web1")


@pytest.mark.parametrize("state", ["present", "published", "unpublished"])
def test_a_backend_that_is_nowhere_and_is_not_to_be_made(single: Farm, state: str) -> None:
    words = "has no backend webb1; to create one, say defaults"
    refused(single, {"name": "webb1", "state": state}, "InputError", words)


def test_weights_of_what_is_not_there(single: Farm) -> None:
    refused(single, {"name": "web1", "weights": {"x*": 1}}, "ObjectNotFound", "x*")


def test_unknown_defaults_are_told_in_haproxys_words(single: Farm) -> None:
    failure = run(MODULE, {"name": "new", "state": "present", "defaults": "nosuch", "socket": single.sockets})
    assert (failure["error"], failure["changed"]) == ("CommandRefused", False)
    assert "Cannot find default proxy 'nosuch'." in failure["msg"]


# Slots -----------------------------------------------------------------------------------------------------------------


def test_more_addresses_than_slots_are_refused(single: Farm) -> None:
    words = "5 servers are wanted"
    refused(single, slots("pool1", 1, 2, 3, 4, 5), "InputError", words)
    refused(single, slots("pool1", 1, 2, 3, 4, 5, purge=True), "InputError", words)


def test_slots_of_two_prefixes_are_refused(single: Farm) -> None:
    refused(single, slots("duo1", 1), "InputError", "slot_prefix must say which servers are slots; there are s, t")


def test_a_slot_that_is_not_there_is_refused(single: Farm) -> None:
    named = {"name": "pool1", "slots": True, "servers": at_ports(1, name="s9")}
    refused(single, named, "InputError", "there is no slot s9")


def test_servers_without_numbers_are_no_slots(single: Farm) -> None:
    refused(single, slots("web1", 1), "InputError", "there are none with a number")


# Versions --------------------------------------------------------------------------------------------------------------


@pytest.fixture(
    scope="module",
    params=[(version, count) for version in versions() for count in (1, COUNT)],
    ids=lambda param: f"haproxy={param[0]}-processes={param[1]}",
)
def lab(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Farm]:
    """Each version, as one process and as four, with backends that something points to."""
    version, count = request.param
    stock = {"web": 3, "fixed": 1, "hashed": 1, "tracked": 1, "used": 3}
    with Resolver({"a.example.test": "127.0.0.1"}) as resolver:
        # Under nbproc a port that all processes share is bound once.
        port = free_port()
        more = MORE.format(port=port, app=apps.ports[0], dns=resolver.port)
        with farm(version, count, apps, stock, more) as running:
            yield running


LACKING: dict[str, tuple[dict[str, Any], str, str]] = {
    "a new server": ({"servers": [D]}, "2.6", DELETES_SERVERS),
    "a server that goes": ({"servers": [{**A, "state": "absent"}]}, "2.6", DELETES_SERVERS),
    "purge": ({"servers": [A], "purge": True}, "2.6", DELETES_SERVERS),
    "purge of all": ({"servers": [], "purge": True, "drain": True}, "2.6", DELETES_SERVERS),
    "unpublished": ({"state": "unpublished"}, "3.4", CHANGES_BACKENDS),
    "absent": ({"state": "absent"}, "3.4", CHANGES_BACKENDS),
    "a new backend": ({"name": "new", "state": "present", "defaults": "plain"}, "3.4", CHANGES_BACKENDS),
    "a new published one": ({"name": "new", "state": "published", "defaults": "plain"}, "3.4", CHANGES_BACKENDS),
}


@pytest.mark.parametrize(("wish", "since", "sentence"), LACKING.values(), ids=LACKING)
def test_what_a_version_lacks_is_said_before_anything_is_sent(
    lab: Farm, wish: dict[str, Any], since: str, sentence: str
) -> None:
    if not lab.can(since):
        failure = refused(lab, {"name": "web1", **wish}, "FeatureMissing", needs(lab, sentence))
        assert failure["process"] == lab.recorders.sockets[0]


@pytest.mark.parametrize("wish", [{"servers": [], "purge": True}, {"state": "unpublished"}], ids=["purge", "state"])
def test_one_old_process_among_new_ones_is_enough(apps: Apps, wish: dict[str, Any]) -> None:
    body = servers_body(apps.ports)
    with one(newest(), body) as new, one(oldest(), body) as old, Recorder(new.sockets[0]) as first:
        failure = run(MODULE, {"name": "api", **wish, "socket": [first.path, *old.sockets]})
        assert failure["error"] == "FeatureMissing"
        assert f"process {old.sockets[0]} runs {oldest()}" in failure["msg"]
        assert first.writes() == []


# Algorithms ------------------------------------------------------------------------------------------------------------


def test_a_static_algorithm_is_refused_before_anything_is_sent(lab: Farm) -> None:
    if not lab.can("2.6"):
        return
    words = "fixed1/d cannot be created: its backend uses the static algorithm"
    refused(lab, {"name": "fixed1", "servers": [D]}, "InputError", words)
    refused(lab, {"name": "fixed1", "servers": [D], "purge": True, "drain": True}, "InputError", words)
    refused(lab, {"name": "fixed1", "weights": {"a": "50%"}}, "InputError", "static algorithm")


def test_a_static_hash_is_refused_by_haproxy_at_the_first_command(lab: Farm) -> None:
    if not lab.can("2.6"):
        return
    was = lab.members("hashed1")
    failure = run(MODULE, {"name": "hashed1", "servers": [D], "purge": True, "socket": lab.sockets})
    assert (failure["error"], failure["changed"]) == ("CommandRefused", False)
    assert "dynamic load balancing" in failure["msg"]
    assert lab.members("hashed1") == was


# What something points to ----------------------------------------------------------------------------------------------


def test_a_tracked_server_is_not_purged(lab: Farm) -> None:
    if not lab.can("2.6"):
        return
    words = "tracked1/a cannot be deleted: tracked1/b tracks it"
    refused(lab, {"name": "tracked1", "servers": [C], "purge": True}, "InputError", words)
    refused(lab, {"name": "tracked1", "servers": [], "purge": True, "drain": True}, "InputError", words)


@pytest.mark.parametrize("drain", [False, True], ids=["at once", "drained"])
@pytest.mark.parametrize(("backend", "keeps"), [("used1", "b"), ("named", "b")], ids=["use-server", "resolver"])
def test_what_cannot_be_removed_gets_its_former_state_back(lab: Farm, backend: str, keeps: str, drain: bool) -> None:
    """Each process its own; HAProxy's words tell why."""
    if not lab.can("2.6"):
        return
    for index in range(lab.count):
        lab.tell(index, f"set server {backend}/{keeps} state {'drain' if index % 2 else 'ready'}")
    was = [those[keeps]["state"] for those in lab.members(backend)]
    wish = {"name": backend, "servers": [A, C], "purge": True, "drain": drain, "wait_timeout": 1, "wait_interval": 0.1}
    failure = run(MODULE, {**wish, "socket": lab.sockets})
    assert failure["error"] == "PartlyApplied"
    assert failure["changed"]
    assert POINTING in failure["msg"]
    assert failure["msg"].endswith("the former state was restored")
    assert [those[keeps]["state"] for those in lab.members(backend)] == was
    assert [set(those) for those in lab.members(backend)] == [{"a", "b", "c"}] * lab.count


def test_absent_of_a_backend_that_the_configuration_needs_does_nothing(lab: Farm) -> None:
    if not lab.can("3.4"):
        return
    was = lab.members("needed")
    lab.recorders.clear()
    failure = run(MODULE, {"name": "needed", "state": "absent", "socket": lab.sockets})
    assert (failure["error"], failure["changed"]) == ("CommandRefused", False)
    assert "This proxy " + POINTING in failure["msg"]
    assert lab.recorders.writes() == [["del backend needed"]] * lab.count
    assert lab.status("needed") == ["UP"] * lab.count
    assert lab.members("needed") == was


@pytest.mark.parametrize("drain", [False, True], ids=["at once", "drained"])
def test_absent_of_a_backend_with_a_server_that_stays(lab: Farm, drain: bool) -> None:
    """It is published again where it was published, and its servers are as they were."""
    if not lab.can("3.4"):
        return
    backend = "used3" if drain else "used2"
    for index in range(1, lab.count, 2):
        lab.tell(index, f"unpublish backend {backend}", f"set server {backend}/b state drain")
    status, was = lab.status(backend), lab.states(backend)
    wish = {"name": backend, "state": "absent", "drain": drain, "wait_timeout": 1, "wait_interval": 0.1}
    failure = run(MODULE, {**wish, "socket": lab.sockets})
    assert failure["error"] == "PartlyApplied"
    assert POINTING in failure["msg"]
    assert lab.status(backend) == status
    assert [those["b"] for those in lab.states(backend)] == [those["b"] for those in was]


def test_absent_of_a_backend_with_a_tracked_server_does_nothing(lab: Farm) -> None:
    if lab.can("3.4"):
        refused(lab, {"name": "tracked1", "state": "absent"}, "InputError", "cannot be deleted: tracked1/b tracks it")


# min_up ----------------------------------------------------------------------------------------------------------------

TOO_FEW: dict[str, tuple[dict[str, Any], str]] = {
    "none is left": ({"servers": [], "min_up": 1}, "without a, b, c only 0 would be"),
    "one new one is not two": ({"servers": [D], "min_up": "2"}, "without a, b, c only 1 would be"),
    "percent": ({"servers": [A, D], "min_up": "70%"}, "without b, c only 2 would be"),
    "one that comes in maintenance": (
        {"servers": [A, B, {**D, "state": "maint"}], "min_up": 3},
        "without c only 2 would be",
    ),
}


@pytest.mark.parametrize(("wish", "words"), TOO_FEW.values(), ids=TOO_FEW)
def test_too_few_are_refused_although_others_join(lab: Farm, wish: dict[str, Any], words: str) -> None:
    if lab.can("2.6"):
        refused(lab, {"name": "web2", "purge": True, **wish}, "InputError", words)


def test_min_up_counts_on_each_process(lab: Farm) -> None:
    if not lab.can("2.6") or lab.count == 1:
        return
    lab.tell(2, "set server web3/a state maint")
    wish = {"name": "web3", "servers": [A, B], "purge": True, "min_up": 2}
    refused(lab, wish, "InputError", f"on process {lab.recorders.sockets[2]} 2 are in service, and without c only 1")
