# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backends that are not there."""

from __future__ import annotations

from collections.abc import Mapping

from .._errors import InputError
from .backend_wish import BackendWish
from .observed import Observed


def refuse_missing(wish: BackendWish, now: Mapping[str, Observed]) -> None:
    """
    :raises HAProxyError: when the backend is missing and is not to be made.
    """
    for process, seen in now.items():
        if seen.backend.published is None and wish.state in ("published", "unpublished"):
            raise InputError(f"{seen.backend.called} is disabled by the configuration", process=process)
        if seen.backend.present or wish.state == "absent":
            continue
        if not wish.makes and wish.state in ("present", "published", "unpublished"):
            raise InputError(
                f"process {process} has no backend {wish.name}; to create one, say defaults", process=process
            )
    if wish.state != "absent" and not wish.makes and not any(seen.backend.present for seen in now.values()):
        from .not_found import nowhere  # needed after failures only
        from .selection import names_of

        names = {name for seen in now.values() for name in seen.backends}
        raise nowhere("backend", names_of("name", [wish.name]), names)
