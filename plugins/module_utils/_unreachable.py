# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to say about an address that cannot be connected to."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

from ._address import Address
from ._errors import CannotConnect


def _words(error: Exception) -> str:
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)


def _reason(address: Address, number: int) -> int:
    """Linux says of a file that is no socket only that it refuses connections."""
    if number == errno.ECONNREFUSED and address.path:
        with suppress(OSError):
            if not stat.S_ISSOCK(os.stat(address.path).st_mode):
                return errno.ENOTSOCK
    return number


def cannot_connect(address: Address, error: Exception) -> CannotConnect:
    number = error.errno if isinstance(error, OSError) else None
    hints = {
        errno.EACCES: "; become a user who may write to it, or change its user, group or mode in the configuration",
        errno.ECONNREFUSED: "; nothing listens there (any more), or HAProxy is being reloaded",
        errno.ENOENT: "; is HAProxy running, and is this the path of its 'stats socket' line?",
        errno.EPROTOTYPE: "; it is a socket of another kind",
        errno.ENOTSOCK: "; it is not a socket",
    }
    hint = hints.get(_reason(address, number or 0), "")
    return CannotConnect(f"cannot connect to {address.text}: {_words(error)}{hint}", errno=number)
