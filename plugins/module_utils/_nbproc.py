# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of one ``nbproc`` (HAProxy up to 2.4): which of them a socket reaches, and whether all are reached.

A socket that several processes share hands each connection to any of them, so nothing is ever asked or written
through it. HAProxy itself says how many there are (``Nbproc``) and on which sockets (``show cli sockets``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ._address import Address, address_of
from ._dialect.info import Facts
from ._errors import FleetError, HAProxyError, InputError
from ._process import Answer, Process, facts_of
from ._protocol import DIRECT
from ._transport import Conversation

# So many connections more show whether several processes share an address. An idle HAProxy may still let one of them
# answer all; each reading looks at the pid.
_CONNECTIONS = 10


def is_shared(address: Address, facts: Facts) -> bool | None:
    """Whether several processes listen on this address.

    :return: None where HAProxy does not name the address (a proxy in front, another mount, a chroot).
    """
    if facts.nbproc == 1:
        return False
    return next((not number.isdigit() for listener, number in _listeners(facts) if _same(listener, address)), None)


def seems_shared(address: Address, facts: Facts) -> Conversation[bool | None]:
    """The same, where HAProxy does not tell, as further connections show."""
    told = is_shared(address, facts)
    if told is not None:
        return told
    for _connection in range(_CONNECTIONS):
        if (yield from facts_of(address, DIRECT)).pid != facts.pid:
            return True
    return None


def others(process: Process) -> list[Address]:
    """The addresses, by HAProxy's own word, of single processes of the same HAProxy."""
    if process.facts.nbproc < 2:
        return []
    return [address for address, number in _listeners(process.facts) if number.isdigit()]


def lacking(process: Process, reached: Iterable[Process]) -> int:
    """How many processes of the same HAProxy are not reached."""
    group = process.facts.identity[1:]
    return process.facts.nbproc - len({one.facts.pid for one in reached if one.facts.identity[1:] == group})


def completed(
    found: Sequence[Process],
    answers: Mapping[Address, Answer],
    ask: Callable[[Iterable[Address]], dict[Address, Answer]],
    *,
    writes: bool,
) -> list[Process]:
    """The processes that can be told apart, with those that were not given and that HAProxy names.

    :param answers: of the addresses that were given.
    :raises FleetError: when some stay out of reach of a module that writes, or all do.
    """
    several = [process for process in found if process.facts.nbproc > 1 and not process.old]
    usable = [process for process in found if not process.shared]
    tried = {address[1:]: answer for address, answer in answers.items()}
    wanted = {address for process in several if lacking(process, usable) for address in others(process)}
    more = ask(address for address in wanted if address[1:] not in tried)
    groups = {process.facts.identity[1:] for process in several}  # on another host the same path is another HAProxy
    named = [one for answer in more.values() for one in _processes(answer) if one.facts.identity[1:] in groups]
    known = {process.facts.identity for process in named}
    usable = [one for one in usable if one.shared is False or one.facts.identity not in known] + named
    tried.update({address[1:]: answer for address, answer in more.items()})
    for process in several:
        if lacking(process, usable) and (writes or not usable):
            said = [tried[address[1:]] for address in others(process) if address[1:] in tried]
            reasons = [str(answer) for answer in said if isinstance(answer, HAProxyError)]
            raise FleetError(sentence(process, usable, reasons), process=process.name)
    return usable


def unreached(usable: Sequence[Process]) -> Iterator[tuple[Process, str]]:
    """One process of each HAProxy that is not reached whole, and a sentence about it."""
    groups = {process.facts.identity[1:]: process for process in reversed(usable) if process.facts.nbproc > 1}
    for process in groups.values():
        if not process.old and lacking(process, usable):
            yield process, sentence(process, usable, ())


def _processes(answer: Answer) -> list[Process]:
    return [] if isinstance(answer, HAProxyError) else answer


def sentence(process: Process, reached: Sequence[Process], reasons: Iterable[str]) -> str:
    """Why a task stops, and what the addresses that HAProxy names had to say."""
    said = "".join(f"; {reason}" for reason in reasons)
    return (
        f"the HAProxy behind {process.name} has {process.facts.nbproc} processes, and {lacking(process, reached)} of them "
        "cannot be reached by a socket of their own; give each process one ('stats socket … process N') or use the master "
        f"socket{said}"
    )


def _listeners(facts: Facts) -> Iterator[tuple[Address, str]]:
    """Address and processes (a number, a range or ``all``) of each stats socket that can be connected to."""
    for line in facts.sockets:
        place, _blank, rest = line.partition(" ")
        try:
            address = address_of(place)
        except InputError:  # sockpair@5, ipv4@*:9999, a relative path: nothing to connect to
            continue
        yield address._replace(text=address.path or place), rest.rpartition(" ")[2]


def _same(one: Address, other: Address) -> bool:
    if one.path and other.path:
        return os.path.realpath(one.path) == os.path.realpath(other.path)
    return one[1:] == other[1:]
