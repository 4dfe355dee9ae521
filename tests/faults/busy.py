# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long threads that could run had to wait for a processor, as Linux counts it: time that no code of ours took."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def waited(pids: Iterable[int | str]) -> float:
    """Seconds that all threads of these processes have waited up to now; 0.0 where the kernel does not count them."""
    nanoseconds = 0
    for pid in pids:
        for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with suppress(OSError, IndexError):  # a thread that ends meanwhile
                nanoseconds += int(file.read_text(encoding="ascii").split()[1])
    return nanoseconds / 1e9
