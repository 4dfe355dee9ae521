# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from the entries that are to those that should be, one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from .._dialect.patterns import POINTER, Ref
from .._errors import InputError
from .._keyed import Deviation, Wish, key_of
from .._listing import entries, pieces
from .._plan import LISTED, Part, Step
from .._process import Process
from .._protocol import Command, decode, printable
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


class Changing(Way):
    """Entry by entry: what is new first, what goes last, so that no key that stays is ever missing."""

    def steps(self, held: Held) -> Iterator[Step]:
        ref, target = self._ref(held), self.target
        found = deviation(held, target)
        if held.types.ordered and (found.disordered or (found.renewed and target.exclusive)):
            from .pattern_order import in_order  # in few sets it counts

            for key, line in in_order(held, target, found):
                if key is not None:
                    yield self._step(held, key, ref.delete(decode(key)))
                yield from self._adding(held, [line], singly=True)
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

    def former(self, held: Held) -> Way:
        return Changing(former(held, self.target))

    def predicted(self, held: Held) -> Held:
        after = held.deviation.afterwards(self.target)
        return replace(held, deviation=Deviation(after, repeated=held.deviation.repeated))

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
