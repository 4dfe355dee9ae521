# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a HAProxy version can do: the one place that knows version numbers."""

from __future__ import annotations

import re
from typing import NamedTuple

from ._errors import ReplyNotUnderstood


class Version(NamedTuple):
    """A HAProxy version; compares as its numbers."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def version_of(text: str) -> Version:
    """The version at the start of ``2.2.9-2+deb11u6``, ``3.5-dev5-abc`` or ``3.0.0``.

    :raises ReplyNotUnderstood: when there is none.
    """
    found = re.match(r"(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?", text)
    if found is None:
        raise ReplyNotUnderstood(f"no HAProxy version in {text!r}")
    return Version(int(found[1]), int(found[2]), int(found[3] or 0))


class Feature(NamedTuple):
    """What it is called in a sentence, the first version that has it, and versions (first, last) where it is broken."""

    called: str
    since: tuple[int, int]
    broken: tuple[tuple[int, int, int], tuple[int, int, int]] | None = None


# Measured, and read in HAProxy's sources.
FEATURES = {
    # 2.6.12 still hangs at a line longer than "bufsize - tune.maxrewrite", 3.0.11 does not.
    "long_lines": Feature("command lines above half a buffer", (3, 0)),
    "whole_lines": Feature("handing whole lines to a worker (@@)", (3, 2)),
    "server_ssl": Feature("changing the ssl of a server", (2, 4)),
    # 3.4.7 says "invalid addr" to every address.
    "check_address": Feature("changing the check_address of a server", (2, 4), ((3, 4, 0), (3, 4, 7))),
    "agent_port": Feature("changing the agent_port of a server", (2, 4)),
    # Up to 2.2 a frontend that was shut down has no row any more, and "STOP" says that it is disabled.
    "frontend_stays": Feature("seeing that a frontend was shut down", (2, 3)),
    # From 2.3 on a disabled frontend was "OPEN", until a correction that 2.6.12 has.
    "frontend_status": Feature("seeing that a frontend is disabled", (2, 2), ((2, 3, 0), (2, 6, 11))),
    # 3.4.0 crashes when its counters are cleared under traffic with rate limits.
    "clear_all_counters": Feature("clearing all counters", (2, 2), ((3, 4, 0), (3, 4, 0))),
    "set_versions": Feature("replacing a whole map or ACL at once", (2, 4)),
    # 2.6 gives a new server none until dynamic cookies are enabled, or the key is said, once more; 3.0 does.
    "cookies_of_new_servers": Feature("a dynamic cookie for a new server", (3, 0)),
    # From 3.4 on backends are made and deleted, and may be kept from getting traffic, while HAProxy runs.
    "dynamic_backends": Feature("adding, deleting, publishing or unpublishing a backend", (3, 4)),
    # Up to 2.8 "set map" and "del map" search all entries, one by one.
    "sets_by_key": Feature("finding an entry by its key", (2, 9)),
    "sets_need_admin": Feature("maps and ACLs for administrators only", (3, 3)),
    # 2.4 and 2.5 know it as an experiment only.
    "dynamic_servers": Feature("adding or deleting a server", (2, 6)),
}


def has(version: Version, feature: str) -> bool:
    """Whether a process of this version can do it."""
    _called, since, broken = FEATURES[feature]
    return version[:2] >= since and not (broken and broken[0] <= version <= broken[1])


def require(version: Version, feature: str | None, process: str) -> None:
    """
    :raises FeatureMissing: when a process of this version cannot do it.
    """
    if feature is not None and not has(version, feature):
        from ._lacking import lacking  # most processes can

        raise lacking(*FEATURES[feature], version, process)
