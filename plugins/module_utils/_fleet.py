# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many processes: the same question to all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Callable, NamedTuple, TypeVar

from ._errors import HAProxyError, ProcessReplaced, TransportError
from ._process import Process
from ._transport import Conversation, Converse

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class PerProcess(Mapping[str, T_co]):
    """Process → value, in the order of the fleet."""

    def __init__(self, values: Mapping[str, T_co]) -> None:
        self._values = dict(values)

    def __getitem__(self, process: str) -> T_co:
        return self._values[process]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def same(self) -> bool:
        """Whether all processes say the same."""
        values = list(self._values.values())
        return all(value == values[0] for value in values[1:])

    def merged(self) -> T_co | dict[str, T_co]:
        """The one value that all processes agree on, else who says what."""
        return next(iter(self._values.values())) if self._values and self.same else dict(self._values)


class Skipped(NamedTuple):
    """A socket that was found and left out."""

    socket: str
    reason: str


class Fleet:
    """All processes that one task addresses.

    :param processes: the current ones, by name.
    :param old: workers that a reload replaced; None: without a master socket nobody knows them.
    :param timeout: seconds for one exchange.
    """

    def __init__(
        self,
        processes: tuple[Process, ...],
        old: tuple[Process, ...] | None,
        skipped: tuple[Skipped, ...],
        converse: Converse,
        timeout: float,
    ) -> None:
        self.processes = processes
        self.old = old
        self.skipped = skipped
        self.converse = converse
        self.timeout = timeout

    def __getitem__(self, name: str) -> Process:
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Process]:
        return {process.name: process for process in (*self.processes, *(self.old or ()))}

    def attempt(self, talks: Mapping[str, Conversation[T]]) -> dict[str, T | HAProxyError]:
        """Hold these conversations at once: process → what came of it, which may be an error."""
        return dict(zip(talks, self.converse(list(talks.values()), self.timeout)))

    def each(self, question: Callable[[Process], Conversation[T]]) -> PerProcess[T]:
        """Ask every process the same.

        :raises HAProxyError: the first that any process gave.
        """
        answers = self.attempt({process.name: question(process) for process in self.processes})
        return PerProcess(all_well(answers))

    def each_old(self, question: Callable[[Process], Conversation[T]]) -> PerProcess[T | None]:
        """Ask every old worker the same. One that has ended meanwhile is left out; one that is silent says None.

        :raises HAProxyError: as :meth:`each`.
        """
        answers = self.attempt({process.name: question(process) for process in self.old or ()})
        left = {name: it for name, it in answers.items() if not isinstance(it, ProcessReplaced)}
        return PerProcess(all_well({name: None if isinstance(it, TransportError) else it for name, it in left.items()}))


def all_well(answers: Mapping[str, T | HAProxyError]) -> dict[str, T]:
    """The answers when none is an error.

    :raises HAProxyError: the first error; its message counts the others.
    """
    errors: Sequence[tuple[str, HAProxyError]] = [
        (name, answer) for name, answer in answers.items() if isinstance(answer, HAProxyError)
    ]
    if errors:
        name, error = errors[0]
        if len(errors) > 1:
            error.message += f" (and {len(errors) - 1} more of {len(answers)} processes)"
        error.locate(name)
        raise error
    return {name: answer for name, answer in answers.items() if not isinstance(answer, HAProxyError)}
