# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables in which a text is quoted: HAProxy does so where it holds a comma, a quote or a line's end."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from .._errors import ReplyNotUnderstood


def quoted(text: str) -> Iterator[list[str]]:
    """
    :raises ReplyNotUnderstood: where a quote does not end, or not before a comma.
    """
    lines = csv.reader(io.StringIO(text, newline="\n"), strict=True)
    try:
        yield from lines
    except csv.Error as error:
        raise ReplyNotUnderstood(f"line {lines.line_num} of the statistics: {error}") from error
