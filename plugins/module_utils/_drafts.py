# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was loaded and does not serve yet: it is read before anything is committed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Callable

from ._errors import CommandRefused, HAProxyError, InputError, TransportError
from ._fleet import Fleet
from ._process import Process
from ._telling import Told
from ._transport import Conversation


def inspect(fleet: Fleet, look: Callable[[Process, str], Conversation[None]], told: Mapping[str, Told]) -> None:
    """Read the version that each process was given, whether HAProxy took everything or not.

    :raises HAProxyError: where something is not as it should be. What was loaded is left to be purged by the next
        commit; nothing that serves has changed, so that the error tells of nothing done.
    """
    talks = {name: look(fleet[name], one.version) for name, one in told.items() if one.version and not _lost(one)}
    found = {name: it for name, it in fleet.attempt(talks).items() if isinstance(it, HAProxyError)}
    errors: list[tuple[str, HAProxyError]] = []
    for name, one in told.items():
        error, seen = one.error, found.get(name)
        if isinstance(error, CommandRefused) and isinstance(seen, InputError):
            seen.message += f": {error.answer}"
            seen.__cause__ = error
            errors.append((name, seen))
        elif error or seen:
            errors.append((name, error or seen or HAProxyError("")))
    if not errors:
        return
    name, first = errors[0]
    first.locate(name)
    others = f" (and {len(errors) - 1} more of {len(told)} processes)" if len(errors) > 1 else ""
    first.message += f"{others}; nothing was changed"
    raise first


def _lost(told: Told) -> bool:
    """Whether the process hangs or is gone: it is not asked again."""
    return isinstance(told.error, TransportError)
