# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HAProxy process: ask it, tell it. HAProxy's refusals become errors here and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ._dialect.info import LEVELS, Facts
from ._errors import CannotConnect, CommandRefused, HAProxyError, NotFound, PermissionDenied, UnknownCommand
from ._features import has, require
from ._protocol import Bounds, Command, Joined, Reply, batches, bounds_of, read_joined, read_reply, read_tables
from ._transport import Address, Conversation, Exchange

# The beginnings of refusals that mean something of their own; the same on 2.2 to 3.4. All other words are HAProxy's
# business and the user's.
_MEANINGS: tuple[tuple[str, type[CommandRefused]], ...] = (
    ("Unknown command", UnknownCommand),
    ("Permission denied", PermissionDenied),
    ("No such ", NotFound),
    ("Can't find ", NotFound),
)
# Severities 0 to 3 are refusals; 4 is ambiguous, so that reading decides; 5 to 7 are notices.
_LEAST_SEVERE_REFUSAL = 3


class Told(NamedTuple):
    """What became of the write commands of one process.

    :param done: carried out, as far as HAProxy says.
    :param refused: refused, with the reason.
    :param unsure: sent, but nothing (or nothing that can be told apart) was said about them.
    :param not_attempted: never sent.
    """

    done: tuple[Command, ...] = ()
    refused: tuple[Command, ...] = ()
    unsure: tuple[Command, ...] = ()
    not_attempted: tuple[Command, ...] = ()
    error: HAProxyError | None = None


@dataclass(frozen=True)
class Process:
    """One HAProxy process behind one address.

    :param name: unique in the fleet: the address as the user wrote it or the directory showed it.
    """

    name: str
    address: Address
    facts: Facts

    @property
    def bounds(self) -> Bounds:
        return bounds_of(self.facts.buffer_size, long_lines=has(self.facts.version, "long_lines"))

    def can(self, command: Command) -> None:
        """Judge beforehand what HAProxy would refuse.

        :raises FeatureMissing: when this version does not have the command.
        :raises PermissionDenied: when the socket's level is too low for it.
        """
        require(self.facts.version, command.feature, self.name)
        if LEVELS.index(self.facts.level) < LEVELS.index(command.level):
            raise PermissionDenied(
                f"the socket {self.name} has level {self.facts.level}, and {command.kind!r} needs level "
                f"{command.level}; use a socket whose 'stats socket' line says 'level {command.level}'",
                answer="",
                process=self.name,
                command=command.shown,
            )

    def ask(self, command: Command) -> Conversation[str]:
        """Send one command that reads.

        :return: its data.
        """
        try:
            (batch,) = batches([command], self.bounds)
            reply = read_reply((yield Exchange(self.address, batch.request)))
            _judge(command, reply)
        except HAProxyError as error:
            error.locate(self.name, command.shown)
            raise
        return reply.text

    def ask_tables(self, commands: Sequence[Command]) -> Conversation[list[str]]:
        """Send several commands that read tables without empty lines, in one exchange."""
        return (yield from ask_tables(self.name, self.address, commands))

    def tell(self, commands: Sequence[Command]) -> Conversation[Told]:
        """Send commands that write, in order, up to the first that is refused or not answered."""
        done: list[Command] = []
        waiting = list(batches(commands, self.bounds))
        while waiting:
            batch, *waiting = waiting
            later = tuple(command for next_batch in waiting for command in next_batch.commands)
            try:
                raw = yield Exchange(self.address, batch.request)
                joined = _read(batch.commands, raw)
            except CannotConnect as error:
                error.locate(self.name, batch.commands[0].shown)
                return Told(tuple(done), not_attempted=(*batch.commands, *later), error=error)
            except HAProxyError as error:
                error.locate(self.name, batch.commands[0].shown)
                return Told(tuple(done), unsure=batch.commands, not_attempted=later, error=error)
            done += batch.commands[: joined.done]
            if joined.refusal is not None:
                command, *behind = batch.commands[joined.done :]
                refusal = _refusal(command, joined.refusal, self.name)
                return Told(tuple(done), (command,), tuple(behind), later, refusal)
        return Told(tuple(done))


def ask_tables(name: str, address: Address, commands: Sequence[Command]) -> Conversation[list[str]]:
    """As :meth:`Process.ask_tables`, of an address of which nothing is known yet."""
    request = ";".join(command.text for command in commands)
    (batch,) = batches([Command(request)], bounds_of(4096, long_lines=False))
    try:
        raw = yield Exchange(address, batch.request)
        return read_tables(raw, len(commands))
    except HAProxyError as error:
        error.locate(name, commands[0].shown)
        raise


def _read(commands: Sequence[Command], raw: bytes) -> Joined:
    """How far the commands of one line got."""
    if commands[0].silent:
        return read_joined(raw, len(commands))
    reply = read_reply(raw)
    return Joined(0, reply) if _refused(reply) else Joined(1, None)


def _refused(reply: Reply) -> bool:
    return (reply.severity is not None and reply.severity <= _LEAST_SEVERE_REFUSAL) or reply.text.startswith(
        "Unknown command"
    )


def _judge(command: Command, reply: Reply) -> None:
    """
    :raises CommandRefused: when the reply is a refusal.
    """
    if _refused(reply):
        raise _refusal(command, reply, "")


def _refusal(command: Command, reply: Reply, process: str) -> CommandRefused:
    words = reply.text.partition("\n")[0]
    narrow = next((error for start, error in _MEANINGS if words.startswith(start)), CommandRefused)
    return narrow(
        f"HAProxy refused {command.shown!r}: {words}", answer=reply.text, process=process, command=command.shown
    )
