# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which processes one address leads to."""

from __future__ import annotations

from ._address import Address
from ._dialect.info import Facts
from ._errors import NotHAProxy, TimedOut
from ._process import Process, facts_of
from ._protocol import DIRECT
from ._transport import Conversation

# So many connections more show whether several processes share an address. An idle HAProxy may still let one of them
# answer all; each reading looks at the pid.
_CONNECTIONS = 10


def probe(address: Address) -> Conversation[list[Process]]:
    """Ask an address what it is.

    :return: its process; of a master all workers.
    :raises NotHAProxy: when something else answers.
    """
    try:
        facts = yield from facts_of(address, DIRECT)
    except TimedOut as error:
        if error.partial and not error.partial.startswith(b"\n"):
            raise NotHAProxy(f"{address.text} is no HAProxy: it says {error.partial[:60]!r} and goes on") from error
        error.message += "; it hangs, or its 'stats maxconn' connections are all in use"
        raise
    except NotHAProxy as error:
        if error.said.startswith("Unknown command"):  # what a master has to say to the facts, on all versions
            from ._master import workers  # most addresses are none

            return (yield from workers(address))
        raise NotHAProxy(f"{address.text}: {error.message}") from error
    shared = (yield from _is_shared(address, facts)) if facts.nbproc > 1 else False
    return [Process(address.text, address, facts, shared=shared)]


def _is_shared(address: Address, facts: Facts) -> Conversation[bool | None]:
    """Whether several processes of an ``nbproc`` answer: as HAProxy says, else as further connections show."""
    from ._nbproc import is_shared  # gone since HAProxy 2.5

    told = is_shared(address, facts)
    if told is not None:
        return told
    for _connection in range(_CONNECTIONS):
        if (yield from facts_of(address, DIRECT)).pid != facts.pid:
            return True
    return None
