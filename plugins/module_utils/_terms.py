# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a task waits for something, and what then."""

from __future__ import annotations

from typing import Any, NamedTuple

# A process, and an object there (None: none in particular).
Place = tuple[str, Any]


class Terms(NamedTuple):
    """How long to wait for something, and what then.

    :param timeout: seconds, over all waits of the task.
    :param on_timeout: ``fail``, ``shutdown`` (end the sessions that are left, go on), ``continue``.
    :param afresh: whether only this wait counts.
    """

    timeout: float
    on_timeout: str = "fail"
    afresh: bool = False
