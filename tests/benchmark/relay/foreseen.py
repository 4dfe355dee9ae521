# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module asks for after it knows its processes, as far as its options tell it beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect import servers, stat
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.info import SHOW_INFO
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._process import CAUTIOUS_LINE
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import DIRECT, line_of

from .program import Step

_SECONDS = 10.0


def of_servers(given: Mapping[str, Any]) -> tuple[Step, ...]:
    """Of haproxy_server: the state of all servers, and the statistics of the backends that the wanted ones are in.

    With a glob nobody but the core can tell which these are; that costs one run of the relay more.
    """
    items = given.get("servers") or [given]
    names = frozenset(name for item in items for name in _words(item, "name", "server", "host"))
    backends = frozenset(name for item in items for name in _words(item, "backend") or _words(given, "backend"))
    (statistics,) = stat.show_stat_of({"ID"})
    state = line_of((servers.SHOW_BACKENDS, servers.SHOW_STATE, SHOW_INFO), CAUTIOUS_LINE, DIRECT)
    return (
        Step(state, _SECONDS),
        Step(line_of((statistics, SHOW_INFO), CAUTIOUS_LINE, DIRECT), _SECONDS, named=(names, backends)),
    )


def _words(item: Mapping[str, Any], *options: str) -> list[bytes]:
    """A list of strings, as Ansible takes them."""
    for option in options:
        value = item.get(option)
        if value is not None:
            words = value.split(",") if isinstance(value, str) else [str(word) for word in value]
            return [word.encode() for word in words]
    return []
