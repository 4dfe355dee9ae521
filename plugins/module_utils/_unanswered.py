# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses behind which no process answers: what is said of them, which are passed over, and when none is left."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence

from ._address import Address
from ._errors import CannotConnect, FleetError, HAProxyError, NotHAProxy, TimedOut
from ._fleet import Skipped
from ._process import Answer

# What connect() says of something that is certainly no living HAProxy.
_NO_LISTENER = (errno.ECONNREFUSED, errno.ENOTSOCK, errno.EPROTOTYPE, errno.ENOENT)


def passed_over(address: Address, error: HAProxyError, wish: str | None, *, named: bool, writes: bool) -> Skipped:
    """
    :param error: what came of asking.
    :param wish: the option ``on_unreachable``; None: the default of each kind of entry.
    :param named: whether an entry named just this address.
    :param writes: whether the task must not pass over a process that may be alive.
    :raises HAProxyError: when it must not be passed over.
    """
    dead = isinstance(error, NotHAProxy) or (isinstance(error, CannotConnect) and error.errno in _NO_LISTENER)
    default = "fail" if named or (writes and not dead) else "warn"
    if (wish or default) == "fail":
        raise error
    return Skipped(address.text, error.message)


def explain(address: Address, error: NotHAProxy | TimedOut) -> None:
    """Let an error say what is behind the address.

    :raises NotHAProxy: instead, where it is clear that this is no HAProxy.
    """
    if isinstance(error, NotHAProxy):
        raise NotHAProxy(f"{address.text}: {error.message}") from error
    if error.partial and not error.partial.startswith(b"\n"):
        raise NotHAProxy(f"{address.text} is no HAProxy: it says {error.partial[:60]!r} and goes on") from error
    error.message += "; it hangs, or its 'stats maxconn' connections are all in use"


def other_than(expected: int | None, names: Sequence[str]) -> FleetError:
    """The error for another number of current processes than is expected, or none.

    :param names: of those that answer.
    """
    if not names:
        return FleetError("no current process answers, only such as cannot be told apart or have been replaced")
    there = "1 process answers" if len(names) == 1 else f"{len(names)} processes answer"
    wanted = f"{expected} {'is' if expected == 1 else 'are'} expected"
    return FleetError(f"{there} ({', '.join(names)}), and {wanted}")


def nobody(entry: str, answers: Mapping[Address, Answer], usual: Sequence[str]) -> FleetError:
    """The error for an entry behind which no process answers.

    :param entry: "": the usual places.
    """
    if not entry:
        return FleetError(f"no HAProxy answers in the usual places; say where with 'socket': {', '.join(usual)}")
    reasons = "; ".join(str(answer or f"{address.text} has no worker") for address, answer in answers.items())
    return FleetError(f"no HAProxy answers behind {entry}: {reasons or 'there is no socket there'}")
