# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's own form of map and ACL files, as its loader reads it (measured on 2.2 to 3.4).

A ``#`` in the first column makes a comment, further right it begins a key. Blanks before the key do not count; in a map
the key ends at the first blank and the value at the last character that is none. An ACL's key is the rest of the line.
A carriage return ends a line wherever it stands. Blanks are space and tab only.
"""

from __future__ import annotations

from collections.abc import Iterator

_BLANKS = b" \t"


def is_entry(line: bytes) -> bool:
    return not line.startswith(b"#") and bool(_said(line).strip(_BLANKS))


def entry_of(line: bytes, *, valued: bool) -> bytes:
    """A line of a file as the entry that HAProxy makes of it: key, one blank, value; of an ACL the key.

    :param valued: whether it is a map's.
    """
    text = _said(line).lstrip(_BLANKS)
    if not valued:
        return text
    text = text.rstrip(_BLANKS)
    key, _blank, value = text.partition(b" ")
    if b"\t" in key:
        key, _blank, value = text.partition(b"\t")
    return key + b" " + value.lstrip(_BLANKS)


def _said(line: bytes) -> bytes:
    return line.partition(b"\r")[0]


def entries_of(data: bytes, *, valued: bool) -> Iterator[tuple[int, bytes]]:
    """The number of the line, from 1, and the entry, of each line that is one."""
    return ((n, entry_of(line, valued=valued)) for n, line in enumerate(data.split(b"\n"), 1) if is_entry(line))


def line_of(entry: bytes) -> bytes:
    """An entry as a line of a file."""
    return b" " + entry if entry.startswith(b"#") else entry
