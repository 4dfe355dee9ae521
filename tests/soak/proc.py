# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Linux says of a process."""

from __future__ import annotations

import re
from pathlib import Path


def own_memory(pid: int | str) -> int:
    """Bytes in memory that no file is behind (RssAnon): pages of programs and libraries come and go with the kernel."""
    return _field(pid, "RssAnon") * 1024


def open_files(pid: int | str) -> int:
    """How many descriptors it has."""
    return sum(1 for _each in Path(f"/proc/{pid}/fd").iterdir())


def _field(pid: int | str, name: str) -> int:
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    found = re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
    if found is None:
        raise OSError(f"process {pid} has ended")  # a zombie has no memory
    return int(found[1])
