# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers as a resource: any number of them at once, each with a wish of its own. What is done at each step of a task is
loaded when it is that step's turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._fleet import PerProcess
from .._shapes import route, two_views

if TYPE_CHECKING:
    from .._dialect.servers import Key, Server
    from .._plan import Goal, Part, Step
    from .._process import Process
    from .._shapes import Aimed, Field
    from .._terms import Place
    from .._transport import Conversation
    from .observed import Observed
    from .values import Values
    from .wishes import Wishes


@dataclass(frozen=True)
class Servers:
    """The servers that these wishes are about, as a resource."""

    wishes: Wishes

    # Reading ---------------------------------------------------------------------------------------------------------

    def observe(self, process: Process) -> Conversation[Observed]:
        from .server_read import observe  # once a process has answered

        return observe(process, self.wishes)

    def remains(self, process: Process) -> Conversation[Mapping[Key, int]]:
        from .sessions import remains  # where there are old workers only

        return remains(process, self.wishes.means)

    def sweep(self, process: Process, keys: AbstractSet[Key]) -> Conversation[Sequence[Step]]:
        from .sessions import sweep  # where there are old workers only

        return sweep(process, keys)

    # Aiming ----------------------------------------------------------------------------------------------------------

    def aim(self, now: PerProcess[Observed], origin: PerProcess[Observed]) -> Sequence[Goal[Observed]]:
        wished = self._assigned(now)
        self.wishes.all_found(now, wished)
        if any(values.min_up is not None for each in wished.values() for values in each.values()):
            from .min_up import looked_after, refuse_too_few  # not every task guards

            refuse_too_few(now, wished)
            return list(looked_after(self._goals(now, origin, wished), now, wished))
        return self._goals(now, origin, wished)

    def _goals(
        self, now: PerProcess[Observed], origin: PerProcess[Observed], wished: Mapping[str, Mapping[Key, Values]]
    ) -> Sequence[Goal[Observed]]:
        if all(values.at_once for each in wished.values() for values in each.values()):
            from .given import at_once

            return at_once(now, wished)
        from .goals import goals_of  # most tasks get there in one go

        return goals_of(now, origin, wished)

    def _assigned(self, now: PerProcess[Observed]) -> PerProcess[dict[Key, Values]]:
        """What is asked of each server there is, or could be."""
        return PerProcess({name: dict(self.wishes.assigned(name, observed.servers)) for name, observed in now.items()})

    def last_resort(self, now: PerProcess[Observed], places: Sequence[Place]) -> Goal[Observed]:
        from .sessions import last_resort  # needed after failures only

        return last_resort(now, places)

    # Going -----------------------------------------------------------------------------------------------------------

    @property
    def _fields(self) -> Sequence[Field[Server]]:
        if not self.wishes.settings <= {"weight"}:
            from .settings import FIELDS  # not every task gives a server something

            return FIELDS
        from .rows import FIELDS as FEW

        return FEW

    def route(self, now: Observed, aimed: Mapping[Key, Aimed[Server]]) -> Iterable[Step]:
        # What was read of a server that is gone does not make it again.
        return route(
            self._fields, now.servers, {key: it for key, it in aimed.items() if _may(now.servers.get(key), it)}
        )

    def predicted(self, now: Observed, aimed: Mapping[Key, Aimed[Server]]) -> Observed:
        return now._replace(servers={**now.servers, **{key: target.record for key, target in aimed.items()}})

    def missed(self, now: Observed, aimed: Mapping[Key, Aimed[Server]]) -> dict[Part, str]:
        from .._missed import missed  # once commands were sent

        there = {key: target for key, target in aimed.items() if target.record.present or key in now.servers}
        wrong = missed(self._fields, now.servers, there, lambda server: server.called)
        if wrong:
            from .advice import agents_blamed  # needed after failures only

            return agents_blamed(wrong, now)
        return wrong

    # Telling ---------------------------------------------------------------------------------------------------------

    def warnings(self, before: PerProcess[Observed]) -> Iterable[str]:
        from .server_told import warnings

        return warnings(before, self._assigned(before))

    def view(self, now: PerProcess[Observed], keys: Sequence[Key]) -> dict[str, object]:
        return {"/".join(key): self._item(now, key) for key in keys}

    def diff(
        self, before: PerProcess[Observed], after: PerProcess[Observed], keys: Sequence[Key]
    ) -> list[dict[str, object]]:
        return [two_views(self.view(before, keys), self.view(after, keys))]

    def file(self, before: PerProcess[Observed], after: PerProcess[Observed]) -> Any:
        return None

    def known(self, before: PerProcess[Observed]) -> dict[str, object]:
        keys = sorted({key for each in self._assigned(before).values() for key in each})
        return {"servers": [{"backend": key[0], "name": key[1], "before": self._item(before, key)} for key in keys]}

    def answer(self, before: PerProcess[Observed], after: PerProcess[Observed], waited: float) -> dict[str, object]:
        from .server_told import told

        return told(self.wishes, self._assigned(before), before, after, waited)

    def _item(self, now: PerProcess[Observed], key: Key) -> dict[str, object]:
        """A server as an item of the option ``servers``."""
        from .server_told import item

        return item(self.wishes, now, key)


def _may(now: Server | None, target: Aimed[Server]) -> bool:
    return now is not None and (now.present or target.record.made)
