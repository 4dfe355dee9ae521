# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's refusals as errors."""

from __future__ import annotations

from ._errors import CommandRefused, NotFound, PermissionDenied, UnknownCommand
from ._protocol import REFUSALS, Command, Reply, printable

# Characters of a refusal; HAProxy's own have some hundred at most, where they repeat what was said.
_MOST_WORDS = 2000


def refusal_of(command: Command, reply: Reply, process: str) -> CommandRefused:
    words = printable(reply.text.partition("\n")[0])[:_MOST_WORDS]
    unknown, denied, *_nowhere = REFUSALS
    narrow: type[CommandRefused] = CommandRefused
    if words.startswith(unknown):
        narrow = UnknownCommand
    elif words.startswith(denied):
        narrow = PermissionDenied
    elif words.startswith(REFUSALS):
        narrow = NotFound
    return narrow(f"HAProxy refused {command.shown!r}: {words}", answer=words, process=process, command=command.shown)
