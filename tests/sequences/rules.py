# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules: which tasks of a module a sequence draws, and the law that they must obey."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from .law import Law, Options, Touched

Values = st.SearchStrategy[Any]


@dataclass(frozen=True)
class Shape:
    """Tasks that mean something as a whole.

    :param always: options that each has.
    :param some: options of which each has a few.
    :param least: of `some`.
    :param most: of `some`.
    """

    always: Mapping[str, Values]
    some: Mapping[str, Values] = field(default_factory=dict)
    least: int = 0
    most: int = 3

    def options(self) -> st.SearchStrategy[Options]:
        """Options of a task."""
        few = st.lists(st.sampled_from(sorted(self.some) or [""]), unique=True, min_size=self.least, max_size=self.most)
        if not self.some:
            return st.fixed_dictionaries({**self.always})
        return few.flatmap(
            lambda names: st.fixed_dictionaries({**self.always, **{name: self.some[name] for name in sorted(names)}})
        )

    @property
    def names(self) -> set[str]:
        """The options that it may draw."""
        return {*self.always, *self.some}


@dataclass(frozen=True)
class Rules:
    """How tasks of one module are drawn and judged.

    :param shapes: one is drawn, then its options.
    :param left_out: options that no shape draws, and why.
    :param means: whether options that were drawn go together.
    """

    shapes: Sequence[Shape]
    law: Law
    touched: Touched
    left_out: Mapping[str, str]
    means: Callable[[Options], bool] = lambda _options: True

    def tasks(self) -> st.SearchStrategy[Options]:
        """Options of tasks."""
        return st.one_of([shape.options() for shape in self.shapes]).filter(self.means)

    @property
    def drawn(self) -> set[str]:
        """The options that some shape draws."""
        return set[str]().union(*(shape.names for shape in self.shapes))


COMMON = {
    "socket": "given by the world",
    "timeout": "tests/faults",
    "expected_processes": "tests/integration/test_fleet.py",
    "on_unreachable": "tests/integration/test_fleet.py",
}
"""Options of every module that sequences leave out, and where they are tested."""


def words(*those: Any) -> Values:
    """One of these."""
    return st.sampled_from(those)
