# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for haproxy_map and haproxy_acl, and for those that read them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from integration.patterns import ACL, MAP, Content, holds, keys_of, pairs, values_of
from lab.tasks import Result

from .held import Held, Thing
from .law import Options
from .readers import read
from .rules import COMMON, Rules, Shape, Values, words
from .servers import BOOL
from .world import SET_NAMES, World

_ALIKE = {"src": "entries from a file: tests/integration/test_pattern_round_trip.py"}


def _name_of(kind: str, options: Options) -> str:
    return str(options[kind]).rpartition("/")[2]


def _entries(kind: str, name: str, *, repeated: bool) -> Values:
    """What may be wished of a set; `repeated`: the same key more than once, too."""
    keys = words(*keys_of(name))
    if kind == ACL:
        return st.lists(keys, min_size=1, max_size=5, unique=True)  # a pattern that is given twice counts once
    values = words(*values_of(name))
    once = st.dictionaries(keys, values, min_size=1)
    several = st.lists(st.tuples(keys, values), min_size=1, max_size=6).map(
        lambda those: pairs(*zip(*those, strict=True))
    )
    return st.one_of(once, several) if repeated else once


def _shapes(kind: str) -> list[Shape]:
    shapes = []
    for name in SET_NAMES[kind]:
        wished, exactly = _entries(kind, name, repeated=False), _entries(kind, name, repeated=True)
        called: dict[str, Values] = {kind: words(f"{{files}}/{name}")}
        manners: dict[str, Values] = {"atomic": words("auto", "always"), "persist": BOOL}
        saved: dict[str, Values] = {"persist": words(True), "backup": words(True)}
        shapes += [
            Shape({**called, "entries": wished}, manners),
            Shape({**called, "entries": exactly, "exclusive": words(True)}, manners),
            Shape({**called, "entries": wished, "state": words("absent")}, manners),
            Shape({**called, "state": words("empty")}, manners),
            Shape({**called, "entries": wished, **saved}, {"exclusive": words(True)}),
        ]
    return [*shapes, Shape({kind: words("{files}/nobody.map"), "state": words("empty")})]


def _rules(kind: str) -> Rules:
    def law(world: World, options: Options, _before: list[Held]) -> Result:
        rest = {name: value for name, value in options.items() if name != kind}
        return holds(world.sets, kind, _name_of(kind, options), **rest)

    def touched(_world: World, options: Options, _result: Result) -> set[Thing]:
        # a file that a map and an ACL load has one content
        name = _name_of(kind, options)
        return {(each, name) for each in SET_NAMES if name in SET_NAMES[each]}

    return Rules(_shapes(kind), law, touched, {**COMMON, **_ALIKE})


def _reading_rules(kind: str) -> Rules:
    key = {MAP: "key", ACL: "value"}[kind]
    called: dict[str, Values] = {kind: words(*(f"{{files}}/{name}" for name in SET_NAMES[kind]))}

    def law(world: World, options: Options, before: list[Held]) -> Result:
        result = read(world, f"haproxy_{kind}_info", options)
        if kind in options and key not in options:
            name = _name_of(kind, options)
            (found,) = result[f"{kind}s"]
            for row, held in zip(found["per_process"], before, strict=True):
                assert _lines(kind, row["entries"]) == held[kind, name]
        elif key not in options:
            names = {each["name"] for each in result[f"{kind}s"]}
            assert names >= {world.sets.path(name) for name in SET_NAMES[kind]}
        return result

    shapes = [Shape({}), Shape(called), Shape({**called, key: words("a", "/a/b", "10.0.0.1", "nobody")})]
    return Rules(shapes, law, lambda _world, _options, _result: set(), COMMON)


def _lines(kind: str, entries: list[Any]) -> Content:
    if kind == ACL:
        return [str(each["value"] if isinstance(each, dict) else each).encode() for each in entries]
    return [f"{each['key']} {each['value']}".encode() for each in entries]


RULES = {
    "haproxy_map": _rules(MAP),
    "haproxy_acl": _rules(ACL),
    "haproxy_map_info": _reading_rules(MAP),
    "haproxy_acl_info": _reading_rules(ACL),
}
