# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's own form of map and ACL files, as its loader reads it (measured on 2.2 to 3.4).

A ``#`` in the first column makes a comment, further right it begins a key. Blanks before the key do not count; in a map
the key ends at the first blank and the value at the last character that is none. An ACL's key is the rest of the line.
"""

from __future__ import annotations

from collections.abc import Iterator

_BLANKS = b" \t"


def is_entry(line: bytes) -> bool:
    return not line.startswith(b"#") and bool(line.strip(b" \t\r"))


def entry_of(line: bytes, *, valued: bool) -> bytes:
    """A line of a file as the entry that HAProxy makes of it: key, one blank, value; of an ACL the key.

    :param valued: whether it is a map's.
    """
    if not valued:
        return line.lstrip(_BLANKS).rstrip(b"\r")
    parts = line.split(None, 1)
    return parts[0] + b" " + parts[1].rstrip(b" \t\r") if len(parts) > 1 else parts[0] + b" "


def entries_of(data: bytes, *, valued: bool) -> Iterator[tuple[int, bytes]]:
    """The number of the line, from 1, and the entry, of each line that is one."""
    if not valued:
        return (
            (n, line.lstrip(_BLANKS).rstrip(b"\r")) for n, line in enumerate(data.split(b"\n"), 1) if is_entry(line)
        )
    return ((n, entry_of(line, valued=True)) for n, line in enumerate(data.split(b"\n"), 1) if is_entry(line))


def line_of(entry: bytes) -> bytes:
    """An entry as a line of a file."""
    return b" " + entry if entry.startswith(b"#") else entry
