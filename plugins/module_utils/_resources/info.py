# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``haproxy_info`` gathers: one reading of the fleet, as far as the task wants it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Callable

from .._dialect import stat
from .._errors import InputError
from .._fleet import Fleet
from .filters import Filters, filters_of

Params = Mapping[str, Any]
Result = dict[str, Any]

DEFAULT = ("process", "frontends", "backends", "servers")
SUBSETS = (*DEFAULT, "errors", "sessions")
ALL = "all"
_KINDS = {"frontends": stat.FRONTEND, "backends": stat.BACKEND, "servers": stat.SERVER}


def gather_of(params: Params) -> Callable[[Fleet], Result]:
    """What to ask the fleet.

    :raises InputError: for a filter that matches no name HAProxy could have.
    """
    asked = params["gather_subset"]
    if not asked:
        raise InputError("gather_subset is empty; it takes at least one of " + ", ".join((*SUBSETS, ALL)))
    subsets = SUBSETS if ALL in asked else [subset for subset in SUBSETS if subset in asked]
    filters = filters_of(params)

    def gather(fleet: Fleet) -> Result:
        return _gather(fleet, subsets, filters)

    return gather


def _gather(fleet: Fleet, subsets: Collection[str], filters: Filters) -> Result:
    result: Result = {}
    kinds = {subset: kind for subset, kind in _KINDS.items() if subset in subsets}
    # Each loaded where it is wanted: every file costs a task its time.
    if "errors" in subsets or "sessions" in subsets:
        from . import talk

        if "errors" in subsets:
            result["errors"] = talk.errors(fleet)
        if "sessions" in subsets:
            result["sessions"] = talk.sessions(fleet, filters)
    if "process" in subsets:
        from .process_info import gather as processes

        result.update(processes(fleet))
    if kinds:
        from .objects import gather as objects

        result.update(objects(fleet, kinds, filters))
    return result
