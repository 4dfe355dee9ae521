# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HAProxy process: ask it. HAProxy's refusals become errors here and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Callable, NamedTuple, TypeVar, Union

from ._address import Address
from ._dialect.info import FACTS, SHOW_INFO, Facts, is_old, parse_facts, parse_info
from ._errors import ClosedEarly, HAProxyError, ProcessReplaced, ReplyNotUnderstood
from ._features import has
from ._protocol import (
    DIRECT,
    REFUSALS,
    Command,
    Reply,
    Route,
    decode,
    is_foreign,
    is_gone,
    line_of,
    longest_line,
    longest_payload,
    read_data,
    read_tables,
)
from ._transport import Conversation, Exchange

T = TypeVar("T")

# What any process takes, whatever its buffer: for asking it how large that is.
CAUTIOUS_LINE = longest_line(4096, long_lines=False)
# A master refuses connections for 8 to 50 ms while it re-executes itself for a reload, and may break one off.
GRACE = 1.0
# The same for an address of which nothing is known yet: it may as well be dead.
PROBE_GRACE = 0.5
_TRIES = 3
# Seconds for an old worker's answer: a master may never pass on the one of a worker that ends meanwhile (3.2).
OLD_LIMIT = 1.0
# Severities 0 to 3 are refusals; 4 is ambiguous, so that reading decides; 5 to 7 are notices.
_LEAST_SEVERE_REFUSAL = 3


class Process(NamedTuple):
    """One HAProxy process behind one address.

    :param name: unique in the fleet.
    :param reloads: how often HAProxy was reloaded since it started; None: no master tells.
    :param shared: other processes answer at this address, too; None: HAProxy does not name it, and none was seen.
    """

    name: str
    address: Address
    facts: Facts
    route: Route = DIRECT
    reloads: int | None = None
    shared: bool | None = False

    @property
    def old(self) -> bool:
        return self.facts.old

    @property
    def bound(self) -> int:
        """Bytes of a line."""
        return longest_line(self.facts.buffer_size, long_lines=has(self.facts.version, "long_lines"))

    @property
    def whole_bound(self) -> int:
        """Bytes of a line and its payload together."""
        return longest_payload(self.facts.buffer_size)

    def ask(self, command: Command) -> Conversation[str]:
        """The data that one command reads.

        :raises ProcessReplaced: when another process answers than the one that this is.
        """
        return decode((yield from self._ask((command,))))

    def read(self, command: Command) -> Conversation[bytes]:
        """As :meth:`ask`, for data that may be large."""
        return (yield from self._ask((command,)))

    def ask_tables(self, commands: Sequence[Command]) -> Conversation[list[str]]:
        """What several commands read, in one exchange: tables without empty lines."""
        tables = decode((yield from self._ask(commands))).split("\n\n")
        if len(tables) != len(commands):
            message = f"{len(tables)} replies to {len(commands)} commands"
            raise ReplyNotUnderstood(message, process=self.name, command=commands[0].shown)
        return tables

    def _ask(self, commands: Sequence[Command]) -> Conversation[bytes]:
        """The reply to commands that read, with proof that this process gave it: ``show info`` comes last."""
        try:
            line = line_of((*commands, SHOW_INFO), self.bound, self.route)
            whole = None if self.route == DIRECT else is_gone
            exchange = Exchange(self.address, line, grace=GRACE, limit=OLD_LIMIT if self.old else inf, whole=whole)
            data, last, begin = yield from _read(exchange, lambda raw: read_data(raw, self.route))
            judge(commands[0], begin)
            info = parse_info(last)
            if info.get("Pid") != str(self.facts.pid) or (is_old(info) and not self.old):
                raise ProcessReplaced(
                    f"process {self.facts.pid} at {self.name} was replaced: HAProxy was reloaded or restarted meanwhile"
                )
        except HAProxyError as error:
            error.locate(self.name, commands[0].shown)
            raise
        return data


# What an address leads to, or why nothing answers there.
Answer = Union["list[Process]", HAProxyError]


def ask_tables(
    name: str,
    address: Address,
    commands: Sequence[Command],
    route: Route,
    grace: float,
    limit: float = inf,
    delay: float = 0.0,
) -> Conversation[list[str]]:
    """As :meth:`Process.ask_tables`, of an address of which nothing is known yet."""
    try:
        whole = is_foreign if route == DIRECT else is_gone
        line = line_of(commands, CAUTIOUS_LINE, route)
        exchange = Exchange(address, line, grace=grace, limit=limit, delay=delay, whole=whole)
        return (yield from _read(exchange, lambda raw: read_tables(raw, len(commands), route)))
    except HAProxyError as error:
        error.locate(name, commands[0].shown)
        raise


def _read(exchange: Exchange, understood: Callable[[bytes], T]) -> Conversation[T]:
    """What is read; asked again where the connection breaks off, as a master's does when it re-executes itself."""
    for _try in range(_TRIES - 1):
        try:
            return understood((yield exchange))
        except ClosedEarly:
            exchange = exchange._replace(again=True, delay=0.0)
    return understood((yield exchange))


def refused(reply: Reply) -> bool:
    if reply.severity is None:  # data, or the words of a process behind an older master
        return reply.text.startswith(REFUSALS)
    return reply.severity <= _LEAST_SEVERE_REFUSAL or reply.text.startswith(REFUSALS[0])


def judge(command: Command, reply: Reply) -> None:
    """
    :raises CommandRefused: when it is a refusal.
    """
    if refused(reply):
        from ._refusals import refusal_of  # most commands that read are answered

        raise refusal_of(command, reply, "")


def facts_of(address: Address, route: Route, limit: float = inf) -> Conversation[Facts]:
    """The facts of the process that answers there."""
    return parse_facts((yield from ask_tables(address.text, address, FACTS, route, PROBE_GRACE, limit)))
