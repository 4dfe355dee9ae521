# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to come true after a goal's commands. Of use where something is waited for."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple, Optional, Protocol, TypeVar

from ._fleet import PerProcess
from ._terms import Place, Terms

S_contra = TypeVar("S_contra", contravariant=True)

# Seconds after which a session that was ended is out of the statistics, with a margin.
KILLED = 2.0


class Verdict(NamedTuple):
    """What is missing of what a goal promises: place → a few words; and the memory for the next judgement."""

    left: Mapping[Place, str]
    memory: Mapping[Any, Any]


# Old worker → object → sessions; None: it does not answer.
Remains = PerProcess[Optional[Mapping[Any, int]]]


class Until(Protocol[S_contra]):
    """What has to come true after a goal's commands."""

    @property
    def empties(self) -> AbstractSet[Any]:
        """Objects that are to lose their sessions: on old workers, too."""

    @property
    def interval(self) -> float:
        """Seconds between two readings."""

    def judge(self, now: PerProcess[S_contra], old: Remains, seconds: float, memory: Mapping[Any, Any]) -> Verdict:
        """
        :param seconds: since the waiting began.
        :raises Hopeless: when it cannot come true.
        """

    def terms(self, place: Place) -> Terms:
        """How long this may take."""
