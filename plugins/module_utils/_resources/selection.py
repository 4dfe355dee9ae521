# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of HAProxy's objects the user's names and globs mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from .._errors import InputError, ObjectNotFound

# What HAProxy accepts in the name of a proxy or a server (invalid_char() in its tools.c), and what makes a glob.
_GLOB = re.compile(r"[A-Za-z0-9_.:\-*?\[\]!]+")


def check_pattern(option: str, pattern: str) -> str:
    """The pattern itself, when it can match a name of HAProxy.

    :raises InputError: when it never can.
    """
    if _GLOB.fullmatch(pattern):
        return pattern
    raise InputError(
        f"{option} {pattern!r}: names in HAProxy hold letters, digits and '-', '_', '.', ':' only "
        "(and '*', '?', '[…]' make a glob here)"
    )


def matching(patterns: Sequence[str], names: Iterable[str]) -> list[str]:
    """The names that one of the patterns matches, in their order."""
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]


def not_found(what: str, pattern: str, names: Iterable[str], where: str) -> ObjectNotFound:
    """The error for a pattern that matches nothing, with the names that come near.

    :param what: ``server`` or ``backend``.
    :param where: `` in backend www``, or nothing.
    """
    from difflib import get_close_matches  # loaded on failure only: 3 ms

    known = sorted(set(names))
    near = get_close_matches(pattern, known, n=3, cutoff=0.5)
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    elif known:
        hint = f"there are {', '.join(known[:10])}{', …' if len(known) > 10 else ''}"
    else:
        hint = "there are none"
    return ObjectNotFound(f"no {what} {pattern!r}{where} on any process; {hint}")
