# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to say about a process whose version cannot do what was asked."""

from __future__ import annotations

from ._errors import FeatureMissing

Numbers = tuple[int, int, int]


def lacking(
    called: str, since: tuple[int, int], broken: tuple[Numbers, Numbers] | None, version: Numbers, process: str
) -> FeatureMissing:
    """
    :param called: the feature in a sentence; ``since`` and ``broken`` as in ``Feature``.
    """
    if version[:2] < since:
        needs = f"needs HAProxy {since[0]}.{since[1]}"
    else:
        first, last = (".".join(map(str, one)) for one in broken or ((), ()))
        needs = f"does not work with HAProxy {first}" + (f" to {last}" if last != first else "")
    return FeatureMissing(f"{called} {needs}, process {process} runs {version}", process=process)
