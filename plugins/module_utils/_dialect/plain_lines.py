# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts in HAProxy's own form of map and ACL files in which nothing is doubtful."""

from __future__ import annotations

# All but blanks, lines' ends and control characters.
_LETTERS = bytes(code for code in range(33, 256) if code != 127)


def plain(data: bytes, *, valued: bool) -> bytes | None:
    """The text of a file in which each line is an entry as it stands, the last one ended, too; None: they have to be
    read one by one."""
    if not data or data[:1] in (b" ", b"#", b"\n"):
        return None
    text = data if data.endswith(b"\n") else data + b"\n"
    rest = text.translate(None, _LETTERS)
    # No other character, no blank beside a blank or a line's end, no empty line, no comment.
    if rest.translate(None, b" \n") or b"\n\n" in text.replace(b" ", b"\n") or (b"#" in text and b"\n#" in text):
        return None
    # In a map's lines that have a value, a blank stands between two ends.
    return None if valued and b"\n\n" in b"\n" + rest else text
