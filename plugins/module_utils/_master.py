# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workers behind a master socket, old ones included."""

from __future__ import annotations

from math import inf

from ._address import Address
from ._dialect.info import CAUTIOUS_BUFFER, LEVELS, Facts
from ._dialect.master import SHOW_PROC, Family, Worker, parse_proc, through_master
from ._errors import FleetError, ProcessReplaced, TimedOut
from ._features import has
from ._process import OLD_LIMIT, PROBE_GRACE, Process, ask_tables, facts_of
from ._protocol import Route
from ._transport import Conversation

# While a reload goes on there may be no current worker for a moment; then the master is asked this often in all.
_TRIES = 5
_PAUSE = 0.1
# Seconds for an old worker when another one has been silent before.
_LITTLE = 0.1
# A master takes its own commands as they are, and has no severities for them.
_TO_MASTER = Route("", "", False)


def _silent(worker: Worker) -> Facts:
    """What the master knows of an old worker that does not answer: enough to be told and waited for."""
    info = {"Name": "HAProxy", "Version": str(worker.version), "Pid": str(worker.pid), "Stopping": "1"}
    return Facts(info, worker.version, worker.pid, LEVELS[0], (), CAUTIOUS_BUFFER, "")


def _listed(address: Address, delay: float = 0.0) -> Conversation[Family]:
    (table,) = yield from ask_tables(address.text, address, (SHOW_PROC,), _TO_MASTER, PROBE_GRACE, delay=delay)
    return parse_proc(table)


def workers(address: Address) -> Conversation[list[Process]]:
    """The workers behind a master, but for those that end meanwhile.

    :raises FleetError: when no current one answers.
    """
    for number in range(_TRIES):
        family = yield from _listed(address, _PAUSE if number else 0.0)
        processes = yield from _answering(address, family)
        if any(not process.old for process in processes):
            return processes
        if any(not process.facts.sockets for process in processes):
            break  # one was silent: enough time is lost
    raise FleetError(f"{address.text} is a master without a current worker that answers")


def _answering(address: Address, family: Family) -> Conversation[list[Process]]:
    processes = []
    patience = OLD_LIMIT
    for worker in family.workers:
        # What a master hands over is for its version to say; after a downgrade old workers are newer.
        whole_line = has(min(family.master, worker.version), "whole_lines")
        route = through_master(worker.pid, whole_line=whole_line)
        try:
            facts = yield from facts_of(address, route, patience if worker.listed_old else inf)
        except ProcessReplaced:
            continue
        except TimedOut as error:
            if all(one.pid != worker.pid for one in (yield from _listed(address)).workers):
                continue
            if not worker.listed_old:
                error.locate(f"{address.text}@!{worker.pid}")
                raise
            facts = _silent(worker)
            patience = _LITTLE  # silent old workers cost this once, and not each
        number = f"!{worker.pid}" if facts.old else str(worker.number)
        processes.append(Process(f"{address.text}@{number}", address, facts, route, worker.reloads))
    return processes
