# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wished is what HAProxy has: every hard text, by every way that it can take; and files are read as HAProxy
reads them."""

from __future__ import annotations

import random
import string
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.pattern_files import entries_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.fleet import one
from lab.tasks import run
from lab.versions import Version

from .conftest import can_replace, on
from .patterns import ACL, LAYOUTS, MAP, Sets, entries_at, layout_id, nothing_sent, started, well


@pytest.fixture(scope="module", params=[layout for layout in LAYOUTS if layout[1] == 1], ids=layout_id)
def sets(request: pytest.FixtureRequest) -> Iterator[Sets]:
    """One process of each version."""
    with started(*request.param) as running:
        yield running


AT_ONCE = on(lambda haproxy, count: count == 1 and can_replace(haproxy, count))


# Texts that are hard for somebody on the way: for YAML's heirs, for the line, for the payload, for the file.
WORDS = (
    ";",
    "a;b",
    ";disable frontend public",
    "\\",
    "a\\",
    "\\\\",
    "\\n",
    "a\\;b",
    "#",
    "#a",
    "a#b",
    "##",
    "# a",
    "'",
    '"',
    "'a b'",
    '"a b"',
    '"unfinished',
    "<<",
    "a<<b",
    "<<EOF",
    "a<<",
    "<",
    "0x0",
    "0xdeadbeef",
    "0x7f0011223344",
    "@1",
    "@<version>",
    "<version>",
    "%[path]",
    "$HOME",
    "${HOME}",
    "~",
    "-",
    "--",
    "*",
    "ä",
    "€uro",
    "日本語",
    "🙂",
    "\u00a0nbsp",
    "\u2028",
    "\ufeffbom",
    "show",
    "quit",
    "help;show map",
    "[3]: refused",
    "=,|&!?()[]{}",
    "x" * 4096,
)
PHRASES = (
    *WORDS,
    "two words",
    "a  b",
    "a\tb",
    "a \t b",
    "ends in a blank ",
    "tab at the end\t",
    "a ; b \\ c # d",
    "a << b",
    "a <<",
    "x <<EOF",
    "y" * 2000 + " " + "z" * 2000,
)
KEYS = tuple(text for text in WORDS if " " not in text)
"""Of maps: a blank ends the key."""


def paired(keys: Iterable[str], values: Iterable[str]) -> dict[str, str]:
    """Each value with a key, each key with a value: the shorter of the two is used again, under new names."""
    keys, values = list(keys), list(values)
    entries = dict(zip(keys, values, strict=False))
    entries.update({key: "v" for key in keys if key not in entries})
    return {**entries, **{f"k{n}": value for n, value in enumerate(values)}}


HARD = paired(KEYS, PHRASES)
PATTERNS = tuple(dict.fromkeys(PHRASES))
MANY = {f"filler{n}": f"v {n}" for n in range(201)}
"""So many that they travel as payload."""


def of_map(entries: dict[str, str]) -> list[bytes]:
    return sorted(f"{key} {value}".encode() for key, value in entries.items())


def of_acl(patterns: Iterable[str]) -> list[bytes]:
    return sorted(pattern.encode() for pattern in patterns)


def stored(sets: Sets, kind: str, name: str) -> list[bytes]:
    return sorted(sets.shown(0, kind, name))


def test_texts_of_a_map_by_single_commands(sets: Sets) -> None:
    """Added, set to something else and back, deleted."""
    sets.put(MAP, "str.map", ["old v"])
    sets.recorders.clear()
    result = well(sets, MAP, "str.map", entries=HARD)
    assert result["added"] == len(HARD) < 200
    assert {write.split()[0] for write in sets.recorders.writes()[0]} == {"add"}
    assert not any("\n" in write for write in sets.recorders.writes()[0])
    assert stored(sets, MAP, "str.map") == of_map({**HARD, "old": "v"})
    assert not well(sets, MAP, "str.map", entries=HARD)["changed"]
    sets.put(MAP, "str.map", [f"{key} other" for key in HARD if not key.startswith("#0x")])
    assert well(sets, MAP, "str.map", entries=HARD)["updated"] == len(HARD)
    assert stored(sets, MAP, "str.map") == of_map(HARD)
    assert well(sets, MAP, "str.map", state="absent", entries=list(HARD))["removed"] == len(HARD)
    assert stored(sets, MAP, "str.map") == []


def test_texts_of_a_map_in_a_payload(sets: Sets) -> None:
    sets.put(MAP, "str.map", [])
    sets.recorders.clear()
    well(sets, MAP, "str.map", entries={**HARD, **MANY})
    assert all("<<\n" in write for write in sets.recorders.writes()[0] if write.startswith("add "))
    assert stored(sets, MAP, "str.map") == of_map({**HARD, **MANY})


@AT_ONCE
def test_texts_of_a_map_at_once(sets: Sets) -> None:
    sets.put(MAP, "str.map", ["old v"])
    well(sets, MAP, "str.map", entries=HARD, exclusive=True, atomic="always")
    assert stored(sets, MAP, "str.map") == of_map(HARD)
    assert not well(sets, MAP, "str.map", entries=HARD, exclusive=True)["changed"]


@pytest.mark.parametrize("count", [0, 201], ids=["few", "many"])
def test_texts_of_an_acl_by_single_commands(sets: Sets, count: int) -> None:
    sets.put(ACL, "str.acl", ["old"])
    patterns = [*PATTERNS, *(f"filler {n}" for n in range(count))]
    well(sets, ACL, "str.acl", entries=patterns)
    assert stored(sets, ACL, "str.acl") == of_acl([*patterns, "old"])
    assert well(sets, ACL, "str.acl", state="absent", entries=patterns)["removed"] == len(patterns)
    assert stored(sets, ACL, "str.acl") == [b"old"]


@AT_ONCE
def test_texts_of_an_acl_at_once(sets: Sets) -> None:
    sets.put(ACL, "str.acl", ["old"])
    well(sets, ACL, "str.acl", entries=PATTERNS, exclusive=True, atomic="always")
    assert stored(sets, ACL, "str.acl") == of_acl(PATTERNS)


FILLED = pytest.mark.parametrize("count", [0, 201], ids=["few", "many"])


@FILLED
def test_bytes_that_are_no_utf_8_by_a_file(sets: Sets, count: int, tmp_path: Path) -> None:
    """Which ``entries`` cannot say."""
    bytes_come_back(sets, "auto", count, tmp_path)


@AT_ONCE
@FILLED
def test_bytes_that_are_no_utf_8_by_a_file_at_once(sets: Sets, count: int, tmp_path: Path) -> None:
    bytes_come_back(sets, "always", count, tmp_path)


def bytes_come_back(sets: Sets, atomic: str, count: int, tmp_path: Path) -> None:
    """Texts of a file that are no UTF-8 are stored, seen to be there and deleted."""
    lines = [b"k\xe9 v\xe9", b"\xff\xfe \x80", b"latin1 \xfcber all;es", b"half\xe2\x82 \xe2"]
    lines += [b"f%d \xe9%d" % (n, n) for n in range(count)]
    (tmp_path / "src").write_bytes(b"\n".join(lines) + b"\n")
    sets.put(MAP, "str.map", ["old v"])
    arguments: dict[str, Any] = {"src": str(tmp_path / "src"), "exclusive": True, "atomic": atomic}
    well(sets, MAP, "str.map", **arguments)
    assert stored(sets, MAP, "str.map") == sorted(lines)
    assert not well(sets, MAP, "str.map", **arguments)["changed"]
    assert well(sets, MAP, "str.map", src=str(tmp_path / "src"), state="absent")["removed"] == len(lines)
    assert stored(sets, MAP, "str.map") == []


def test_8_bit_patterns_by_a_file(sets: Sets, tmp_path: Path) -> None:
    (tmp_path / "src").write_bytes(b"k\xe9\n\xff \xfe\n")
    sets.put(ACL, "str.acl", [])
    well(sets, ACL, "str.acl", src=str(tmp_path / "src"))
    assert stored(sets, ACL, "str.acl") == [b"k\xe9", b"\xff \xfe"]


def test_texts_in_a_file_that_another_haproxy_loads(sets: Sets) -> None:
    """What ``persist`` writes is, when it is loaded, what runs. A trailing blank of a value no file can hold."""
    entries = {key: value for key, value in HARD.items() if value == value.rstrip(" \t")}
    sets.put(MAP, "str.map", ["old v"])
    result = well(sets, MAP, "str.map", entries=entries, exclusive=True, persist=True)
    assert result["file"] == sets.path("str.map")
    sets.put(ACL, "str.acl", ["old"])
    well(sets, ACL, "str.acl", entries=PATTERNS, exclusive=True, persist=True)
    loaded = of_files(sets.version, sets.path("str.map"), sets.path("str.acl"))
    assert sorted(loaded[0]) == of_map(entries) == stored(sets, MAP, "str.map")
    assert sorted(loaded[1]) == of_acl(PATTERNS) == stored(sets, ACL, "str.acl")


def of_files(haproxy: Version, map_file: str, acl_file: str) -> tuple[list[bytes], list[bytes]]:
    """What a HAProxy makes of these files when it starts."""
    body = (
        f"frontend public\n    http-request set-header X %[path,map({map_file})]\n"
        f"    acl listed path -f {acl_file}\n    http-request deny if listed\n"
    )
    with one(haproxy, body) as fleet:
        return entries_at(fleet.sockets[0], MAP, map_file), entries_at(fleet.sockets[0], ACL, acl_file)


# What cannot be said -----------------------------------------------------------------------------------------------

MAP_REFUSED: dict[str, tuple[object, str]] = {
    "line end in the key": ({"key": "a\nb", "value": "v"}, "control character"),
    "line end in the value": ({"key": "a", "value": "v\nw x"}, "control character"),
    "carriage return at the end": ({"key": "a", "value": "v\r"}, "control character"),
    "zero byte": ({"key": "a\0b", "value": "v"}, "control character"),
    "escape": ({"key": "a", "value": "\x1b[0m"}, "control character"),
    "delete": ({"key": "a\x7f", "value": "v"}, "control character"),
    "empty key": ({"key": "", "value": "v"}, "key cannot be empty or hold a blank"),
    "blank in the key": ({"key": "a b", "value": "v"}, "key cannot be empty or hold a blank"),
    "tab in the key": ({"key": "a\tb", "value": "v"}, "key cannot be empty or hold a blank"),
    "key that is a blank": ({"key": " ", "value": "v"}, "key cannot be empty or hold a blank"),
    "leading blank of a value": ({"key": "a", "value": " v"}, "value cannot be empty or begin with a blank"),
    "leading tab of a value": ({"key": "a", "value": "\tv"}, "value cannot be empty or begin with a blank"),
    "empty value": ({"key": "a", "value": ""}, "value cannot be empty or begin with a blank"),
    "pointer": ({"key": "#0x1", "value": "v"}, "pointer"),
    "true": ({"key": "a", "value": True}, "true; quote it"),
    "float": ({"key": "a", "value": 1.5}, "1.5; quote it"),
    "null": ({"key": "a", "value": None}, "null; quote it"),
    "key that is false": ({"key": False, "value": "v"}, "false; quote it"),
    "list as value": ({"key": "a", "value": ["v"]}, 'the value is ["v"]'),
    "no value": ({"key": "a"}, "a dictionary of key and value is wanted"),
    "one thing too many": ({"key": "a", "value": "v", "state": "absent"}, "a dictionary of key and value is wanted"),
    "text": ("a v", "a dictionary of key and value is wanted"),
}


@pytest.mark.parametrize("entry", [each for each, _said in MAP_REFUSED.values()], ids=MAP_REFUSED)
def test_what_a_map_cannot_hold_is_refused_with_its_number(sets: Sets, entry: object) -> None:
    said = next(said for each, said in MAP_REFUSED.values() if each == entry)
    good = {"key": "good", "value": "v"}
    sets.recorders.clear()
    failure = run("haproxy_map", {"socket": sets.sockets, "map": sets.path("str.map"), "entries": [good, entry, good]})
    assert failure.get("failed")
    assert failure["error"] == "InputError"
    assert "entry 2" in failure["msg"]
    assert said in failure["msg"]
    assert nothing_sent(sets)
    assert not any(sets.recorders.commands()), "asked before the options were judged"


ACL_REFUSED: dict[str, tuple[object, str]] = {
    "line end": ("a\nb", "control character"),
    "zero byte": ("a\0", "control character"),
    "carriage return": ("a\r", "control character"),
    "empty": ("", "cannot be empty or begin with a blank"),
    "leading blank": (" a", "cannot be empty or begin with a blank"),
    "pointer": ("#0xdead", "pointer"),
    "true": (True, "quote it"),
    "null": (None, "quote it"),
    "dictionary": ({"key": "a"}, "the key is {"),
}


@pytest.mark.parametrize(("entry", "said"), ACL_REFUSED.values(), ids=ACL_REFUSED)
def test_what_an_acl_cannot_hold_is_refused_with_its_number(sets: Sets, entry: object, said: str) -> None:
    sets.recorders.clear()
    failure = run("haproxy_acl", {"socket": sets.sockets, "acl": sets.path("str.acl"), "entries": ["good", entry]})
    assert failure.get("failed")
    assert "entry 2" in failure["msg"]
    assert said in failure["msg"]
    assert not any(sets.recorders.commands())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"novalue", "value cannot be empty"),
        (b"novalue  ", "value cannot be empty"),
        (b"k \x01", "control character"),
        (b"k \x00", "control character"),
        (b" #0x1 v", "pointer"),
    ],
    ids=["no value", "a blank as value", "control character", "zero byte", "pointer"],
)
def test_a_line_of_a_file_that_cannot_be_said_is_refused_with_its_number(
    sets: Sets, line: bytes, said: str, tmp_path: Path
) -> None:
    """HAProxy itself takes an empty value from a file; no command can say it."""
    file = tmp_path / "src"
    file.write_bytes(b"# comment\nk v\n\n" + line + b"\n")
    sets.recorders.clear()
    failure = run("haproxy_map", {"socket": sets.sockets, "map": sets.path("str.map"), "src": str(file)})
    assert failure.get("failed")
    assert f"{file} line 4: " in failure["msg"]
    assert said in failure["msg"]
    assert not any(sets.recorders.commands())


def test_an_entry_that_is_longer_than_the_buffer_is_refused_with_its_number(sets: Sets) -> None:
    """It would abort HAProxy 2.2 and 2.6."""
    sets.put(MAP, "str.map", [])
    for value in ("v" * 16_000, "v" * 200_000):
        sets.recorders.clear()
        arguments = {"socket": sets.sockets, "map": sets.path("str.map"), "entries": {"a": "v", "b": value}}
        for check in (True, False):
            failure = run("haproxy_map", arguments, check=check)
            assert failure.get("failed")
            assert "entry 2, 'b'," in failure["msg"]
            assert f"has {len(value) + 2} bytes" in failure["msg"]
        assert nothing_sent(sets)
    assert stored(sets, MAP, "str.map") == []


# Ten thousand random entries ------------------------------------------------------------------------------------

BATCHES, EACH = 20, 500
# All that can be in a text, the awkward ones more often than the others.
_AWKWARD = ";\\#'\"<> \t%$@!&|=,.:/0x" + string.ascii_letters
_TEXT = st.text(st.sampled_from(_AWKWARD) | st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)


def random_texts(seed: random.Random, samples: list[str], count: int) -> list[str]:
    """Texts put together from pieces of samples; hypothesis itself would take a minute for so many."""
    pieces = [piece for sample in samples for piece in (sample, sample[: len(sample) // 2], sample[-1:])]
    return ["".join(seed.choices(pieces, k=seed.randint(1, 3))) for _number in range(count)]


def map_key(text: str) -> str:
    """The text as it may be a key of a map."""
    key = "".join(text.replace("\t", "").split(" "))
    return "k" + key if not key or key.startswith("#0x") else key


def value(text: str) -> str:
    """The text as it may be a value or a pattern."""
    said = text.lstrip(" \t")
    return "v" + said if not said or said.startswith("#0x") else said


@pytest.mark.in_turn
@settings(max_examples=BATCHES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(samples=st.lists(_TEXT, min_size=20, max_size=40), seed=st.randoms(use_true_random=False), single=st.booleans())
def test_ten_thousand_random_entries(sets: Sets, samples: list[str], seed: random.Random, single: bool) -> None:
    """Each batch replaces the last one, by single commands and payloads or at once."""
    keys, values = (random_texts(seed, samples, EACH) for _both in "kv")
    entries = {f"{number}{map_key(key)}" if number % 2 else f"{map_key(key)}{number}": value(text)
               for number, (key, text) in enumerate(zip(keys, values, strict=True))}  # fmt: skip
    if single:
        sets.put(MAP, "spare.map", [])
    atomic = "auto" if single or not sets.has_versions else "always"
    well(sets, MAP, "spare.map", entries=entries, exclusive=not single, atomic=atomic)
    assert stored(sets, MAP, "spare.map") == of_map(entries)


@pytest.mark.in_turn
@settings(max_examples=BATCHES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(samples=st.lists(_TEXT, min_size=20, max_size=40), seed=st.randoms(use_true_random=False), single=st.booleans())
def test_ten_thousand_random_patterns(sets: Sets, samples: list[str], seed: random.Random, single: bool) -> None:
    texts = list(dict.fromkeys(value(text) for text in random_texts(seed, samples, EACH)))
    if single:
        sets.put(ACL, "str.acl", [])
    atomic = "auto" if single or not sets.has_versions else "always"
    well(sets, ACL, "str.acl", entries=texts, exclusive=not single, atomic=atomic)
    assert stored(sets, ACL, "str.acl") == of_acl(texts)


# Files, as HAProxy reads them and as the collection does --------------------------------------------------------

AWKWARD_MAP = b"""# a comment
a v1
  leading blanks
\ttab \t before
mid\ttab and\tmore\t
trailing  blanks   \t
 # not a comment: v
#comment without blank
   #
\t
   \t

crlf value\r
blankcr value \r
cr\rin\rside v\rw
\r
novalue_
dup one
dup two
"quoted key" v
back\\slash \\n
0xdead v
8bit\xe9 \xe9
utf\xc3\xa4 \xe2\x82\xac
vt\x0bkey v
ff\x0ckey v
nbsp\xc2\xa0key v
last without end""".replace(b"novalue_", b"novalue v")
AWKWARD_ACL = b"""# a comment
a
  leading blanks
\ttab \t before
mid\ttab and\tmore\t
trailing  blanks   \t
 # not a comment
#comment without blank
   #
\t
   \t

crlf\r
blankcr \r
cr\rin\rside
\r
dup
dup
"quoted key" v
back\\slash \\n
8bit\xe9
vt\x0bkey
last without end"""


def read(haproxy: Version, folder: Path, of_map_: bytes, of_acl_: bytes) -> None:
    """Hold what HAProxy makes of two files against what the collection makes of them."""
    files = [folder / "differential.map", folder / "differential.acl"]
    for file, data in zip(files, (of_map_, of_acl_), strict=True):
        file.write_bytes(data)
    loaded = of_files(haproxy, *map(str, files))
    for found, data, valued in zip(loaded, (of_map_, of_acl_), (True, False), strict=True):
        assert [entry for _number, entry in entries_of(data, valued=valued)] == found


def test_awkward_files_are_read_as_haproxy_reads_them(sets: Sets, tmp_path: Path) -> None:
    read(sets.version, tmp_path, AWKWARD_MAP, AWKWARD_ACL)


_PIECES = st.lists(
    st.sampled_from(
        ["a", "b", "key", "v", " ", "  ", "\t", "#", "\r", "\x0b", "\x0c", ";", '"', "\\", "é", "0x1", ","]
    ),
    max_size=8,
).map("".join)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(lines=st.lists(_PIECES, min_size=60, max_size=200), end=st.sampled_from(["\n", "\r\n", ""]))
def test_random_files_are_read_as_haproxy_reads_them(sets: Sets, lines: list[str], end: str) -> None:
    data = ("\n".join(lines) + end).encode()
    read(sets.version, sets.files, data, data)


def sayable(line: bytes) -> bool:
    """Whether a command can say the entry: one with a value and without control characters."""
    return not line.startswith(b"   #") and not any(byte in line.rstrip(b"\r") for byte in b"\r\x0b\x0c")


def test_a_file_is_the_same_wish_as_its_entries(sets: Sets, tmp_path: Path) -> None:
    (tmp_path / "src").write_bytes(b"\n".join(line for line in AWKWARD_MAP.split(b"\n") if sayable(line)))
    sets.put(MAP, "str.map", ["old v"])
    well(sets, MAP, "str.map", src=str(tmp_path / "src"), exclusive=True)
    loaded, _acl = of_files(sets.version, str(tmp_path / "src"), sets.path("sub.acl"))
    assert stored(sets, MAP, "str.map") == sorted(loaded)
