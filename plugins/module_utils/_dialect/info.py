# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process says of itself: ``show info``, its level, its sockets, the size of its buffer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from .._errors import NotHAProxy, ReplyNotUnderstood
from .._features import Version, version_of
from .._protocol import DEFAULT_BUFFER, Command, lines_of

LEVELS = ("user", "operator", "admin")
# What `show info` calls a HAProxy: the community's and the enterprise edition (HAPEE 2.1 and newer).
NAMES = ("HAProxy", "hapee-lb")

SHOW_INFO = Command("show info")

# All four answer at every level on every version, with tables that hold no empty line.
FACTS = (
    SHOW_INFO,
    Command("show cli level"),
    Command("show cli sockets"),
    Command("show pools"),
)

# Where the size of a buffer cannot be read, the smallest that anybody runs is assumed.
CAUTIOUS_BUFFER = DEFAULT_BUFFER // 4

_BUFFER = re.compile(r"Pool buffer \((\d{1,18}) bytes.*?(?:@(0x[0-9a-f]+)|$)", re.MULTILINE)


class Facts(NamedTuple):
    """One process, as far as it does not change while it lives.

    :param level: of the socket that was asked: one of ``LEVELS``.
    :param sockets: ``show cli sockets`` without its heading.
    :param buffer_size: ``tune.bufsize`` in bytes; ``place``: where in memory that pool is.
    :param nbproc: processes of this HAProxy, by its own word; one since 2.5.
    """

    info: dict[str, str]
    version: Version
    pid: int
    level: str
    sockets: tuple[str, ...]
    buffer_size: int
    place: str
    nbproc: int = 1

    @property
    def old(self) -> bool:
        return is_old(self.info)

    @property
    def identity(self) -> tuple[str, ...]:
        """Equal for two addresses if and only if they lead to the same process.

        Containers may share node name, pid and paths of sockets, and start in the same second; but they do not have
        the same addresses in memory.
        """
        known = [self.info.get(name, "") for name in ("Pid", "node", "Version", "Start_time_sec")]
        return (*known, self.place, *self.sockets)


def parse_facts(tables: Sequence[str]) -> Facts:
    """The replies to ``FACTS``.

    :raises NotHAProxy: when something else than a HAProxy process answered.
    :raises ReplyNotUnderstood: when a HAProxy answered something unheard of.
    """
    info = parse_info(tables[0])
    level = tables[1].rpartition(" ")[2].strip()
    if level not in LEVELS:
        raise ReplyNotUnderstood(f"an unheard-of level: {tables[1][:60]!r}")
    pool = _BUFFER.search(tables[3])
    return Facts(
        info=info,
        version=version_of(info.get("Version", "")),
        pid=_number(info, "Pid"),
        level=level,
        sockets=tuple(line for line in lines_of(tables[2]) if not line.startswith("#")),
        buffer_size=int(pool[1]) if pool else CAUTIOUS_BUFFER,
        place=pool[2] or "" if pool else "",
        nbproc=_number(info, "Nbproc") if "Nbproc" in info else 1,
    )


def is_old(info: dict[str, str]) -> bool:
    """Whether a reload replaced the process: it accepts no write any more, and lives until its last session ends."""
    return info.get("Stopping") == "1"


def parse_info(table: str) -> dict[str, str]:
    """``show info`` as name → text.

    :raises NotHAProxy: when it does not begin as a HAProxy's does.
    """
    pairs = (line.partition(": ") for line in lines_of(table))
    info = {name: text for name, separator, text in pairs if separator}
    if info.get("Name") not in NAMES:
        raise NotHAProxy(f"no HAProxy answers there, but something that says {table[:60]!r}")
    return info


def _number(info: dict[str, str], name: str) -> int:
    try:
        return int(info[name])
    except (KeyError, ValueError) as error:
        raise ReplyNotUnderstood(f"show info has no number {name}") from error
