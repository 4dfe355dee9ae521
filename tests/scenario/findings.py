# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found, good or bad, as lines that a playbook prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Finding(NamedTuple):
    """One thing that was looked at."""

    is_good: bool
    words: str

    def line(self) -> str:
        """As it is printed."""
        return f"{'ok    ' if self.is_good else 'FAILED'}  {self.words}"


def same(what: str, seen: object, wanted: object) -> Finding:
    """Whether something is as it should be."""
    return Finding(seen == wanted, what if seen == wanted else f"{what}: it is {seen}, and should be {wanted}")


def told(findings: Iterable[Finding]) -> int:
    """Print them; returns the exit code."""
    found = list(findings)
    print(*(finding.line() for finding in found), sep="\n")
    return int(not found or not all(finding.is_good for finding in found))
