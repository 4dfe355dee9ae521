# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Telling a HAProxy process what to do: what can be judged beforehand, and what became of each command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ._dialect.info import LEVELS
from ._errors import CannotConnect, HAProxyError, PermissionDenied, ProcessReplaced
from ._features import require
from ._lines import Joined, batches, given, read_joined
from ._process import GRACE, Process, refused
from ._protocol import DIRECT, Command, Route, is_gone, printable, read_reply
from ._transport import Conversation, Exchange


class Told(NamedTuple):
    """What became of the write commands of one process; of the unsure ones nothing (clear) was said.

    :param words: what HAProxy said about commands that it did not refuse.
    :param version: the number that it gave out last.
    :param seen: what was read immediately before a command.
    :param reached: False: it was silent, or gone, when it was asked afterwards.
    """

    done: tuple[Command, ...] = ()
    refused: tuple[Command, ...] = ()
    unsure: tuple[Command, ...] = ()
    not_attempted: tuple[Command, ...] = ()
    error: HAProxyError | None = None
    words: Mapping[Command, str] = {}
    version: str = ""
    seen: Mapping[Command, bytes] = {}
    reached: bool = True


def can(process: Process, commands: Sequence[Command]) -> None:
    """Judge beforehand what this version, the socket's level or the buffer's size would refuse.

    :raises HAProxyError: FeatureMissing, PermissionDenied, InputError.
    """
    for command in {(command.feature, command.level): command for command in commands}.values():
        _may(process, command)
    for _batch in batches(commands, process.bound, process.route, process.whole_bound):
        pass


def _may(process: Process, command: Command) -> None:
    require(process.facts.version, command.feature, process.name)
    if LEVELS.index(process.facts.level) < LEVELS.index(command.level):
        raise PermissionDenied(
            f"the socket {process.name} has level {process.facts.level}, and {command.kind!r} needs level "
            f"{command.level}; use a socket whose 'stats socket' line says 'level {command.level}'",
            answer="",
            process=process.name,
            command=command.shown,
        )


def tell(process: Process, commands: Sequence[Command], version: str = "") -> Conversation[Told]:
    """Send commands that write, in order, up to the first that is refused or not answered.

    :param version: the number that the process gave out before.
    """
    done: list[Command] = []
    words: dict[Command, str] = {}
    seen: dict[Command, bytes] = {}
    whole = None if process.route == DIRECT else is_gone

    def ended(error: HAProxyError, sent: Sequence[Command]) -> Told:
        error.locate(process.name, sent[0].shown)
        later = tuple(commands[len(done) + len(sent) :])
        return Told(tuple(done), not_attempted=later, error=error, words=words, version=version, seen=seen)

    for batch in batches(commands, process.bound, process.route, process.whole_bound):
        try:
            raw = yield Exchange(process.address, batch.filled(version), grace=GRACE, whole=whole)
            joined = _outcome(batch.commands, raw, process.route)
        except (CannotConnect, ProcessReplaced) as error:
            told = ended(error, batch.commands)
            return told._replace(not_attempted=(*batch.commands, *told.not_attempted))
        except HAProxyError as error:
            return ended(error, batch.commands)._replace(unsure=batch.commands)
        done += batch.commands[: joined.done]
        if joined.words:
            words[batch.commands[0]] = joined.words
            version = given(joined.words) or version
        if batch.commands[0].witness:
            seen[batch.commands[0]] = joined.seen
        if joined.refusal is not None:
            command, *behind = batch.commands[joined.done :]
            from ._refusals import refusal_of  # most commands are carried out

            refusal = refusal_of(command, joined.refusal, process.name)
            return ended(refusal, (command, *behind))._replace(refused=(command,), unsure=tuple(behind))
    return Told(tuple(done), words=words, version=version, seen=seen)


def _outcome(commands: Sequence[Command], raw: bytes, route: Route) -> Joined:
    """How far the commands of one line got."""
    if commands[0].witness:
        from ._witnessed import read_witnessed  # where whole sets are replaced only

        seen, said_no = read_witnessed(raw, route)
        return Joined(0 if said_no else 1, said_no, seen=seen)
    if commands[0].silent:
        return read_joined(raw, len(commands), route)
    (command,) = commands
    reply = read_reply(raw, route)
    said = reply.text.startswith
    if command.as_good and said(command.as_good):
        return Joined(1, None)
    if refused(reply) or (command.not_yet and said(command.not_yet)):
        return Joined(0, reply)
    return Joined(1, None, printable(reply.text.partition("\n")[0]))
