# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one process says of a backend and its servers."""

from __future__ import annotations

from .._dialect import backends
from .._features import has, require
from .._process import Process
from .._transport import Conversation
from . import server_read
from .backend_wish import BackendWish
from .observed import Observed
from .wishes import Wishes


def observe(process: Process, wishes: Wishes, wish: BackendWish) -> Conversation[Observed]:
    observed = yield from server_read.observe(process, wishes)
    table = yield from process.ask(backends.SHOW)
    late = not has(process.facts.version, "cookies_of_new_servers")
    record = backends.parse_backend(table, wish.name, wish.key)._replace(late=late)
    if not record.present and wish.name in observed.backends:
        record = record._replace(present=True, published=None)
    if record.present:
        return observed._replace(backend=record)
    if wish.makes:
        require(process.facts.version, "dynamic_backends", process.name)
        from .creation import missing  # few tasks make a backend

        keys = [(wish.name, name) for each in wishes.wishes for name in sorted(each.names.names)]
        observed = observed._replace(
            backends=[*observed.backends, wish.name], servers={key: missing(key) for key in keys}
        )
    return observed._replace(backend=record)
