# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which versions of HAProxy this machine lacks."""

from __future__ import annotations

from collections.abc import Iterable

from lab.errors import LabError
from lab.packages import prepare
from suite.log import Log


def missing(log: Log, wanted: Iterable[str]) -> list[str]:
    """Those that cannot be had; the log says why."""
    return [name for name in wanted if not _is_there(log, name)]


def _is_there(log: Log, version: str) -> bool:
    try:
        prepare([version])
    except LabError as error:
        log.write(str(error))
        return False
    return True
