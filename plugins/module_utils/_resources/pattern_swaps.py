# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to entries that should be, all at once: a new version is loaded and read beside the one that serves, on all
processes, before it is committed on any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from .._comparing import compare
from .._errors import InputError
from .._keyed import EMPTY, Deviation, key_of
from .._plan import Part, Step
from .._process import Process
from .._protocol import VERSION, decode, printable
from .._transport import Conversation
from .pattern_held import Held
from .pattern_ways import Way, sentences


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


class Emptying(Way):
    """Everything goes at once, where there are no versions."""

    def steps(self, held: Held) -> Iterator[Step]:
        yield self._step(held, b"", self._ref(held).clear(), seen=False)

    def predicted(self, held: Held) -> Held:
        return replace(held, deviation=EMPTY)

    def missed(self, held: Held) -> dict[Part, str]:
        return sentences(held, self.target)
