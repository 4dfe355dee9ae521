# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the target that get another content, at once or not at all, and on the disk."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from typing import Callable


def replaced(path: str, data: bytes, move: Callable[[str, str], None]) -> None:
    """Let a file hold this.

    :param move: puts a file in another's place.
    :raises OSError: when it cannot be done; then it is as it was.
    """
    folder, name = os.path.split(path)
    number, beside = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        move(beside, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(beside)
    synced(folder)


def synced(folder: str) -> None:
    """Have the names in a directory on the disk."""
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
