# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of records is not as it was aimed at, once commands were sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Callable, TypeVar

from ._plan import Part
from ._shapes import Aimed, Field

K = TypeVar("K")
R = TypeVar("R")


def missed(
    rows: Sequence[Field[R]], now: Mapping[K, R], aimed: Mapping[K, Aimed[R]], called: Callable[[R], str]
) -> dict[Part, str]:
    """The wished fields that are not as aimed at, each with a sentence."""
    wrong: dict[Part, str] = {}
    for key, target in aimed.items():
        found = now.get(key)
        for row in rows:
            if row.name not in target.fields or not row.lasts:
                continue
            if found is None:
                wrong[key, row.name] = f"{called(target.record)} is gone"
            elif row.read(found) != row.read(target.record):
                read, wished = row.read(found), row.read(target.record)
                wrong[key, row.name] = f"{row.name} of {called(target.record)} is {read}, not {wished}"
    return wrong
