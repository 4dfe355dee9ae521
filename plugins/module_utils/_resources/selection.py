# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of HAProxy's objects the user's names and globs mean."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import translate

from .._errors import InputError

# What HAProxy accepts in the name of a proxy or a server (invalid_char() in its tools.c), and what makes a glob.
_NAME = re.compile(r"[A-Za-z0-9_.:\-]+")
_GLOB = re.compile(r"[A-Za-z0-9_.:\-*?\[\]!]+")


@dataclass(frozen=True)
class Names:
    """Names and globs, ready to be compared with many names."""

    names: frozenset[str]
    globs: tuple[tuple[str, re.Pattern[str]], ...]

    def match(self, name: str) -> bool:
        return name in self.names or any(glob.match(name) for _text, glob in self.globs)

    def unmatched(self, known: Collection[str]) -> list[str]:
        """The names and globs that match nothing of what there is."""
        bare = [name for name in sorted(self.names) if name not in known]
        return bare + [text for text, glob in self.globs if not any(glob.match(name) for name in known)]


def names_of(option: str, patterns: Sequence[str]) -> Names:
    """
    :param option: the option that holds them, for messages.
    :raises InputError: for a pattern that never matches a name of HAProxy, and when there is none.
    """
    if not patterns:
        raise InputError(f"{option} is empty; it takes at least one name or glob")
    globs = []
    for pattern in dict.fromkeys(patterns):
        if not _GLOB.fullmatch(pattern):
            raise InputError(
                f"{option} {pattern!r}: names in HAProxy hold letters, digits and '-', '_', '.', ':' only "
                "(and '*', '?', '[…]' make a glob here)"
            )
        if not _NAME.fullmatch(pattern):
            globs.append((pattern, _compiled(option, pattern)))
    return Names(frozenset(filter(_NAME.fullmatch, patterns)), tuple(globs))


def _compiled(option: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(translate(pattern))
    except re.error as error:  # Python 3.9 translates [z-a] as it stands
        raise InputError(f"{option} {pattern!r}: {error}") from error
