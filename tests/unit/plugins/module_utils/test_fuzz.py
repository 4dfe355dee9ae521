# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a process says is read, or is one of our own errors, in time in proportion to its length.

LONG=1: with many more examples, and each reply grown in every place.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from types import FunctionType, ModuleType

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import Route
from hypothesis import given, settings
from hypothesis import strategies as st

from unit.plugins.module_utils.fuzzing import ALSO, PACKAGE, Parser, arguments, outcome, parser_of, parsers, parsers_of
from unit.plugins.module_utils.mutilated import Growth, damaged, growths
from unit.plugins.module_utils.support import REPLIES, VERSIONS, reply_of

LONG = os.environ.get("LONG") == "1"
EXAMPLES = 5000 if LONG else 60
GROWTHS = 800 if LONG else 40
"""How many growths are tried for each parser."""

_WRITTEN = (b"2.2.9-2+deb11u6", b"tcp://[2001:db8::1]:9999", b"192.0.2.1", b"17", b"a.example: www\nb.example: api\n")

PARSERS = parsers()
by_parser = pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)


@cache
def _captured() -> tuple[bytes, ...]:
    """What can stand in the place of a reply: each one, what it says, and each of its tables; and what users write."""
    found = dict.fromkeys(_WRITTEN)
    for version in VERSIONS if LONG else VERSIONS[:: len(VERSIONS) - 1]:
        for name in sorted({path.stem for path in (REPLIES / version).iterdir()}):
            raw = reply_of(version, name)
            found[raw] = None
            if raw.startswith(b"\n") and len(raw) < 12000:
                found[raw[1:-1]] = None
                found.update(dict.fromkeys(table + b"\n" for table in raw[1:].split(b"\n\n")))
    return tuple(found)


@cache
def seeds(parser: Parser) -> tuple[bytes, ...]:
    """The captured replies from which this parser reads something; of those that begin alike up to a few."""
    found: dict[bytes, list[bytes]] = {}
    for raw in _captured():
        if len(found.get(raw[:24], ())) == 3:
            continue
        read = any(outcome(parser, arguments(parser, raw, Random(seed))) for seed in range(8))
        if read:
            found.setdefault(raw[:24], []).append(raw)
    return tuple(raw for few in found.values() for raw in few)


# Errors ----------------------------------------------------------------------------------------------------------


def test_there_are_parsers() -> None:
    names = {parser.name for parser in PARSERS}
    assert {name.rpartition(".")[2] for name in names} >= ALSO
    assert {"_protocol.read_reply", "_dialect.servers.parse_state", "_dialect.sessions.fields_of"} <= names
    assert "_dialect.servers.set_state" not in names  # makes a command


@by_parser
def test_each_parser_reads_some_captured_reply(parser: Parser) -> None:
    """A parser without seeds is fed with garbage only; a parameter for which nothing is known fails here, too."""
    assert seeds(parser) or parser.name in ("_protocol.is_gone", "_protocol.still_there"), parser.name


@by_parser
def test_damaged_replies_are_read_or_one_of_our_own_errors(parser: Parser) -> None:
    fed_with_damages(parser, seeds(parser) + _captured()[::50], EXAMPLES)


def fed_with_damages(parser: Parser, replies: tuple[bytes, ...], examples: int) -> None:
    """
    :raises Exception: what the parser lets through.
    """

    @settings(max_examples=examples, report_multiple_bugs=False)
    @given(st.sampled_from(replies), st.integers(0, 2**64))
    def feed(raw: bytes, seed: int) -> None:
        random = Random(seed)
        outcome(parser, arguments(parser, damaged(raw, random), random))

    feed()


# Time ------------------------------------------------------------------------------------------------------------

SIZE = 12_000
"""Bytes of the smaller of two replies; the larger has four times as many."""
NOTABLE = 0.03
"""Seconds of processor time below which nothing is said of 48 KB: in proportion that were 10 MB in 6 s."""
RATIO = 9.0
"""So many times as long may four times the bytes take; in proportion it is 4, with the square of the size 16."""


@by_parser
def test_time_is_in_proportion_to_the_length(parser: Parser) -> None:
    found = list(every_growth(parser))
    for number, growth in enumerate(Random(parser.name).sample(found, min(len(found), GROWTHS))):
        assert not (said := out_of_proportion(parser, growth)), f"{number}: {said}"


def every_growth(parser: Parser) -> Iterator[Growth]:
    replies = sorted(seeds(parser), key=len)
    for raw in replies[:: max(1, len(replies) // 6)]:
        yield from growths(raw[:8000])


def out_of_proportion(parser: Parser, growth: Growth) -> str:
    """What grows faster than the reply; nothing: all is well."""
    if seconds(parser, growth.of(4 * SIZE)) < NOTABLE:
        return ""
    # Of several, the shortest: what else goes on makes it longer only.
    large, small = (min(seconds(parser, growth.of(size)) for _again in range(4)) for size in (4 * SIZE, SIZE))
    return f"{large:.3f} s instead of {small:.3f} s for {growth}" if large > NOTABLE and large > RATIO * small else ""


def seconds(parser: Parser, raw: bytes) -> float:
    """Of processor time for this reply."""
    made = arguments(parser, raw, Random(1))
    began = time.process_time()
    outcome(parser, made)
    return time.process_time() - began


# What was found --------------------------------------------------------------------------------------------------

HUGE = b"9" * 5000
"""Python refuses to make a number of so many digits, and the error was not one of ours."""


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("version_of", HUGE + b".0"),
        ("version_of", b"3." + HUGE),
        ("parse_list", b"# id\n" + HUGE + b" (a.map) pattern loaded from file 'a.map'\n"),
        ("parse_errors", b"Total events captured on [x] : " + HUGE + b"\n"),
        ("fields_of", b"fe=public calls=" + HUGE),
        ("parse_facts", b"Name: HAProxy\nVersion: 3.0.1\nPid: 1\n\nadmin\n\n\n\nPool buffer (" + HUGE + b" bytes)\n"),
        ("parse_backend", b"# pxname,svname,type,status,cookie,addr\nwww,w,2,UP,0123456789abcdef,::1:99999999999\n"),
    ],
)
def test_a_number_without_end(name: str, raw: bytes) -> None:
    for seed in range(20):
        outcome(_named(name), arguments(_named(name), raw, Random(seed)))


@pytest.mark.parametrize(
    ("name", "growth"),
    [
        ("parse_sessions", Growth(b"0x1: ", b"be=", b"\n")),
        ("fields_of", Growth(b"", b"a=[ ", b"\n")),
        ("fields_of", Growth(b"", b"a", b"\n")),
        ("parse_list", Growth(b"1 (x) pattern loaded from file 'x' ", b"used by map at file '", b"\n")),
        ("parse_lookups", Growth(b'type=str, case=sensitive, found=yes, idx=tree, key="a', b'", value="', b"\n")),
        ("parse_lookups", Growth(b'type=str, case=sensitive, found=yes, key="a', b'", value="b", type="', b"\n")),
    ],
)
def test_a_line_that_looks_like_its_own_parts(name: str, growth: Growth) -> None:
    assert not out_of_proportion(_named(name), growth)


def _named(name: str) -> Parser:
    (found,) = (parser for parser in PARSERS if parser.name.endswith(f".{name}"))
    return found


# The test itself -------------------------------------------------------------------------------------------------


def _careless(table: str) -> list[int]:
    return [int(line.split(" ")[1]) for line in table.split("\n") if line]


def _documented(table: str) -> list[int]:
    """
    :raises ValueError, IndexError: for what is no number.
    """
    return _careless(table)


def _slow(table: str) -> int:
    return sum(table.count("a a!") for _again in range(len(table) // 40))


def _lazy(table: str) -> Iterator[int]:
    return (int(line) for line in table.split("\n"))


def _unheard_of(thing: complex) -> str:
    return str(thing)


@pytest.mark.parametrize("function", [_careless, _lazy], ids=lambda function: function.__name__)
def test_a_careless_parser_is_found_out(function: Callable[..., object]) -> None:
    with pytest.raises((ValueError, IndexError)):
        fed_with_damages(parser_of("x", function), (b"a 1\nb 2\n",), 200)


def test_what_is_documented_may_be_raised() -> None:
    assert parser_of("x", _documented).may_raise == (ValueError,)
    assert parser_of("x", _careless).may_raise == ()


def test_a_slow_parser_is_found_out() -> None:
    assert out_of_proportion(parser_of("x", _slow), Growth(b"", b"a ", b""))
    assert not out_of_proportion(parser_of("x", _careless), Growth(b"", b"a 1\n", b""))


def test_a_parameter_of_which_nothing_is_known_is_found_out() -> None:
    with pytest.raises(KeyError):
        arguments(parser_of("x", _unheard_of), b"", Random(0))


def test_a_new_function_is_found() -> None:
    module = ModuleType(f"{PACKAGE}._dialect.new")
    for name, said in {
        "parse_new": {"table": "str", "return": "str"},
        "said": {"thing": "int", "return": "str"},
        "set_new": {"thing": "int", "return": "Command"},
        "_own": {"table": "str", "return": "str"},
    }.items():
        function = FunctionType(_lazy.__code__, {}, name)
        function.__annotations__ = said
        function.__module__ = module.__name__
        setattr(module, name, function)
    assert [parser.name for parser in parsers_of(module)] == ["_dialect.new.parse_new", "_dialect.new.said"]


def _both(raw: bytes, route: Route) -> tuple[bytes, Route]:
    return raw, route


def test_all_of_a_reply_is_fed() -> None:
    read = parser_of("x", _both)
    for seed in range(9):
        raw, route = _both(**arguments(read, b"\nx\n\n", Random(seed)))
        assert raw == b"\nx\n\n"
        assert isinstance(route, Route)
