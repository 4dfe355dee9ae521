# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``./dev docs --captures``: make every capture anew and write it into its guide."""

from __future__ import annotations

import sys

from captures import GUIDES, comparable, made
from captures.blocks import captured, renewed


def main() -> int:
    """Prints the guides that changed; returns the exit code."""
    for name, captures in made().items():
        path = GUIDES / f"{name}.rst"
        was = path.read_text(encoding="utf-8")
        shown = captured(was)
        kept = {key: text for key, text in shown.items() if comparable(text) == comparable(captures[key])}
        now = renewed(was, {**captures, **kept})
        if now != was:
            path.write_text(now, encoding="utf-8")
            print(path.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
