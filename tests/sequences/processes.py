# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for haproxy_frontend, haproxy_global and haproxy_command."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from hypothesis import strategies as st

from integration.test_haproxy_frontend import Truth
from integration.test_haproxy_global import RATES
from integration.test_haproxy_global import holds as law_of_limits
from lab.prophecy import holds, obeyed, sent, told
from lab.tasks import Result, run

from .held import FRONTEND, LIMIT, SERVER, Held, Thing
from .law import Options
from .rules import COMMON, Rules, Shape, words
from .servers import BOOL
from .world import World

_FRONTENDS = words(["edge"], ["side"], ["both-1"], ["*"], ["edge", "side"], ["s*"], ["nobody"])


def _law_of_frontends(world: World, options: Options, before: list[Held]) -> Result:
    arguments = {"socket": world.sockets, **options}
    if options.get("state") == "shutdown":  # 2.2 forgets it, so that the second run has no row
        result, _again = obeyed(
            "haproxy_frontend", arguments, world.recorders, lambda result: told(result, "frontends")
        )
        return result
    result = holds("haproxy_frontend", arguments, world.recorders, "frontends")
    if "shutdown" not in str([row["after"] for row in result["frontends"]]):  # of which it knows nothing
        world.open.agrees(result)
    named = {row["name"] for row in result["frontends"]}
    for was, now in zip(before, world.held(), strict=True):
        for name in named:
            has: Truth = now[FRONTEND, name]
            state = options.get("state")
            assert has.slim == options.get("maxconn", was[FRONTEND, name].slim)
            assert (has.status == "OPEN") == (
                was[FRONTEND, name].status == "OPEN" if state is None else state == "enabled"
            )
    return result


def _touched_frontends(_world: World, _options: Options, result: Result) -> set[Thing]:
    return {(FRONTEND, row["name"]) for row in result["frontends"]}


FRONTENDS = Rules(
    [
        Shape({"name": _FRONTENDS}, {"state": words("enabled", "disabled"), "maxconn": words(1, 50, 55)}),
        Shape({"name": _FRONTENDS, "state": words("enabled", "disabled", "shutdown")}, {
            "maxconn": words(0, 50), "force": BOOL,
        }),
    ],
    _law_of_frontends,
    _touched_frontends,
    COMMON,
)  # fmt: skip


def _law_of_limits(world: World, options: Options, before: list[Held]) -> Result:
    result = law_of_limits({"socket": world.sockets, **options}, world.recorders)
    for was, now in zip(before, world.held(), strict=True):
        for option in ("maxconn", *RATES):
            wished = options.get(option, was[LIMIT, option])
            configured = 200  # of every process of the lab
            assert now[LIMIT, option] == (configured if option == "maxconn" and wished == 0 else wished)
    return result


LIMITS = Rules(
    [
        Shape({}, {"maxconn": words(0, 1, 100, 200), **dict.fromkeys(RATES, words(0, 5, 4000))}, least=1),
        Shape({"clear_counters": words("max", "all")}, {"maxconn": words(0, 100, 201)}),
        Shape({}, {"maxconn": words(-1, 201), **dict.fromkeys(RATES, words(-1, 2**31, 2**22))}, least=1),
    ],
    _law_of_limits,
    lambda _world, options, _result: {(LIMIT, option) for option in ("maxconn", *RATES) if option in options},
    COMMON,
)


class Raw(NamedTuple):
    """A raw command that writes, and what comes of it: a part of a thing and its value."""

    thing: Thing
    part: str
    value: Any


_EFFECTS: Mapping[str, Raw] = MappingProxyType(
    {
        "set server api/api1 weight 5": Raw((SERVER, "api", "api1"), "weight", 5),
        "set weight api/api1 6": Raw((SERVER, "api", "api1"), "weight", 6),
        "set server www/web3 state maint": Raw((SERVER, "www", "web3"), "state", "maint"),
        "enable server www/web3": Raw((SERVER, "www", "web3"), "state", "ready"),
        "set maxconn server www/web2 3": Raw((SERVER, "www", "web2"), "maxconn", 3),
        "set rate-limit sessions global 9": Raw((LIMIT, "rate_limit_sessions"), "", 9),
        "set maxconn global 150": Raw((LIMIT, "maxconn"), "", 150),
    }
)
_RAW = words(*_EFFECTS, "show info", "show stat", "show servers state", "help")


def _law_of_commands(world: World, options: Options, before: list[Held]) -> Result:
    """Check mode sends what reads and tells what would be sent; a run sends all, each time."""
    arguments = {"socket": world.sockets, **options}
    writes = [command for command in options["command"] if command in _EFFECTS]
    world.recorders.clear()
    predicted = run("haproxy_command", arguments, check=True)
    assert world.recorders.writes() == [[]] * world.count, "check mode wrote"
    for _time in range(2):
        world.recorders.clear()
        result = run("haproxy_command", arguments)
        if any(
            (SERVER, *_EFFECTS[command].thing[1:]) not in was
            for command in writes
            for was in before
            if _EFFECTS[command].thing[0] == SERVER
        ):
            assert result.get("failed"), "a server that is not there took a command"
            return result
        assert not result.get("failed"), result["msg"]
        assert world.recorders.writes() == sent(result) == [writes] * world.count
        assert {key: predicted[key] for key in ("changed", "commands")} == {
            key: result[key] for key in ("changed", "commands")
        }
        assert result["changed"] == bool(writes)
    wished = {(effect.thing, effect.part): effect.value for effect in map(_EFFECTS.__getitem__, writes)}
    for now in world.held():
        for (thing, part), value in wished.items():
            assert (now[thing][part] if part else now[thing]) == value
    return result


COMMANDS = Rules(
    [Shape({"command": st.lists(_RAW, min_size=1, max_size=3)})],
    _law_of_commands,
    lambda _world, options, _result: {_EFFECTS[each].thing for each in options["command"] if each in _EFFECTS},
    COMMON,
)
