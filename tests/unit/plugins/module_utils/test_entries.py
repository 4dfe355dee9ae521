# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries as a user writes them: what they mean, and what is refused because HAProxy would store something else."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.pattern_files import line_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.patterns import ACL, MAP, Ref
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import InputError
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._keyed import Wish
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import decode
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.entries import wish_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.entries_judged import check
from hypothesis import example, given
from hypothesis import strategies as st

from unit.plugins.module_utils.pattern_sets import SetInMemory
from unit.plugins.module_utils.support import words_of
from unit.plugins.module_utils.test_pattern_files import haproxy_reads


def _wish(kind: str, **options: Any) -> Wish:
    return wish_of(kind, {"entries": None, "src": None, "state": "present", "exclusive": False, **options})


def _lines(kind: str, entries: object, **options: Any) -> list[bytes]:
    return list(_wish(kind, entries=entries, **options).lines)


# What entries mean -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param({}, [], id="none"),
        pytest.param({"b": "1", "a": "2"}, [b"b 1", b"a 2"], id="a dictionary in its order"),
        pytest.param([{"key": "a", "value": "1"}, {"value": "2", "key": "a"}], [b"a 1", b"a 2"], id="a key twice"),
        pytest.param([["a", "1"], ("b", "2")], [b"a 1", b"b 2"], id="pairs"),
        pytest.param({"a": 1, 2: "b", 3: -4}, [b"a 1", b"2 b", b"3 -4"], id="integers are decimal"),
        pytest.param({"a": "two words  and  more"}, [b"a two words  and  more"], id="blanks in a value"),
        pytest.param({"X1": "X2"}, [b"X1 X2"], id="capitals"),
        pytest.param({"a": "x "}, [b"a x "], id="a blank at its end"),
        pytest.param({"a": "x\ty"}, [b"a x\ty"], id="a tab in it"),
        pytest.param({"#a": "#1", "<<": "<<", "a;b": "\\", '"': "'"}, [b"#a #1", b"<< <<", b"a;b \\", b"\" '"],
                     id="what means something elsewhere"),
        pytest.param({"0x1f": "0x2f"}, [b"0x1f 0x2f"], id="what looks like a pointer and is none"),
        pytest.param({"größe": "€"}, ["größe €".encode()], id="UTF-8"),
        pytest.param({"caf\udce9": "\udcff"}, [b"caf\xe9 \xff"], id="bytes that are no UTF-8"),
        pytest.param({"a": "v" * 4096}, [b"a " + b"v" * 4096], id="4 KB"),
        pytest.param('{"a": "1", "b": 2}', [b"a 1", b"b 2"], id="JSON, as on a command line"),
        pytest.param(' [{"key": "a", "value": "1"}]', [b"a 1"], id="a list in JSON"),
    ],
)  # fmt: skip
def test_entries_of_a_map(entries: object, expected: list[bytes]) -> None:
    assert _lines(MAP, entries) == expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param(["b", "a", "b"], [b"b", b"a"], id="a list in its order, and twice is once"),
        pytest.param(["two words ", "a\tb"], [b"two words ", b"a\tb"], id="blanks"),
        pytest.param([1, -2], [b"1", b"-2"], id="integers"),
        pytest.param("10.0.0.1", [b"10.0.0.1"], id="one, as on a command line"),
        pytest.param('["a", "b"]', [b"a", b"b"], id="JSON"),
        pytest.param("[a-z]+", [b"[a-z]+"], id="what only looks like JSON"),
        pytest.param("{", [b"{"], id="or like the beginning of it"),
        pytest.param(["<version>", "@1", "#a"], [b"<version>", b"@1", b"#a"], id="what means something elsewhere"),
    ],
)
def test_entries_of_an_acl(entries: object, expected: list[bytes]) -> None:
    assert _lines(ACL, entries) == expected


@pytest.mark.parametrize(
    ("kind", "entries", "gone"),
    [
        pytest.param(MAP, {"a": "1", "b": "2"}, {b"a", b"b"}, id="a dictionary"),
        pytest.param(MAP, ["a", 1], {b"a", b"1"}, id="keys alone"),
        pytest.param(MAP, [{"key": "a"}, {"key": "b", "value": None}], {b"a", b"b"}, id="keys by name"),
        pytest.param(MAP, {"a": None}, {b"a"}, id="whatever the value"),
        pytest.param(MAP, "a", {b"a"}, id="one, as on a command line"),
        pytest.param(ACL, ["a b", "c"], {b"a b", b"c"}, id="of an ACL"),
    ],
)
def test_what_is_to_be_absent(kind: str, entries: object, gone: set[bytes]) -> None:
    wish = _wish(kind, entries=entries, state="absent")
    assert list(wish.lines) == []
    assert wish.gone == gone
    assert (wish.exclusive, wish.valued) == (False, kind == MAP)


def test_states() -> None:
    assert _wish(MAP, state="empty") == Wish((), exclusive=True, valued=True)
    assert _wish(ACL, state="empty") == Wish((), exclusive=True, valued=False)
    exact = _wish(MAP, entries={"a": "1"}, exclusive=True)
    assert (list(exact.lines), exact.exclusive) == ([b"a 1"], True)
    assert _wish(ACL, entries=[], state="absent").gone == frozenset()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"state": "empty", "entries": {}}, "takes neither entries nor src"),
        ({"state": "empty", "src": "/f"}, "takes neither entries nor src"),
        ({}, "state=present takes entries or src"),
        ({"state": "absent"}, "state=absent takes entries or src"),
        ({"state": "absent", "entries": {"a": 1}, "exclusive": True}, "goes with state=present only"),
        ({"entries": {}, "exclusive": True}, "would empty it; that is said as state=empty"),
    ],
)
def test_options_that_cannot_be_meant(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        _wish(MAP, **options)


# What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        pytest.param({"a": "1", "b": True}, r"entry 2 \('b'\): the value is true; quote it", id="a bool"),
        pytest.param({"a": None}, r"entry 1 \('a'\): the value is null", id="null"),
        pytest.param({"a": 1.5}, r"the value is 1\.5", id="a float"),
        pytest.param({"a": ["x"]}, r"the value is ..x..", id="a list"),
        pytest.param({True: "a"}, "entry 1: the key is true", id="a bool for a key"),
        pytest.param({1.0: "a"}, r"entry 1: the key is 1\.0", id="a float for a key"),
        pytest.param([{"key": None, "value": "a"}], "entry 1: the key is null", id="null for a key"),
        pytest.param({"a": "1", "": "x"}, "entry 2 .*key cannot be empty", id="no key"),
        pytest.param({"X1": "X2", "": "x"}, "entry 2 .*key cannot be empty", id="no key behind a capital one"),
        pytest.param({"a b": "x"}, "entry 1 .*key cannot be empty or hold a blank", id="a blank in a key"),
        pytest.param({"a\tb": "x"}, "key cannot be empty or hold a blank", id="a tab in a key"),
        pytest.param({"a": ""}, "a value cannot be empty", id="no value"),
        pytest.param({"a": " x"}, "a value cannot be empty or begin with a blank", id="a blank before a value"),
        pytest.param({"a": "\tx"}, "a value cannot be empty or begin with a blank", id="a tab before a value"),
        pytest.param({"a": "x\n"}, "control character or a line's end", id="a line's end"),
        pytest.param({"a": "x\nb y"}, r"entry 1 \('a'\): a control character", id="another entry within a value"),
        pytest.param({"a": "x\r"}, "control character", id="a carriage return at the end"),
        pytest.param({"a": "x\0y"}, "control character", id="NUL"),
        pytest.param({"a\x1b": "y"}, "control character", id="escape in a key"),
        pytest.param({"a": "\x7f"}, "control character", id="delete"),
        pytest.param({"#0x1": "x"}, "for a pointer", id="a pointer"),
        pytest.param({"a": "\ud800"}, "surrogate", id="half a surrogate pair in a value"),
        pytest.param({"\udc41": "a"}, "surrogate", id="a surrogate that stands for no byte in a key"),
        pytest.param([{"key": "a"}], "entry 1: a dictionary of key and value is wanted", id="no value at all"),
        pytest.param([{"key": "a", "value": "b", "x": 1}], "a dictionary of key and value", id="something more"),
        pytest.param([["a", "1", "2"]], "a dictionary of key and value", id="three"),
        pytest.param(["a 1"], "a dictionary of key and value", id="a line"),
        pytest.param("a 1", "a dictionary of key and value", id="a text"),
        pytest.param(7, "entries is a dictionary or a list", id="a number"),
        pytest.param("7", "a dictionary of key and value", id="a number in a text"),
    ],
)
def test_what_a_map_cannot_take_is_refused_with_its_number(entries: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        _lines(MAP, entries)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        pytest.param([""], r"entry 1 \(''\): an entry cannot be empty", id="nothing"),
        pytest.param(["a", " a"], "entry 2 .*begin with a blank", id="a blank before"),
        pytest.param(["a\nb"], "control character or a line's end", id="a line's end"),
        pytest.param(["a", True], "entry 2: the key is true", id="a bool"),
        pytest.param([None], "entry 1: the key is null", id="null"),
        pytest.param([{"key": "a"}], "entry 1: the key is", id="a dictionary"),
        pytest.param({"a": "b"}, "entries is a list", id="all of them a dictionary"),
        pytest.param("a,b", "^entries is a list; on a command line it is written as JSON: .*, not 'a,b'$", id="commas"),
        pytest.param(["#0xff"], "for a pointer", id="a pointer"),
        pytest.param(["\ud800"], "surrogate", id="half a surrogate pair"),
    ],
)
def test_what_an_acl_cannot_take_is_refused_with_its_number(entries: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        _lines(ACL, entries)


@pytest.mark.parametrize("entries", [["a b"], {"": 1}, ["a\n"], [True], [["a"]], [{"value": 1}], ["#0x1"]])
def test_keys_that_cannot_be_there_cannot_be_absent(entries: object) -> None:
    with pytest.raises(InputError):
        _wish(MAP, entries=entries, state="absent")


# Files -----------------------------------------------------------------------------------------------------------


def _src(folder: Path, data: bytes) -> str:
    path = folder / "entries"
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        pytest.param(MAP, b"# a\n\n a \t b c \r\n #x 1\n", [b"a b c", b"#x 1"], id="a map"),
        pytest.param(ACL, b"# a\n\n a b \r\n #x\nlast", [b"a b ", b"#x", b"last"], id="an ACL"),
        pytest.param(MAP, b"", [], id="nothing"),
        pytest.param(MAP, b"caf\xe9 \xff\n", [b"caf\xe9 \xff"], id="bytes"),
        pytest.param(MAP, b"a x\rb y\n", [b"a x"], id="a carriage return ends a line as it does for HAProxy"),
    ],
)
def test_entries_of_a_file(folder: Path, kind: str, data: bytes, expected: list[bytes]) -> None:
    assert list(_wish(kind, src=_src(folder, data)).lines) == expected


def test_keys_of_a_file_can_be_absent(folder: Path) -> None:
    assert _wish(MAP, src=_src(folder, b"a 1\nb 2\nc\n d \n"), state="absent").gone == {b"a", b"b", b"c", b"d"}
    assert _wish(ACL, src=_src(folder, b"a 1\nb\n"), state="absent").gone == {b"a 1", b"b"}


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        pytest.param(MAP, b"# c\na\n", "line 2: a value cannot be empty", id="no value"),
        pytest.param(MAP, b"a 1\n\nb \x00\n", "line 3: a control character", id="NUL"),
        pytest.param(MAP, b"a\x0bb c\n", "line 1: a control character", id="a vertical tab is no blank"),
        pytest.param(ACL, b"a\n \x1b\n", "line 2: a control character", id="escape"),
        pytest.param(MAP, b" #0x1 a\n", "line 1: .* for a pointer", id="a pointer"),
        pytest.param(MAP, b"a\rb c\n", "line 1: a value cannot be empty", id="a key before a carriage return"),
    ],
)
def test_what_a_file_cannot_say_is_refused_with_its_line(folder: Path, kind: str, data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        _wish(kind, src=_src(folder, data))


@pytest.mark.parametrize(("name", "words"), [("nowhere", "No such file"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read_is_named(folder: Path, name: str, words: str) -> None:
    with pytest.raises(InputError, match=f"src {folder / name} cannot be read: {words}"):
        _wish(MAP, src=str(folder / name))


# What passes is stored as it is ----------------------------------------------------------------------------------

BYTES = st.lists(
    st.sampled_from([b"a", b"b", b" ", b"\t", b"#", b"0x1", b"\n", b"\r", b"\0", b"\x0b", b"\x7f", b"\xe9", b"\xc3\xa9",
                     b";", b"\\", b"<", b"<<", b"@", b"\x85", b"\xa0"]),
    max_size=7,
).map(b"".join)  # fmt: skip


@given(BYTES, st.booleans())
@example(b"a b ", True)
@example(b"#0x1 b", True)
@example(b"a\tb c", True)
@example(b"a \rb", True)
def test_what_passes_is_what_haproxy_stores(entry: bytes, valued: bool) -> None:
    try:
        passed = check(entry, "x", valued=valued)
    except InputError:
        return
    assert passed == entry
    kind = MAP if valued else ACL
    key, _blank, value = entry.partition(b" ") if valued else (entry, b"", b"")
    command = Ref(kind, "/f", "user").add(decode(key), decode(value) if valued else None)
    said, marked = words_of(command.text)
    assert [text.encode("utf-8", "surrogateescape") for text in said[3:]] == ([key, value] if valued else [key])
    assert not marked
    if valued:
        fake = SetInMemory([], name="/f")
        fake.do("add map /f", decode(entry))
        assert fake.entries == [entry]
    if not (valued and entry.endswith((b" ", b"\t"))):  # which no file can say; persist refuses it
        assert haproxy_reads(line_of(entry), valued=valued) == [entry]


@given(st.dictionaries(st.text(max_size=4), st.one_of(st.text(max_size=4), st.integers()), max_size=3))
def test_any_texts_are_said_exactly_or_refused(entries: dict[str, Any]) -> None:
    try:
        lines = _lines(MAP, entries)
    except InputError:
        return
    assert [decode(line).split(" ", 1) for line in lines] == [[key, str(value)] for key, value in entries.items()]
    assert _lines(MAP, json.dumps(entries)) == lines


@given(BYTES, st.booleans())
def test_any_file_is_read_as_haproxy_would_or_refused(data: bytes, valued: bool) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            lines = list(_wish(MAP if valued else ACL, src=file.name).lines)
        except InputError:
            return
    stored = haproxy_reads(data, valued=valued)
    assert lines == (stored if valued else list(dict.fromkeys(stored)))
