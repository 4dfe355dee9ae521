# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways from the entries that are to those that should be: one by one, or all at once by a version of their own.

A new version is loaded and read beside the one that serves, on all processes, before it is committed on any.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from .._dialect.patterns import POINTER, Ref
from .._errors import InputError
from .._keyed import EMPTY, Deviation, Wish, compare, key_of
from .._listing import entries, pieces
from .._plan import LISTED, Part, Step
from .._process import Process
from .._protocol import VERSION, Command, decode, printable
from .._transport import Conversation
from .pattern_held import Held, deviation


@dataclass(frozen=True)
class Way:
    """A way, or a part of one, to what is aimed at."""

    target: Wish
    deeds: ClassVar[Mapping[str, Step]] = {}

    def steps(self, held: Held) -> Iterable[Step]:
        raise NotImplementedError

    def predicted(self, held: Held) -> Held:
        return held

    def missed(self, held: Held) -> dict[Part, str]:
        return {}

    def former(self, held: Held) -> Way | None:
        """What brings back what was there, should it fail half-way."""
        return None

    def inspect(self, process: Process, held: Held, version: str) -> Conversation[None]:
        """Read what was loaded, as far as something was."""
        yield from ()

    def _ref(self, held: Held) -> Ref:
        if held.ref is None:
            raise InputError("the set is gone")
        return held.ref

    def _step(self, held: Held, key: bytes, command: Command, *, seen: bool = True) -> Step:
        return Step((self._ref(held).name, printable(decode(key))), command, seen)

    def _adding(self, held: Held, lines: Sequence[bytes], version: str = "", *, singly: bool) -> Iterator[Step]:
        """The commands that add these entries."""
        ref, valued = self._ref(held), self.target.valued
        if valued and not (singly and all(map(held.says, lines))):
            for piece in pieces(lines, held.room):
                command = ref.add_lines(decode(piece), version)
                yield self._step(held, b"", command, seen=False)
            return
        for line in lines:
            key, _blank, value = line.partition(b" ") if valued else (line, b"", b"")
            command = ref.add(decode(key), decode(value) if valued else None, version)
            yield self._step(held, key, command, seen=not version)


@dataclass(frozen=True)
class Loading(Way):
    """A new version with these entries, exactly, which serves nobody yet.

    :param places: of the entries in the task's wish, where they are not all of it.
    """

    places: Sequence[int] = ()

    def steps(self, held: Held) -> Iterator[Step]:
        yield self._step(held, b"", self._ref(held).prepare(), seen=False)
        yield from self._adding(held, self.target.lines, VERSION, singly=False)

    def inspect(self, process: Process, held: Held, version: str) -> Conversation[None]:
        """
        :raises InputError: naming the first entry that HAProxy did not take.
        """
        ref = self._ref(held)
        body = yield from process.read(ref.show(version))
        found = compare(body, self.target)
        if found.nothing:
            return
        place = found.missing[0] if found.missing else found.changed[0][0] if found.changed else None
        if place is None:
            raise InputError(f"process {process.name} holds something else in version {version} than was loaded")
        key = printable(decode(key_of(self.target.lines[place], valued=self.target.valued)))
        number = (self.places[place] if self.places else place) + 1
        raise InputError(f"process {process.name} did not take entry {number}, {key!r}", process=process.name)


class Committing(Way):
    """The version that was loaded serves from now on."""

    def steps(self, held: Held) -> Iterator[Step]:
        yield self._step(held, b"", self._ref(held).commit(), seen=False)

    def predicted(self, held: Held) -> Held:
        return replace(held, deviation=Deviation(len(self.target.lines)))

    def missed(self, held: Held) -> dict[Part, str]:
        # What the task leaves alone may have been changed by somebody else: hindsight tells.
        return sentences(held, held.wished)


class Changing(Way):
    """Entry by entry: what is new first, what goes last, so that no key that stays is ever missing."""

    def steps(self, held: Held) -> Iterator[Step]:
        ref, target = self._ref(held), self.target
        found = deviation(held, target)
        if held.types.ordered and (found.disordered or (found.renewed and target.exclusive)):
            yield from self._from_the_first_that_differs(held, found)
        else:
            missing = [target.lines[place] for place in found.missing]
            yield from self._adding(held, missing, singly=len(missing) <= LISTED)
            for place, _now in found.changed:
                key, _blank, value = target.lines[place].partition(b" ")
                yield self._step(held, key, ref.set(decode(key), decode(value)))
            for key, _those in found.renewed:
                yield from self._anew(held, key)
        for key in dict.fromkeys(key_of(line, valued=target.valued) for line in found.surplus):
            if key.startswith(POINTER):
                raise InputError(
                    f"{ref.name} holds the key {printable(decode(key))!r}, which HAProxy takes for a pointer"
                )
            yield self._step(held, key, ref.delete(decode(key)))

    def _anew(self, held: Held, key: bytes) -> Iterator[Step]:
        places = self.target.repeats.get(key, [self.target.places[key]])
        yield self._step(held, key, self._ref(held).delete(decode(key)))
        yield from self._adding(held, [self.target.lines[place] for place in places], singly=True)

    def _from_the_first_that_differs(self, held: Held, found: Deviation) -> Iterator[Step]:
        """Each entry taken away and added at the end, from the first on that is not in its place."""
        there = {key_of(line, valued=self.target.valued) for line in entries(held.body)}
        kept = [line for line in entries(held.body) if key_of(line, valued=self.target.valued) in self.target.places]
        same = 0
        while same < min(len(kept), len(self.target.lines)) and kept[same] == self.target.lines[same]:
            same += 1
        same = min([same, *(self.target.places[key] for key, _now in found.renewed)])
        while True:  # a key of which one entry is in its place goes with all its entries
            later = dict.fromkeys(key_of(line, valued=self.target.valued) for line in self.target.lines[same:])
            first = min((self.target.places[key] for key in later), default=same)
            if first >= same:
                break
            same = first
        for line in self.target.lines[same:]:
            key = key_of(line, valued=self.target.valued)
            if key in there:
                there.remove(key)
                yield self._step(held, key, self._ref(held).delete(decode(key)))
            yield from self._adding(held, [line], singly=True)

    def former(self, held: Held) -> Way:
        return Changing(former(held, self.target))

    def predicted(self, held: Held) -> Held:
        after = held.deviation.afterwards(self.target)
        return replace(held, deviation=Deviation(after, repeated=held.deviation.repeated))

    def missed(self, held: Held) -> dict[Part, str]:
        return sentences(held, self.target)


class Emptying(Way):
    """Everything goes at once, where there are no versions."""

    def steps(self, held: Held) -> Iterator[Step]:
        yield self._step(held, b"", self._ref(held).clear(), seen=False)

    def predicted(self, held: Held) -> Held:
        return replace(held, deviation=EMPTY)

    def missed(self, held: Held) -> dict[Part, str]:
        return sentences(held, self.target)


def sentences(held: Held, target: Wish) -> dict[Part, str]:
    """What is not as it should be, by key."""
    name = held.ref.name if held.ref else ""
    found = deviation(held, target)
    wrong: dict[Part, str] = {}

    def say(line: bytes, text: str) -> None:
        key = printable(decode(key_of(line, valued=target.valued)))
        wrong[name, key] = f"{name}: {text} {key!r}"

    for place in found.missing:
        say(target.lines[place], "there is no entry")
    for _place, now in found.changed:
        say(now, f"{printable(decode(now))!r} is the entry of")
    for line in found.surplus:
        say(line, "there is still an entry")
    for key, _now in found.renewed:
        say(key + b" ", "there are other entries of")
    if found.disordered and held.types.ordered and not wrong:
        wrong[name, ""] = f"{name}: the entries are in another order"
    return wrong


def former(held: Held, target: Wish) -> Wish:
    """What brings the entries that a task changes back to what they were."""
    found, valued = deviation(held, target), target.valued
    moved = held.types.ordered and (found.disordered or found.surplus)
    # What is only changed is there once, in the wish too.
    twice = found.missing and len(target.places) < len(target.lines)
    if moved or found.renewed or found.repeated or twice:
        # A key may have entries beside the one that is changed, added or moved; only an exclusive wish takes one away.
        return Wish(list(entries(held.body)), exclusive=True, valued=valued)
    olds = [*(now for _place, now in found.changed), *found.surplus]
    fresh = frozenset(key_of(target.lines[place], valued=valued) for place in found.missing)
    return Wish(olds, gone=fresh, valued=valued)
