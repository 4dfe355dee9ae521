# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the raw loader cuts a file up."""

from __future__ import annotations

import pytest

from benchmark.peers import CHUNK, pieces


@pytest.mark.parametrize(
    ("data", "size", "expected"),
    [
        pytest.param(b"", 8, [], id="nothing"),
        pytest.param(b"a 1\nb 2\n", 8, [b"a 1\nb 2\n"], id="all at once"),
        pytest.param(b"a 1\nb 2\n", 7, [b"a 1\n", b"b 2\n"], id="whole lines only"),
        pytest.param(b"a 1\nb 2\nc 3\n", 8, [b"a 1\nb 2\n", b"c 3\n"], id="a rest"),
    ],
)
def test_pieces_are_whole_lines(data: bytes, size: int, expected: list[bytes]) -> None:
    assert list(pieces(data, size)) == expected


def test_nothing_is_lost_and_no_piece_is_too_long() -> None:
    data = b"".join(b"host%d backend\n" % number for number in range(5000))
    found = list(pieces(data))
    assert b"".join(found) == data
    assert max(map(len, found)) <= CHUNK
