# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backend as results show it."""

from __future__ import annotations

from .._dialect.backends import Backend
from .._fleet import PerProcess
from .._shapes import merged_view
from .backend_wish import BackendWish
from .observed import Observed


def record(wish: BackendWish, now: PerProcess[Observed]) -> dict[str, object]:
    """The backend itself over all processes."""
    return {
        "name": wish.name,
        **merged_view({process: _values(wish, seen.backend) for process, seen in now.items()}),
    }


def _values(wish: BackendWish, backend: Backend) -> dict[str, object]:
    """What can be read of it; of cookies only where the task is about them."""
    speaks = backend.present and (wish.cookie or wish.key) and backend.cookie
    return {"state": backend.state, **({"dynamic_cookie": backend.cookie} if speaks else {})}


def told(wish: BackendWish, before: PerProcess[Observed], after: PerProcess[Observed]) -> dict[str, object]:
    """The backend itself before and afterwards."""
    views = [_values(wish, seen.backend) for seen in after.values()]
    return {
        "name": wish.name,
        "before": record(wish, before),
        "after": record(wish, after),
        "consistent": all(view == views[0] for view in views),
    }
