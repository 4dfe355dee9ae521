# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process says of itself: ``show info``, its level, its sockets, the size of its buffer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from .._errors import NotHAProxy, ReplyNotUnderstood
from .._features import Version, version_of
from .._protocol import DEFAULT_BUFFER, Command

LEVELS = ("user", "operator", "admin")
# What `show info` calls a HAProxy: the community's and the enterprise edition (HAPEE 2.1 and newer).
NAMES = ("HAProxy", "hapee-lb")

# All four answer at every level on every version, with tables that hold no empty line: one line, one exchange.
FACTS = (
    Command("show info"),
    Command("show cli level"),
    Command("show cli sockets"),
    Command("show pools"),
)

# Where the size of a buffer cannot be read, the smallest that anybody runs is assumed.
CAUTIOUS_BUFFER = DEFAULT_BUFFER // 4

_BUFFER = re.compile(r"Pool buffer \((\d+) bytes")


class Facts(NamedTuple):
    """One process, as far as it does not change while it lives.

    :param info: ``show info``, HAProxy's own names and texts.
    :param level: of the socket that was asked: one of ``LEVELS``.
    :param sockets: ``show cli sockets`` without its heading.
    :param buffer_size: ``tune.bufsize`` in bytes.
    """

    info: dict[str, str]
    version: Version
    pid: int
    level: str
    sockets: tuple[str, ...]
    buffer_size: int

    @property
    def identity(self) -> tuple[str, ...]:
        """Equal for two addresses if and only if they lead to the same process.

        Two containers on the host's network may share node name and pid; their lists of sockets differ. The start
        time is there from 2.6 on.
        """
        known = [self.info.get(name, "") for name in ("Pid", "node", "Version", "Start_time_sec")]
        return (*known, *self.sockets)


def parse_facts(tables: Sequence[str]) -> Facts:
    """The replies to ``FACTS``.

    :raises NotHAProxy: when something else than a HAProxy process answered.
    :raises ReplyNotUnderstood: when a HAProxy answered something unheard of.
    """
    info = parse_info(tables[0])
    level = tables[1].rpartition(" ")[2].strip()
    if level not in LEVELS:
        raise ReplyNotUnderstood(f"an unheard-of level: {tables[1][:60]!r}")
    buffer_size = _BUFFER.search(tables[3])
    return Facts(
        info=info,
        version=version_of(info.get("Version", "")),
        pid=_number(info, "Pid"),
        level=level,
        sockets=tuple(line for line in tables[2].splitlines() if not line.startswith("#")),
        buffer_size=int(buffer_size[1]) if buffer_size else CAUTIOUS_BUFFER,
    )


def parse_info(table: str) -> dict[str, str]:
    """``show info`` as name → text.

    :raises NotHAProxy: when it does not begin as a HAProxy's does.
    """
    pairs = (line.partition(": ") for line in table.splitlines())
    info = {name: text for name, separator, text in pairs if separator}
    if info.get("Name") not in NAMES:
        raise NotHAProxy(f"no HAProxy answers there, but something that says {table[:60]!r}")
    return info


def _number(info: dict[str, str], name: str) -> int:
    try:
        return int(info[name])
    except (KeyError, ValueError) as error:
        raise ReplyNotUnderstood(f"show info has no number {name}") from error
