# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that reads what a HAProxy says, found by walking the modules, and what it is fed with."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import ansible_collections.haproxyadmin.haproxy.plugins.module_utils as core
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.servers import Server
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.typed import Nature
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import HAProxyError
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._features import version_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._keyed import Wish
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import DIRECT, Command, Route, decode

PACKAGE = core.__name__
# What takes one of these first reads what HAProxy says, in whatever module it is; of the dialect everything is fed that
# makes no command. What makes commands of a user's words is fed by tests/faults.
_SAID = {"table: str", "tables: Sequence[str]", "raw: bytes", "body: bytes", "data: bytes"}
_DIALECT = "_dialect."
ALSO = {"version_of", "value_of", "address_of", "commands_of", "wish_of"}
# What another one calls, which is fed, with what it has worked out.
_INNER = {"with_repeats"}


class Parser(NamedTuple):
    """A function that is fed.

    :param parameters: name and annotation of each.
    :param may_raise: what it is documented to raise beside the collection's own errors.
    """

    name: str
    function: Callable[..., object]
    parameters: tuple[tuple[str, str], ...]
    may_raise: tuple[type[Exception], ...]


def parsers() -> list[Parser]:
    """All of them."""
    paths = {path.relative_to(folder) for folder in core.__path__ for path in Path(folder).rglob("*.py")}
    names = sorted(".".join(path.with_suffix("").parts) for path in paths)
    return [parser for name in names for parser in parsers_of(importlib.import_module(f"{PACKAGE}.{name}"))]


def parsers_of(module: Any) -> Iterator[Parser]:
    """Those of one module."""
    for key, function in vars(module).items():
        if inspect.isfunction(function) and function.__module__ == module.__name__ and not key.startswith("_"):
            parser = parser_of(f"{module.__name__[len(PACKAGE) + 1 :]}.{key}", function)
            reads = parser.name.startswith(_DIALECT) and "Command" not in function.__annotations__["return"]
            said = bool(parser.parameters) and ": ".join(parser.parameters[0]) in _SAID
            if parser.parameters and (reads or said or key in ALSO) and key not in _INNER:
                yield parser


_KNOWN: Mapping[str, type[Exception]] = {"ValueError": ValueError}


def parser_of(name: str, function: Callable[..., object]) -> Parser:
    annotations = [(key, text) for key, text in function.__annotations__.items() if key != "return"]
    raises = re.findall(r":raises ([\w, ]+):", function.__doc__ or "")
    may = tuple(_KNOWN[error] for text in raises for error in text.split(", ") if error in _KNOWN)
    return Parser(name, function, tuple(annotations), may)


# Arguments -------------------------------------------------------------------------------------------------------

_ROUTES = (DIRECT, Route(f"@@!4711 {DIRECT.start}", "", True), Route("", "@!4711 ", False))
_VERSIONS = tuple(map(version_of, ("2.2.9", "2.6.12", "3.0.11", "3.4.0")))

Maker = Callable[[bytes, Random], object]
_MAKERS: Mapping[str, Maker] = {
    # By name where that says more than the annotation.
    "address: str": lambda raw, random: random.choice([_word(raw, random), "192.0.2.1", "2001:db8::1"]),
    "port: int": lambda _raw, random: random.choice([0, 80, 65535]),
    "count: int": lambda _raw, random: random.randint(1, 4),
    "kind: str": lambda _raw, random: random.choice(["map", "acl"]),
    "name: str": lambda raw, random: random.choice(["www", _word(raw, random)]),
    "where: str": lambda _raw, _random: "entry 1",
    "params: Mapping[str, Any]": lambda raw, random: {
        "state": random.choice(["present", "absent"]),
        "exclusive": random.choice([True, False]),
        "entries": random.choice([decode(raw), decode(raw).split("\n"), _pairs(raw), list(_pairs(raw))]),
        "src": None,
    },
    "option: str": lambda _raw, random: random.choice(["address", "check_address"]),
    "items: Sequence[Item]": lambda raw, _random: decode(raw).split("\n"),
    # By annotation.
    "str": lambda raw, _random: decode(raw),
    "str | None": lambda raw, random: random.choice([None, _word(raw, random)]),
    "bytes": lambda raw, _random: raw,
    "bool": lambda _raw, random: random.choice([True, False]),
    "int": lambda _raw, random: random.choice([1, 60, 1000, 15000, 16384]),
    "Route": lambda _raw, random: random.choice(_ROUTES),
    "Version": lambda _raw, random: random.choice(_VERSIONS),
    "Nature | None": lambda _raw, random: random.choice(
        [None, *(Nature("M", "G", kind) for kind in ("str", "u32", "s64", "flt"))]
    ),
    "Sequence[bytes]": lambda raw, _random: raw.split(b"\n"),
    "Sequence[str]": lambda raw, _random: (decode(raw).lstrip("\n").split("\n\n") + [""] * 4)[:4],
    "Collection[str]": lambda _raw, random: random.choice([(), ("pxname", "svname", "status")]),
    "dict[str, str]": lambda raw, _random: _pairs(raw),
    "Mapping[str, str]": lambda raw, _random: _pairs(raw),
    "Callable[[str, str], bool]": lambda _raw, random: random.choice([lambda *_it: True, lambda *_it: False]),
    "Sequence[Command]": lambda raw, _random: [Command(line, silent=True) for line in decode(raw).split("\n")],
    "Server": lambda raw, random: Server(_word(raw, random), _word(raw, random), "3", 2, 0, 1, 1, 6, 0),
    "Wish": lambda raw, random: Wish(
        [re.sub(b"^0x[0-9a-f]+ ", b"", line) for line in raw.split(b"\n")[:: random.choice([1, 2, -1])] if line],
        exclusive=random.choice([True, False]),
        valued=random.choice([True, False]),
    ),
}


def arguments(parser: Parser, raw: bytes, random: Random) -> dict[str, Any]:
    """What the parser is called with.

    :raises KeyError: for a parameter for which there is nothing yet.
    """
    made: dict[str, Any] = {}
    for name, annotation in parser.parameters:
        key = f"{name}: {annotation}"
        made[name] = _MAKERS[key if key in _MAKERS else annotation](raw, random)
    return made


def outcome(parser: Parser, made: Mapping[str, object]) -> object:
    """What it reads, read to the end; None: one of the errors that may be.

    Any other error is a finding.
    """
    allowed: tuple[type[Exception], ...] = (HAProxyError, *parser.may_raise)
    try:
        return drained(parser.function(**made))
    except allowed:
        return None


def drained(value: object) -> object:
    """The value with all that is only worked out when it is asked for."""
    if isinstance(value, Iterator):
        value = list(value)
    if isinstance(value, (tuple, list)):
        for name, attribute in vars(value.__class__).items():
            if isinstance(attribute, property):
                drained(getattr(value, name))
        for each in value:
            drained(each)
    return value if value is not None else ()


def _word(raw: bytes, random: Random) -> str:
    return random.choice(decode(raw[:2000]).split() or ["web1"])


def _pairs(raw: bytes) -> dict[str, str]:
    lines = (line.partition(": ") for line in decode(raw).split("\n"))
    return {name: text for name, separator, text in lines if separator}
