# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``show errors``: the last request and response of each proxy that broke the protocol."""

from __future__ import annotations

import re

from .._errors import ReplyNotUnderstood
from .._protocol import Command, lines_of

SHOW_ERRORS = Command("show errors", "show errors", "operator")

_TOTAL = re.compile(r"Total events captured on \[[^]]*\] : ([0-9]{1,18})(?![0-9])")


def parse_errors(text: str) -> tuple[int, list[str]]:
    """How many there were since the start, and what HAProxy shows of the last ones.

    :raises ReplyNotUnderstood: when it is something else.
    """
    total = _TOTAL.match(text)
    if total is None:
        raise ReplyNotUnderstood(f"not the captured errors: {text[:60]!r}")
    return int(total[1]), lines_of(text)
