# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attack is a check that can fail: break the code, or the witness, in each way it speaks of, and see it red.

On 3.0, which refuses what is too long instead of dying of it; the reader of lines is tried for every version.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils import _process, _protocol, _telling
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect import patterns, settings
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import CommandRefused
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources import entries_judged, raw, weight

from lab.versions import version

from .attack import FindingError, attack, unharmed
from .choice import all_places
from .places import Place
from .quoting import UnreadableError, escaped, read
from .tasks import TASKS
from .witness import Target, started

NEVER = re.compile("((?!))")


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """One of 3.0, which may be harmed."""
    with started(version("3.0"), tmp_path_factory.mktemp("victim")) as target, pytest.MonkeyPatch.context() as patch:
        patch.chdir(target.folder)
        yield target


def _place(name: str) -> Place:
    return next(place for place in all_places() if place.name == name)


class Break(NamedTuple):
    """A way to break the code: object, name, what stands there instead; where it shows, with which string, and how."""

    what: Any
    name: str
    instead: Any
    place: str
    text: str
    found: str


def _lies(*_: Any, **__: Any) -> Any:
    raise RuntimeError("broken on purpose")


def _refuses(*_: Any, **__: Any) -> Any:
    raise CommandRefused("no", answer="no")


BREAKS = {
    "no character is escaped": Break(
        _protocol,
        "_SPECIAL",
        NEVER,
        "haproxy_server-agent_send",
        "x;disable server witness/w1",
        "nobody may send here: .*; 'disable' 'server' 'witness/w1'",
    ),
    "a backslash is not escaped": Break(
        _protocol, "_SPECIAL", re.compile("([; \t<])"), "haproxy_server-agent_send", "a\\b", "nobody may send here"
    ),
    "a backslash before a semicolon is not escaped": Break(
        *(_protocol, "_SPECIAL", re.compile("([; \t<])"), "haproxy_server-agent_send"),
        *("x\\;disable server witness/w1", "nobody may send here"),
    ),
    "a blank is not escaped": Break(
        _protocol, "_SPECIAL", re.compile(r"([\\;\t<])"), "haproxy_map_info-key", "a b", "nobody may send here"
    ),
    "a payload's mark is not escaped": Break(
        _protocol, "_SPECIAL", re.compile(r"([\\; \t])"), "haproxy_map_info-key", "<<", "mark within a line"
    ),
    "a line's end passes": Break(
        _protocol, "_UNSAYABLE", NEVER, "haproxy_server-agent_send", "x\ndisable server witness/w1", "2 lines"
    ),
    "a zero byte passes": Break(
        _protocol, "_UNSAYABLE", NEVER, "haproxy_server-servers.agent_send", "x\x00y", "a control character"
    ),
    "one item may be two commands": Break(
        raw,
        "_ANOTHER",
        NEVER,
        "haproxy_command-command[]",
        "show info;disable server witness/w1",
        "nobody may send here",
    ),
    "a payload may have an empty line": Break(
        *(raw, "_payload_of", lambda text: text, "haproxy_command-command[{payload}]"),
        *("a b\n\ndisable server witness/w1", "an empty command"),
    ),
    "an entry may have a line's end": Break(
        entries_judged,
        "check",
        lambda line, *_, **__: line,
        "haproxy_map-entries[{value}]",
        "x\ny z",
        "nobody may send here|instead of",
    ),
    "lines are too long": Break(
        *(_process, "longest_line", lambda *_, **__: 16000, "haproxy_map_info-key", "a" * 15200, "a line of 15"),
    ),
    "a value is stored otherwise": Break(
        patterns,
        "word",
        lambda text: _protocol.word(text.replace("é", "e")),
        "haproxy_map-entries{value}",
        "é",
        "nobody may",
    ),
    "nonsense is taken for a weight": Break(
        weight,
        "_WRITTEN",
        re.compile(r"\D*([0-9]+).*?(%?)", re.DOTALL),
        "haproxy_server-weight",
        "x7;quit",
        "was taken as 7",
    ),
    "an exception": Break(settings, "set_server", _lies, "haproxy_server-agent_send", "x", "no sentence but a fault"),
    "a refusal by HAProxy where it is ours to refuse": Break(
        _telling, "read_joined", _refuses, "haproxy_server-weight", "12", "PartlyApplied, neither"
    ),
}


@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS.keys())
def test_broken_code_is_seen(victim: Target, broken: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    place = _place(broken.place)
    task = place.tasks()[0]
    attack(victim, place, task, broken.text)
    monkeypatch.setattr(broken.what, broken.name, broken.instead)
    try:
        with pytest.raises(FindingError, match=broken.found):
            attack(victim, place, task, broken.text)
    finally:
        monkeypatch.undo()
        _healed(victim)


HARMS: dict[str, tuple[str, str]] = {
    "a server in maintenance": ("set server witness/w1 state maint", "set server witness/w1 state ready"),
    "a weight": ("set server witness/w1 weight 32", "set server witness/w1 weight 33"),
    "a limit": ("set maxconn server witness/w1 8", "set maxconn server witness/w1 7"),
    "an entry of the map": ("set map {map} fixed new", "set map {map} fixed old"),
    "one more in the ACL": ("add acl {acl} more", "del acl {acl} more"),
    "a limit of the process": ("set rate-limit sessions global 3", "set rate-limit sessions global 0"),
}


@pytest.mark.parametrize(("harm", "heal"), HARMS.values(), ids=HARMS.keys())
def test_a_harmed_witness_is_seen(victim: Target, harm: str, heal: str) -> None:
    names = {"map": f"{victim.files}/witness.map", "acl": f"{victim.files}/witness.acl"}
    unharmed(victim)
    victim.ask(harm.format(**names))
    with pytest.raises(FindingError, match="the witness changed"):
        attack(victim, _place("haproxy_server-weight"), {**TASKS["haproxy_server"]}, "10")
    victim.ask(heal.format(**names))
    unharmed(victim)


def _healed(target: Target) -> None:
    """The witness as it was, whatever broken code did to it."""
    target.ask("set server witness/w1 state ready;set server witness/w1 weight 33")
    target.tidy()
    unharmed(target)


# What a client may send, and how many commands HAProxy makes of it; None: what not all versions read alike.
READINGS: dict[str, tuple[bytes, int | None]] = {
    "one": (b"show info\n", 1),
    "two": (b"show info;show stat\n", 2),
    "an escaped semicolon": (b"get map x a\\;b\n", 1),
    "a semicolon behind an escaped backslash": (b"get map x a\\\\;b\n", 2),
    "a backslash at the end": (b"get map x a\\\n", None),
    "an escaped backslash at the end": (b"get map x a\\\\\n", 1),
    "quotes mean nothing": (b'get map x "a;b"\n', 2),
    "an empty command": (b"show info;;show stat\n", None),
    "no end": (b"show info", None),
    "a zero byte": (b"show info\x00;quit\n", None),
    "a carriage return": (b"show info\r\n", None),
    "a payload": (b"add map x <<\na b\n\n", 1),
    "a payload that holds commands": (b"add map x <<\nquit;quit\n\n", 1),
    "a payload that never ends": (b"add map x <<\na b\n", None),
    "a mark with a word": (b"add map x <<EOF\na\n\nb\nEOF\n", 1),
    "a mark at the end of a word": (b"get map x a<<\n", None),
    "a mark with a backslash, which 2.2 takes for one": (b"get map x \\<<\n", None),
    "a mark within a line, which 3.0 takes for one": (b"get map x <<;show info\n", None),
    "an escaped mark": (b"get map x \\<\\<\n", 1),
    "65 words": (b"get map x" + b" y" * 62 + b"\n", None),
}


@pytest.mark.parametrize(("request_", "count"), READINGS.values(), ids=READINGS.keys())
def test_lines_are_read_as_haproxy_reads_them(request_: bytes, count: int | None) -> None:
    if count is None:
        with pytest.raises(UnreadableError):
            read(request_)
        return
    (line,) = read(request_)
    assert len(line.commands) == count
    assert line.whole == len(request_)


LINES: dict[str, tuple[bytes, int]] = {
    "a second line": (b"show info\nquit\n", 2),
    "a line behind a payload": (b"add map x <<\na b\n\nquit\n", 2),
    "a line behind a lone carriage return, which 2.2 takes for an empty one": (b"add map x <<\na b\n\r\nquit\n", 2),
}


@pytest.mark.parametrize(("request_", "count"), LINES.values(), ids=LINES.keys())
def test_more_lines_are_seen(request_: bytes, count: int) -> None:
    assert len(read(request_)) == count


@pytest.mark.parametrize("text", ["a b;c", "\\", "<<", "é\t🦊", "a\\;b", "\"'#"])
def test_haproxy_reads_what_the_tests_escape_as_they_do(victim: Target, text: str) -> None:
    """The reader and the escapes of the tests against HAProxy itself."""
    word = text.encode()
    (line,) = read(b"add map x k " + escaped(word) + b"\n")
    assert line.commands[0].words[-1] == word
    victim.ask(b"add map " + victim.map.encode() + b" k " + escaped(word))
    assert b"k " + word in victim.contents("map")
    victim.tidy()
