# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of maps and ACLs, as HAProxy's loader reads them."""

from __future__ import annotations

import re

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.pattern_files import (
    entries_of,
    entry_of,
    is_entry,
    line_of,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.plain_lines import plain
from hypothesis import example, given
from hypothesis import strategies as st

from unit.plugins.module_utils.support import VERSIONS, reply_of


def haproxy_reads(data: bytes, *, valued: bool) -> list[bytes]:
    """What HAProxy makes of a file, character by character (pat_ref_read_from_file_smp() and
    pat_ref_read_from_file() in pattern.c), as ``show`` shows it; a zero byte ends a line, too."""
    made = []
    for line in data.split(b"\n"):
        text = (line + b"\0").decode("latin-1")
        if text[0] == "#":
            continue
        at = 0
        while text[at] in " \t":
            at += 1
        if text[at] in "\0\r":
            continue
        begin = at
        while text[at] not in ("\0\r \t" if valued else "\0\r"):
            at += 1
        entry = text[begin:at]
        if valued:
            while text[at] in " \t":
                at += 1
            begin = at
            while text[at] not in "\0\r":
                at += 1
            while at > begin and text[at - 1] in " \t":
                at -= 1
            entry += " " + text[begin:at]
        made.append(entry.encode("latin-1"))
    return made


LINES = st.lists(st.sampled_from([b"a", b"b", b" ", b"\t", b"#", b"\r", b"\x0b", b"\x0c", b"\xe9", b"\xa0", b"\x85", b";"]),
                 max_size=8).map(b"".join)  # fmt: skip
FILES = st.lists(LINES, max_size=5).map(b"\n".join)


@pytest.mark.parametrize("valued", [True, False], ids=["map", "ACL"])
@given(data=FILES)
@example(data=b"")
@example(data=b"a\x0bb c")
@example(data=b" \ra b")
@example(data=b"a\rb c")
@example(data=b"a b \r")
@example(data=b"a b\rc\n\r\n#\n #\n")
def test_any_file_is_read_as_haproxy_reads_it(valued: bool, data: bytes) -> None:
    assert [entry for _number, entry in entries_of(data, valued=valued)] == haproxy_reads(data, valued=valued)


PLAIN = st.lists(st.sampled_from([b"a b", b"c", b"d e f", b"a b ", b"#a b", b" a b", b"", b"c  d", b"a #b", b"\xe9 b", b"a\tb"]),
                 max_size=4).map(b"\n".join)  # fmt: skip


@pytest.mark.parametrize("valued", [True, False], ids=["map", "ACL"])
@given(data=st.one_of(FILES, PLAIN))
@example(data=b"a b")
@example(data=b"a b\n")
@example(data=b"a b\n\n")
def test_what_is_plain_stands_there_as_haproxy_reads_it(valued: bool, data: bytes) -> None:
    text = plain(data, valued=valued)
    there = haproxy_reads(data, valued=valued)
    assert text is None or text == b"".join(line + b"\n" for line in there)
    good = rb"[^ \t#][^ \t]*( [^ \t]+)" + (b"+" if valued else b"*")
    lines = data[:-1].split(b"\n") if data.endswith(b"\n") else data.split(b"\n")
    letters = not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", data)
    assert (text is not None) == (letters and all(re.fullmatch(good, line) for line in lines))


@pytest.mark.parametrize("valued", [True, False], ids=["map", "ACL"])
@given(data=FILES)
def test_numbers_are_those_of_lines(valued: bool, data: bytes) -> None:
    lines = data.split(b"\n")
    for number, entry in entries_of(data, valued=valued):
        assert is_entry(lines[number - 1])
        assert entry_of(lines[number - 1], valued=valued) == entry
    numbers = {number for number, _entry in entries_of(data, valued=valued)}
    assert not any(haproxy_reads(line, valued=valued) for n, line in enumerate(lines, 1) if n not in numbers)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"a", True),
        (b" a", True),
        (b"\ta\r", True),
        (b"#a", False),
        (b" #a", True),
        (b"", False),
        (b" \t", False),
        (b"\r", False),
        (b" \r", False),
        (b" \ra", False),
        (b"\x0b", True),
        (b"X", True),
    ],
)
def test_is_entry(line: bytes, expected: bool) -> None:
    assert is_entry(line) is expected


@pytest.mark.parametrize(
    ("line", "in_map", "in_acl"),
    [
        pytest.param(b"a b", b"a b", b"a b", id="plain"),
        pytest.param(b" \ta \t b", b"a b", b"a \t b", id="blanks before and between"),
        pytest.param(b"a b  c ", b"a b  c", b"a b  c ", id="blanks within and behind"),
        pytest.param(b"a\tb c", b"a b c", b"a\tb c", id="a tab behind the key"),
        pytest.param(b"a b\tc", b"a b\tc", b"a b\tc", id="a tab in the value"),
        pytest.param(b"a b\r", b"a b", b"a b", id="a carriage return at the end"),
        pytest.param(b"a b \r", b"a b", b"a b ", id="a blank before it"),
        pytest.param(b"a b\rc", b"a b", b"a b", id="a carriage return within"),
        pytest.param(b"a", b"a ", b"a", id="no value"),
        pytest.param(b"a ", b"a ", b"a ", id="a blank and no value"),
        pytest.param(b" #a b", b"#a b", b"#a b", id="a hash that is no comment"),
        pytest.param(b"a\x0bb\x0cc d", b"a\x0bb\x0cc d", b"a\x0bb\x0cc d", id="no blanks for HAProxy"),
        pytest.param(b"XaX XbX", b"XaX XbX", b"XaX XbX", id="letters at both ends"),
        pytest.param(b"\xa0a \xe9\xff", b"\xa0a \xe9\xff", b"\xa0a \xe9\xff", id="bytes"),
    ],
)
def test_entry_of(line: bytes, in_map: bytes, in_acl: bytes) -> None:
    assert entry_of(line, valued=True) == in_map
    assert entry_of(line, valued=False) == in_acl


@pytest.mark.parametrize(("entry", "line"), [(b"a b", b"a b"), (b"#a b", b" #a b"), (b"a #b", b"a #b"), (b"a ", b"a ")])
def test_line_of(entry: bytes, line: bytes) -> None:
    assert line_of(entry) == line
    assert entry_of(line, valued=True) == entry


HOSTS = (
    b"# hosts\na.example www\nb.example two words  and  more\nc.example caf\xe9\nd.example gr\xc3\xb6\xc3\x9fe\n"
    b'a.example again\n\n0x1f x\n #k v\nk;1 v;w\nb\\s \\w\nq"q "v", x\nlone\nt\tb\tc \t \nlong ' + b"v" * 4096 + b"\n"
)
NAMES = b"www\n  two words  \nwww\n caf\xe9\n"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("data", "valued", "name"), [(HOSTS, True, "map_hosts"), (NAMES, False, "acl_names")])
def test_the_files_of_the_capture_are_read_as_every_version_did(
    version: str, data: bytes, valued: bool, name: str
) -> None:
    shown = reply_of(version, name)[1:].partition(b"\n\n")[0]
    expected = [line.partition(b" ")[2] for line in shown.split(b"\n")]
    assert [entry for _number, entry in entries_of(data, valued=valued)] == expected
    assert haproxy_reads(data, valued=valued) == expected


def test_lines_are_numbered_from_one_and_comments_count() -> None:
    assert list(entries_of(b"# a\n\na 1\n#\nb 2", valued=True)) == [(3, b"a 1"), (5, b"b 2")]
