# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for haproxy_backend."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from integration.backends import law as law_of_backends
from lab.tasks import Result

from .held import BACKEND, SERVER, Held, Thing
from .law import Options
from .rules import COMMON, Rules, Shape, Values, words
from .servers import BOOL, ENABLED, KEYWORDS, MANNERS, PLAIN, SPECIAL, WEIGHTS, apart, lasts
from .world import World

_NAMES = words("www", "api", "fixed", "tracked", "slots", "sticky", "hashed", "nowhere", "fresh1", "both-1")
_MEMBERS = words("web1", "web2", "api1", "c1", "new1", "new2", "s1", "s3")
_BRIEF: dict[str, Values] = {"wait_timeout": words(5.0), "wait_interval": words(0.05)}
_LEAVING = {name: MANNERS[name] for name in ("drain", "on_timeout", "shutdown_sessions", "min_up")}


def _items(always: dict[str, Values], some: dict[str, Values], least: int = 0) -> Values:
    some = {name: apart(values) if name in ("state", "weight") else values for name, values in some.items()}
    items = Shape(always, some, most=2).options().filter(lasts)
    return st.lists(items, min_size=least, max_size=3, unique_by=lambda each: (each.get("name"), each.get("address")))


_NEW = {"name": _MEMBERS, "address": words("127.0.0.1", "127.0.0.2"), "port": words("{app}")}
_MORE = {name: values for name, values in PLAIN.items() if name not in ("address", "port")}
_KEYS = words("first", "second", "a b;c")
# Servers that there are, new ones, and both.
_SERVERS = st.one_of(
    _items({"name": _MEMBERS}, {**PLAIN, **SPECIAL}, least=1),
    _items(_NEW, {**_MORE, "options": KEYWORDS}, least=1),
    _items(_NEW, {}),
)
_SLOTTED = _items({"address": words("127.0.0.1", "127.0.0.2", "127.0.0.3"), "port": words(81, 82)}, _MORE)

SHAPES = [
    Shape({"name": _NAMES}, {"state": words("published", "unpublished", "present")}),
    Shape({"name": _NAMES, "servers": _SERVERS, **_BRIEF}, _LEAVING),
    Shape({"name": _NAMES, "servers": _SERVERS, "purge": words(True), **_BRIEF}, _LEAVING),
    Shape({"name": words("slots", "api"), "slots": words(True), "servers": _SLOTTED, **_BRIEF}, {
        "purge": BOOL, "slot_prefix": words("s", "web"), **_LEAVING,
    }),
    Shape({"name": _NAMES, "weights": st.dictionaries(words("web1", "web*", "*", "c1", "s1", "own"), WEIGHTS, min_size=1)}),
    Shape({"name": words("sticky")}, {"dynamic_cookie": ENABLED, "dynamic_cookie_key": _KEYS, "servers": _SERVERS}, least=1),
    # Whether a backend has a key is seen only after its cookies are enabled, so here they come together.
    Shape({"name": words("api", "slots"), "dynamic_cookie_key": _KEYS}, {"dynamic_cookie": ENABLED, "servers": _SERVERS}),
    Shape({
        "name": words("fresh1", "fresh2", "www"), "defaults": words("plain"),
        "state": words("present", "published", "unpublished"),
    }, {"mode": words("http", "tcp"), "servers": _SERVERS, **_BRIEF}),
    # Only HAProxy knows that it needs a configured one, and says so when it is to go.
    Shape({"name": words("fresh1", "fresh2", "nowhere"), "state": words("absent"), **_BRIEF}, {
        **_LEAVING, "wait": BOOL,
    }),
]  # fmt: skip


def law(world: World, options: Options, before: list[Held]) -> Result:
    """The law of backends, and what was wished of the backend and its servers is so."""
    result = law_of_backends(world.farm, options)
    for was, now in zip(before, world.held(), strict=True):
        _as_wished(options, was, now)
    items = [row["before"] for row in result["servers"]]
    world.kept.append([{**item, "backend": [options["name"]], "name": [item["name"]]} for item in items])
    return result


def _as_wished(options: Options, was: Held, now: Held) -> None:
    name = options["name"]
    there = {thing[2] for thing in now if thing[:2] == (SERVER, name)}
    if options.get("state") == "absent":
        assert (BACKEND, name) not in now
    elif "state" in options:
        wished: Any = {"present": (was.get((BACKEND, name)) or ("unpublished",))[0]}
        assert now[BACKEND, name][0] == wished.get(options["state"], options["state"])
    if options.get("purge") and not options.get("slots"):
        assert there == {each["name"] for each in options["servers"]}


def touched(_world: World, options: Options, result: Result) -> set[Thing]:
    """The backend, and the servers that it tells of."""
    name = options["name"]
    return {(BACKEND, name), *((SERVER, name, row["name"]) for row in result["servers"])}


RULES = Rules(SHAPES, law, touched, COMMON)
