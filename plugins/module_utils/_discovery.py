# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the user wrote under ``socket`` to the processes that answer there. However many sockets, links and masters
lead to a process, it is one: identity is what it says of itself."""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ._address import Address, address_of
from ._dialect.info import LEVELS
from ._errors import CannotConnect, FleetError, HAProxyError, NotHAProxy
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

# What connect() says of something that is certainly no living HAProxy.
_NO_LISTENER = (errno.ECONNREFUSED, errno.ENOTSOCK, errno.EPROTOTYPE, errno.ENOENT)


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
    found = [process for candidate in candidates for process in _processes(answers[candidate.address])]
    whole = _whole(found, answers, policy, converse, timeout, skipped)
    processes = sorted(whole, key=lambda process: process.name)
    current = tuple(process for process in processes if not process.old)
    if not current:
        raise FleetError("no current process answers, only such as cannot be told apart or have been replaced")
    if policy.expected not in (None, len(current)):
        names = ", ".join(process.name for process in current)
        raise FleetError(f"{len(current)} processes answer ({names}), and {policy.expected} are expected")
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
    if os.path.isdir(path):
        pattern = os.path.join(glob.escape(path), "*")
    elif path and glob.has_magic(path) and not os.path.lexists(path):
        pattern = path
    else:
        return [_Candidate(entry, address, True)]
    places = sorted(place for place in glob.glob(pattern) if _is_socket(place))
    return [_Candidate(entry, Address(place, place), False) for place in places]


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def _ask(addresses: Iterable[Address], converse: Converse, timeout: float) -> dict[Address, Answer]:
    tried = sorted(addresses)
    return dict(zip(tried, converse([probe(address) for address in tried], timeout)))


def _processes(answer: Answer) -> list[Process]:
    return [] if isinstance(answer, HAProxyError) else answer


def _skip(candidates: Iterable[_Candidate], answers: Mapping[Address, Answer], policy: Policy) -> list[Skipped]:
    """The sockets to pass over.

    :raises HAProxyError: for the first that must not be passed over.
    """
    skipped = []
    for candidate in candidates:
        answer = answers[candidate.address]
        if not isinstance(answer, HAProxyError):
            continue
        dead = isinstance(answer, NotHAProxy) or (isinstance(answer, CannotConnect) and answer.errno in _NO_LISTENER)
        default = "fail" if candidate.named or (policy.writes and not dead) else "warn"
        if (policy.on_unreachable or default) == "fail":
            raise answer
        skipped.append(Skipped(candidate.address.text, answer.message))
    return skipped


def _whole(
    found: Sequence[Process],
    answers: Mapping[Address, Answer],
    policy: Policy,
    converse: Converse,
    timeout: float,
    skipped: list[Skipped],
) -> list[Process]:
    """The distinct processes; of an ``nbproc`` also those that were not given.

    :param skipped: takes what stays out of reach of a module that only reads.
    """
    usable = [process for process in found if not process.shared]
    if any(process.facts.nbproc > 1 for process in found):
        from ._nbproc import completed, unreached  # gone since HAProxy 2.5

        usable = completed(found, answers, lambda wanted: _ask(wanted, converse, timeout), writes=policy.writes)
        skipped += [Skipped(process.name, sentence) for process, sentence in unreached(usable)]
    return _distinct(usable)


def _distinct(found: Iterable[Process]) -> list[Process]:
    """One process for each identity: under its first direct name, asked through the address with the highest level."""
    distinct: dict[tuple[str, ...], Process] = {}
    for process in sorted(found, key=lambda process: process.reloads is not None):
        known = distinct.setdefault(process.facts.identity, process)
        best = max(known, process, key=lambda one: LEVELS.index(one.facts.level))
        reloads = known.reloads if process.reloads is None else process.reloads
        distinct[process.facts.identity] = replace(best, name=known.name, reloads=reloads)
    return list(distinct.values())


def _yields(entry: str, candidates: Iterable[_Candidate], answers: Mapping[Address, Answer]) -> None:
    """
    :raises FleetError: when no process answers behind this entry.
    """
    tried = [candidate.address for candidate in candidates if candidate.entry == entry]
    if any(_processes(answers[address]) for address in tried):
        return
    if not entry:
        raise FleetError(f"no HAProxy answers in the usual places; say where with 'socket': {', '.join(USUAL_PLACES)}")
    reasons = "; ".join(str(answers[address] or f"{address.text} has no worker") for address in tried)
    raise FleetError(f"no HAProxy answers behind {entry}: {reasons or 'there is no socket there'}")
