# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine asks of a resource. For type checkers and readers only: no task loads this file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Callable, Protocol, TypeVar

from ._fleet import PerProcess
from ._plan import Goal, Part, Step
from ._process import Process
from ._terms import Place
from ._transport import Conversation

S = TypeVar("S")


class File(Protocol):
    """A file that is to be written before anything is sent, or once HAProxy has taken everything."""

    @property
    def diff(self) -> dict[str, object]: ...

    def begin(self) -> None:
        """Write what has to be there before the first command.

        :raises InputError: when it cannot be written; then nothing is sent.
        """

    def result(
        self,
        backup: Callable[[str], str],
        move: Callable[[str, str], None],
        done: Sequence[Mapping[str, str]],
        *,
        writes: bool,
    ) -> dict[str, object]:
        """Write it, where that is wanted; its own keys of the result.

        :param backup: makes a copy of a file, says where; ``move``: puts a file in another's place as its owner had it.
        :param done: what HAProxy has taken already.
        :raises PartlyApplied: when it cannot be written.
        """


class Resource(Protocol[S]):
    """One kind of thing that HAProxy has: what is, what was wished, how to get there."""

    def observe(self, process: Process) -> Conversation[S]:
        """Read what is. The only function that asks anything."""

    def aim(self, now: PerProcess[S], origin: PerProcess[S]) -> Sequence[Goal[S]]:
        """What should be.

        :param origin: what was before the task did anything.
        :raises InputError: for a wish that cannot come true; nothing was written yet.
        """

    def route(self, now: S, aimed: Mapping[Any, Any]) -> Iterable[Step]:
        """The commands that lead there, in order."""

    def predicted(self, now: S, aimed: Mapping[Any, Any]) -> S:
        """What will be read when these commands have been carried out."""

    def missed(self, now: S, aimed: Mapping[Any, Any]) -> dict[Part, str]:
        """What is not as it should be, each with a sentence."""

    def diff(self, before: PerProcess[S], after: PerProcess[S], keys: Sequence[Any]) -> list[dict[str, object]]:
        """What changes on these objects, in Ansible's own form."""

    def file(self, before: PerProcess[S], after: PerProcess[S]) -> File | None:
        """A file on the target that is to be another than it is."""

    def remains(self, process: Process) -> Conversation[Mapping[Any, int]]:
        """Sessions that an old worker still has: object → how many."""

    def sweep(self, process: Process, keys: AbstractSet[Any]) -> Conversation[Sequence[Step]]:
        """The commands that end the sessions of these objects on an old worker."""

    def last_resort(self, now: PerProcess[S], places: Sequence[Place]) -> Goal[S]:
        """What ends the waiting for these places when their time is over."""

    def warnings(self, before: PerProcess[S]) -> Iterable[str]:
        """What the user should know before this task does it."""

    def known(self, before: PerProcess[S]) -> dict[str, object]:
        """What a task that fails after this reading can tell all the same."""

    def answer(self, before: PerProcess[S], after: PerProcess[S], waited: float) -> dict[str, object]:
        """The resource's own keys of a result.

        :param waited: seconds that went by in waiting.
        """
