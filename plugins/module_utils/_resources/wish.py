# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of some servers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from .selection import Names
from .values import Values

if TYPE_CHECKING:
    from .._dialect.servers import Key


class Wish(NamedTuple):
    """What is asked of some servers.

    :param backends: None: every one that has such a server.
    :param special: process → what is asked there instead.
    """

    names: Names
    backends: Names | None
    values: Values
    special: Mapping[str, Values]
    fail_on_not_found: bool

    @property
    def loose(self) -> bool:
        """Whether only looking at a server tells that it is meant."""
        return self.backends is None or bool(self.backends.globs or self.names.globs)

    def at(self, process: str) -> Values:
        return self.special.get(process, self.values)

    @property
    def everywhere(self) -> list[Values]:
        """All that is asked, on whichever process."""
        return [self.values, *self.special.values()]

    def means(self, key: Key) -> bool:
        return self.names.match(key[1]) and self.in_backend(key[0])

    def in_backend(self, backend: str) -> bool:
        return self.backends is None or self.backends.match(backend)
