# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What resources have in common that have no sessions and nothing to wait for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ._fleet import PerProcess
from ._plan import Goal, Step
from ._process import Process
from ._transport import Conversation

if TYPE_CHECKING:
    from ._terms import Place

S = TypeVar("S")


class Sessionless(Generic[S]):
    """The part of a resource that speaks of sessions, of waiting, and of files."""

    def warnings(self, before: PerProcess[S]) -> Iterable[str]:
        return ()

    def known(self, before: PerProcess[S]) -> dict[str, object]:
        return {}

    def file(self, before: PerProcess[S], after: PerProcess[S]) -> Any:
        return None

    def remains(self, process: Process) -> Conversation[Mapping[Any, int]]:
        yield from ()
        return {}

    def sweep(self, process: Process, keys: AbstractSet[Any]) -> Conversation[Sequence[Step]]:
        yield from ()
        return ()

    def last_resort(self, now: PerProcess[S], places: Sequence[Place]) -> Goal[S]:
        return Goal(PerProcess({}))
