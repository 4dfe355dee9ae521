# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The output format ``typed`` of ``show info`` and ``show stat``: what HAProxy itself says of the nature of each field.

The format is in HAProxy's management guide, section 9.2: a place, tags of three letters (2.2) or four, a type, a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .._errors import ReplyNotUnderstood
from .._protocol import Command, lines_of
from . import stat

SHOW_INFO_TYPED = Command("show info typed")

# The same field may have the last number 1 for a single process, as ever since 2.5.
_INFO = re.compile(r"[0-9]+\.(.+)\.[0-9]+:([A-Z])([A-Za-z])[A-Za-z]+:([a-z][a-z0-9]*):")
_CELL = re.compile(r"[A-Z]\.[0-9]+\.[0-9]+\.[0-9]+\.(.+?)\.[0-9]+:([A-Z])([A-Za-z])[A-Za-z]+:([a-z][a-z0-9]*):")


class Nature(NamedTuple):
    """
    :param origin: M metric, S status, K key, C configuration, P product.
    :param nature: A age, a average, C counter, D duration, G gauge, L limit, M maximum, m minimum, N name, O output,
        R rate, T time.
    :param kind: ``str``, ``u32``, ``s32``, ``u64``, ``s64`` or ``flt``.
    """

    origin: str
    nature: str
    kind: str


Natures = dict[str, Nature]


def parse_info_natures(table: str) -> Natures:
    """Field → nature, of ``show info typed``.

    :raises ReplyNotUnderstood: when it says nothing of the kind.
    """
    natures = dict(_natures(_INFO, table))
    if not natures:
        raise ReplyNotUnderstood(f"not a typed table: {table[:60]!r}")
    return natures


def show_typed(kind: str, proxy_id: str, server_id: str) -> Command:
    """One row with the nature of each of its columns; ``parse_row`` reads it."""
    return Command(f"show stat #{proxy_id} {stat.BITS[kind]} {server_id if kind == stat.SERVER else -1} typed")


def parse_row(table: str) -> Natures:
    """Column → nature, of one row of ``show stat … typed``; nothing when the row has gone meanwhile."""
    return dict(_natures(_CELL, table))


def _natures(pattern: re.Pattern[str], table: str) -> Iterator[tuple[str, Nature]]:
    # Lines that fit nothing belong to a text of several.
    for found in filter(None, map(pattern.match, lines_of(table))):
        name, origin, nature, kind = found.groups()
        yield name, Nature(origin, nature, kind)
