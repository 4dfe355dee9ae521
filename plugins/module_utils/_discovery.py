# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the user wrote under ``socket`` to the processes that answer there.

One process is one process, however many sockets and links lead to it: identity is what the process says of itself.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ._dialect.info import FACTS, LEVELS, Facts, parse_facts
from ._errors import CannotConnect, FleetError, HAProxyError, InputError, NotHAProxy, TimedOut
from ._fleet import Fleet, Skipped
from ._process import Process, ask_tables
from ._transport import Address, Conversation, Converse

# Where distributions and the documentation put the stats socket. A link from /var/run to /run does no harm.
USUAL_PLACES = (
    "/run/haproxy/admin.sock",
    "/run/haproxy.sock",
    "/run/haproxy/haproxy.sock",
    "/run/haproxy/stats.sock",
    "/var/run/haproxy/admin.sock",
    "/var/run/haproxy.sock",
    "/var/lib/haproxy/stats",
    "/var/lib/haproxy/stats.sock",
)

# What connect() says of something that is certainly no living HAProxy.
_NO_LISTENER = (errno.ECONNREFUSED, errno.ENOTSOCK, errno.EPROTOTYPE, errno.ENOENT)


class Policy(NamedTuple):
    """What the task says about processes that do not answer.

    :param on_unreachable: ``fail``, ``warn``, or None for the default of each kind of entry.
    :param writes: whether the module writes; one that does cannot pass over a process that may be alive.
    :param expected: how many processes must answer; None: any number.
    """

    on_unreachable: str | None
    writes: bool
    expected: int | None


class _Candidate(NamedTuple):
    """An address to be tried, the entry that it comes from, and whether the entry named it and nothing else."""

    entry: str
    address: Address
    named: bool


def discover(entries: Sequence[str], policy: Policy, converse: Converse, timeout: float) -> Fleet:
    """Find the processes.

    :param entries: paths of sockets and directories; none: the usual places.
    :raises HAProxyError: when an entry yields no process, or not as many answer as expected.
    """
    candidates = _usual() if not entries else [found for entry in entries for found in _candidates(entry)]
    addresses = list(dict.fromkeys(candidate.address for candidate in candidates))
    answers = dict(zip(addresses, converse([_probe(address) for address in addresses], timeout)))
    skipped = _skip(candidates, answers, policy)
    processes = _distinct((address, answer) for address, answer in answers.items() if isinstance(answer, Facts))
    for entry in entries or ("",):
        _yields(entry, candidates, answers)
    if policy.expected is not None and len(processes) != policy.expected:
        names = ", ".join(process.name for process in processes)
        raise FleetError(f"{len(processes)} processes answer ({names}), and {policy.expected} are expected")
    return Fleet(tuple(sorted(processes, key=lambda process: process.name)), tuple(skipped), converse, timeout)


def _usual() -> list[_Candidate]:
    return [_Candidate("", Address(place, place), False) for place in USUAL_PLACES if os.path.exists(place)]


def _candidates(entry: str) -> list[_Candidate]:
    """
    :raises InputError: when the entry is not the path of a socket or a directory.
    """
    path = os.path.expanduser(entry)
    if not os.path.isabs(path) or "\0" in path:
        raise InputError(f"socket {entry!r} is not an absolute path")
    if not os.path.isdir(path):
        return [_Candidate(entry, Address(entry, path), True)]
    try:
        found = sorted(os.path.join(path, name) for name in os.listdir(path))
    except OSError as error:
        raise CannotConnect(f"cannot read the directory {entry}: {error.strerror}", errno=error.errno) from error
    return [_Candidate(entry, Address(place, place), False) for place in found if _is_socket(place)]


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def _probe(address: Address) -> Conversation[Facts]:
    """Ask an address what it is."""
    try:
        return parse_facts((yield from ask_tables(address.text, address, FACTS)))
    except TimedOut as error:
        if error.partial and not error.partial.startswith(b"\n"):
            raise NotHAProxy(f"{address.text} is no HAProxy: it says {error.partial[:60]!r} and goes on") from error
        raise
    except NotHAProxy as error:
        raise NotHAProxy(f"{address.text}: {error.message}") from error


def _skip(
    candidates: Iterable[_Candidate], answers: Mapping[Address, Facts | HAProxyError], policy: Policy
) -> list[Skipped]:
    """The sockets to pass over.

    :raises HAProxyError: for the first that must not be passed over.
    """
    skipped = []
    for candidate in candidates:
        answer = answers[candidate.address]
        if isinstance(answer, Facts):
            continue
        dead = isinstance(answer, NotHAProxy) or (isinstance(answer, CannotConnect) and answer.errno in _NO_LISTENER)
        default = "fail" if candidate.named or (policy.writes and not dead) else "warn"
        if (policy.on_unreachable or default) == "fail":
            raise answer
        skipped.append(Skipped(candidate.address.text, answer.message))
    return skipped


def _distinct(answers: Iterable[tuple[Address, Facts]]) -> list[Process]:
    """One process for each identity, called by its first address and asked by the one with the highest level."""
    found: dict[tuple[str, ...], Process] = {}
    for address, facts in answers:
        known = found.get(facts.identity)
        if known is None:
            found[facts.identity] = Process(address.text, address, facts)
        elif LEVELS.index(facts.level) > LEVELS.index(known.facts.level):
            found[facts.identity] = Process(known.name, address, facts)
    return list(found.values())


def _yields(entry: str, candidates: Iterable[_Candidate], answers: Mapping[Address, Facts | HAProxyError]) -> None:
    """
    :raises FleetError: when no process answers behind this entry.
    """
    tried = [candidate.address for candidate in candidates if candidate.entry == entry]
    if any(isinstance(answers[address], Facts) for address in tried):
        return
    if not entry:
        raise FleetError(f"no HAProxy answers in the usual places; say where with 'socket': {', '.join(USUAL_PLACES)}")
    reasons = "; ".join(str(answers[address]) for address in tried)
    raise FleetError(f"no HAProxy answers behind {entry}: {reasons or 'there is no socket in this directory'}")
