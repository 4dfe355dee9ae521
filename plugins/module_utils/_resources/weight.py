# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The weight that a user writes, and what it means for one server."""

from __future__ import annotations

import re
from typing import NamedTuple

from .._dialect.servers import Server
from .._dialect.stat import STATIC
from .._errors import InputError

MOST = 256

_WRITTEN = re.compile(r"([0-9]{1,6})(%?)", re.ASCII)


class Weight(NamedTuple):
    """An absolute weight, or a percentage of the initial one."""

    number: int
    relative: bool

    def of(self, initial: int) -> int:
        """The weight of a server whose configured weight is this.

        HAProxy rounds a percentage down and caps it at 256, in silence; so a percentage that would take a server out
        of the rotation is refused here.

        :raises InputError: when more than 0 % comes to 0.
        """
        if not self.relative:
            return self.number
        weight = min(self.number * initial // 100, MOST)
        if self.number and initial and not weight:
            raise InputError(
                f"weight {self.number}% of the initial weight {initial} rounds down to 0, which would stop the server "
                "from getting requests; write 0% when that is meant"
            )
        return weight


def parse_weight(text: str) -> Weight:
    """``"20"``, ``"0"``, ``"50%"``.

    :raises InputError: for everything else.
    """
    written = _WRITTEN.fullmatch(text)
    if written is None or (not written[2] and int(written[1]) > MOST):
        raise InputError(f"weight {text!r} is neither a whole number from 0 to {MOST} nor a whole percentage like 50%")
    return Weight(int(written[1]), bool(written[2]))


def weight_of(server: Server, wish: Weight, algorithm: str) -> int:
    """The weight that this server gets.

    :param algorithm: of its backend; "": not known.
    :raises InputError: for one that it cannot have.
    """
    try:
        weight = wish.of(server.initial_weight)
    except InputError as error:
        raise InputError(f"{server.called}: {error.message}") from error
    # Hash algorithms are static or not by their hash type, which cannot be read: HAProxy judges those itself.
    if algorithm == STATIC and weight not in (0, server.initial_weight):
        raise InputError(
            f"weight of {server.called}: its backend uses the static algorithm {algorithm}, which takes only "
            f"0% and 100% (here {server.initial_weight}), not {weight}"
        )
    return weight
