# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that haproxy_server makes and deletes while HAProxy runs: the law, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lab.apps import Apps
from lab.config import bind_lines, settings_body
from lab.fleet import Fleet, one
from lab.ports import free_port
from lab.processes import wait_until
from lab.prophecy import holds, sent, told
from lab.raw import connect
from lab.recorder import Recorder
from lab.tasks import Result, run
from lab.versions import Version, versions

from .conftest import SetBalancer
from .test_haproxy_server_settings import MODULE, SLACK, agrees, at, gives_back, has, names_of, refused, task

NEEDS = "adding or deleting a server needs HAProxy 2.6, process"
PLACE = "few/new1"
HERE: dict[str, Any] = {"address": "127.0.0.1", "port": 8085}
POOL = "pool-max-conn 5 pool-purge-delay 5s"
AGENT = "agent-check agent-inter 100ms agent-send lab agent-port {agent}"


def cannot(balancer: SetBalancer) -> bool:
    """Whether this version has no servers that are made at run time."""
    return balancer.fleet.version.name == "2.2"


def is_there(balancer: SetBalancer, place: str = PLACE) -> list[bool]:
    """Whether each process has the server."""
    backend, name = place.split("/")
    return [(backend, name) in truth for truth in balancer.given()]


# Wish, and what is said of the server then.
CREATED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {"state": "ready", "weight": 1, "maxconn": 0, "port": 8085, "address": "127.0.0.1"}),
    "IPv6": ({"address": "0:0::1"}, {"address": "::1", "port": 8085}),
    "no port": ({"port": None}, {"port": 0}),
    "check": ({"options": "check inter 100ms"}, {"health_check": "enabled", "state": "ready"}),
    "check, not to be enabled": ({"options": "check", "health_check": "disabled"}, {"health_check": "disabled"}),
    "agent": ({"options": AGENT}, {"agent_check": "enabled", "agent_address": None}),
    "agent at an address": ({"options": AGENT + " agent-addr 127.0.0.1"}, {"agent_address": "127.0.0.1"}),
    "agent, not to be enabled": ({"options": AGENT, "agent_check": "disabled"}, {"agent_check": "disabled"}),
    "check and agent": (
        {"options": f"check inter 100ms addr 127.0.0.4 port 9000 {AGENT}"},
        {"check_address": "127.0.0.4", "check_port": 9000, "agent_address": "127.0.0.4", "agent_check": "enabled"},
    ),
    "agent port before the port": ({"options": f"{AGENT} check port 9000"}, {"check_port": 9000}),
    "weight": ({"options": "weight 50"}, {"weight": 50}),
    "weight of the initial weight": ({"options": "weight 50", "weight": "50%"}, {"weight": 25}),
    "weight 0": ({"options": "weight 0"}, {"weight": 0}),
    "maxconn": ({"options": "maxconn 3"}, {"maxconn": 3}),
    "maxconn twice": ({"options": "maxconn 3", "maxconn": 4}, {"maxconn": 4}),
    "TLS": ({"options": "ssl verify none"}, {"ssl": True}),
    "TLS on": ({"options": "ssl verify none", "ssl": True}, {"ssl": True}),
    "TLS off": ({"ssl": False}, {"ssl": False}),
    "TLS with quotes": ({"options": "ssl verify 'none' sni \"str(a b)\""}, {"ssl": True}),
    "backup": ({"options": "backup"}, {"state": "ready"}),
    "many": ({"options": "backup check inter 100ms weight 7 maxconn 5 ssl verify none", "weight": "9"}, {"weight": 9}),
    "the last of two values": ({"options": "weight 5 weight 6"}, {"weight": 6}),
    "ready": ({"state": "ready"}, {"state": "ready"}),
    "ready and waited for": (
        {"state": "ready", "options": "check inter 100ms", "wait": True, "wait_interval": 0.1},
        {"state": "ready"},
    ),
    "drain": ({"state": "drain", "options": "check"}, {"state": "drain", "health_check": "enabled"}),
    "maint": ({"state": "maint", "options": "check"}, {"state": "maint", "health_check": "enabled"}),
    "disabled": ({"state": "disabled"}, {"state": "maint"}),
}


@pytest.mark.parametrize(("wish", "after"), CREATED.values(), ids=CREATED)
def test_prophecy_of_a_new_server(set_balancer: SetBalancer, wish: dict[str, Any], after: dict[str, Any]) -> None:
    set_balancer.reset()
    port = set_balancer.ports[0]
    whole = {"state": "present", **HERE, **wish}
    if "check" in str(wish.get("options")):
        whole["port"] = port
    if "options" in wish:
        whole["options"] = wish["options"].format(agent=set_balancer.agent.port)
    arguments = task(set_balancer, PLACE, {name: value for name, value in whole.items() if value is not None})
    if cannot(set_balancer):
        error, words = ("FeatureMissing", NEEDS) if whole["state"] == "present" else ("ObjectNotFound", "new1")
        refused(set_balancer, arguments, error, words)
        return
    before = set_balancer.given()
    result = holds(MODULE, arguments, set_balancer.recorders, "servers")
    agrees(set_balancer, result)
    assert is_there(set_balancer) == [True] * len(before)
    (row,) = result["servers"]
    assert row["before"] == {"name": "new1", "backend": "few", "state": "absent"}
    assert has(row["after"], after)
    assert row["processes"] == names_of(set_balancer)
    assert "few/new1 is made at run time: the next reload forgets it" in str(result["warnings"])
    gives_back(set_balancer, result, before)
    assert is_there(set_balancer) == [False] * len(before)


def test_a_new_server_is_checked_before_it_gets_traffic(set_balancer: SetBalancer) -> None:
    set_balancer.reset()
    wish = {"state": "present", **HERE, "options": "check  inter\t200ms"}
    if cannot(set_balancer):
        refused(set_balancer, task(set_balancer, PLACE, wish), "FeatureMissing", NEEDS)
        return
    result = holds(MODULE, task(set_balancer, PLACE, wish), set_balancer.recorders, "servers")
    commands = [
        "add server few/new1 127.0.0.1:8085 check inter 200ms",
        "enable health few/new1",
        "set server few/new1 state ready",
    ]
    assert sent(result) == [commands] * len(set_balancer.recorders)


@pytest.mark.parametrize("state", ["ready", "drain", "maint"])
def test_a_server_that_is_there_keeps_its_state(set_balancer: SetBalancer, state: str) -> None:
    """Its options are not those of a new one; what can be set is."""
    set_balancer.reset()
    for index in range(len(set_balancer.recorders)):
        set_balancer.tell(index, f"set server few/web2 state {state}")
    before = set_balancer.given()
    arguments = task(set_balancer, "few/web2", {"state": "present", "options": "check weight 77"})
    result = holds(MODULE, arguments, set_balancer.recorders, "servers")
    assert not result["changed"]
    assert result["servers"][0]["after"]["state"] == state
    result = holds(MODULE, {**arguments, **HERE, "weight": "5"}, set_balancer.recorders, "servers")
    agrees(set_balancer, result)
    assert has(result["servers"][0]["after"], {"state": state, "port": 8085, "weight": 5})
    gives_back(set_balancer, result, before)


def half(balancer: SetBalancer) -> int:
    """Make the server, in maintenance, on the first half of the processes; how many these are."""
    count = len(balancer.recorders) // 2
    for index in range(count):
        balancer.tell(index, f"add server {PLACE} 127.0.0.1:8085 weight 9")
    return count


def test_a_server_that_only_some_have_is_made_on_the_others(set_balancer: SetBalancer) -> None:
    set_balancer.reset()
    arguments = task(set_balancer, PLACE, {"state": "present", **HERE, "options": "weight 9"})
    if cannot(set_balancer):
        refused(set_balancer, arguments, "FeatureMissing", NEEDS)
        return
    there = half(set_balancer)
    before = set_balancer.given()
    result = holds(MODULE, arguments, set_balancer.recorders, "servers")
    agrees(set_balancer, result)
    names = names_of(set_balancer)
    (row,) = result["servers"]
    assert {line["process"] for line in result["commands"]} == set(names[there:])
    states = [at(row["before"], name)["state"] for name in names]
    assert states == ["maint"] * there + ["absent"] * (len(names) - there)
    assert [at(row["after"], name)["state"] for name in names] == ["maint"] * there + ["ready"] * (len(names) - there)
    gives_back(set_balancer, result, before)
    assert is_there(set_balancer) == [True] * there + [False] * (len(names) - there)


def test_a_server_that_only_some_have_is_deleted(set_balancer: SetBalancer) -> None:
    set_balancer.reset()
    there = 0 if cannot(set_balancer) else half(set_balancer)
    result = holds(MODULE, task(set_balancer, PLACE, {"state": "absent"}), set_balancer.recorders, "servers")
    agrees(set_balancer, result)
    assert sent(result) == [[f"del server {PLACE}"]] * there + [[]] * (len(set_balancer.recorders) - there)
    assert not any(is_there(set_balancer))


@pytest.mark.parametrize("state", ["ready", "drain", "maint"])
def test_prophecy_of_absent(set_balancer: SetBalancer, state: str) -> None:
    """From whatever state; the second time there is nothing to do, and nothing was not found."""
    set_balancer.reset()
    count = len(set_balancer.recorders)
    for index in range(count):
        set_balancer.tell(index, f"add server {PLACE} 127.0.0.1:8085", f"set server {PLACE} state {state}")
    arguments = task(set_balancer, PLACE, {"state": "absent"})
    result = holds(MODULE, arguments, set_balancer.recorders, "servers")
    assert not any(is_there(set_balancer))
    if not cannot(set_balancer):
        maint = [] if state == "maint" else [f"set server {PLACE} state maint"]
        assert sent(result) == [[*maint, f"del server {PLACE}"]] * count
        assert result["servers"][0]["after"] == {"name": "new1", "backend": "few", "state": "absent"}
        assert "is deleted at run time" in str(result["warnings"])
    again = run(MODULE, arguments)
    assert not again["changed"]
    assert "is deleted" not in str(again.get("warnings"))


def test_absent_of_what_the_version_cannot_delete(set_balancer: SetBalancer) -> None:
    """Where it can, the way back is not the server of the configuration, so this one only asks."""
    set_balancer.reset()
    arguments = task(set_balancer, "few/web1", {"state": "absent"})
    if cannot(set_balancer):
        refused(set_balancer, arguments, "FeatureMissing", NEEDS)
        return
    predicted = run(MODULE, arguments, check=True)
    commands = ["set server few/web1 state maint", "del server few/web1"]
    assert sent(predicted) == [commands] * len(set_balancer.recorders)


def test_what_is_fed_back_of_a_deleted_server_makes_it_again(set_balancer: SetBalancer) -> None:
    """With its checks, its role and its weights; what else it had HAProxy does not show."""
    set_balancer.reset()
    if cannot(set_balancer):
        return
    options = "check inter 100ms port 8090 backup weight 7 agent-check agent-port 9 agent-addr 127.0.0.3"
    made = task(set_balancer, "few/again1", {"state": "maint", **HERE, "options": options})
    first = run(MODULE, made)
    assert not first.get("failed"), first["msg"]
    gone = run(MODULE, task(set_balancer, "few/again1", {"state": "absent"}))
    assert not gone.get("failed"), gone["msg"]
    before = [row["before"] for row in gone["servers"]]
    back = holds(MODULE, {"servers": before, "socket": set_balancer.sockets}, set_balancer.recorders, "servers")
    assert [row["after"] for row in back["servers"]] == [row["after"] for row in first["servers"]]
    raw = [set_balancer.fleet.ask(index, "show stat few 4 -1") for index in range(len(set_balancer.recorders))]
    for table in raw:
        header, *lines = table.splitlines()
        (line,) = [line for line in lines if line.startswith("few,again1,")]
        assert dict(zip(header[2:].split(","), line.split(","), strict=False))["bck"] == "1"
    run(MODULE, task(set_balancer, "few/again1", {"state": "absent"}))


def test_many_new_servers_are_made_in_the_order_that_was_predicted(set_balancer: SetBalancer) -> None:
    set_balancer.reset()
    if cannot(set_balancer):
        return
    names = [f"many{number}" for number in range(12, 0, -1)]
    wish = {"name": names, "backend": ["few"], "state": "present", **HERE, "socket": set_balancer.sockets}
    result = holds(MODULE, wish, set_balancer.recorders, "servers")
    added = [line["command"].split()[2] for line in result["commands"] if line["command"].startswith("add server ")]
    assert added == [f"few/{name}" for name in sorted(names)] * len(set_balancer.recorders)
    run(MODULE, {"name": names, "backend": ["few"], "state": "absent", "socket": set_balancer.sockets})


def test_absent_of_a_tracked_server_is_refused(set_balancer: SetBalancer) -> None:
    set_balancer.reset()
    arguments = task(set_balancer, "tracked/leader1", {"state": "absent"})
    refused(set_balancer, arguments, "InputError", "cannot be deleted: tracked/follow1 tracks it")


@pytest.mark.parametrize("drain", [False, True])
def test_a_refused_absent_is_taken_back(set_balancer: SetBalancer, drain: bool) -> None:
    """What a resolver looks up cannot be deleted, and only HAProxy knows."""
    set_balancer.reset()
    place = "set/named1"
    wish = {"state": "absent", "drain": drain, "wait_timeout": 1, "wait_interval": 0.1}
    arguments = task(set_balancer, place, wish)
    if cannot(set_balancer):
        refused(set_balancer, arguments, "FeatureMissing", NEEDS)
        return
    for index in range(len(set_balancer.recorders)):
        set_balancer.tell(index, f"set server {place} state {'ready' if index % 2 else 'drain'}")
    before = [truth["set", "named1"]["state"] for truth in set_balancer.given()]
    failure = run(MODULE, arguments)
    assert failure.get("failed"), failure
    assert failure["changed"]
    assert "cannot be removed at runtime due to other configuration elements pointing to it" in failure["msg"]
    assert failure["msg"].endswith("the former state was restored")
    back = [(line["process"], line["command"]) for line in failure["also_done"]]
    assert back == [
        (name, f"set server {place} state {state}") for name, state in zip(names_of(set_balancer), before, strict=True)
    ]
    refusals = [(line["process"], line["command"]) for line in failure["refused"]]
    assert refusals == [(name, f"del server {place}") for name in names_of(set_balancer)]
    assert [truth["set", "named1"]["state"] for truth in set_balancer.given()] == before


def test_names_with_globs(set_balancer: SetBalancer) -> None:
    """They mean what is there: nothing is made for one, and many are deleted for one."""
    set_balancer.reset()
    count = len(set_balancer.recorders)
    present = {"backend": ["few"], "state": "present", **HERE, "socket": set_balancer.sockets}
    refused(set_balancer, {**present, "name": ["new*"]}, "ObjectNotFound", "new*")
    result = holds(MODULE, {**present, "name": ["web[12]"]}, set_balancer.recorders, "servers")
    assert [row["name"] for row in result["servers"]] == ["web1", "web2"]
    absent = {"name": ["new*"], "backend": ["f*"], "state": "absent", "socket": set_balancer.sockets}
    if cannot(set_balancer):
        assert not holds(MODULE, absent, set_balancer.recorders, "servers")["changed"]
        return
    several = {**present, "name": ["new1", "new2", "web1"], "backend": ["f?w", "all"]}
    result = holds(MODULE, several, set_balancer.recorders, "servers")
    agrees(set_balancer, result)
    made = [f"{backend}/{name}" for backend in ("all", "few") for name in ("new1", "new2", "web1")]
    assert [f"{row['backend']}/{row['name']}" for row in result["servers"]] == made
    assert all(is_there(set_balancer, place) == [True] * count for place in made)
    predicted = run(MODULE, absent, check=True)
    result = run(MODULE, absent)
    assert told(predicted, "servers") == told(result, "servers")
    assert [row["name"] for row in result["servers"]] == ["new1", "new2"]
    assert not run(MODULE, absent)["changed"], "a glob that matches nothing any more is no failure"
    assert not any(is_there(set_balancer, "few/new1") + is_there(set_balancer, "few/new2"))
    assert is_there(set_balancer, "all/new1") == is_there(set_balancer, "few/web1") == [True] * count


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "no address": ({"address": None}, "InputError", "few/new1 does not exist, and to create it its address is needed"),
    "a quote that is never closed": ({"options": "check 'inter"}, "InputError", "No closing quotation"),
    "no address in the options": ({"options": "check addr localhost"}, "InputError", "'localhost' is no IPv4 or IPv6"),
    "a setting for a check that it has not": ({"check_port": 80}, "InputError", "no health check is configured"),
    "a name instead of an address": (
        {"address": None, "fqdn": "a.example.test"},
        "InputError",
        "its address is needed",
    ),
    "TLS against its options": (
        {"options": "ssl verify none", "ssl": False},
        "InputError",
        "a server is created with it or without",
    ),
    "unknown backend": ({"backend": ["fwe"]}, "ObjectNotFound", "fwe"),
    "no backend": ({"backend": None}, "ObjectNotFound", "new1"),
}


@pytest.mark.parametrize(("change", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_made_is_refused(
    set_balancer: SetBalancer, change: dict[str, Any], error: str, words: str
) -> None:
    set_balancer.reset()
    wish = {**task(set_balancer, PLACE, {"state": "present", **HERE}), **change}
    arguments = {name: value for name, value in wish.items() if value is not None}
    refused(set_balancer, arguments, error, words)


# Options, backend, HAProxy's words.
WORDS: dict[str, tuple[str, str, str]] = {
    "unknown keyword": ("check bogus", "few", "unknown keyword 'bogus'"),
    "not for new servers": ("init-addr none", "few", "'init-addr' option is not accepted for dynamic server"),
    "agent without a port": ("agent-check", "few", "does not have agent port"),
    "no CA": ("ssl", "few", "verify is enabled by default but no CA file specified"),
    "static backend": ("", "hash", "dynamic load balancing"),
}


@pytest.mark.parametrize(("options", "backend", "words"), WORDS.values(), ids=WORDS)
def test_what_haproxy_does_not_make_is_told_in_its_words(
    set_balancer: SetBalancer, options: str, backend: str, words: str
) -> None:
    set_balancer.reset()
    arguments = task(set_balancer, f"{backend}/new1", {"state": "present", **HERE, "options": options})
    if cannot(set_balancer):
        refused(set_balancer, arguments, "FeatureMissing", NEEDS)
        return
    failure = run(MODULE, arguments)
    assert (failure.get("error"), failure["changed"]) == ("CommandRefused", False), failure["msg"]
    # 3.4 says of a static backend that it is "a non dynamic load balancing method".
    assert words in failure["msg"]
    command = f"add server {backend}/new1 127.0.0.1:8085 {options}".strip()
    refusals = [(line["process"], line["command"]) for line in failure["refused"]]
    assert refusals == [(name, command) for name in names_of(set_balancer)]
    assert not any(is_there(set_balancer, f"{backend}/new1"))


# Idle connections ----------------------------------------------------------------------------------------------------


@pytest.fixture(params=[each for each in versions() if each.name != "2.2"], ids=lambda each: f"haproxy={each}")
def pooling(request: pytest.FixtureRequest, apps: Apps) -> Iterator[tuple[Fleet, int]]:
    """A fleet whose frontend keeps idle connections to servers, and the frontend's port."""
    version: Version = request.param
    port = free_port()
    body = settings_body(apps.ports, agent_port=free_port(), check_port=apps.ports[0], binds=bind_lines(port))
    with one(version, body) as fleet:
        yield fleet, port


def _idle(fleet: Fleet) -> int:
    """How many idle connections HAProxy keeps to the new server."""
    lines = fleet.ask(0, "show servers conn few").strip("\n").splitlines()
    names = [name.partition("[")[0] for name in lines[0].removeprefix("# ").split()]
    rows = [dict(zip(names, line.split(), strict=False)) for line in lines[1:]]
    return next(int(row["idle_cur"]) for row in rows if row["bkname/svname"] == PLACE)


def test_absent_of_a_server_with_idle_connections(pooling: tuple[Fleet, int], apps: Apps) -> None:
    """Maintenance closes them. 2.6 pools for a new server only where it says so."""
    fleet, port = pooling
    place = {"name": ["new1"], "backend": ["few"], "socket": fleet.sockets, "wait_interval": 0.2}
    made = run(MODULE, {**place, "state": "present", "address": "127.0.0.1", "port": apps.ports[1], "options": POOL})
    assert made["changed"], made
    for name in ("web1", "web2", "web3", "web4"):
        fleet.ask(0, f"set server few/{name} state maint")
    with connect(f"127.0.0.1:{port}") as client:
        client.sendall(b"GET /few HTTP/1.1\r\nHost: lab\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        wait_until(lambda: _idle(fleet) == 1, SLACK, lambda: fleet.ask(0, "show servers conn few"))
        result: Result = run(MODULE, {**place, "state": "absent", "wait_timeout": SLACK})
    assert not result.get("failed"), result["msg"]
    assert [line["command"] for line in result["commands"]] == [
        f"set server {PLACE} state maint",
        f"del server {PLACE}",
    ]
    assert f" {PLACE.partition('/')[2]} " not in fleet.ask(0, "show servers state few")


def test_absent_is_repeated_while_connections_are_attached(pooling: tuple[Fleet, int]) -> None:
    """HAProxy's refusal is a captured one, said twice: when it says so by itself depends on the moment."""
    fleet, _port = pooling
    refusals = [b"\n[3]: Server still has connections attached to it, cannot remove it.\n\n"] * 2

    def refuse(request: bytes) -> bytes | None:
        return refusals.pop() if b"del server" in request and refusals else None

    fleet.ask(0, f"add server {PLACE} 127.0.0.1:8085")
    with Recorder(fleet.sockets[0], swallow=refuse) as recorder:
        place = {"name": ["new1"], "backend": ["few"], "socket": [recorder.path], "wait_interval": 0.1}
        result = run(MODULE, {**place, "state": "absent", "wait_timeout": SLACK})
        assert not result.get("failed"), result["msg"]
        deleted = [{"process": recorder.path, "command": f"del server {PLACE}"}]
        assert result["commands"] == deleted
        assert result["also_done"] == deleted * 2
        assert recorder.writes() == [f"del server {PLACE}"] * 3
    assert f" {PLACE.partition('/')[2]} " not in fleet.ask(0, "show servers state few")
