# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine asks of a resource. For type checkers and readers only: no task loads this file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from ._fleet import PerProcess
from ._plan import Goal, Part, Step
from ._process import Process
from ._transport import Conversation

S = TypeVar("S")


class Resource(Protocol[S]):
    """One kind of thing that HAProxy has: what is, what was wished, how to get there."""

    def observe(self, process: Process) -> Conversation[S]:
        """Read what is. The only function that asks anything."""

    def aim(self, now: PerProcess[S]) -> Sequence[Goal[S]]:
        """What should be.

        :raises InputError: for a wish that cannot come true; nothing was written yet.
        """

    def route(self, now: S, aimed: Mapping[Any, Any]) -> Iterable[Step]:
        """The commands that lead there, in order."""

    def predicted(self, now: S, aimed: Mapping[Any, Any]) -> S:
        """What will be read when these commands have been carried out."""

    def missed(self, now: S, aimed: Mapping[Any, Any]) -> dict[Part, str]:
        """What is not as it should be, each with a sentence."""

    def view(self, now: PerProcess[S], keys: Sequence[Any]) -> dict[str, object]:
        """What people see of these objects; the diff is made of it."""

    def remains(self, process: Process) -> Conversation[Mapping[Any, int]]:
        """Sessions that an old worker still has: object → how many."""

    def answer(self, before: PerProcess[S], after: PerProcess[S], waited: float) -> dict[str, object]:
        """The resource's own keys of a result.

        :param waited: seconds that went by in waiting.
        """
