# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets as texts: entries as HAProxy shows them, lines as they are told, and whether the ones are the others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils import _listing
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._comparing import compare
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import ReplyNotUnderstood
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._keyed import Deviation, Wish
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._listing import Lines, as_lines, entries, pieces
from hypothesis import example, given
from hypothesis import strategies as st

from unit.plugins.module_utils.pattern_sets import body_of
from unit.plugins.module_utils.support import VERSIONS, reply_of

BLOCKS = [0, 1, 20, 65536]
ODD = st.lists(st.sampled_from([b"a", b" ", b"\n", b"\n0x1", b"0x2 ", b"\n0xg ", b"b"]), max_size=5).map(b"".join)
ENTRIES = st.builds(
    lambda k, v: k + b" " + v, st.sampled_from([b"a", b"b", b"0x1", b"\xe9"]), st.sampled_from([b"1", b"2", b"0x3 4"])
)


@contextmanager
def in_blocks_of(size: int) -> Iterator[None]:
    """A million entries are many blocks; a few are when these are small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_listing, "_BLOCK", size)
        yield


# Entries ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"0x1 a b", [b"a b"], id="one"),
        pytest.param(b"0x1 a b\n0x2f c d e ", [b"a b", b"c d e "], id="blanks within and at the end"),
        pytest.param(b"0x1 a ", [b"a "], id="no value"),
        pytest.param(b"0x1 a", [b"a"], id="of an ACL"),
        pytest.param(b"0x1  a ", [b" a "], id="a key that begins with a blank"),
        pytest.param(b"0x1 0x2 b\n0x3 0x4", [b"0x2 b", b"0x4"], id="keys that look like pointers"),
        pytest.param(b"0x1 a\nb c", [b"a\nb c"], id="a line's end within a key"),
        pytest.param(b"0x1 a\nb c\n0x2 d e", [b"a\nb c", b"d e"], id="and an entry behind it"),
        pytest.param(b"0x1 d e\n0x2 a\n\n[3]: c", [b"d e", b"a\n\n[3]: c"], id="words of HAProxy within a key"),
        pytest.param(b"0x1 a\x85\x0b\x0c\r\x1c b", [b"a\x85\x0b\x0c\r\x1c b"], id="what Python takes for line ends"),
        pytest.param(b"0x1 \xff\x00 \xe9", [b"\xff\x00 \xe9"], id="bytes"),
    ],
)
def test_entries(body: bytes, expected: list[bytes]) -> None:
    assert list(entries(body)) == expected


@pytest.mark.parametrize("body", [
    b"a b", b"0x a", b"0x1", b"0xG b", b"x0x1 a", b"Unknown map identifier.", b"[3]: no",
])  # fmt: skip
def test_what_shows_no_entry_is_not_understood(body: bytes) -> None:
    with pytest.raises(ReplyNotUnderstood):
        list(entries(body))


@pytest.mark.parametrize("block", BLOCKS)
@given(those=st.lists(st.binary(max_size=8).filter(lambda entry: b"\n" not in entry), max_size=6))
def test_any_entries_come_back(block: int, those: list[bytes]) -> None:
    with in_blocks_of(block):
        assert list(entries(body_of(those))) == those


@pytest.mark.parametrize("block", BLOCKS)
@given(those=st.lists(ODD, min_size=1, max_size=6))
def test_an_entry_ends_where_a_pointer_stands_on_the_next_line(block: int, those: list[bytes]) -> None:
    """Whatever else stands in it, and wherever a block ends."""
    whole = re.split(rb"\n0x[0-9a-f]+ ", b"\n" + body_of(those))[1:]
    with in_blocks_of(block):
        assert list(entries(body_of(those))) == whole


@pytest.mark.parametrize("version", VERSIONS)
def test_entries_as_every_version_shows_them(version: str) -> None:
    assert list(entries(_shown(version, "map_hosts"))) == [
        b"a.example www",
        b"b.example two words  and  more",
        b"c.example caf\xe9",
        "d.example größe".encode(),
        b"a.example again",
        b"0x1f x",
        b"#k v",
        b"k;1 v;w",
        b"b\\s \\w",
        b'q"q "v", x',
        b"lone ",
        b"t b\tc",
        b"long " + b"v" * 4096,
    ]
    assert list(entries(_shown(version, "map_empty"))) == []
    assert list(entries(_shown(version, "acl_names"))) == [b"www", b"two words  ", b"www", b"caf\xe9"]
    assert list(entries(_shown(version, "map_doms_swallowed"))) == [b"example.com x", b"a\nb c"]


def _shown(version: str, name: str) -> bytes:
    """The entries in a captured reply, before the table that follows."""
    return reply_of(version, name)[1:].partition(b"Name: HAProxy\n")[0].rstrip(b"\n")


def test_more_entries_than_one_block_holds() -> None:
    those = [b"host%d.example backend_%d" % (n, n % 50) for n in range(20_000)]
    assert len(body_of(those)) > 10 * 65536
    assert list(entries(body_of(those))) == those
    assert as_lines(those).shown_in(body_of(those))
    assert not as_lines([*those[:-1], b"host0 x"]).shown_in(body_of(those))


# Lines -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=4).filter(lambda line: b"\n" not in line)))
def test_lines_are_a_sequence(those: list[bytes]) -> None:
    lines = as_lines(those)
    assert (len(lines), list(lines), bool(lines)) == (len(those), those, bool(those))
    assert [lines[place] for place in range(len(lines))] == those
    assert lines[1:] == those[1:]
    assert as_lines(lines) is lines


def _nearly(those: Sequence[bytes]) -> st.SearchStrategy[list[bytes]]:
    """The same, or something like it."""
    some = list(those)
    return st.one_of(
        st.just(some),
        st.permutations(some),
        st.just(some[:-1]),
        st.just([*some, *some[:1]]),
        st.just([b"\n".join(some)]),
        st.just([b"\n".join(some[:2]), *some[2:]]),
        st.builds(lambda n, entry: [*some[:n], entry, *some[n + 1 :]], st.integers(0, len(some)), ENTRIES),
        st.lists(ENTRIES, max_size=5),
    )


@pytest.mark.parametrize("block", BLOCKS)
@given(data=st.data(), exclusive=st.booleans(), valued=st.booleans())
def test_what_is_compared_as_a_text_is_judged_as_one_by_one(
    block: int, data: st.DataObject, exclusive: bool, valued: bool
) -> None:
    """A wish whose lines are a list is compared entry by entry, one of a text at a glance where that will do."""
    wished = data.draw(st.lists(ENTRIES, max_size=5))
    text = Wish(as_lines(wished), exclusive=exclusive, valued=valued)
    singly = Wish(wished, exclusive=exclusive, valued=valued)
    with in_blocks_of(block):
        for now in data.draw(st.lists(_nearly(wished), min_size=1, max_size=3)):  # what it remembers must not mislead
            body = body_of(now)
            assert compare(body, text) == compare(body, singly)
            # What HAProxy shows of an entry with a line's end in it is no more than that.
            assert not now or as_lines(wished).shown_in(body) == (list(entries(body)) == wished)


LISTED = [b"a 1", b"b 2", b"c 3"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(body_of(LISTED), True, id="the same"),
        pytest.param(body_of(LISTED).replace(b"0x", b"0xf"), True, id="other pointers"),
        pytest.param(body_of(LISTED).replace(b"b 2", b"b 3"), False, id="another value of the same length"),
        pytest.param(body_of(LISTED).replace(b"b 2", b"d 2"), False, id="another key"),
        pytest.param(body_of(LISTED) + b" ", False, id="a blank at the end"),
        pytest.param(body_of(LISTED[:-1]), False, id="one is missing"),
        pytest.param(body_of([*LISTED, b"d 4"]), False, id="one more"),
        pytest.param(body_of([b"b 2", b"a 1", b"c 3"]), False, id="another order"),
        pytest.param(body_of([b"a 1\nb 2", b"c 3"]), False, id="two that are one"),
        pytest.param(body_of([b"a 1\nb 2", b"c", b"3"]), False, id="as many, with other ends"),
    ],
)
def test_a_body_that_was_right_before_proves_itself_only(body: bytes, expected: bool) -> None:
    lines = as_lines(LISTED)
    assert lines.shown_in(body_of(LISTED))
    assert lines.shown_in(body) is expected
    assert compare(body, Wish(lines, exclusive=True)).nothing is expected
    assert compare(body_of(LISTED), Wish(lines, exclusive=True)) == Deviation(3)


def test_what_is_no_list_of_entries_is_none_of_these() -> None:
    with pytest.raises(ReplyNotUnderstood):
        Lines(b"a 1\n").shown_in(b"a 1")


@given(st.lists(st.integers(0, 12), max_size=12), st.integers(0, 40))
@example([3, 4], 5)
@example([39], 40)
@example([40], 40)
def test_pieces_hold_whole_lines_and_as_many_as_fit(sizes: list[int], room: int) -> None:
    those = [b"v" * (size + 1) for size in sizes]
    made = list(pieces(those, room))
    assert b"\n".join(made) == b"\n".join(those)
    assert all(len(piece) < room or b"\n" not in piece for piece in made)
    for n, other in enumerate(made[1:]):
        assert len(made[n]) + 1 + len(other.partition(b"\n")[0]) + 1 > room
    assert all(len(piece) < room for piece in made) == all(len(line) < room for line in those)
