# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries that stand in a file of the target."""

from __future__ import annotations

from .._dialect.pattern_files import entries_of
from .._dialect.plain_lines import plain
from .._errors import InputError
from .._listing import Lines, as_lines
from .entries_judged import check


def read(path: str, *, valued: bool, keys_only: bool) -> Lines:
    """The option ``src``."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise InputError(f"src {path} cannot be read: {error.strerror}") from error
    text = plain(data, valued=valued)
    if text is not None:
        return Lines(text)
    lines = []
    for number, entry in entries_of(data, valued=valued):
        alone = keys_only and valued and entry.endswith(b" ")
        lines.append(check(entry + b"v" if alone else entry, f"{path} line {number}", valued=valued))
    return as_lines(lines)
