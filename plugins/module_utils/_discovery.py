# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the user wrote under ``socket`` to the processes that answer there. However many sockets, links and masters
lead to a process, it is one: identity is what it says of itself."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from ._address import Address, address_of
from ._errors import HAProxyError
from ._fleet import Fleet, Skipped
from ._probe import probe
from ._process import Answer, Process
from ._transport import Converse

# Where distributions and the documentation put stats and master sockets.
USUAL_PLACES = (
    *("/run/haproxy/admin.sock", "/run/haproxy.sock", "/run/haproxy/haproxy.sock", "/run/haproxy/stats.sock"),
    *("/var/run/haproxy.sock", "/var/lib/haproxy/stats", "/var/lib/haproxy/stats.sock"),
    *("/run/haproxy-master.sock", "/run/haproxy/master.sock", "/run/haproxy/haproxy-master.sock"),
    "/var/lib/haproxy/master.sock",
)


class Policy(NamedTuple):
    """What to do about processes that do not answer.

    :param on_unreachable: ``fail``, ``warn``, or None for the default of each kind of entry.
    :param writes: the module cannot pass over a process that may be alive.
    :param expected: how many current processes must answer; None: any number.
    """

    on_unreachable: str | None
    writes: bool
    expected: int | None


class _Candidate(NamedTuple):
    """An address to be tried, its entry, and whether the entry named it and nothing else."""

    entry: str
    address: Address
    named: bool


def discover(entries: Sequence[str], policy: Policy, converse: Converse, timeout: float) -> Fleet:
    """Find the processes.

    :param entries: addresses, directories, globs; none: the usual places.
    :raises HAProxyError: when an entry yields no process, or not as many answer as expected.
    """
    candidates = [found for entry in entries for found in _candidates(entry)] if entries else _usual()
    answers = _ask({candidate.address for candidate in candidates}, converse, timeout)
    skipped = _skip(candidates, answers, policy)
    for entry in entries or ("",):
        _yields(entry, candidates, answers)
    found = whole = [process for candidate in candidates for process in _processes(answers[candidate.address])]
    if len(found) > 1 or found[0].facts.nbproc > 1:
        from ._distinct import distinct  # most tasks are about one process

        ask = partial(_ask, converse=converse, timeout=timeout)
        whole = distinct(found, answers, ask, skipped, writes=policy.writes)
    processes = sorted(whole, key=lambda process: process.name)
    current = tuple(process for process in processes if not process.old)
    if not current or policy.expected not in (None, len(current)):
        from ._unanswered import other_than  # most tasks find what they expect

        raise other_than(policy.expected, [process.name for process in current])
    known = any(process.reloads is not None for process in found)
    old = tuple(process for process in processes if process.old) if known else None
    return Fleet(current, old, tuple(skipped), converse, timeout)


def _usual() -> list[_Candidate]:
    return [_Candidate("", Address(place, place), False) for place in USUAL_PLACES if os.path.exists(place)]


def _candidates(entry: str) -> list[_Candidate]:
    """
    :raises InputError: when the entry is no address.
    """
    address = address_of(entry)
    path = address.path
    if not path or (os.path.lexists(path) and not os.path.isdir(path)):
        return [_Candidate(entry, address, True)]
    from ._folders import sockets_in  # most entries name a socket

    places = sockets_in(path)
    if places is None:
        return [_Candidate(entry, address, True)]
    return [_Candidate(entry, Address(place, place), False) for place in places]


def _ask(addresses: Iterable[Address], converse: Converse, timeout: float) -> dict[Address, Answer]:
    tried = sorted(addresses)
    return dict(zip(tried, converse([probe(address) for address in tried], timeout)))


def _processes(answer: Answer) -> list[Process]:
    return [] if isinstance(answer, HAProxyError) else answer


def _skip(candidates: Iterable[_Candidate], answers: Mapping[Address, Answer], policy: Policy) -> list[Skipped]:
    """The sockets to pass over.

    :raises HAProxyError: for the first that must not be passed over.
    """
    if not any(isinstance(answer, HAProxyError) for answer in answers.values()):
        return []
    from ._unanswered import passed_over  # most sockets answer

    failed = [(it.address, it.named, answers[it.address]) for it in candidates]
    return [
        passed_over(address, error, policy.on_unreachable, named=named, writes=policy.writes)
        for address, named, error in failed
        if isinstance(error, HAProxyError)
    ]


def _yields(entry: str, candidates: Iterable[_Candidate], answers: Mapping[Address, Answer]) -> None:
    """
    :raises FleetError: when no process answers behind this entry.
    """
    tried = [candidate.address for candidate in candidates if candidate.entry == entry]
    if not any(_processes(answers[address]) for address in tried):
        from ._unanswered import nobody  # most entries yield something

        raise nobody(entry, {address: answers[address] for address in tried}, USUAL_PLACES)
