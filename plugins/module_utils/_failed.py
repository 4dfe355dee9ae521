# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task that failed tells."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from ._errors import Fault, HAProxyError

Result = dict[str, Any]


def failed(error: Exception, known: Result, also_done: list[Mapping[str, str]]) -> tuple[Sequence[str], Result]:
    """Warnings, and the keys of the failure.

    :param known: what the task can tell all the same; ``also_done`` of it, which this completes.
    """
    more = {}
    if not isinstance(error, HAProxyError):
        more["exception"] = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        error = Fault(f"{type(error).__name__}: {error}")
    elif isinstance(error, Fault) and error.__cause__ is not None:
        cause = error.__cause__
        more["exception"] = "".join(traceback.format_exception(type(cause), cause, cause.__traceback__))
    also_done += error.also_done
    touched = bool(error.done or error.unconfirmed or also_done)
    told = {"changed": touched, "msg": str(error), **known, "commands": error.done, **error.as_result(), **more}
    return error.warnings, told
