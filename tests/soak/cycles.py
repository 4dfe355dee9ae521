# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of a soak: for each module what it changes and puts back, and what it reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Options = dict[str, Any]

PATIENT: Options = {"wait_timeout": 60, "wait_interval": 0.05}
"""A slow page takes 0.4 s, a check 0.5 s: what takes a minute does not come."""
LONG_SET = 300
"""Entries of the long map and ACL: several lines of commands, and several kilobytes of reply."""

CHANGES, READS, DEED = "changes", "reads", "deed"


@dataclass(frozen=True)
class Cycle:
    """Steps of one module, each a task; after the last one all is as it was before the first."""

    module: str
    name: str
    steps: Sequence[Options]
    kind: str = CHANGES
    """CHANGES: each step changes something, and the same again does not. READS: none does. DEED: each does every time."""
    since: tuple[int, int] = (2, 2)
    """The HAProxy version that can do this."""


def cycles(realm: str, files: str, ports: Sequence[int], version: tuple[int, int]) -> list[Cycle]:
    """All cycles that this HAProxy version can do, on the objects of one realm.

    `files` is where its maps and ACLs are, `ports` those of the applications.
    """
    found = [
        *_server(f"www_{realm}", ports),
        *_backend(realm, ports),
        *_sets("haproxy_map", f"{files}/{realm}", realm),
        *_sets("haproxy_acl", f"{files}/{realm}", realm),
        *_frontend(realm),
        *_global(realm),
        *_readers(realm, files),
    ]
    return [cycle for cycle in found if cycle.since <= version]


def _server(backend: str, ports: Sequence[int]) -> Iterator[Cycle]:
    def named(name: str, *wishes: Options) -> list[Options]:
        return [{"name": name, "backend": backend, **PATIENT, **wish} for wish in wishes]

    def cycle(what: str, steps: Sequence[Options], **more: Any) -> Cycle:
        return Cycle("haproxy_server", what, steps, **more)

    ready = {"state": "ready", "wait": True}
    yield cycle("weights", named("app*", {"weight": "20"}, {"weight": "10"}))
    yield cycle("drained and back", named("app1", {"state": "drain", "wait": True}, ready))
    yield cycle("maintenance after a drain", named("app2", {"state": "maint", "drain": True, "min_up": "50%"}, ready))
    yield cycle("maintenance at once", named("app3", {"state": "maint"}, ready))
    yield cycle("checks", named("app3", {"health_check": "disabled"}, {"health_check": "enabled"}))
    yield cycle("limit", named("app4", {"maxconn": 500}, {"maxconn": 0}))
    yield cycle("address", named("app4", {"port": ports[4]}, {"port": ports[3]}))
    many = [[{"name": name, "weight": weight} for name in ("app1", "app3")] for weight in ("30", "10")]
    yield cycle("several", [{"backend": backend, "servers": servers} for servers in many])
    new = {"address": "127.0.0.1", "port": ports[4], "options": "check inter 200ms"}
    made = {"state": "present", **new, "wait": True}
    yield cycle("made and removed", named("extra1", made, {"state": "absent", "drain": True}), since=(2, 6))
    idle = {"name": "idle1", "backend": backend.replace("www", "idle"), "shutdown_sessions": True}
    yield cycle("no session to end", [idle], kind=READS)


def _backend(realm: str, ports: Sequence[int]) -> Iterator[Cycle]:
    def cycle(what: str, steps: Sequence[Options], **more: Any) -> Cycle:
        return Cycle("haproxy_backend", what, steps, **more)

    def member(number: int) -> Options:
        return {"name": f"app{number}", "address": "127.0.0.1", "port": ports[number - 1]}

    def slot(number: int) -> Options:
        return {"address": "127.0.0.1", "port": ports[number - 1]}

    members: Options = {"name": f"blue_{realm}", "purge": True, "drain": True, "min_up": "50%", **PATIENT}
    rounds = [{**members, "servers": [member(one), member(two)]} for one, two in ((2, 3), (1, 2))]
    yield cycle("members", rounds, since=(2, 6))
    slots: Options = {"name": f"pool_{realm}", "slots": True, "purge": True, "drain": True, **PATIENT}
    yield cycle("slots", [{**slots, "servers": [slot(one), slot(2)]} for one in (3, 1)])
    yield cycle("weights", [{"name": f"www_{realm}", "weights": {"app[12]": weight}} for weight in ("5", "10")])
    cookies: Options = {"name": f"cookies_{realm}"}
    yield cycle("cookies", [{**cookies, "dynamic_cookie": word} for word in ("disabled", "enabled")])
    yield cycle("key", [{**cookies, "dynamic_cookie_key": key} for key in ("two", "one")])
    fresh: Options = {"name": f"fresh_{realm}", **PATIENT}
    made: Options = {**fresh, "state": "present", "defaults": "plain", "servers": [member(1)]}
    others: list[Options] = [{**fresh, "state": state} for state in ("published", "unpublished", "absent")]
    yield cycle("made and removed", [made, *others], since=(3, 4))


def _sets(module: str, base: str, realm: str) -> Iterator[Cycle]:
    """Maps and ACLs: keys are paths, of which requests ask for none but those of the routes."""
    kind = module.removeprefix("haproxy_")

    def entries(keys: Sequence[str], value: str) -> Any:
        return dict.fromkeys(keys, value) if kind == "map" else list(keys)

    few = [f"/none/{number}" for number in range(20)]
    short: Options = {kind: f"{base}.{kind}", "entries": entries(few, "nowhere")}
    yield Cycle(module, "added and removed", [{**short, "state": state} for state in ("present", "absent")])
    long: Options = {kind: f"{base}.long.{kind}"}
    turns = [[f"/{turn}/none/{number}" for number in range(LONG_SET)] for turn in ("one", "two")]
    swaps: list[Options] = [{**long, "entries": entries(keys, keys[0]), "exclusive": True} for keys in turns]
    yield Cycle(module, "replaced and emptied", [*swaps, {**long, "state": "empty"}])
    kept: list[Options] = [{**short, "state": state, "persist": True} for state in ("present", "absent")]
    yield Cycle(module, "kept in the file", kept)
    if kind == "map":
        routes: Options = {"map": f"{base}.map"}
        ways = [{"/": f"{way}_{realm}", "/slow": f"{way}_{realm}"} for way in ("blue", "www")]
        yield Cycle(module, "routes", [{**routes, "entries": way} for way in ways])
        whole: Options = {**routes, "exclusive": True, "atomic": "always"}
        yield Cycle(module, "routes swapped", [{**whole, "entries": way} for way in ways], since=(2, 4))


def _frontend(realm: str) -> Iterator[Cycle]:
    limits: list[Options] = [{"name": f"public_{realm}", "maxconn": limit} for limit in (900, 1000)]
    yield Cycle("haproxy_frontend", "limit", limits)
    states: list[Options] = [{"name": f"spare_{realm}", "state": state} for state in ("disabled", "enabled")]
    yield Cycle("haproxy_frontend", "closed", states)


def _global(realm: str) -> Iterator[Cycle]:
    """What a process has once belongs to one realm. The limits are too high to be felt."""
    names = ("maxconn", "rate_limit_connections") if realm == "a" else ("rate_limit_sessions",)
    for name in names:
        value = 1900 if name == "maxconn" else 100_000
        yield Cycle("haproxy_global", name, [{name: value}, {name: 0}])
    yield Cycle("haproxy_global", "counters", [{"clear_counters": "max"}], kind=DEED)


def _readers(realm: str, files: str) -> Iterator[Cycle]:
    def reader(module: str, *steps: Options) -> Cycle:
        return Cycle(module, "read", steps, kind=READS)

    yield reader("haproxy_info", {}, {"gather_subset": ["all"]}, {"backend": f"www_{realm}"})
    yield reader("haproxy_map_info", {}, {"map": f"{files}/{realm}.map"}, {"map": f"{files}/{realm}.map", "key": "/"})
    yield reader("haproxy_acl_info", {}, {"acl": f"{files}/{realm}.acl"})
    yield reader("haproxy_command", {"command": ["show info", "show pools"]})
    weights: list[Options] = [{"command": f"set server idle_{realm}/idle1 weight {weight}"} for weight in (5, 10)]
    yield Cycle("haproxy_command", "weight", weights, kind=DEED)
