# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxy_backend: the law, for membership, weights, slots, dynamic cookies and the backend itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule

from lab.apps import Apps
from lab.prophecy import sent, told
from lab.tasks import Result, run
from lab.versions import versions

from .backends import (
    CHANGES_BACKENDS,
    DELETES_SERVERS,
    KEY,
    MODULE,
    OLD_KEY,
    Farm,
    Members,
    agrees,
    farm,
    law,
    needs,
    refused,
    silent,
    written,
)

LAYOUTS = [(version, count) for version in versions() for count in (1, 4)]
each_layout = pytest.fixture(
    scope="module", params=LAYOUTS, ids=lambda param: f"haproxy={param[0]}-processes={param[1]}"
)


@each_layout
def lab(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Farm]:
    """Each version, as one process and as four, with backends for tests of membership; few, as all are read each time."""
    version, count = request.param
    with farm(version, count, apps, {"web": 21}) as running:
        yield running


@each_layout
def more(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Farm]:
    """The same for tests of weights and states."""
    version, count = request.param
    with farm(version, count, apps, {"web": 15}) as running:
        yield running


@each_layout
def pools(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Farm]:
    """The same with slots."""
    version, count = request.param
    with farm(version, count, apps, {"pool": 8, "duo": 1}) as running:
        yield running


@each_layout
def jars(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Farm]:
    """The same with cookies."""
    version, count = request.param
    with farm(version, count, apps, {"sticky": 16, "keyless": 4, "owncookies": 1, "empty": 1}) as running:
        yield running


# Membership ------------------------------------------------------------------------------------------------------------

PURGE = {"purge": True}
CHECKED = {"options": "check inter 100ms", "wait_interval": 0.1}
A: dict[str, Any] = {"name": "a"}
B: dict[str, Any] = {"name": "b"}
C: dict[str, Any] = {"name": "c"}
D: dict[str, Any] = {"name": "d", "address": "127.0.0.1", "port": 8088}
ALL = {"a", "b", "c"}

# Options, the servers that there are then, and what is known of some of them.
MEMBERS: dict[str, tuple[dict[str, Any], set[str], Members]] = {
    "one more": ({"servers": [D]}, ALL | {"d"}, {"d": {"address": "127.0.0.1", "port": 8088}}),
    "exactly these": ({"servers": [A, D], **PURGE}, {"a", "d"}, {"d": {"port": 8088}}),
    "exactly these, drained": ({"servers": [D], **PURGE, "drain": True}, {"d"}, {}),
    "exactly these, sessions ended": ({"servers": [A, D], **PURGE, "shutdown_sessions": True}, {"a", "d"}, {}),
    "exactly those that are there": ({"servers": [C, A, B], **PURGE}, ALL, {}),
    "none": ({"servers": [], **PURGE}, set(), {}),
    "none, drained": ({"servers": [], **PURGE, "drain": True}, set(), {}),
    "no list of servers": ({}, ALL, {}),
    "an empty list": ({"servers": []}, ALL, {}),
    "new ones in several states": (
        {
            "servers": [
                {**D, "state": "maint"},
                {**D, "name": "e", "state": "drain"},
                {**D, "name": "f", "state": "ready"},
            ]
        },
        ALL | {"d", "e", "f"},
        {"d": {"port": 8088}, "e": {"state": "drain"}, "f": {"state": "ready"}},
    ),
    "one that leaves, by its item": ({"servers": [{**A, "state": "absent"}, B]}, ALL - {"a"}, {}),
    "one in maintenance": ({"servers": [{**A, "state": "maint"}]}, ALL, {"a": {"state": "maint"}}),
    "one that drains": ({"servers": [A, {**B, "state": "drain"}], **PURGE}, {"a", "b"}, {"b": {"state": "drain"}}),
    "all ready": (
        {"servers": [{**A, "state": "ready"}, {**B, "state": "enabled"}], **PURGE},
        {"a", "b"},
        {"a": {"state": "ready"}, "b": {"state": "ready"}},
    ),
    "a weight": ({"servers": [{**B, "weight": "50%"}]}, ALL, {"b": {"weight": 50}}),
    "an address": (
        {"servers": [A, {**B, "address": "127.0.0.9", "port": 81}], **PURGE},
        {"a", "b"},
        {"b": {"address": "127.0.0.9", "port": 81}},
    ),
    "IPv6": ({"servers": [{**D, "address": "0:0::1"}]}, ALL | {"d"}, {"d": {"address": "::1"}}),
    "checked and waited for": (
        {"servers": [A, {**D, **CHECKED, "port": "app"}], **PURGE, "wait": True},
        {"a", "d"},
        {"d": {"health_check": "enabled", "state": "ready"}},
    ),
    "options of a new one": (
        {"servers": [{**D, "options": "weight 40 maxconn 3", "weight": "50%"}], **PURGE},
        {"d"},
        {"d": {"weight": 20, "maxconn": 3}},
    ),
    "everything at once": (
        {"servers": [{**A, "weight": 3}, {**B, "state": "maint"}, {**D, "weight": 9}], **PURGE, "drain": True},
        {"a", "b", "d"},
        {"a": {"weight": 3}, "b": {"state": "maint"}, "d": {"weight": 9}},
    ),
}


def with_ports(lab: Farm, arguments: dict[str, Any]) -> dict[str, Any]:
    """With the port of an application where one is wanted."""
    servers = arguments.get("servers")
    if not servers:
        return arguments
    port = lab.ports[3]
    return {**arguments, "servers": [{**it, "port": port} if it.get("port") == "app" else it for it in servers]}


def go_apart(lab: Farm, backend: str, listed: set[str]) -> None:
    """Processes beside the first get half of what is wished, or something else.

    One gets other weights and states, one has d and lacks a server that is not `listed`, one has d elsewhere.
    """
    lacking = next(iter(sorted(ALL - listed)), "")
    place = f"{backend}/{lacking}"
    ways = [
        [],
        [f"set server {backend}/c weight 7", f"set server {backend}/b state drain"],
        [
            f"add server {backend}/d 127.0.0.1:8088 weight 40",
            *([f"set server {place} state maint", f"del server {place}"] if lacking else []),
        ],
        [f"add server {backend}/d 127.0.0.5:99 weight 40", f"set server {backend}/d state ready"],
    ]
    for index in range(1, lab.count):
        lab.tell(index, *ways[index])


def beyond(lab: Farm, arguments: dict[str, Any], backend: str) -> bool:
    """Whether servers would have to be made or deleted where none can be."""
    names = {item["name"] for item in arguments.get("servers") or ()}
    gone = any(item.get("state") == "absent" for item in arguments.get("servers") or ())
    surplus = bool(arguments.get("purge")) and bool(set(lab.members(backend)[0]) - names)
    return not lab.can("2.6") and bool(names - ALL or gone or surplus)


@pytest.mark.parametrize(("wish", "names", "known"), MEMBERS.values(), ids=MEMBERS)
def test_prophecy_of_membership(lab: Farm, wish: dict[str, Any], names: set[str], known: Members) -> None:
    backend = lab.fresh("web")
    arguments = {"name": backend, **with_ports(lab, wish)}
    if beyond(lab, arguments, backend):
        # What asks for a state without present is for a server that is there, where none can be made.
        states = [item.get("state") for item in arguments["servers"] if item["name"] not in ALL]
        error = "ObjectNotFound" if any(states) else "FeatureMissing"
        refused(lab, arguments, error, "no server 'd'" if any(states) else needs(lab, DELETES_SERVERS))
        return
    if lab.can("2.6"):
        go_apart(lab, backend, {item["name"] for item in arguments.get("servers", ())})
    was = lab.members(backend)
    result = law(lab, arguments)
    purges = bool(arguments.get("purge"))
    for before, after in zip(was, lab.members(backend), strict=True):
        listed = {item["name"] for item in arguments.get("servers", ()) if item.get("state") != "absent"}
        others = set() if purges else set(before) - {item["name"] for item in arguments.get("servers", ())}
        assert set(after) == listed & names | others
        for name, expected in known.items():
            # One that was there keeps what only its options or its creation would say.
            own = {**after[name]}
            for option, value in expected.items():
                if name not in before or option not in ("maxconn", "weight", "health_check", "state"):
                    assert (name, option, own.get(option)) == (name, option, value)
    assert result["backend"]["before"]["state"] == result["backend"]["after"]["state"] == "published"
    assert result["backend"]["consistent"] is True


def test_servers_join_before_others_leave_and_leave_by_maintenance(lab: Farm) -> None:
    backend = lab.fresh("web")
    arguments = {"name": backend, "servers": [A, D], "purge": True}
    if not lab.can("2.6"):
        return
    place = f"{backend}/{{}}".format
    result = law(lab, arguments)
    assert (
        sent(result)
        == [
            [
                f"add server {place('d')} 127.0.0.1:8088",
                f"set server {place('d')} state ready",
                f"set server {place('b')} state maint",
                f"set server {place('c')} state maint",
                f"del server {place('b')}",
                f"del server {place('c')}",
            ]
        ]
        * lab.count
    )
    assert "is made at run time" in str(result["warnings"])
    assert f"{backend}/b; {backend}/c is deleted at run time" in str(result["warnings"])
    drained = law(lab, {"name": backend, "servers": [D], "purge": True, "drain": True})
    assert (
        sent(drained)
        == [
            [f"set server {place('a')} state drain", f"set server {place('a')} state maint", f"del server {place('a')}"]
        ]
        * lab.count
    )


def test_a_server_whose_state_is_said_for_one_process_is_there_on_all(more: Farm) -> None:
    backend = more.fresh("web")
    if not more.can("2.6"):
        return
    first = {more.recorders.sockets[0]: "maint"}
    law(more, {"name": backend, "servers": [A, {**D, "state": first}], "purge": True})
    others = [{"a": "ready", "d": "ready"}] * (more.count - 1)
    assert more.states(backend) == [{"a": "ready", "d": "maint"}, *others]
    law(more, {"name": backend, "servers": [{**A, "state": first, "weight": {more.recorders.sockets[-1]: 7}}]})
    assert [each["a"] for each in more.states(backend)] == ["maint", *["ready"] * (more.count - 1)]


@pytest.mark.parametrize(
    "wish",
    [
        {"servers": [A, D], "purge": True},
        {"servers": [], "purge": True},
        {"servers": [{**A, "weight": 3}, {**B, "address": "127.0.0.9", "port": 81}, {**C, "state": "maint"}, D]},
    ],
    ids=["some", "all", "settings"],
)
def test_what_is_fed_back_brings_the_former_membership_back(more: Farm, wish: dict[str, Any]) -> None:
    """With the keywords that HAProxy shows, on each process what it had."""
    backend = more.fresh("web")
    if not more.can("2.6"):
        return
    go_apart(more, backend, {item["name"] for item in wish["servers"]})
    was = more.members(backend)
    result = run(MODULE, {"name": backend, **wish, "socket": more.sockets})
    assert not result.get("failed"), result["msg"]
    assert result["changed"]
    items = [row["before"] for row in result["servers"]]
    back = run(MODULE, {"name": backend, "servers": items, "socket": more.sockets})
    assert not back.get("failed"), back["msg"]
    agrees(more, back)
    assert more.members(backend) == was
    silent(more, {"name": backend, "servers": items})


# Weights ---------------------------------------------------------------------------------------------------------------

WEIGHTS: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "one": ({"a": 5}, {"a": 5, "b": 100, "c": 1}),
    "a glob": ({"*": 7}, {"a": 7, "b": 7, "c": 7}),
    "two globs": ({"[ab]": "50%", "c*": "100%"}, {"a": 5, "b": 50, "c": 1}),
    "percentages above 100": ({"a": "200%", "b": "256%"}, {"a": 20, "b": 256, "c": 1}),
    "nothing for one": ({"b": 0, "a": "0%"}, {"a": 0, "b": 0, "c": 1}),
    "as they are": ({"*": "100%"}, {"a": 10, "b": 100, "c": 1}),
    "as text and as a number": ({"a": "12", "b": 13}, {"a": 12, "b": 13, "c": 1}),
}


@pytest.mark.parametrize(("weights", "after"), WEIGHTS.values(), ids=WEIGHTS)
def test_prophecy_of_weights(more: Farm, weights: dict[str, Any], after: dict[str, int]) -> None:
    backend = more.fresh("web")
    for index in range(1, more.count):
        more.tell(index, *(f"set server {backend}/{name} weight {index * 3}" for name in weights if len(name) == 1))
    law(more, {"name": backend, "weights": weights})
    assert more.weights(backend) == [after] * more.count


def test_a_canary_gets_five_percent_and_then_everything(more: Farm) -> None:
    backend = more.fresh("web")
    first = law(more, {"name": backend, "weights": {"b": "5%", "[ac]": "100%"}})
    assert sent(first) == [[f"set server {backend}/b weight 5"]] * more.count
    assert first["servers"][1]["before"]["weight"] == 100
    rest = law(more, {"name": backend, "weights": {"b": "100%", "[ac]": "0%"}})
    assert more.weights(backend) == [{"a": 0, "b": 100, "c": 0}] * more.count
    assert rest["servers"][1]["initial_weight"] == 100


def test_weights_beside_servers(more: Farm) -> None:
    """Servers that are not listed get theirs; none of those loses a session by what is asked of the ones that leave."""
    backend = more.fresh("web")
    wish = {"name": backend, "servers": [{**A, "state": "maint"}], "weights": {"[bc]": 9}, "drain": True}
    result = law(more, {**wish, "shutdown_sessions": True})
    assert more.weights(backend) == [{"a": 10, "b": 9, "c": 9}] * more.count
    assert sorted(sent(result)[0]) == [
        f"set server {backend}/a state drain",
        f"set server {backend}/a state maint",
        f"set server {backend}/b weight 9",
        f"set server {backend}/c weight 9",
    ]


# Slots -----------------------------------------------------------------------------------------------------------------


def at_ports(*ports: int, **more: Any) -> list[dict[str, Any]]:
    """Items with these ports of 127.0.0.1."""
    return [{"address": "127.0.0.1", "port": port, **more} for port in ports]


def slots(backend: str, *ports: int, **more: Any) -> dict[str, Any]:
    """A task that puts these into slots."""
    return {"name": backend, "slots": True, "servers": at_ports(*ports), **more}


def local(**ports: int) -> dict[str, tuple[str, int]]:
    """Slot → where it is."""
    return {slot: ("127.0.0.1", port) for slot, port in ports.items()}


def test_slots_are_filled_and_emptied_and_every_address_keeps_its_slot(pools: Farm) -> None:
    backend = pools.fresh("pool")
    spare = ("127.0.0.1", pools.ports[0])
    steps: list[tuple[tuple[int, ...], bool, dict[str, int]]] = [
        ((1001, 1002), True, {"s1": 1001, "s2": 1002}),
        ((1002, 1001), True, {"s1": 1001, "s2": 1002}),
        ((1003,), False, {"s1": 1001, "s2": 1002, "s3": 1003}),
        ((1003, 1002), True, {"s2": 1002, "s3": 1003}),
        ((1004, 1002, 1003), True, {"s1": 1004, "s2": 1002, "s3": 1003}),
        ((1002,), True, {"s2": 1002}),
        # 1003 comes back to s3, though s1 is free, too; 1001 was in s1, which 1004 has taken since.
        ((1003, 1002), True, {"s2": 1002, "s3": 1003}),
        ((1001, 1003, 1004, 1002), True, {"s1": 1004, "s2": 1002, "s3": 1003, "s4": 1001}),
        ((), True, {}),
        ((1004, 1003), True, {"s1": 1004, "s3": 1003}),
    ]
    for ports, purge, wanted in steps:
        law(pools, slots(backend, *ports, purge=purge))
        places = [{name: place for name, place in those.items() if name != "spare"} for those in pools.places(backend)]
        assert places == [local(**wanted)] * pools.count, (ports, purge)
    assert [those["spare"] for those in pools.places(backend)] == [spare] * pools.count


def test_a_slot_gets_its_address_before_it_is_ready_and_is_left_by_maintenance(pools: Farm) -> None:
    backend = pools.fresh("pool")
    law(pools, slots(backend, 1001))
    result = law(pools, slots(backend, 1002, purge=True))
    assert (
        sent(result)
        == [
            [
                f"set server {backend}/s2 addr 127.0.0.1 port 1002",
                f"set server {backend}/s2 state ready",
                f"set server {backend}/s1 state maint",
            ]
        ]
        * pools.count
    )
    drained = law(pools, slots(backend, 1001, purge=True, drain=True))
    assert sent(drained)[0][-2:] == [f"set server {backend}/s2 state drain", f"set server {backend}/s2 state maint"]
    # Nothing is made or deleted, so nothing is said of a reload.
    assert "reload" not in str(drained.get("warnings", ""))


def test_processes_that_disagree_end_with_the_same_slots(pools: Farm) -> None:
    backend = pools.fresh("pool")
    ways: list[list[tuple[str, int, str]]] = [
        [("s1", 1001, "ready"), ("s2", 1002, "ready")],
        [("s1", 1002, "ready"), ("s2", 1001, "ready"), ("s3", 1009, "drain")],
        [("s1", 1001, "ready"), ("s2", 1002, "drain"), ("s4", 1003, "maint")],
        [],
    ]
    for index in range(pools.count):
        for slot, port, state in ways[index]:
            pools.tell(index, f"set server {backend}/{slot} addr 127.0.0.1 port {port}")
            pools.tell(index, f"set server {backend}/{slot} state {state}")
    result = law(pools, slots(backend, 1003, 1001, 1002, purge=True))
    if pools.count == 1:
        assert pools.places(backend)[0].items() >= local(s1=1001, s2=1002, s3=1003).items()
        return
    # Most have 1001 in s1 and 1002 in s2; s4 had 1003 on one, and s3 was in use on one.
    for places in pools.places(backend):
        del places["spare"]
        assert places == local(s1=1001, s2=1002, s4=1003)
    assert all(row["consistent"] for row in result["servers"] if row["after"]["state"] == "ready")


def test_items_of_slots_have_settings_and_states(pools: Farm) -> None:
    backend = pools.fresh("pool")
    servers = [
        {"address": "127.0.0.1", "port": 1001, "weight": "12"},
        {"address": "0:0::1", "port": 1002, "state": "drain"},
        {"address": "127.0.0.3", "state": "ready", "maxconn": 5},
    ]
    law(pools, {"name": backend, "slots": True, "servers": servers, "purge": True})
    for those in pools.members(backend):
        assert (those["s1"]["weight"], those["s1"]["state"]) == (12, "ready")
        assert (those["s2"]["address"], those["s2"]["state"]) == ("::1", "drain")
        assert (those["s3"]["address"], those["s3"]["port"], those["s3"]["maxconn"]) == ("127.0.0.3", pools.ports[0], 5)
        assert those["s4"]["state"] == "maint"


def test_an_item_with_a_name_gets_this_slot(pools: Farm) -> None:
    backend = pools.fresh("pool")
    law(pools, {"name": backend, "slots": True, "servers": at_ports(1001)})
    pinned = [*at_ports(1005), *at_ports(1002, name="s2"), *at_ports(1001, name="s4")]
    law(pools, {"name": backend, "slots": True, "servers": pinned, "purge": True})
    assert [those.items() >= local(s2=1002, s4=1001).items() for those in pools.places(backend)] == [True] * pools.count
    assert [{place[1] for name, place in those.items() if name != "spare"} for those in pools.places(backend)] == [
        {1005, 1002, 1001}
    ] * pools.count


def test_slots_of_one_prefix_of_two(pools: Farm) -> None:
    backend = pools.fresh("duo")
    law(pools, slots(backend, 1001, 1002, slot_prefix="t"))
    law(pools, slots(backend, 1001, purge=True, slot_prefix="s"))
    assert pools.places(backend) == [local(s1=1001, t1=1001, t2=1002)] * pools.count
    law(pools, slots(backend, purge=True, slot_prefix="t"))
    assert pools.places(backend) == [local(s1=1001)] * pools.count


def test_slots_that_are_ended_at_once(pools: Farm) -> None:
    """What is asked of those that leave is not asked of those that stay."""
    backend = pools.fresh("pool")
    law(pools, slots(backend, 1001, 1002))
    law(pools, slots(backend, 1002, purge=True, shutdown_sessions=True, wait=True))
    assert {"s2"} == set(pools.places(backend)[0]) - {"spare"}


def test_what_slots_held_before_can_be_fed_back_by_name(pools: Farm) -> None:
    backend = pools.fresh("pool")
    law(pools, slots(backend, 1001, 1002))
    was = pools.members(backend)
    result = law(pools, slots(backend, 1003, purge=True))
    back = law(pools, {"name": backend, "servers": [row["before"] for row in result["servers"]]})
    assert back["changed"]
    assert pools.members(backend) == was


# Dynamic cookies -------------------------------------------------------------------------------------------------------

KEYS = {
    "short": "Zq9",
    "blanks": "a key  with blanks ",
    "semicolons": "one;two;;",
    "UTF-8": "schlüssel-鍵",
    "40 bytes": "0123456789" * 4,
    "100 bytes": "abcdefg hij" * 9 + "x",
    "backslashes and quotes": "a\\b\"c'd\\",
    "what others may take for a payload": "<<",
    "a hash": "#key $HOME %s",
}
TOLD_NEVER = ("schlüssel", "鍵", "0123456789", "abcdefg", "with", "one;two", "one\\;two")


def hidden(result: Result, *keys: str) -> None:
    """No key is anywhere in a result, neither as it is nor as it is sent."""
    text = json.dumps({name: value for name, value in result.items() if name != "invocation"}, ensure_ascii=False)
    plain = text.replace("\\\\", "\\")
    for key in keys:
        for form in (key, key.replace(" ", "\\ ").replace(";", "\\;")):
            assert len(form) < 4 or form not in plain
    for word in TOLD_NEVER[:4]:
        assert word not in text


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_prophecy_of_a_key(jars: Farm, key: str) -> None:
    """The cookies that HAProxy shows tell that it has the key, IPv6 included; the key itself is told nowhere."""
    backend = jars.fresh("sticky")
    was = jars.cookies(backend)
    result = law(jars, {"name": backend, "dynamic_cookie_key": key})
    assert sent(result) == [[f"{KEY}{backend} ********"]] * jars.count
    now = jars.cookies(backend)
    assert now == [now[0]] * jars.count
    for name in ("a", "b", "six"):
        assert now[0][name] != was[0][name]
        assert len(now[0][name]) == 16
    assert now[0]["own"] == "own"
    hidden(result, key)
    back = law(jars, {"name": backend, "dynamic_cookie_key": OLD_KEY, "dynamic_cookie": "enabled"})
    assert jars.cookies(backend) == was
    assert back["backend"]["after"] == {"name": backend, "state": "published", "dynamic_cookie": "enabled"}


def test_only_processes_with_another_key_are_told_it(jars: Farm) -> None:
    backend = jars.fresh("sticky")
    law(jars, {"name": backend, "dynamic_cookie_key": OLD_KEY})
    for index in range(1, jars.count, 2):
        jars.tell(index, f"{KEY}{backend} another")
    if jars.count > 2:
        jars.tell(2, f"disable dynamic-cookie backend {backend}")
    result = law(jars, {"name": backend, "dynamic_cookie": "enabled", "dynamic_cookie_key": OLD_KEY})
    stars = f"{KEY}{backend} ********"
    # Where no cookie shows it, the key is said again.
    ways = [[], [stars], [f"enable dynamic-cookie backend {backend}", stars], [stars]]
    assert sent(result) == ways[: jars.count]
    assert jars.cookies(backend) == [jars.cookies(backend)[0]] * jars.count
    if jars.count > 1:
        before = result["backend"]["before"]["dynamic_cookie"]
        assert sorted(before.values()) == ["disabled", "enabled", "enabled", "enabled"]


def test_dynamic_cookies_are_switched(jars: Farm) -> None:
    backend = jars.fresh("sticky")
    was = jars.cookies(backend)
    off = law(jars, {"name": backend, "dynamic_cookie": "disabled"})
    assert sent(off) == [[f"disable dynamic-cookie backend {backend}"]] * jars.count
    assert jars.cookies(backend) == [{"a": "", "b": "", "six": "", "own": "own"}] * jars.count
    assert off["backend"]["before"]["dynamic_cookie"] == "enabled"
    assert off["backend"]["after"]["dynamic_cookie"] == "disabled"
    law(jars, {"name": backend, "dynamic_cookie": "enabled"})
    assert jars.cookies(backend) == was


def test_a_backend_without_a_key_gets_one(jars: Farm) -> None:
    backend = jars.fresh("keyless")
    result = law(jars, {"name": backend, "dynamic_cookie": "enabled", "dynamic_cookie_key": "a new key"})
    hidden(result, "a new key")
    assert all(len(cookie) == 16 for those in jars.cookies(backend) for cookie in those.values())


def test_an_address_that_changes_keeps_the_key(jars: Farm) -> None:
    """The cookie comes from the address, too; with another key in the same task both come true."""
    backend = jars.fresh("sticky")
    servers = [{"name": "a", "address": "127.0.0.77", "port": 7777}, {"name": "six", "address": "fe80::1"}]
    law(jars, {"name": backend, "servers": servers, "dynamic_cookie_key": "a new key"})
    law(jars, {"name": backend, "dynamic_cookie_key": "a new key", "dynamic_cookie": "enabled"})
    law(jars, {"name": backend, "servers": [{"name": "b", "port": 7778}]})
    silent(jars, {"name": backend, "dynamic_cookie_key": "a new key", "dynamic_cookie": "enabled"})


@pytest.mark.parametrize("state", ["ready", "disabled"])
def test_a_new_server_gets_its_cookie_from_the_new_key(jars: Farm, state: str) -> None:
    backend = jars.fresh("sticky")
    if not jars.can("2.6"):
        return
    wish = {
        "name": backend,
        "servers": [{**D, "state": state}],
        "dynamic_cookie_key": "a new key",
        "dynamic_cookie": "enabled",
    }
    law(jars, wish)  # 2.6 gives it none by itself
    assert all(len(those["d"]) == 16 for those in jars.cookies(backend))


def deed(jars: Farm, arguments: dict[str, Any], commands: list[str]) -> Result:
    """What nothing shows is predicted, done whenever it is asked, always a change, and told as unconfirmed."""
    predicted = silent(jars, arguments, check=True)
    for _time in range(2):
        jars.recorders.clear()
        applied = run(MODULE, {"socket": jars.sockets, **arguments})
        assert told(predicted, "servers") == told(applied, "servers")
        assert written(jars) == sent(applied) == [commands] * jars.count
        assert applied["changed"]
        assert [line["command"] for line in applied["unconfirmed"]] == commands * jars.count
    return applied


def test_a_key_that_no_server_shows_is_a_deed(jars: Farm) -> None:
    stars = "set dynamic-cookie-key backend {} ********".format
    backend = jars.fresh("keyless")
    hidden(deed(jars, {"name": backend, "dynamic_cookie_key": "a secret key"}, [stars(backend)]), "a secret key")
    backend = jars.fresh("sticky")
    jars.tell_all(f"disable dynamic-cookie backend {backend}")
    off = {"name": backend, "dynamic_cookie": "disabled", "dynamic_cookie_key": "a secret key"}
    hidden(deed(jars, off, [stars(backend)]), "a secret key")


def test_dynamic_cookies_that_no_server_shows_are_a_deed(jars: Farm) -> None:
    for kind in ("owncookies", "empty"):
        backend = jars.fresh(kind)
        commands = [f"enable dynamic-cookie backend {backend}", f"{KEY}{backend} ********"]
        wish = {"name": backend, "dynamic_cookie": "enabled", "dynamic_cookie_key": "a secret key"}
        result = deed(jars, wish, commands)
        hidden(result, "a secret key")
        assert "dynamic_cookie" not in result["backend"]["before"]


def test_dynamic_cookies_without_any_key_fail_with_a_sentence(jars: Farm) -> None:
    backend = jars.fresh("keyless")
    failure = run(MODULE, {"name": backend, "dynamic_cookie": "enabled", "socket": jars.sockets})
    assert failure["failed"]
    assert failure["error"] == "NotConverged"
    assert "HAProxy seems to have no key for it: say dynamic_cookie_key" in failure["msg"]


def test_a_key_is_in_no_failure_and_in_no_log(jars: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where HAProxy refuses it, quoting it, nor where it dies of it; Ansible masks only what it was given."""
    key = "a key; with schlüssel"
    logged: list[str] = []
    monkeypatch.setattr(AnsibleModule, "log", lambda _self, msg, log_args=None: logged.append(f"{msg} {log_args}"))
    backend = jars.fresh("sticky")
    last = jars.recorders.all[-1]
    for answer in (b"No such backend.\n\n", b""):

        def swallow(request: bytes, answer: bytes = answer) -> bytes | None:
            return answer if b"dynamic-cookie-key" in request else None

        last.swallow = swallow
        try:
            result = run(MODULE, {"name": backend, "dynamic_cookie_key": key, "socket": jars.sockets, "timeout": 1})
        finally:
            last.swallow = None
        assert result["failed"], answer
        assert result["command"] == f"{KEY}{backend} ********"
        hidden(result, key)
        jars.tell_all(f"{KEY}{backend} the\\ old\\ key")
    assert logged
    assert "schlüssel" not in str(logged)


# The backend itself ----------------------------------------------------------------------------------------------------


def test_prophecy_of_published_and_unpublished(more: Farm) -> None:
    backend = more.fresh("web")
    if not more.can("3.4"):
        assert not silent(more, {"name": backend, "state": "published"})["changed"]
        assert not silent(more, {"name": backend, "state": "present"})["changed"]
        refused(more, {"name": backend, "state": "unpublished"}, "FeatureMissing", needs(more, CHANGES_BACKENDS))
        return
    off = law(more, {"name": backend, "state": "unpublished"})
    assert sent(off) == [[f"unpublish backend {backend}"]] * more.count
    assert more.status(backend) == ["UP (UNPUB)"] * more.count
    assert not law(more, {"name": backend, "state": "present"})["changed"]
    for index in range(1, more.count, 2):
        more.tell(index, f"publish backend {backend}")
    on = law(more, {"name": backend, "state": "published"})
    assert sent(on) == [[f"publish backend {backend}"] if index % 2 == 0 else [] for index in range(more.count)]
    assert more.status(backend) == ["UP"] * more.count
    if more.count > 1:
        assert set(on["backend"]["before"]["state"].values()) == {"published", "unpublished"}


@pytest.mark.parametrize(
    ("state", "mode"), [("present", None), ("published", "http"), ("published", None), ("unpublished", "tcp")]
)
def test_prophecy_of_a_new_backend(more: Farm, state: str, mode: str | None) -> None:
    name = f"new-{state}-{mode}"
    wish: dict[str, Any] = {"name": name, "state": state, "defaults": "plain", **({"mode": mode} if mode else {})}
    wish["servers"] = [D, {**D, "name": "e", "weight": "5"}]
    if not more.can("3.4"):
        refused(more, wish, "FeatureMissing", needs(more, CHANGES_BACKENDS))
        return
    # One of four has the backend, one also its first server.
    if more.count == 4:
        more.tell(1, f"add backend {name} from plain" + (f" mode {mode}" if mode else ""))
        more.tell(3, f"add backend {name} from plain", f"add server {name}/d 127.0.0.1:8088")
    result = law(more, wish)
    commands = [
        f"add backend {name} from plain" + (f" mode {mode}" if mode else ""),
        f"add server {name}/d 127.0.0.1:8088",
        f"add server {name}/e 127.0.0.1:8088",
        f"set server {name}/e weight 5",
        f"set server {name}/d state ready",
        f"set server {name}/e state ready",
        *([f"publish backend {name}"] if state == "published" else []),
    ]
    assert sent(result)[0] == commands
    expected = "published" if state == "published" else "unpublished"
    assert result["backend"]["after"]["state"] == expected
    assert all(set(those) == {"d", "e"} for those in more.members(name))
    gone = law(more, {"name": name, "state": "absent"})
    assert more.status(name) == [""] * more.count
    assert gone["backend"]["after"]["state"] == "absent"
    assert not silent(more, {"name": name, "state": "absent"})["changed"]


def test_prophecy_of_absent(more: Farm) -> None:
    """A configured backend that nothing points to goes, too, in whatever state the processes have it."""
    backend = more.fresh("web")
    if not more.can("3.4"):
        refused(more, {"name": backend, "state": "absent"}, "FeatureMissing", "needs HAProxy")
        return
    if more.count == 4:
        more.tell(1, f"unpublish backend {backend}")
        empty = [
            command
            for name in "abc"
            for command in (f"set server {backend}/{name} state maint", f"del server {backend}/{name}")
        ]
        more.tell(2, f"unpublish backend {backend}", *empty)
        more.tell(3, f"unpublish backend {backend}", *empty, f"del backend {backend}")
    result = law(more, {"name": backend, "state": "absent"})
    servers = [f"set server {backend}/{name} state maint" for name in "abc"]
    servers += [f"del server {backend}/{name}" for name in "abc"]
    asked, last = f"del backend {backend}", f"del backend {backend}"
    ways = [[asked, f"unpublish backend {backend}", *servers, last], [asked, *servers, last], [last], []]
    assert sent(result) == ways[: more.count]
    assert more.status(backend) == [""] * more.count


def test_absent_of_what_is_not_there(more: Farm) -> None:
    assert not silent(more, {"name": "nowhere", "state": "absent"})["changed"]
