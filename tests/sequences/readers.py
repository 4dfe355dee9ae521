# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for haproxy_info, and the law of every module that only reads."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from hypothesis import strategies as st

from integration.test_haproxy_server_settings import at
from lab.tasks import Result, run

from .held import FRONTEND, LIMIT, SERVER, Held
from .law import Options
from .rules import COMMON, Rules, Shape, words
from .world import World

_GLOBS = words(["*"], ["w*"], ["web1", "api"], ["edge"], ["s?"], ["nobody"])


def read(world: World, module: str, options: Options) -> Result:
    """The result of a task that only reads: the same in both modes, no change, no command that writes."""
    world.recorders.clear()
    results = [run(module, {"socket": world.sockets, **options}, check=check) for check in (True, False)]
    assert world.recorders.writes() == [[]] * world.count, "a module that reads wrote"
    for result in results:
        assert not result.get("failed"), result["msg"]
        assert result["changed"] is False
        assert [process["name"] for process in result["processes"]] == world.recorders.sockets
    checked, done = (_lasting(result) for result in results)
    assert checked == done, "check mode read something else"
    return results[1]


def _lasting(result: Result) -> Result:
    """Without what time changes: figures stand in `stats` and `info`."""
    return {name: value for name, value in result.items() if name.endswith("s") and name in ("maps", "acls", "lookups")}


def law(world: World, options: Options, before: list[Held]) -> Result:
    """What it tells of servers, frontends and limits is what every process says."""
    result = read(world, "haproxy_info", options)
    subsets = options.get("gather_subset", ["process", "frontends", "backends", "servers"])
    subsets = ["process", "frontends", "servers"] if "all" in subsets else subsets
    for name, held in zip(world.recorders.sockets, before, strict=True):
        if "servers" in subsets:
            _servers_right(result, name, held, options)
        if "frontends" in subsets:
            _frontends_right(result, name, held, options)
        if "process" in subsets:
            (process,) = (each for each in result["processes"] if each["name"] == name)
            assert process["info"]["Maxconn"] == held[LIMIT, "maxconn"]
            assert process["info"]["SessRateLimit"] == held[LIMIT, "rate_limit_sessions"]
    return result


def _matches(options: Options, kind: str, name: str) -> bool:
    return any(fnmatchcase(name, glob) for glob in options.get(kind, ["*"]))


def _servers_right(result: Result, process: str, held: Held, options: Options) -> None:
    expected = {
        thing[1:]: own
        for thing, own in held.items()
        if thing[0] == SERVER and _matches(options, "backend", thing[1]) and _matches(options, "server", thing[2])
    }
    told: dict[tuple[str, ...], Any] = {}
    for row in result["servers"]:
        if process in (each["process"] for each in row["per_process"]):
            told[row["backend"], row["name"]] = at({name: row[name] for name in row if name in _OPTIONS}, process)
    assert told.keys() == expected.keys()
    for place, own in told.items():
        for option, value in own.items():
            assert (place, option, expected[place][option]) == (place, option, value)


_OPTIONS = ("state", "weight", "address", "port", "maxconn")


def _frontends_right(result: Result, process: str, held: Held, options: Options) -> None:
    expected = {thing[1]: own for thing, own in held.items() if thing[0] == FRONTEND}
    expected = {name: own for name, own in expected.items() if _matches(options, "frontend", name)}
    told = {
        row["name"]: each["stats"]
        for row in result["frontends"]
        for each in row["per_process"]
        if each["process"] == process
    }
    assert told.keys() == expected.keys()
    for name, stats in told.items():
        assert (stats["status"], stats["slim"]) == tuple(expected[name])


RULES = Rules(
    [
        Shape({}),
        Shape({
            "gather_subset": st.lists(
                words("process", "frontends", "backends", "servers", "errors", "sessions", "all"), min_size=1, unique=True
            ),
        }, {"frontend": _GLOBS, "backend": _GLOBS, "server": _GLOBS}),
    ],
    law,
    lambda _world, _options, _result: set(),
    COMMON,
)  # fmt: skip
