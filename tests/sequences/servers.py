# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for haproxy_server, and what items of ``servers`` may say, which haproxy_backend takes, too."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from integration.test_haproxy_server_former import Kept, foretold
from integration.test_haproxy_server_former import obeys as law_of_files
from integration.test_haproxy_server_settings import at
from lab.prophecy import holds, obeyed, told
from lab.tasks import Result

from .held import BACKEND, SERVER, Held, Thing
from .law import Options, per_process
from .rules import COMMON, Rules, Shape, Values, words
from .world import World

MODULE = "haproxy_server"

STATES = words("ready", "drain", "maint", "enabled", "disabled")
NUMBERS = words("0", "1", "5", "10", "100", "256")
WEIGHTS = st.one_of(NUMBERS, words("50%", "100%", "0%", "250%"))
ADDRESSES = words("127.0.0.1", "127.0.0.2", "127.0.0.7", "::1", "0:0::1")
PORTS = words(0, 81, 8081, 65535)
ENABLED = words("enabled", "disabled")
BOOL = st.booleans()
# Pairs of backend and server: of the configuration, that may be made, that nobody has.
PLACES = words(
    *(("www", name) for name in ("web1", "web2", "web3", "full1")),
    *(("api", name) for name in ("web1", "api1", "spare1")),
    *(("fixed", "fixed1"), ("hashed", "h1"), ("sticky", "c1"), ("sticky", "own"), ("both-1", "own1")),
    *(("tracked", name) for name in ("leader1", "follow1", "off1")),
    *(("slots", "s1"), ("slots", "s2"), ("www", "nobody")),
)
NEW = words(("api", "new1"), ("api", "new2"), ("www", "new1"), ("sticky", "new1"), ("slots", "s1"), ("fixed", "new1"))
KEYWORDS = words("", "weight 50", "maxconn 3", "backup", "check inter 200ms", "weight 7 check inter 200ms", "disabled")

# Settings that can be read, whatever the server.
PLAIN: dict[str, Values] = {
    "state": STATES,
    "weight": WEIGHTS,
    "maxconn": words(0, 5, 2**31 - 1),
    "address": ADDRESSES,
    "port": PORTS,
}
# Those of checks and of TLS, and those that are deeds.
SPECIAL: dict[str, Values] = {
    "ssl": words(False),  # whether a server could speak TLS is known to HAProxy only
    "check_address": words("127.0.0.1", "127.0.0.8"),
    "check_port": words("{app}", 0, 8099),
    "agent_address": words("127.0.0.1", "127.0.0.3"),
    "agent_port": words(0, 9998),
    "agent_send": words("lab", "a b;c"),
    "health_check": ENABLED,
    "agent_check": ENABLED,
    "health_status": words("up", "stopping", "down"),
    "agent_status": words("up", "down"),
    "health": BOOL,
    "agent": BOOL,
    "fqdn": words("a.example.test"),
}
# How something is done.
MANNERS: dict[str, Values] = {
    "drain": BOOL,
    "on_timeout": words("fail", "shutdown", "continue"),
    "shutdown_sessions": BOOL,
    "min_up": words("0", "1", "2", "50%", "100%"),
    "fail_on_not_found": BOOL,
}
# What HAProxy takes only while a check runs, and does not show (2.2 shows none of them).
_HEARD = frozenset({"agent_send", "agent_status", "check_port", "agent_address"})
_BRIEF: dict[str, Values] = {"wait_timeout": words(5.0), "wait_interval": words(0.05)}
_APART = ("state", "weight", "maxconn", "port")


def lasts(options: Options) -> bool:
    """Whether a task can be run again: one that tells a check something and then ends it is refused the second time."""
    ends = "disabled" in (options.get("health_check"), options.get("agent_check"))
    ends |= bool(options.get("health") or options.get("agent")) and options.get("state") in ("maint", "disabled")
    return not (ends and _HEARD & options.keys())


def apart(values: Values) -> Values:
    """A value, or one for each of some processes."""
    several = st.dictionaries(words("{p1}", "{p2}", "{p4}"), values, min_size=1)
    return st.one_of(values, values, values, several)


@st.composite
def _item(draw: st.DrawFn, where: st.SearchStrategy[tuple[str, str]], others: st.SearchStrategy[Options]) -> Options:
    backend, name = draw(where)
    return {"backend": [backend], "name": [name], **draw(others)}


def item(where: st.SearchStrategy[tuple[str, str]], some: dict[str, Values], **always: Values) -> Values:
    """An item of ``servers``."""
    some = {name: apart(values) if name in _APART else values for name, values in some.items()}
    return _item(where, Shape(always, some).options().filter(lasts))


ITEMS = st.one_of(
    item(PLACES, PLAIN),
    item(PLACES, {**PLAIN, **SPECIAL}),
    item(NEW, {"options": KEYWORDS, "weight": WEIGHTS}, state=words("present", "drain"), address=words("127.0.0.1"), port=words("{app}")),
    item(NEW, {}, state=words("absent")),
)  # fmt: skip
_UNIQUE = st.lists(ITEMS, min_size=1, max_size=4, unique_by=lambda each: (each["backend"][0], each["name"][0]))
_NAMES = words(
    ["web1"], ["web1", "web2"], ["web*"], ["*"], ["s1", "s2"], ["leader1"], ["full1"], ["new1"], ["c1"], ["nobody"]
)
_BACKENDS = words(["www"], ["api"], ["www", "api"], ["*"], ["tracked"], ["slots"], ["nowhere"])
# Servers without checks, which are up once that is said.
_UNCHECKED = (("www", "web3"), ("fixed", "fixed2"), ("hashed", "h2"), ("sticky", "own"))


def _new() -> list[Shape]:
    """One server that is made, or that goes."""
    shapes = []
    for backend, name in (("api", "new1"), ("www", "new1"), ("slots", "new2"), ("fixed", "new1"), ("hashed", "new1")):
        place = {"backend": words([backend]), "name": words([name])}
        state = words("present", "present", "ready", "drain", "maint")
        here = {"address": words("127.0.0.1", "127.0.0.2"), "port": words("{app}")}
        more = {"options": KEYWORDS, "health_check": ENABLED, "weight": WEIGHTS, "maxconn": PLAIN["maxconn"]}
        shapes.append(Shape({**place, **here, "state": state}, more))
        shapes.append(
            Shape({**place, **_BRIEF, "state": words("absent")}, {"drain": BOOL, "min_up": MANNERS["min_up"]})
        )
    return shapes


SHAPES = [
    Shape({"name": _NAMES}, {**PLAIN, "backend": _BACKENDS}, least=1),
    Shape({"name": _NAMES, "backend": _BACKENDS}, {**PLAIN, **SPECIAL}, least=1),
    Shape({"name": words(["full1"]), "backend": words(["*"])}, {**PLAIN, **SPECIAL, "ssl": BOOL}, least=1, most=4),
    Shape({"name": _NAMES, "state": STATES, **_BRIEF}, {**MANNERS, "backend": _BACKENDS, "weight": WEIGHTS}, least=1),
    *(
        Shape(
            {"name": words([name]), "backend": words([backend]), "state": STATES, **_BRIEF, "wait": words(True)}
            | {"health_status": words("up")},
            {**PLAIN, **MANNERS},
        )
        for backend, name in _UNCHECKED
    ),
    Shape({"name": _NAMES, "state": words("maint", "drain", "absent"), **_BRIEF}, {"backend": _BACKENDS}),
    *_new(),
    Shape({"servers": _UNIQUE, **_BRIEF}, {**PLAIN, "drain": BOOL}, most=1),
    Shape(
        {"name": _NAMES, "state_dir": words("{scratch}/former"), "former": words("keep", "replace", "restore"), "state": STATES},
        {"backend": _BACKENDS, "weight": WEIGHTS, "former_share": words(50, 100)},
    ),
]  # fmt: skip


def law(world: World, options: Options, before: list[Held]) -> Result:
    """Prediction, result and reading are the same, and what was wished is so."""
    arguments = {"socket": world.sockets, **options}
    if "former" in options:
        result = _law_of_files(world, arguments)
    elif "absent" in _states(options):  # rows are gone in the second run
        result, _again = obeyed(MODULE, arguments, world.recorders, lambda result: told(result, "servers"))
    else:
        result = holds(MODULE, arguments, world.recorders, "servers")
    agrees(world, result)
    if "former" not in options:
        _wished(world, options, before)
    world.kept.append([row["before"] for row in result["servers"]])
    return result


def _states(options: Options) -> list[Any]:
    return [each.get("state") for each in (options, *options.get("servers", ()))]


def _law_of_files(world: World, arguments: Options) -> Result:
    """Where files change beside servers. A folder that is not there must not be made by check mode."""
    kept = Kept.__new__(Kept)  # without bringing the servers into the states of its own tests
    kept.balancer, kept.place = world.open, world.scratch / "former"
    _without_empty(kept.place)
    if arguments["former"] == "restore":
        foretold(
            kept, arguments
        )  # of what it gives back nothing is kept for another run, which does what the task says
        _without_empty(kept.place)
    before = _contents(kept.place)
    result, _again = law_of_files(kept, arguments)
    assert result["changed"] == (bool(result["commands"]) or _contents(kept.place) != before)
    return result


def _without_empty(folder: Path) -> None:
    if folder.exists() and not any(folder.iterdir()):
        folder.rmdir()


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*")}


def agrees(world: World, result: Result) -> None:
    """What the result says of each server is what every process that has it says."""
    truths = dict(zip((process["name"] for process in result["processes"]), world.held(), strict=True))
    for row in result["servers"]:
        for name in row["processes"]:
            own = truths[name].get((SERVER, row["backend"], row["name"]), {"state": "absent"})
            for option, value in at(row["after"], name).items():
                if option in own:
                    assert (row["name"], option, own[option]) == (row["name"], option, value)


def _wished(world: World, options: Options, before: list[Held]) -> None:
    """What was wished in so many words of servers that there were is so on every process."""
    asked = [options] if "name" in options else [{**options, **each} for each in options["servers"]]
    for index, (was, now) in enumerate(zip(before, world.held(), strict=True)):
        for wish in asked:
            for thing in was:
                if thing[0] == SERVER and thing[2] in wish["name"] and thing[1] in wish.get("backend", [thing[1]]):
                    own = {name: per_process(world, wish.get(name), index) for name in PLAIN}
                    has(own, now.get(thing, {"state": "absent"}))


def has(wish: Options, own: dict[str, Any]) -> None:
    """Assert that a server has what was wished, as far as that is said in so many words."""
    words_of = {"enabled": "ready", "disabled": "maint"}
    if wish.get("state") == "absent":
        wish = {"state": "absent"}
    for option, value in wish.items():
        if value is None or value == "present" or str(value).endswith("%"):
            continue
        if option == "address":
            assert ip_address(own["address"]) == ip_address(value), (option, own)
        elif option == "state":
            assert own["state"] == words_of.get(value, value), (option, own)
        else:
            assert str(own[option]) == str(value), (option, own)


def touched(_world: World, _options: Options, result: Result) -> set[Thing]:
    """The servers that it tells of, and the cookies of their backends."""
    rows = result["servers"]
    return {(SERVER, row["backend"], row["name"]) for row in rows} | {(BACKEND, row["backend"]) for row in rows}


RULES = Rules(
    SHAPES,
    law,
    touched,
    {**COMMON, "wait_retries": "another way to say wait_timeout: tests/integration/test_haproxy_server_waits.py"},
    lasts,
)
