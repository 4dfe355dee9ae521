# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backend as a resource: the servers that it is to have, and what it has as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from .backend_wish import BackendWish
from .server import Servers

if TYPE_CHECKING:
    from .._dialect.servers import Key
    from .._fleet import PerProcess
    from .._plan import Goal, Part, Step
    from .._process import Process
    from .._transport import Conversation
    from .membership import Slots
    from .observed import Observed
    from .values import Values


@dataclass(frozen=True)
class Backends(Servers):
    """One backend and its servers.

    :param slots: the servers as addresses in slots; None: by name.
    """

    wish: BackendWish
    slots: Slots | None = None

    def observe(self, process: Process) -> Conversation[Observed]:
        from .backend_read import observe  # once a process has answered

        return observe(process, self.wishes, self.wish)

    def _assigned(self, now: PerProcess[Observed]) -> PerProcess[dict[Key, Values]]:
        if self.slots is None:
            return super()._assigned(now)
        from .membership import in_slots  # few tasks fill slots

        return in_slots(self.slots, self.wish.name, now)

    def aim(self, now: PerProcess[Observed], origin: PerProcess[Observed]) -> Sequence[Goal[Observed]]:
        if self.wish.state == "absent" and not any(seen.backend.present for seen in now.values()):
            return []
        if not all(seen.backend.present and seen.backend.published is not None for seen in now.values()):
            from .backend_missing import refuse_missing  # most backends are there

            refuse_missing(self.wish, now)
        wished = self._assigned(now)
        self.wishes.all_found(now, wished)
        if not (self.wish.asks or any(wished.values())):
            return []
        from .backend_goals import goals_of  # not every task asks for more than a look

        return goals_of(self.wish, now, wished, partial(self._goals, now, origin))

    def route(self, now: Observed, aimed: Mapping[Key, Any]) -> Iterable[Step]:
        own, rest = self._split(aimed)
        if own:
            from .backend_own import steps_of  # not every task is about the backend itself

            yield from steps_of(now.backend, own)
        yield from super().route(now, rest)

    def predicted(self, now: Observed, aimed: Mapping[Key, Any]) -> Observed:
        own, rest = self._split(aimed)
        made = any(it.record.present and not now.servers[key].present for key, it in rest.items() if key in now.servers)
        if made and now.backend.late and now.backend.cookie == "enabled":
            now = now._replace(backend=now.backend._replace(cookie="partly", fits=False))
        now = super().predicted(now, rest)
        return now._replace(backend=own[self.wish.own].record._replace(asked=False)) if own else now

    def missed(self, now: Observed, aimed: Mapping[Key, Any]) -> dict[Part, str]:
        own, rest = self._split(aimed)
        wrong: dict[Part, str] = {}
        if own:
            from .backend_own import missed_of  # not every task is about the backend itself

            wrong = missed_of(self.wish, now.backend, own)
        return {**wrong, **super().missed(now, rest)}

    def _split(self, aimed: Mapping[Key, Any]) -> tuple[dict[Key, Any], dict[Key, Any]]:
        """What is aimed at for the backend itself, and for its servers."""
        own = {key: it for key, it in aimed.items() if key == self.wish.own}
        return own, {key: it for key, it in aimed.items() if key not in own}

    def view(self, now: PerProcess[Observed], keys: Sequence[Key]) -> dict[str, object]:
        servers = super().view(now, [key for key in keys if key != self.wish.own])
        if self.wish.own not in keys:
            return servers
        from .backend_told import record

        return {self.wish.name: record(self.wish, now), **servers}

    def answer(self, before: PerProcess[Observed], after: PerProcess[Observed], waited: float) -> dict[str, object]:
        from .backend_told import told

        return {"backend": told(self.wish, before, after), **super().answer(before, after, waited)}
