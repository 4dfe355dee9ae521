# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's refusals as errors."""

from __future__ import annotations

import re
from difflib import get_close_matches

from ._errors import CommandRefused, NotFound, PermissionDenied, UnknownCommand
from ._protocol import REFUSALS, Command, Reply, printable

# Characters of a refusal; HAProxy's own have some hundred at most, where they repeat what was said.
_MOST_WORDS = 2000
# Of the whole answer: all commands of HAProxy 3.4 have 11,222.
_MOST_LISTED = 65_536
# What announces HAProxy's list of the commands that it knows, and the names in that list.
_BEGIN_OF_LIST = re.compile("[,.] (?:but maybe|Please enter) .*")
_LISTED = re.compile(r"^  ([a-z](?:[a-z ]*[a-z])?)", re.MULTILINE)


def refusal_of(command: Command, reply: Reply, process: str) -> CommandRefused:
    words = printable(reply.text.partition("\n")[0])[:_MOST_WORDS]
    unknown, denied, *_nowhere = REFUSALS
    narrow: type[CommandRefused] = CommandRefused
    told = words
    if words.startswith(unknown):
        narrow = UnknownCommand
        told = _BEGIN_OF_LIST.sub("", words) + _nearest(command.shown, reply.text)
    elif words.startswith(denied):
        narrow = PermissionDenied
    elif words.startswith(REFUSALS):
        narrow = NotFound
    return narrow(f"HAProxy refused {command.shown!r}: {told}", answer=words, process=process, command=command.shown)


def _nearest(said: str, answer: str) -> str:
    """The commands in HAProxy's list that resemble what was said; HAProxy 2.2 lists all that it has."""
    near = get_close_matches(said, _LISTED.findall(answer[:_MOST_LISTED]))
    return f"; it has {', '.join(map(repr, near))}" if near else ""
