# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All names but some."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from .selection import Names

_ALL = ("*", re.compile(""))


@dataclass(frozen=True)
class Others(Names):
    """All names but some."""

    but: frozenset[str] = frozenset()

    def match(self, name: str) -> bool:
        return name not in self.but

    def unmatched(self, known: Collection[str]) -> list[str]:
        return []


def others(names: Collection[str]) -> Others:
    return Others(frozenset(), (_ALL,), frozenset(names))
