# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What haproxy_server gives a server beside its state and weight: the law, for one setting, for two, for random ones."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lab.oracle import Key
from lab.processes import wait_until
from lab.prophecy import holds, sent, told
from lab.sharing import is_long
from lab.tasks import Result, run
from lab.versions import versions

from .conftest import NAMED, Given, SetBalancer

MODULE = "haproxy_server"
# Seconds for what HAProxy does by itself, on a machine that does other things too.
SLACK = 15.0
# What a version cannot do, and the sentence that says so.
MISSING = {
    ("2.2", "ssl"): "changing the ssl of a server needs HAProxy 2.4, process",
    ("2.2", "check_address"): "changing the check_address of a server needs HAProxy 2.4, process",
    ("2.2", "agent_port"): "changing the agent_port of a server needs HAProxy 2.4, process",
    (
        "3.4",
        "check_address",
    ): "changing the check_address of a server does not work with HAProxy 3.4.0 to 3.4.7, process",
}
# What can be said and not be read.
DEEDS = {("2.2", "check_port"), ("2.2", "agent_address")}


def task(balancer: SetBalancer, place: str, wish: dict[str, Any]) -> dict[str, Any]:
    """The task that wishes this of ``backend/server``."""
    backend, name = place.split("/")
    return {"name": [name], "backend": [backend], **wish, "socket": balancer.sockets}


def names_of(balancer: SetBalancer) -> list[str]:
    """The names of the processes, as results have them."""
    return balancer.recorders.sockets


def agrees(balancer: SetBalancer, result: Result, key: str = "after") -> None:
    """What the result says of each server is what every process says."""
    truths = dict(zip((process["name"] for process in result["processes"]), balancer.given(), strict=True))
    for row in result["servers"]:
        for name, truth in truths.items():
            own = truth.get((row["backend"], row["name"]), {"state": "absent"})
            for option, value in at(row[key], name).items():
                assert (option, own[option]) == (option, value)


def at(item: dict[str, Any], process: str) -> dict[str, Any]:
    """What an item of a result says of one process, its names left out."""
    alike = {option: {process: value} if not isinstance(value, dict) else value for option, value in item.items()}
    return {
        option: values[process]
        for option, values in alike.items()
        if option not in ("name", "backend") and process in values
    }


def has(item: dict[str, Any], wish: dict[str, Any]) -> bool:
    """Whether an item of a result (or what it says of one process) has what was wished, numbers as text or not."""
    return {option: str(item.get(option)) for option in wish} == {option: str(value) for option, value in wish.items()}


def gives_back(balancer: SetBalancer, result: Result, before: list[dict[Key, Given]]) -> None:
    """What a result says of before can be fed back as it is, and then everything is as it was."""
    items = [row["before"] for row in result["servers"]]
    back = holds(MODULE, {"servers": items, "socket": balancer.sockets}, balancer.recorders, "servers")
    assert [row["before"] for row in back["servers"]] == [
        {**item, **{option: row["before"][option] for option in row["before"].keys() - item.keys()}}
        for item, row in zip([row["after"] for row in result["servers"]], back["servers"], strict=True)
    ]
    for row, item in zip(back["servers"], items, strict=True):
        assert row["after"] == {**row["after"], **item}
    assert settled(balancer.given()) == settled(before)


def settled(truths: list[dict[Key, Given]]) -> list[dict[Key, Given]]:
    """What is said to servers, without what they become by checks."""
    return [
        {key: {name: value for name, value in own.items() if name != "health_status"} for key, own in truth.items()}
        for truth in truths
    ]


def refused(balancer: SetBalancer, arguments: dict[str, Any], error: str, words: str) -> Result:
    """Check mode and a run fail alike, and nothing is sent."""
    before = balancer.given()
    for check in (True, False):
        balancer.recorders.clear()
        failure = run(MODULE, arguments, check=check)
        assert failure.get("failed"), failure
        assert (failure["error"], failure["changed"]) == (error, False), failure["msg"]
        assert words in failure["msg"]
        assert failure["done"] == failure["refused"] == failure["unconfirmed"] == failure.get("also_done", []) == []
        assert balancer.recorders.writes() == [[]] * len(balancer.recorders)
    assert settled(balancer.given()) == settled(before)
    return failure


def is_done(balancer: SetBalancer, arguments: dict[str, Any], deeds: list[str]) -> Result:
    """The law of a deed: check mode predicts it, every run does it and is changed, and tells that nothing proves it."""
    balancer.recorders.clear()
    predicted = run(MODULE, arguments, check=True)
    assert balancer.recorders.writes() == [[]] * len(balancer.recorders), "check mode wrote"
    for _time in range(2):
        applied = run(MODULE, arguments)
        assert told(predicted, "servers") == told(applied, "servers")
        assert balancer.recorders.writes() == sent(applied) == [deeds] * len(balancer.recorders)
        assert applied["changed"]
        assert applied["unconfirmed"] == applied["commands"]
        balancer.recorders.clear()
    return applied


def disagree(balancer: SetBalancer, place: str) -> None:
    """Give the processes beside the first other values than it has; a server with a name keeps its address."""
    address = "" if tuple(place.split("/")) in NAMED else f"set server {place} addr 127.0.0.33 port 3333"
    apart = (
        (f"set server {place} weight 3", f"set maxconn server {place} 4"),
        (f"set server {place} state drain", address),
        (f"set server {place} weight 5", f"set maxconn server {place} 6", address.replace("33", "44")),
    )
    for index, commands in zip(range(1, len(balancer.recorders)), apart, strict=False):
        balancer.tell(index, *filter(None, commands))


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "IPv4 address": ("set/plain1", {"address": "127.0.0.2"}),
    "IPv6 address": ("set/plain1", {"address": "::1"}),
    "IPv6 address, written in another way": ("set/v6", {"address": "0:0:0:0:0:0:0:1"}),
    "IPv6 address in capitals": ("set/v6", {"address": "FE80::00AB"}),
    "the same address again": ("set/plain1", {"address": "127.0.0.1"}),
    "address of a checked server": ("set/checked1", {"address": "127.0.0.2"}),
    "address of a server with an agent": ("set/agented1", {"address": "127.0.0.2"}),
    "address of a server with TLS": ("set/tls1", {"address": "127.0.0.2"}),
    "address, static algorithm": ("hash/hash1", {"address": "127.0.0.2"}),
    "address of a server with a name": ("set/libc1", {"address": "127.0.0.2"}),
    "port": ("set/plain1", {"port": 8081}),
    "port 0": ("set/plain1", {"port": 0}),
    "port 65535": ("set/v6", {"port": 65535}),
    "port of a server with a name": ("set/named1", {"port": 8081}),
    "address and port": ("set/plain1", {"address": "127.0.0.2", "port": 8081}),
    "name": ("set/named1", {"fqdn": "b.example.test"}),
    "the same name in other letters": ("set/named1", {"fqdn": "A.Example.TEST"}),
    "TLS off": ("set/tls1", {"ssl": False}),
    "TLS on": ("set/tlsable1", {"ssl": True}),
    "TLS off where it is off": ("set/tlsable1", {"ssl": False}),
    "maxconn": ("set/capped1", {"maxconn": 9}),
    "maxconn where there was none": ("set/plain1", {"maxconn": 3}),
    "maxconn 0": ("set/capped1", {"maxconn": 0}),
    "the highest maxconn": ("set/capped1", {"maxconn": 2**31 - 1}),
    "check_address": ("set/checkat1", {"check_address": "127.0.0.8"}),
    "check_address, IPv6": ("set/checkat1", {"check_address": "0::1"}),
    "check_port": ("set/checkat1", {"check_port": 8099}),
    "check_port where there was none": ("set/checked1", {"check_port": 8099}),
    "check_port 0": ("set/checkat1", {"check_port": 0}),
    "agent_address": ("set/agented1", {"agent_address": "127.0.0.3"}),
    "agent_port": ("set/agented1", {"agent_port": 9998}),
    "agent_port 0": ("set/agented1", {"agent_port": 0}),
    "health_check disabled": ("set/checked1", {"health_check": "disabled"}),
    "health_check enabled": ("set/checked1", {"health_check": "enabled"}),
    "health_check disabled where there is none": ("set/plain1", {"health_check": "disabled"}),
    "agent_check disabled": ("set/agented1", {"agent_check": "disabled"}),
    "agent_check enabled": ("set/agented1", {"agent_check": "enabled"}),
    "agent_check disabled where there is none": ("set/plain1", {"agent_check": "disabled"}),
    "both checks with maint": ("set/agented1", {"state": "maint", "health": True, "agent": True}),
    "both checks with ready": ("set/agented1", {"state": "ready", "health": True, "agent": True}),
    "both checks with maint, where there are none": ("set/plain1", {"state": "maint", "health": True, "agent": True}),
    "health_status up": ("set/plain1", {"health_status": "up"}),
    "health_status stopping": ("set/plain1", {"health_status": "stopping"}),
    "health_status down": ("set/plain1", {"health_status": "down"}),
    "health_status down and ready": ("set/plain1", {"health_status": "down", "state": "ready"}),
    "health_status down and drain": ("set/plain1", {"health_status": "down", "state": "drain"}),
    "many servers": ("few/*", {"port": 81, "maxconn": 5, "weight": "7"}),
}


def lacks(balancer: SetBalancer, wish: dict[str, Any]) -> str | None:
    """The sentence for what this version cannot do of a wish."""
    name = balancer.fleet.version.name
    return next((MISSING[name, option] for option in wish if (name, option) in MISSING), None)


@pytest.mark.parametrize(("place", "wish"), CASES.values(), ids=CASES)
def test_prophecy_of_a_setting(set_balancer: SetBalancer, place: str, wish: dict[str, Any]) -> None:
    set_balancer.reset()
    disagree(set_balancer, place)
    before = set_balancer.given()
    arguments = task(set_balancer, place, wish)
    sentence = lacks(set_balancer, wish)
    ((option, value), *_others) = wish.items()
    if sentence:
        assert sentence in refused(set_balancer, arguments, "FeatureMissing", sentence)["msg"]
    elif (set_balancer.fleet.version.name, option) in DEEDS:
        word = option.replace("_address", "-addr").replace("_", "-")
        is_done(set_balancer, arguments, [f"set server {place} {word} {value}"])
    else:
        result = holds(MODULE, arguments, set_balancer.recorders, "servers")
        agrees(set_balancer, result)
        assert result["servers"][0]["after"].keys() >= wish.keys() - {"health", "agent", "health_check", "agent_check"}
        gives_back(set_balancer, result, before)


def test_address_and_port_are_one_command(set_balancer: SetBalancer) -> None:
    set_balancer.reset()
    wish: dict[str, Any] = {"address": "127.0.0.2", "port": 8081}
    result = holds(MODULE, task(set_balancer, "set/plain1", wish), set_balancer.recorders, "servers")
    assert sent(result) == [["set server set/plain1 addr 127.0.0.2 port 8081"]] * len(set_balancer.recorders)
    for wish in ({"port": 8082}, {"address": "127.0.0.3"}):
        result = holds(MODULE, task(set_balancer, "set/plain1", wish), set_balancer.recorders, "servers")
        assert [len(commands) for commands in sent(result)] == [1] * len(set_balancer.recorders)
    assert has(result["servers"][0]["after"], {"address": "127.0.0.3", "port": 8082})


def test_a_check_address_where_none_was(set_balancer: SetBalancer) -> None:
    """HAProxy cannot take it away again."""
    set_balancer.reset()
    wish = {"check_address": "127.0.0.1"}
    arguments = task(set_balancer, "set/checked1", wish)
    sentence = lacks(set_balancer, wish)
    if sentence:
        refused(set_balancer, arguments, "FeatureMissing", sentence)
        return
    result = holds(MODULE, arguments, set_balancer.recorders, "servers")
    (row,) = result["servers"]
    assert row["after"]["check_address"] == "127.0.0.1"


def test_another_address_of_a_server_with_a_name_is_warned_about(set_balancer: SetBalancer) -> None:
    set_balancer.reset()
    for place, warned in (("set/libc1", True), ("set/plain1", False)):
        result = run(MODULE, task(set_balancer, place, {"address": "127.0.0.2"}), check=True)
        assert ("has a host name" in str(result.get("warnings"))) == warned


def test_a_server_that_comes_back_is_said_to_be_down(set_balancer: SetBalancer) -> None:
    """Maintenance ends what was said of its health, so that is said afterwards."""
    set_balancer.reset()
    for index in range(len(set_balancer.recorders)):
        set_balancer.tell(index, "set server set/plain1 state maint")
    wish = {"state": "ready", "health_status": "down", "weight": "9"}
    result = holds(MODULE, task(set_balancer, "set/plain1", wish), set_balancer.recorders, "servers")
    agrees(set_balancer, result)
    words = ("weight 9", "state ready", "health down")
    assert sent(result) == [[f"set server set/plain1 {word}" for word in words]] * len(set_balancer.recorders)


# Deeds ---------------------------------------------------------------------------------------------------------------

ALWAYS: dict[str, tuple[str, dict[str, Any], str]] = {
    "agent_send": ("set/agented1", {"agent_send": "hello"}, "set server set/agented1 agent-send hello"),
    "agent_send with blanks": ("all/all1", {"agent_send": "a b;c\\"}, "set server all/all1 agent-send a\\ b\\;c\\\\"),
    "health_status up": ("set/checked1", {"health_status": "up"}, "set server set/checked1 health up"),
    "health_status stopping": (
        "set/agented1",
        {"health_status": "stopping"},
        "set server set/agented1 health stopping",
    ),
    "health_status down": ("set/checked1", {"health_status": "down"}, "set server set/checked1 health down"),
    "agent_status up": ("set/agented1", {"agent_status": "up"}, "set server set/agented1 agent up"),
    "agent_status down": ("set/agented1", {"agent_status": "down"}, "set server set/agented1 agent down"),
}


@pytest.mark.parametrize(("place", "wish", "command"), ALWAYS.values(), ids=ALWAYS)
def test_a_deed_is_done_each_time(set_balancer: SetBalancer, place: str, wish: dict[str, Any], command: str) -> None:
    set_balancer.reset()
    disagree(set_balancer, place)
    is_done(set_balancer, task(set_balancer, place, wish), [command])


def test_the_agent_hears_what_is_sent(set_balancer: SetBalancer) -> None:
    set_balancer.reset()
    set_balancer.agent.heard.clear()
    text = 'a b;c\\ "d"'
    run(MODULE, task(set_balancer, "set/agented1", {"agent_send": text}))
    wait_until(lambda: text.encode() in set_balancer.agent.heard, SLACK, lambda: f"heard {set_balancer.agent.heard}")


def test_a_deed_beside_what_can_be_read(set_balancer: SetBalancer) -> None:
    """Only the deed is unconfirmed, and the second run only does the deed."""
    set_balancer.reset()
    arguments = task(set_balancer, "set/agented1", {"agent_send": "hello", "maxconn": 5})
    predicted = run(MODULE, arguments, check=True)
    applied = run(MODULE, arguments)
    assert told(predicted, "servers") == told(applied, "servers")
    deed, other = "set server set/agented1 agent-send hello", "set maxconn server set/agented1 5"
    assert [sorted(commands) for commands in sent(applied)] == [sorted([other, deed])] * len(set_balancer.recorders)
    assert [line["command"] for line in applied["unconfirmed"]] == [deed] * len(set_balancer.recorders)
    assert sent(run(MODULE, arguments)) == [[deed]] * len(set_balancer.recorders)


def test_a_deed_is_done_once_where_min_up_is_looked_after(set_balancer: SetBalancer) -> None:
    """A server that leaves is looked after in between; what was said to it before is not said again."""
    set_balancer.reset()
    set_balancer.recorders.clear()
    wish = {"agent_send": "hello", "state": "drain", "min_up": "1"}
    applied = run(MODULE, task(set_balancer, "set/agented1", wish))
    commands = [f"set server set/agented1 {words}" for words in ("agent-send hello", "state drain")]
    assert set_balancer.recorders.writes() == sent(applied) == [commands] * len(set_balancer.recorders)
    assert [line["command"] for line in applied["unconfirmed"]] == commands[:1] * len(set_balancer.recorders)


# Two settings --------------------------------------------------------------------------------------------------------

# Of a server with checks; of one without; of one with a name.
COMMON: dict[str, Any] = {"state": "drain", "weight": "7", "port": 8081, "ssl": False, "maxconn": 5}
CHECKS: dict[str, Any] = {
    "check_address": "127.0.0.5",
    "check_port": 8099,
    "agent_address": "127.0.0.6",
    "agent_port": 9998,
    "health_check": "disabled",
    "agent_check": "disabled",
}
TOGETHER: dict[str, tuple[str, dict[str, Any]]] = {
    "checked": ("all/all1", {**COMMON, **CHECKS, "address": "127.0.0.2"}),
    "checked, in maintenance": ("all/all1", {**COMMON, **CHECKS, "address": "127.0.0.2", "state": "maint"}),
    "unchecked": ("set/tls1", {**COMMON, "address": "127.0.0.2", "health_status": "stopping"}),
    "named": (
        "all/all2",
        {**{name: COMMON[name] for name in COMMON if name != "ssl"}, **CHECKS, "fqdn": "b.example.test"},
    ),
}


@pytest.mark.parametrize(("place", "options"), TOGETHER.values(), ids=TOGETHER)
def test_prophecy_of_every_two_settings(set_balancer: SetBalancer, place: str, options: dict[str, Any]) -> None:

    def begin() -> None:
        set_balancer.reset()
        disagree(set_balancer, place)
        # Another name is no other address here: a port is said with the address, which the resolver changes by itself.
        set_balancer.resolver.addresses["b.example.test"] = "127.0.0.1"

    begin()
    version = set_balancer.fleet.version.name
    able = [option for option in options if not {(version, option)} & (MISSING.keys() | DEEDS)]
    before = set_balancer.given()
    wrong = {}
    maint = options["state"] == "maint"  # without it the pairs are those of the same server in another state
    pairs = [pair for pair in combinations(able, 2) if "state" in pair or not maint]
    # By day the layouts share them out: so many that each pair meets two or three.
    turn = versions().index(set_balancer.fleet.version) + len(set_balancer.recorders)
    for pair in pairs if is_long() else pairs[turn % 2 :: 2]:
        wish = {option: options[option] for option in pair}
        try:
            result = holds(MODULE, task(set_balancer, place, wish), set_balancer.recorders, "servers")
            agrees(set_balancer, result)
            assert has(result["servers"][0]["after"], wish)
            gives_back(set_balancer, result, before)
        except AssertionError as error:  # all pairs that do not hold are told together
            wrong[pair] = str(error)[:300]
            begin()
    assert not wrong, "\n".join(f"{' and '.join(pair)}: {words}" for pair, words in wrong.items())


# Processes that disagree ---------------------------------------------------------------------------------------------

APART: dict[str, tuple[str, str, tuple[Any, ...]]] = {
    "address": ("set/plain1", "set server {} addr {}", ("127.0.0.3", "::1", "127.0.0.2", "127.0.0.4")),
    "port": ("set/v6", "set server {} addr ::1 port {}", (80, 81, 82, 0)),
    "fqdn": ("set/named1", "set server {} fqdn {}", tuple(f"{name}.example.test" for name in "acbd")),
    "ssl": ("set/tls1", "set server {} ssl {}", (True, False, False, True)),
    "maxconn": ("set/capped1", "set maxconn server {} {}", (7, 8, 9, 0)),
    "weight": ("few/web1", "set server {} weight {}", (7, 8, 9, 0)),
    "check_address": ("set/checkat1", "set server {} check-addr {}", tuple(f"127.0.0.{last}" for last in range(3, 7))),
    "check_port": ("set/checkat1", "set server {} check-port {}", (7, 8, 9, 0)),
    "agent_address": ("set/agented1", "set server {} agent-addr {}", tuple(f"127.0.0.{last}" for last in range(3, 7))),
    "agent_port": ("set/agented1", "set server {} agent-port {}", (7, 8, 9, 0)),
    "health_check": ("set/checked1", "{1} health {0}", ("enabled", "disabled", "disabled", "enabled")),
    "agent_check": ("set/agented1", "{1} agent {0}", ("enabled", "disabled", "disabled", "enabled")),
    "health_status": ("set/plain1", "set server {} health {}", ("up", "stopping", "down", "up")),
}


def _said(value: Any) -> str:
    """A value in a raw command."""
    words = {"True": "on", "False": "off", "enabled": "enable", "disabled": "disable"}
    return words.get(str(value), str(value))


@pytest.mark.parametrize("option", APART)
def test_processes_that_disagree_converge(set_balancer: SetBalancer, option: str) -> None:
    """Only the processes that deviate get a command, and what was before brings each back to its own."""
    set_balancer.reset()
    place, command, values = APART[option]
    names = names_of(set_balancer)
    version = set_balancer.fleet.version.name
    set_balancer.resolver.addresses.update({f"{name}.example.test": "127.0.0.1" for name in "abcd"})
    here = values[: len(names)]
    for index, value in enumerate(here):
        set_balancer.tell(index, command.format(place, _said(value)))
    arguments = task(set_balancer, place, {option: str(values[2])})
    if (version, option) in MISSING:
        refused(set_balancer, arguments, "FeatureMissing", MISSING[version, option])
        return
    if (version, option) in DEEDS:
        result = run(MODULE, arguments)
        assert [len(commands) for commands in sent(result)] == [1] * len(names), "what cannot be read is always said"
        return
    before = set_balancer.given()
    result = holds(MODULE, arguments, set_balancer.recorders, "servers")
    agrees(set_balancer, result, "after")
    (row,) = result["servers"]
    found = dict(zip(names, here, strict=True))
    assert [at(row["before"], name)[option] for name in names] == list(here)
    assert {at(row["after"], name)[option] for name in names} == {values[2]}
    assert row["before"][option] == (found if len(names) > 1 else here[0])
    deviating = [name for name in names if found[name] != values[2]]
    assert [line["process"] for line in result["commands"]] == deviating
    gives_back(set_balancer, result, before)


def test_a_value_for_each_process(set_balancer: SetBalancer) -> None:
    set_balancer.reset()
    names = names_of(set_balancer)
    before = set_balancer.given()
    item = {"name": "plain1", "backend": "set", "maxconn": {name: 3 + number for number, name in enumerate(names)}}
    arguments = {"servers": [item], "port": 8085, "socket": set_balancer.sockets}
    result = holds(MODULE, arguments, set_balancer.recorders, "servers")
    agrees(set_balancer, result)
    assert [at(result["servers"][0]["after"], name)["maxconn"] for name in names] == list(range(3, 3 + len(names)))
    assert {at(result["servers"][0]["after"], name)["port"] for name in names} == {8085}
    gives_back(set_balancer, result, before)
    strange = {**item, "maxconn": {"/no/such.sock": 3}}
    refused(set_balancer, {**arguments, "servers": [strange]}, "InputError", "/no/such.sock")


# Refusals ------------------------------------------------------------------------------------------------------------

NO_ADDRESSES = (
    *("127.0.0.300", "localhost", "", " ", "[::1]", "::1::", "127.1", "127.0.0.1:80", "unix@/x", "fe80::1%lo"),
    *("127.0.0.1\n", "127.0.0.1 port 80", "127.0.0.1;show info", "*", "٣.0.0.1", "017.0.0.1"),
)
NO_NAMES = (
    "",
    " ",
    "a b",
    "a;b",
    "a..b",
    ".a",
    "a.",
    "-a",
    "a-",
    "x" * 64,
    "a." * 130 + "a",
    "é.test",
    "a\n",
    "*.test",
)
REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "health_check where there is none": ("set/plain1", {"health_check": "enabled"}, "no health check is configured"),
    "check_port where there is no check": ("set/plain1", {"check_port": 80}, "no health check is configured"),
    "check_address where there is no check": ("set/plain1", {"check_address": "::1"}, "no health check is configured"),
    "agent_check where there is none": ("set/checked1", {"agent_check": "enabled"}, "no agent check is configured"),
    "agent_address without agent": ("set/checked1", {"agent_address": "::1"}, "no agent check is configured"),
    "agent_port without agent": ("set/checked1", {"agent_port": 80}, "no agent check is configured"),
    "agent_send without agent": ("set/checked1", {"agent_send": "x"}, "no agent check is configured"),
    "agent_status without agent": ("set/checked1", {"agent_status": "up"}, "no agent check is configured"),
    "agent_status of a disabled agent": (
        "set/agented1",
        {"agent_check": "disabled", "agent_status": "up"},
        "its agent check is disabled",
    ),
    "agent_send of nothing": ("set/agented1", {"agent_send": ""}, "agent_send: an empty text"),
    "agent_send of two lines": ("set/agented1", {"agent_send": "a\nb"}, "agent_send: "),
    **{
        f"{option} {number}": ("all/all1", {option: number}, f"{option} is {number}; it takes whole numbers from 0 to")
        for option in ("port", "check_port", "agent_port")
        for number in (65536, -1)
    },
    "maxconn -1": ("set/plain1", {"maxconn": -1}, "maxconn is -1"),
    "maxconn beyond HAProxy's": ("set/plain1", {"maxconn": 2**31}, "maxconn is 2147483648"),
    "address of a UNIX socket": ("set/unix1", {"address": "127.0.0.1"}, "has no IP address"),
    "port of a UNIX socket": ("set/unix1", {"port": 80}, "has no IP address"),
    "a name for a server that has none": ("set/plain1", {"fqdn": "a.example.test"}, "not configured with a host name"),
    "address and name": ("set/named1", {"address": "127.0.0.1", "fqdn": "a.example.test"}, "exclude each other"),
    "health_status of a server that tracks": ("tracked/follow1", {"health_status": "up"}, "it tracks tracked/leader1"),
    "one server twice": ("set/plain1", {"servers": [{"name": ["plain1", "p*"], "port": 1}, {"name": "plain1"}]}, "two"),
    "one of many that cannot": ("set/*", {"check_port": 80}, "no health check is configured"),
}


@pytest.mark.parametrize(("place", "wish", "words"), REFUSED.values(), ids=REFUSED)
def test_what_a_server_cannot_be_given_is_refused(
    set_balancer: SetBalancer, place: str, wish: dict[str, Any], words: str
) -> None:
    set_balancer.reset()
    arguments = task(set_balancer, place, wish)
    if "servers" in wish:
        del arguments["name"]
    refused(set_balancer, arguments, "InputError", words)


@pytest.mark.parametrize("option", ["port", "maxconn", "check_port", "agent_port"])
@pytest.mark.parametrize("value", [True, False])
def test_a_bool_is_no_number(set_balancer: SetBalancer, option: str, value: bool) -> None:
    refused(set_balancer, task(set_balancer, "all/all1", {option: value}), "InputError", "it takes whole numbers")


def test_what_is_no_address_or_name_is_refused(set_balancer: SetBalancer) -> None:
    set_balancer.reset()
    for option in ("address", "check_address", "agent_address"):
        for text in NO_ADDRESSES:
            arguments = task(set_balancer, "all/all1", {option: text})
            refused(set_balancer, arguments, "InputError", f"{option} {text!r} is no IPv4 or IPv6 address")
    for text in NO_NAMES:
        refused(
            set_balancer, task(set_balancer, "set/named1", {"fqdn": text}), "InputError", f"fqdn {text!r} is no host"
        )


def test_what_haproxy_refuses_is_told_in_its_words(set_balancer: SetBalancer) -> None:
    """Whether a server has TLS at all cannot be read, so that nobody can refuse this beforehand."""
    set_balancer.reset()
    arguments = task(set_balancer, "set/plain1", {"ssl": True})
    if set_balancer.fleet.version.name == "2.2":
        refused(set_balancer, arguments, "FeatureMissing", MISSING["2.2", "ssl"])
        return
    failure = run(MODULE, arguments)
    assert (failure["error"], failure["changed"]) == ("CommandRefused", False)
    assert "default-server should define ssl settings" in failure["msg"]
    refusals = [(line["process"], line["command"]) for line in failure["refused"]]
    assert refusals == [(name, "set server set/plain1 ssl on") for name in names_of(set_balancer)]


# Agents --------------------------------------------------------------------------------------------------------------

AGENTED: Key = ("set", "agented1")


def says(balancer: SetBalancer, words: str, option: str, value: Any) -> None:
    """Let the agent say this until every process has heard it, which it shows by the value of an option."""
    balancer.agent.says = words
    wait_until(
        lambda: all(truth[AGENTED][option] == value for truth in balancer.given()),
        SLACK,
        lambda: f"nobody heeds {words!r}: {[truth[AGENTED] for truth in balancer.given()]}",
    )


@pytest.mark.parametrize("word", ["drain", "maint"])
def test_ready_that_the_agent_undoes_fails_while_it_is_waited_for(set_balancer: SetBalancer, word: str) -> None:
    set_balancer.reset()
    says(set_balancer, word, "state", word)
    arguments = task(set_balancer, "set/agented1", {"state": "ready", "wait": True, "wait_interval": 1.0})
    failure = run(MODULE, arguments)
    assert (failure.get("error"), failure["changed"]) == ("NotConverged", True), failure
    assert f"state of set/agented1 is {word}, not ready" in failure["msg"]
    assert "its agent check may have said so; its last word: " in failure["msg"]


@pytest.mark.parametrize("word", ["drain", "maint"])
def test_ready_that_the_agent_may_undo_is_warned_about(set_balancer: SetBalancer, word: str) -> None:
    """An agent that says up undoes nothing, which nobody knows beforehand."""
    set_balancer.reset()
    for index in range(len(set_balancer.recorders)):
        set_balancer.tell(index, f"set server set/agented1 state {word}")
    warning = "set/agented1 has an agent check, which may undo 'ready'"
    for check in (True, False):
        result = run(MODULE, task(set_balancer, "set/agented1", {"state": "ready"}), check=check)
        assert not result.get("failed"), result["msg"]
        assert warning in str(result.get("warnings"))
    agrees(set_balancer, result)
    for wish in ({"state": "ready"}, {"state": "drain"}, {"state": word, "agent_check": "disabled"}):
        result = run(MODULE, task(set_balancer, "set/agented1", wish), check=True)
        assert warning not in str(result.get("warnings")), wish


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize("word", ["drain", "maint"])
def test_ready_holds_where_the_task_disables_the_agent_first(set_balancer: SetBalancer, word: str, wait: bool) -> None:
    set_balancer.reset()
    says(set_balancer, word, "state", word)
    wish = {"state": "ready", "agent_check": "disabled", "wait": wait, "wait_interval": 0.1}
    result = holds(MODULE, task(set_balancer, "set/agented1", wish), set_balancer.recorders, "servers")
    agrees(set_balancer, result)
    assert "may undo" not in str(result.get("warnings"))
    commands = ["disable agent set/agented1", "set server set/agented1 state ready"]
    assert sent(result) == [commands] * len(set_balancer.recorders)


def test_what_the_agent_says_of_weight_and_connections_is_what_is(set_balancer: SetBalancer) -> None:
    """It is read as if an operator had said it, and stays with the agent's check disabled."""
    set_balancer.reset()
    place = "all/all1"
    says(set_balancer, "50% maxconn:9", "maxconn", 9)
    wait_until(
        lambda: all(truth["all", "all1"]["weight"] == 10 for truth in set_balancer.given()), SLACK, lambda: "not 50%"
    )
    same = holds(MODULE, task(set_balancer, place, {"weight": "50%"}), set_balancer.recorders, "servers")
    assert not same["changed"]
    assert same["servers"][0]["after"]["weight"] == 10
    wish = {"weight": "100%", "maxconn": 5, "agent_check": "disabled"}
    result = holds(MODULE, task(set_balancer, place, wish), set_balancer.recorders, "servers")
    agrees(set_balancer, result)
    assert has(result["servers"][0]["after"], {"weight": 20, "maxconn": 5, "agent_check": "disabled"})
    assert has(result["servers"][0]["before"], {"weight": 10, "maxconn": 9, "agent_check": "enabled"})
    assert [commands[0] for commands in sent(result)] == [f"disable agent {place}"] * len(set_balancer.recorders)


# Random wishes -------------------------------------------------------------------------------------------------------

PLACES = ("all/all1", "set/tls1", "set/agented1")
PORTS = st.integers(0, 65535)
LAST = st.integers(1, 254).map(lambda number: f"127.0.0.{number}")
SWITCH = st.sampled_from(("enabled", "disabled"))
COMMON_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "state": st.sampled_from(("ready", "drain", "maint")),
    "weight": st.integers(0, 256),
    "address": LAST | st.just("::1"),
    "port": PORTS,
    "maxconn": st.integers(0, 1000),
}
CHECK_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "check_port": PORTS,
    "agent_address": LAST,
    "agent_port": PORTS,
    "health_check": SWITCH,
    "agent_check": SWITCH,
}
VALUES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "all/all1": {**COMMON_VALUES, **CHECK_VALUES, "check_address": LAST, "ssl": st.booleans()},
    "set/tls1": {**COMMON_VALUES, "ssl": st.booleans()},
    "set/agented1": {**COMMON_VALUES, **CHECK_VALUES},
}
SAY = {
    **{option: "set server {place} " + option + " {value}" for option in ("state", "weight", "ssl")},
    "maxconn": "set maxconn server {place} {value}",
    "address": "set server {place} addr {value}",
    "check_address": "set server {place} check-addr {value}",
    "agent_address": "set server {place} agent-addr {value}",
    "check_port": "set server {place} check-port {value}",
    "agent_port": "set server {place} agent-port {value}",
    "health_check": "{value} health {place}",
    "agent_check": "{value} agent {place}",
}
World = tuple[list[dict[str, dict[str, Any]]], dict[str, dict[str, Any]]]


@st.composite
def _worlds(draw: st.DrawFn) -> World:
    """What four processes have, and what each server is wished: a value, or a list of one for each process."""
    priors = [
        {place: draw(st.fixed_dictionaries({}, optional=VALUES[place])) for place in PLACES} for _process in range(4)
    ]
    wishes = {
        place: draw(
            st.fixed_dictionaries(
                {},
                optional={
                    option: value | st.lists(value, min_size=4, max_size=4) for option, value in VALUES[place].items()
                },
            )
        )
        for place in draw(st.lists(st.sampled_from(PLACES), min_size=1, unique=True))
    }
    return priors, wishes


def _raw(place: str, values: dict[str, Any]) -> Iterator[str]:
    """Raw commands that give a server these values; the port needs an address."""
    for option, value in values.items():
        if option in SAY:
            yield SAY[option].format(place=place, value=_said(value))
    if "port" in values:
        yield f"set server {place} addr {values.get('address', '127.0.0.1')} port {values['port']}"


# Without shrinking, which takes minutes with real processes.
@pytest.mark.in_turn
@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(world=_worlds())
def test_prophecy_of_random_settings_and_wishes(set_balancer: SetBalancer, world: World) -> None:
    priors, wishes = world
    set_balancer.reset()
    names = names_of(set_balancer)
    version = set_balancer.fleet.version.name
    for index, prior in enumerate(priors[: len(names)]):
        set_balancer.tell(index, *(command for place, values in prior.items() for command in _raw(place, values)))
    before = set_balancer.given()
    items = []
    for place, wish in wishes.items():
        able = {option: value for option, value in wish.items() if not {(version, option)} & (MISSING.keys() | DEEDS)}
        values = {
            option: dict(zip(names, value, strict=False)) if isinstance(value, list) else value
            for option, value in able.items()
        }
        items.append({"name": place.partition("/")[2], "backend": place.partition("/")[0], **values})
    arguments = {"servers": items, "socket": set_balancer.sockets}
    if run(MODULE, arguments, check=True).get("failed"):
        # HAProxy changes no check that is disabled.
        refused(set_balancer, arguments, "InputError", "disabled")
        return
    result = holds(MODULE, arguments, set_balancer.recorders, "servers")
    agrees(set_balancer, result)
    rows = {(row["backend"], row["name"]): row["after"] for row in result["servers"]}
    for item, name in product(items, names):
        assert has(at(rows[item["backend"], item["name"]], name), at(item, name))
    gives_back(set_balancer, result, before)
