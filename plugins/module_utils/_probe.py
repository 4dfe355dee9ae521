# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which processes one address leads to."""

from __future__ import annotations

from ._address import Address
from ._errors import NotHAProxy, TimedOut
from ._process import Process, facts_of
from ._protocol import DIRECT
from ._transport import Conversation


def probe(address: Address) -> Conversation[list[Process]]:
    """Ask an address what it is.

    :return: its process; of a master all workers.
    :raises NotHAProxy: when something else answers.
    """
    try:
        facts = yield from facts_of(address, DIRECT)
    except (TimedOut, NotHAProxy) as error:
        if isinstance(error, NotHAProxy) and error.said.startswith("Unknown command"):
            from ._master import workers  # which says so to the facts, on all versions; most addresses are none

            return (yield from workers(address))
        from ._unanswered import explain  # most addresses answer

        explain(address, error)
        raise
    shared: bool | None = False
    if facts.nbproc > 1:
        from ._nbproc import seems_shared  # gone since HAProxy 2.5

        shared = yield from seems_shared(address, facts)
    return [Process(address.text, address, facts, shared=shared)]
