# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A map or an ACL, as a resource: entries that should be there, or should not, on every process that has the set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from .._dialect.patterns import MAP, parse_lookups
from .._errors import InputError, ObjectNotFound, Overtaken
from .._fleet import PerProcess
from .._keyed import Wish, compare, key_of, merged
from .._listing import entries
from .._plan import Goal, Part, Step, named
from .._process import Process
from .._protocol import decode, encode, printable
from .._sessionless import Sessionless
from .._transport import Conversation
from .entries import wish_of
from .pattern_held import Held, deviation
from .pattern_names import NameOf, Sets, find, read_sets, ref_of

if TYPE_CHECKING:
    from .pattern_ways import Way

Now = PerProcess[Held]
Aimed = Mapping[str, "Way"]

# Bytes that a line needs besides the entries of its payload and the set's name.
_MARKS = 64


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
class Patterns(Sessionless[Held]):
    """The entries that a task wishes.

    :param always: whether nothing but replacing the whole set at once will do.
    """

    name: NameOf
    wish: Wish
    always: bool = False
    persist: bool = False
    backup: bool = False

    def observe(self, process: Process) -> Conversation[Held]:
        sets = yield from read_sets(process, self.name.kind)
        row = find(sets, self.name)
        if row is None:
            return Held(process.facts, self.wish, described=self._why_none(sets))
        ref = ref_of(process, self.name.kind, row)
        body = yield from process.read(ref.show())
        found = compare(body, self.wish)
        marks = sum(map(len, (process.route.start, process.route.each, encode(ref.called)))) + _MARKS
        room, line = process.whole_bound - marks, process.bound - marks
        held = Held(process.facts, self.wish, ref, row.name or row.described, body, found, room=room, line=line)
        if found.nothing:
            return held
        from .pattern_types import types_of  # most runs find everything as wished

        lookups = parse_lookups((yield from process.ask(ref.get(_probe(body)))))
        types = types_of(lookups, valued=self.wish.valued)
        if not types.ordered:
            held = replace(held, deviation=found._replace(disordered=False))
        return replace(held, types=types)

    def _why_none(self, sets: Sets) -> str:
        if find(sets, self.name, other=True):
            return "it is an ACL there, not a map: use haproxy_acl" if self.name.kind == MAP else "it is a map there"
        return f"there are {named(row.name for row in sets.own if row.name) or 'none'}"

    def aim(self, now: Now, origin: Now) -> Sequence[Goal[Held]]:
        self._meant(now)
        targets = {process: self._target(origin[process]) for process, held in now.items() if held.ref}
        if all(deviation(now[process], target).nothing for process, target in targets.items()):
            return []
        from .pattern_choice import ways  # most runs find everything as wished

        first: dict[str, Aimed] = {}
        last: dict[str, Aimed] = {}
        back: dict[str, Aimed] = {}
        for process, target in targets.items():
            loading, way = ways(process, now[process], target, always=self.always, called=self.name.called)
            if loading:
                first[process] = {self.name.given: loading}
            if way:
                last[process] = {self.name.given: way}
            former = way and way.former(now[process])
            if former:
                back[process] = {self.name.given: former}
        goals: list[Goal[Held]] = []
        if first:
            goals.append(
                Goal(PerProcess(first), inspect=lambda process, version: self._inspect(process, version, first, now))
            )
        if last:
            hindsight = partial(self._hindsight, before=now)
            goals.append(Goal(PerProcess(last), former=PerProcess(back), hindsight=hindsight))
        return goals

    def _target(self, origin: Held) -> Wish:
        """What a process should have: what others changed meanwhile and this task took away, too."""
        return merged(origin.body, self.wish) if origin.lost and not self.wish.exclusive else self.wish

    def _meant(self, now: Now) -> None:
        """
        :raises InputError: when no process has the set, or the name is not the same set on all.
        """
        having = {process: held for process, held in now.items() if held.ref}
        if not having:
            whys = named(dict.fromkeys(held.described for held in now.values()))
            raise ObjectNotFound(f"no configuration loads {self.name.called} {self.name.given!r}; {whys}")
        if len({held.described for held in having.values()}) > 1 and self.name.number is not None:
            which = named(f"{held.described} on {process}" for process, held in having.items())
            raise InputError(f"{self.name.given} is not the same {self.name.kind} on every process: {which}")

    def _inspect(self, process: Process, version: str, loads: Mapping[str, Aimed], now: Now) -> Conversation[None]:
        held = now[process.name]
        for loading in loads[process.name].values():
            try:
                yield from loading.inspect(process, held, version)
            except InputError as error:
                yield from self._unless_others(process, held, error)

    def _unless_others(self, process: Process, held: Held, error: InputError) -> Conversation[None]:
        """Up to 3.1 what somebody sets or deletes meanwhile is set and deleted in what was loaded, too.

        :raises Overtaken: when somebody did; else the error.
        """
        if held.ref is not None:
            body = yield from process.read(held.ref.show())
            others = _keys_changed(held.body, body, valued=self.wish.valued)
            if others:
                text = named(repr(printable(decode(key))) for key in others)
                said = f"somebody else changed the same {self.name.kind} on {process.name} meanwhile: {text}"
                raise Overtaken(said, {}) from error
        raise error

    def _hindsight(self, seen: Mapping[str, bytes], now: Now, *, before: Now) -> Sequence[str]:
        """What somebody else changed between this task's reading and its commit.

        :raises Overtaken: when the commit took that away, and it was none of this task's business; or when it got into
            what was committed (2.4 to 3.1).
        """
        warnings = []
        lost: dict[str, Held] = {}
        whose: list[str] = []
        for process, body in seen.items():
            held = before[process]
            others = _keys_changed(held.body, body, valued=self.wish.valued)
            if not others:
                continue
            text = named(repr(printable(decode(key))) for key in others)
            if not now[process].deviation.nothing or self._leaves_alone(others):
                lost[process] = replace(held, body=body, deviation=compare(body, self.wish), lost=True)
                whose.append(f"{text} on {process}")
            else:
                warnings.append(f"somebody else changed the same {self.name.kind} on {process} meanwhile: {text}")
        if lost:
            raise Overtaken(f"somebody else changed the same {self.name.kind} meanwhile: {named(whose)}", lost)
        return warnings

    def _leaves_alone(self, keys: Iterable[bytes]) -> bool:
        """Whether one of these keys is none of the task's business."""
        wish = self.wish
        return not wish.exclusive and any(key not in wish.places and key not in wish.gone for key in keys)

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
        if not self._consistent(before):
            which = named(process for process, held in before.items() if held.ref)
            yield f"{which} have other entries beside those of this task; exclusive makes them the same"
        for process, held in before.items():
            if held.ref is None:
                yield f"process {process} does not have {self.name.called} {self.name.given}: {held.described}"
            if held.deviation.repeated and not self.wish.exclusive:
                those = named(f"{printable(decode(key))!r} {times} times" for key, times in held.deviation.repeated)
                yield f"keys that are there more than once on {process}: {those}; exclusive repairs that"

    def _consistent(self, before: Now) -> bool:
        """Whether all processes that have the set end with the same entries."""
        here = [held for held in before.values() if held.ref]
        if self.wish.exclusive or len(here) < 2:
            return True
        wholes = (sorted(merged(held.body, self.wish).lines) for held in here)
        first = next(wholes)
        return all(whole == first for whole in wholes)

    def diff(self, before: Now, after: Now, keys: Sequence[Any]) -> list[dict[str, object]]:
        from .pattern_told import diffs

        return diffs(self.wish, before)

    def file(self, before: Now, after: Now) -> Any:
        if not self.persist:
            return None
        from .pattern_persist import file_of  # where it is asked for

        return file_of(self.wish, after, backup=self.backup)

    def answer(self, before: Now, after: Now, waited: float) -> dict[str, object]:
        from .pattern_told import counts

        changing = [held for held in before.values() if held.ref and not held.deviation.nothing]
        atomic = True
        if changing:
            from .pattern_choice import at_once  # most runs find everything as wished

            atomic = all(at_once(held, self.wish, held.deviation, always=self.always) for held in changing)
        return {
            self.name.kind: self.name.given,
            **counts(before, after),
            "atomic": atomic,
            "consistent": self._consistent(before),
        }


def _probe(body: bytes) -> str:
    """A text that HAProxy finds there, if this can be told; of a network its first address."""
    first = next(entries(body), b"x")
    return re.sub("/[0-9.]+$", "", decode(key_of(first, valued=True)))


def _keys_changed(one: bytes, other: bytes, *, valued: bool) -> list[bytes]:
    if one == other:
        return []
    return sorted({key_of(entry, valued=valued) for entry in set(entries(one)) ^ set(entries(other))})
