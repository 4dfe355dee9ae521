# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A map or an ACL, as a resource: entries that should be there, or should not, on every process that has the set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from .._dialect.patterns import MAP, POINTER, Ref, parse_lookups
from .._errors import InputError, ObjectNotFound, Overtaken
from .._features import has, require
from .._fleet import PerProcess
from .._keyed import Deviation, Wish, compare, entries, key_of, merged
from .._plan import Goal, Part, Step, named
from .._process import Process
from .._protocol import decode, encode, printable
from .._sessionless import Sessionless
from .._transport import Conversation
from .entries import wish_of
from .pattern_names import NameOf, Sets, find, read_sets
from .pattern_types import impossible, takes, types_of
from .pattern_ways import Changing, Committing, Emptying, Held, Loading, Way, cheaper_at_once, deviation, former

Now = PerProcess[Held]
Aimed = Mapping[str, Way]

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
        level = "admin" if has(process.facts.version, "sets_need_admin") else "user"
        ref = Ref(self.name.kind, row.name or f"#{row.number}", level)
        body = yield from process.read(ref.show())
        found = compare(body, self.wish)
        marks = sum(map(len, (process.route.start, process.route.each, encode(ref.called)))) + _MARKS
        room, line = process.whole_bound - marks, process.bound - marks
        held = Held(process.facts, self.wish, ref, row.name or row.described, body, found, room=room, line=line)
        if found.nothing:
            return held
        probe = next((decode(key_of(entry, valued=True)) for entry in entries(body)), "x").partition("/")[0] or "x"
        lookups = parse_lookups((yield from process.ask(ref.get(probe))))
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
        first: dict[str, Aimed] = {}
        last: dict[str, Aimed] = {}
        back: dict[str, Aimed] = {}
        for process, held in now.items():
            if held.ref is None:
                continue
            rest = origin[process].lost and not self.wish.exclusive
            target = merged(origin[process].body, self.wish) if rest else self.wish
            loading, way = self._ways(process, held, target)
            name = held.ref.name
            if loading:
                first[process] = {name: loading}
            if way:
                last[process] = {name: way}
            if isinstance(way, Changing):
                back[process] = {name: Changing(former(held, target))}
        goals: list[Goal[Held]] = []
        if first:
            goals.append(
                Goal(PerProcess(first), inspect=lambda process, version: self._inspect(process, version, first, now))
            )
        if last:
            hindsight = partial(self._hindsight, before=now)
            goals.append(Goal(PerProcess(last), former=PerProcess(back), hindsight=hindsight))
        return goals

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

    def _ways(self, process: str, held: Held, target: Wish) -> tuple[Loading | None, Way | None]:
        """What is loaded beforehand, and how the entries come to be as wished.

        :raises HAProxyError: for what this process cannot do or would refuse.
        """
        found = deviation(held, target)
        if found.nothing:
            return None, None
        if self.always:
            require(held.facts.version, "set_versions", process)
        self._fits(process, held, target, found)
        if self._at_once(held, target, found):
            whole = target if target.exclusive else merged(held.body, target)
            return Loading(whole), Committing(whole)
        if target.exclusive and not target.lines and not held.versions:
            return None, Emptying(target)
        places = (*found.missing, *(place for place, _now in found.changed))
        doubtful = [place for place in places if not takes(held.types, target.lines[place], valued=target.valued)]
        if not (held.versions and doubtful):
            return None, Changing(target)
        tried = Wish([target.lines[place] for place in doubtful], exclusive=True, valued=target.valued)
        return Loading(tried, doubtful), Changing(target)

    def _at_once(self, held: Held, target: Wish, found: Deviation) -> bool:
        # From 3.3 on deleting takes one entry of a key at a time, before that all of them: a new version suits all.
        keys = {key_of(line, valued=target.valued) for line in found.surplus}
        several = len(keys) < len(found.surplus) or any(key.startswith(POINTER) for key in keys)
        long = target.valued and not all(held.says(target.lines[place]) for place, _now in found.changed)
        must = self.always or found.renewed or found.disordered or several or long
        return held.versions and (bool(must) or cheaper_at_once(held, target, found))

    def _fits(self, process: str, held: Held, target: Wish, found: Deviation) -> None:
        """
        :raises InputError: naming the first entry that this process cannot take.
        """
        changing = {place for place, _now in found.changed}
        places = [*found.missing, *sorted(changing)]
        wrong = impossible(held.types, target, places)
        if wrong is not None:
            kinds = ", ".join(sorted(match for match, _case in held.types.matches))
            raise InputError(
                f"{_entry(target, wrong)} cannot be one of {self.name.called} of type {kinds}", process=process
            )
        for place in places:
            line = target.lines[place]
            by_payload = target.valued and (held.versions or place not in changing)
            if len(line) >= held.room or not (by_payload or held.says(line)):
                raise InputError(f"{_entry(target, place)} has {len(line)} bytes, more than process {process} takes")

    def _inspect(self, process: Process, version: str, loads: Mapping[str, Aimed], now: Now) -> Conversation[None]:
        for loading in loads[process.name].values():
            if isinstance(loading, Loading):
                yield from loading.inspect(process, now[process.name], version)

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
        for process, held in before.items():
            if held.ref is None:
                yield f"process {process} does not have {self.name.called} {self.name.given}: {held.described}"
            if held.deviation.repeated and not self.wish.exclusive:
                those = named(f"{printable(decode(key))!r} {times} times" for key, times in held.deviation.repeated)
                yield f"keys that are there more than once on {process}: {those}; exclusive repairs that"

    def diff(self, before: Now, after: Now, keys: Sequence[Any]) -> list[dict[str, object]]:
        from .pattern_told import diffs

        return diffs(self.wish, before)

    def file(self, after: Now) -> Any:
        if not self.persist:
            return None
        from .pattern_persist import file_of  # where it is asked for

        return file_of(self.wish, after, backup=self.backup)

    def answer(self, before: Now, after: Now, waited: float) -> dict[str, object]:
        from .pattern_told import counts

        singly = [
            process
            for process, held in before.items()
            if held.ref and not held.deviation.nothing and not self._at_once(held, self.wish, held.deviation)
        ]
        return {self.name.kind: self.name.given, **counts(before, after), "atomic": not singly}


def _entry(wish: Wish, place: int) -> str:
    return f"entry {place + 1}, {printable(decode(key_of(wish.lines[place], valued=wish.valued)))[:60]!r},"


def _keys_changed(one: bytes, other: bytes, *, valued: bool) -> list[bytes]:
    if one == other:
        return []
    return sorted({key_of(entry, valued=valued) for entry in set(entries(one)) ^ set(entries(other))})
