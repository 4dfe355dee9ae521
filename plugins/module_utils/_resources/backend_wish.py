# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a backend as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .._dialect.servers import Key


class BackendWish(NamedTuple):
    """What is asked of the backend itself; None: leave alone."""

    name: str
    state: str | None = None
    cookie: str | None = None
    key: str | None = None
    defaults: str | None = None
    mode: str | None = None

    @property
    def asks(self) -> bool:
        """Whether anything is to become of the backend itself."""
        return bool(self.state or self.cookie or self.key)

    @property
    def makes(self) -> bool:
        """Whether a backend that is missing is made."""
        return self.state in ("present", "published", "unpublished") and self.defaults is not None

    @property
    def own(self) -> Key:
        """What stands for the backend itself among its servers."""
        return (self.name, "")
