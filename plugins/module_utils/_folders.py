# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets that a directory or a glob turns up."""

from __future__ import annotations

import glob
import os
import stat


def sockets_in(path: str) -> list[str] | None:
    """The sockets in this directory, or that this glob means; None: it is neither."""
    if os.path.isdir(path):
        pattern = os.path.join(glob.escape(path), "*")
    elif glob.has_magic(path):
        pattern = path
    else:
        return None
    return sorted(place for place in glob.glob(pattern) if _is_socket(place))


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False
