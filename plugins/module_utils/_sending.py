# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending what a plan holds, and the record of what was sent."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Callable, NamedTuple, TypeVar

from ._errors import CommandRefused, Fault, HAProxyError, ProcessReplaced
from ._fleet import Fleet
from ._plan import listed
from ._protocol import Command
from ._telling import Told, tell

if TYPE_CHECKING:
    from ._terms import Place

S = TypeVar("S")


class Clock(NamedTuple):
    """Time, as far as the engine knows it."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


CLOCK = Clock()

Lines = list[dict[str, str]]


@dataclass(frozen=True)
class Ledger:
    """What was done.

    :param done: process → commands of the plan.
    :param also: commands that only time called for: repeated ones, ends of waiting, ways back.
    :param words: what HAProxy said beside, by process and command.
    :param given_up: places for which nobody waits any more.
    :param versions: process → the number that it gave out last.
    :param seen: process → what was read immediately before a command.
    """

    done: dict[str, list[Command]] = field(default_factory=dict)
    also: Lines = field(default_factory=list)
    words: dict[tuple[str, Command], str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    given_up: set[Place] = field(default_factory=set)
    versions: dict[str, str] = field(default_factory=dict)
    seen: dict[str, bytes] = field(default_factory=dict)

    def add(self, process: str, commands: Sequence[Command], planned: AbstractSet[Command]) -> None:
        foreseen = [command for command in commands if command in planned]
        if foreseen:
            self.done.setdefault(process, []).extend(foreseen)
        self.also.extend(listed(process, [command for command in commands if command not in planned]))

    def take(self, process: str, told: Told, planned: AbstractSet[Command]) -> None:
        """What became of the commands of one process."""
        self.add(process, told.done, planned)
        self.words.update({(process, command): text for command, text in told.words.items()})
        if told.version:
            self.versions[process] = told.version
        for data in told.seen.values():
            self.seen[process] = data

    def lines(self) -> Lines:
        return [line for process in sorted(self.done) for line in listed(process, self.done[process])]

    @contextmanager
    def told(self) -> Iterator[None]:
        """Let every error that passes say what was done until then."""
        try:
            yield
        except HAProxyError as error:
            error.done = error.done or self.lines()
            error.also_done = self.also
            error.warnings = self.warnings
            raise
        except Exception as error:
            raise Fault(f"{type(error).__name__}: {error}", done=self.lines()) from error


def attempted(
    fleet: Fleet, commands: Mapping[str, Sequence[Command]], versions: Mapping[str, str] | None = None
) -> dict[str, Told]:
    """Tell each process its commands, all at once; what became of them."""
    told = {}
    talks = {name: tell(fleet[name], sent, (versions or {}).get(name, "")) for name, sent in commands.items()}
    for name, answer in fleet.attempt(talks).items():
        one = Told(unsure=tuple(commands[name]), error=answer) if isinstance(answer, HAProxyError) else answer
        # An old worker that has ended has no session any more.
        ended = fleet[name].old and isinstance(one.error, ProcessReplaced)
        told[name] = Told(done=tuple(commands[name])) if ended else one
    return told


def may_yet(told: Told) -> bool:
    """Whether what was refused may be carried out later."""
    return (
        isinstance(told.error, CommandRefused)
        and bool(told.refused and told.refused[0].not_yet)
        and told.error.answer.startswith(told.refused[0].not_yet)
    )
