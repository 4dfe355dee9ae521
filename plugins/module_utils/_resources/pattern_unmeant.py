# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to say about a name that means no map or ACL, or several."""

from __future__ import annotations

from collections.abc import Mapping

from .._errors import InputError, ObjectNotFound
from .._plan import named
from .pattern_held import Held
from .pattern_names import NameOf


def unmeant(name: NameOf, now: Mapping[str, Held]) -> InputError:
    """The error for a set that no process has, or that is not the same on all.

    :param now: what each process has.
    """
    having = {process: held for process, held in now.items() if held.ref}
    if not having:
        whys = named(dict.fromkeys(held.described for held in now.values()))
        return ObjectNotFound(f"no configuration loads {name.called} {name.given!r}; {whys}")
    which = named(f"{held.described} on {process}" for process, held in having.items())
    return InputError(f"{name.given} is not the same {name.kind} on every process: {which}")
