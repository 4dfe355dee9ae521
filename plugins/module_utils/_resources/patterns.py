# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A map or an ACL, as a resource: entries that should be there, or should not, on every process that has the set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._errors import InputError
from .._fleet import PerProcess
from .._sessionless import Sessionless
from .entries import wish_of
from .pattern_names import NameOf

if TYPE_CHECKING:
    from .._keyed import Wish
    from .._plan import Goal, Part, Step
    from .._process import Process
    from .._transport import Conversation
    from .pattern_held import Held
    from .pattern_ways import Way

    Now = PerProcess[Held]
    Aimed = Mapping[str, Way]


def patterns_of(kind: str, params: Mapping[str, Any]) -> Patterns:
    """
    :raises InputError: for what cannot be meant or said.
    """
    wish = wish_of(kind, params)
    name = NameOf(kind, params[kind])
    if params["backup"] and not params["persist"]:
        raise InputError("backup is about the file that persist writes; it goes with persist only")
    return Patterns(name, wish, params["atomic"] == "always", params["persist"], params["backup"])


@dataclass(frozen=True)
class Patterns(Sessionless["Held"]):
    """The entries that a task wishes.

    :param always: whether nothing but replacing the whole set at once will do.
    """

    name: NameOf
    wish: Wish
    always: bool = False
    persist: bool = False
    backup: bool = False

    def observe(self, process: Process) -> Conversation[Held]:
        from .pattern_read import observe  # once a process has answered

        return observe(process, self.name, self.wish, typed=self.persist)  # by them the order in the file counts or not

    def aim(self, now: Now, origin: Now) -> Sequence[Goal[Held]]:
        having = [held for held in now.values() if held.ref]
        if not having or (self.name.number is not None and len({held.described for held in having}) > 1):
            from .pattern_unmeant import unmeant  # needed after failures only

            raise unmeant(self.name, now)
        if not any(held.lost for held in origin.values()) and all(held.deviation.nothing for held in having):
            return []
        from .pattern_goals import goals_of  # most runs find everything as wished

        return goals_of(self.name, self.wish, now, origin, always=self.always)

    def route(self, now: Held, aimed: Aimed) -> Iterable[Step]:
        for way in aimed.values():
            yield from way.steps(now)

    def predicted(self, now: Held, aimed: Aimed) -> Held:
        for way in aimed.values():
            now = way.predicted(now)
        return now

    def missed(self, now: Held, aimed: Aimed) -> dict[Part, str]:
        return {part: text for way in aimed.values() for part, text in way.missed(now).items()}

    def warnings(self, before: Now) -> Iterable[str]:
        from .pattern_told import warnings

        return warnings(self.name, self.wish, before)

    def diff(self, before: Now, after: Now, keys: Sequence[Any]) -> list[dict[str, object]]:
        from .pattern_diff import diffs  # where it is asked for

        return diffs(self.wish, before)

    def file(self, before: Now, after: Now) -> Any:
        if not self.persist:
            return None
        from .pattern_persist import file_of  # where it is asked for

        return file_of(self.wish, after, backup=self.backup)

    def answer(self, before: Now, after: Now, waited: float) -> dict[str, object]:
        from .pattern_told import told

        return told(self.name, self.wish, before, after, always=self.always)
