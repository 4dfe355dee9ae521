# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a HAProxy version can do: the one place that knows version numbers."""

from __future__ import annotations

import re
from typing import NamedTuple

from ._errors import FeatureMissing, ReplyNotUnderstood


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
    found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    if found is None:
        raise ReplyNotUnderstood(f"no HAProxy version in {text!r}")
    return Version(int(found[1]), int(found[2]), int(found[3] or 0))


# feature -> (what it is called in a sentence, first version that has it); measured, and read in HAProxy's sources.
FEATURES: dict[str, tuple[str, tuple[int, int]]] = {
    "long_lines": ("command lines above half a buffer", (2, 6)),
    "whole_lines": ("handing whole lines to a worker (@@)", (3, 2)),
}


def has(version: Version, feature: str) -> bool:
    """Whether a process of this version can do it."""
    return version[:2] >= FEATURES[feature][1]


def require(version: Version, feature: str | None, process: str) -> None:
    """
    :raises FeatureMissing: when a process of this version cannot do it.
    """
    if feature is None or has(version, feature):
        return
    name, (major, minor) = FEATURES[feature]
    raise FeatureMissing(f"{name} needs HAProxy {major}.{minor}, process {process} runs {version}", process=process)
