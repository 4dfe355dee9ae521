# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to say about names that match nothing. Needed after failures only."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from .._errors import ObjectNotFound
from .selection import Names


def not_found(
    names: Names, wanted: Names | None, keys: Iterable[tuple[str, str]], backends: set[str], alive: set[str]
) -> ObjectNotFound:
    """The error for the first backend, else the first server, that is nowhere.

    :param wanted: the task's backends; None: all.
    :param keys: (backend, server) of all there are; ``backends``: all there are, those without servers included.
    :param alive: servers that can be changed.
    """
    for pattern in wanted.unmatched(backends) if wanted else ():
        return _sentence("backend", pattern, backends, "")
    within = {name for backend, name in keys if wanted is None or wanted.match(backend)}
    where = f" in backend {', '.join(sorted(filter(wanted.match, backends)))}" if wanted else ""
    for pattern in names.unmatched(within):
        return _sentence("server", pattern, within, where)
    pattern = names.unmatched(alive)[0]
    return ObjectNotFound(f"server {pattern!r} is only in backends that the configuration disables")


def nowhere(what: str, names: Names, known: Iterable[str]) -> ObjectNotFound:
    """The error for the first of these names that is nowhere."""
    there = list(known)
    return _sentence(what, names.unmatched(there)[0], there, "")


def _sentence(what: str, pattern: str, names: Iterable[str], where: str) -> ObjectNotFound:
    known = sorted(set(names))
    near = get_close_matches(pattern, known, n=3, cutoff=0.5)
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    elif known:
        hint = f"there are {', '.join(known[:10])}{', …' if len(known) > 10 else ''}"
    else:
        hint = "there are none"
    return ObjectNotFound(f"no {what} {pattern!r}{where} on any process; {hint}")
