# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keywords of a ``server`` line, as far as one must know them to tell them from their values."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from .._errors import InputError

_UNSAYABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
# Of the 64 words of a command, `add server`, the server and its address are four. 2.6 drops what is more in silence.
_MOST_WORDS = 60

# Keywords of a server without a value (HAProxy's configuration manual, 5.2); all others have one.
_FLAGS = frozenset(
    (
        *("agent-check", "allow-0rtt", "backup", "check", "check-reuse-pool", "check-send-proxy", "check-ssl"),
        *("check-via-socks4", "disabled", "enabled", "non-stick", "renegotiate", "ssl", "ssl-reuse", "stick"),
        *("strict-maxconn", "tfo", "tls-tickets"),
    )
)
_FLAG_STARTS = ("no-", "force-", "send-proxy")


def words_of(options: str) -> tuple[str, ...]:
    """Keywords as in a configuration file, quotes included.

    :raises InputError: when a quote is never closed, and for more words than HAProxy reads.
    """
    if _UNSAYABLE.search(options):
        raise InputError(f"options {options!r} holds a control character")
    try:
        words = tuple(shlex.split(options))
    except ValueError as error:
        raise InputError(f"options {options!r}: {error}") from error
    if len(words) > _MOST_WORDS:
        raise InputError(
            f"options holds {len(words)} words; HAProxy reads {_MOST_WORDS} and may drop the rest in silence"
        )
    return words


def keywords(words: Sequence[str]) -> dict[str, str]:
    """Keyword → its (first) value; "" where it has none."""
    found: dict[str, str] = {}
    rest = iter(words)
    for keyword in rest:
        if keyword.startswith("no-"):
            found.pop(keyword[len("no-") :], None)
        found[keyword] = "" if keyword in _FLAGS or keyword.startswith(_FLAG_STARTS) else next(rest, "")
    return found
