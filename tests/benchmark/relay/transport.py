# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The core's conversations, held over there: as few runs of the relay as the task can do with.

A run carries what the core asks for, and behind it what it will ask for next if nothing unforeseen is found. Nothing
relies on that: the core is given a foreseen reply only when it asks for exactly that, of the run before.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar

from ansible_collections.haproxyadmin.haproxy.plugins.module_utils import _unreachable
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._address import Address, address_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._discovery import USUAL_PLACES
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    ClosedEarly,
    HAProxyError,
    InputError,
    TimedOut,
    TransportError,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._process import PROBE_GRACE
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import is_foreign, is_gone
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._transport import Conversation, Exchange

from .program import Answer, Heard, Place, Step, answer, command

T = TypeVar("T")

_WHOLE: Mapping[Callable[[bytes], bool], int] = {is_foreign: 1, is_gone: 2}


class Relay:
    """The way to one target, for one task.

    :param run: a command line and its input to what it prints, over there.
    :param python: the Python there.
    :param foreseen: what follows the first request to a place; all other requests are learnt on the way.
    """

    def __init__(
        self, run: Callable[[str, bytes | None], str], python: str, foreseen: Mapping[bytes, Sequence[Step]]
    ) -> None:
        self.runs = 0
        self.bytes_there = 0
        self.bytes_back = 0
        self._run = run
        self._python = python
        self._foreseen = foreseen
        self._heard: dict[tuple[Place, bytes], list[Heard]] = {}
        self._reads: dict[Place, dict[bytes, Step]] = {}
        self._paths: dict[str, tuple[str, bool]] = {}

    def look(self, entries: Sequence[str], first: bytes, timeout: float) -> Answer:
        """What these entries of the option `socket` mean over there, each place being asked `first`."""
        steps = (Step(first, timeout, PROBE_GRACE, whole=_WHOLE[is_foreign]), *self._foreseen.get(first, ()))
        return self._go(entries, [(host, steps) for host in _hosts(entries)], steps)

    def converse(self, conversations: Sequence[Conversation[T]], timeout: float) -> list[T | HAProxyError]:
        """As the core's own."""
        talks = [_Talk(conversation, timeout) for conversation in conversations]
        while waiting := [talk for talk in talks if self._waits(talk)]:
            wanted: dict[Place, list[Step]] = {}
            for talk in waiting:
                place = place_of(talk.exchange.address)
                wanted.setdefault(place, []).extend([talk.step(), *self._next(place, talk.exchange.request)])
            self._go(None, wanted.items(), ())
        return [talk.outcome[0] for talk in talks]

    def real_path(self, path: str) -> str:
        return self._paths[path][0] if path in self._paths else path

    def is_socket(self, path: str) -> bool:
        return path not in self._paths or self._paths[path][1]

    def _go(
        self, entries: Sequence[str] | None, talks: Iterable[tuple[Place, Sequence[Step]]], steps: Sequence[Step]
    ) -> Answer:
        line, data = command(self._python, entries, USUAL_PLACES, talks, steps)
        printed = self._run(line, data)
        self.runs += 1
        self.bytes_there += len(line) + len(data or b"")
        self.bytes_back += len(printed)
        found = answer(printed)
        self._paths.update(found.paths)
        self._heard = {}
        for place, its in found.heard.items():
            for heard in its:
                self._heard.setdefault((place, heard.request), []).append(heard)
        return found

    def _waits(self, talk: _Talk[Any]) -> bool:
        """Let it go on as far as what was heard leads; whether it then waits for an exchange."""
        while not talk.outcome:
            place, request = place_of(talk.exchange.address), talk.exchange.request
            heard = self._heard.get((place, request))
            if not heard:
                return True
            if request.endswith(b"show info\n"):  # as each reading of a known process does
                self._reads.setdefault(place, {})[request] = talk.step()._replace(delay=0.0)
            talk.hear(heard.pop(0))
        return False

    def _next(self, place: Place, request: bytes) -> Sequence[Step]:
        """What will be asked for behind this request."""
        writes = b"show info" not in request and b"show proc" not in request
        return [*self._reads.get(place, {}).values()] if writes else self._foreseen.get(request, ())


class _Talk(Generic[T]):
    """One conversation, and the exchange that it waits for unless there is an `outcome`."""

    def __init__(self, conversation: Conversation[T], timeout: float) -> None:
        self.outcome: tuple[T | HAProxyError, ...] = ()
        self.exchange: Exchange
        self._conversation = conversation
        self._timeout = timeout
        self._deadline = 0.0
        self._go_on(partial(next, conversation))

    def step(self) -> Step:
        asked = self.exchange
        seconds = max(0.001, self._deadline - time.monotonic())
        return Step(asked.request, seconds, asked.grace, asked.delay, _WHOLE[asked.whole] if asked.whole else 0)

    def hear(self, heard: Heard) -> None:
        if heard.kind == "ok":
            self._go_on(partial(self._conversation.send, heard.data))
        else:
            self._go_on(partial(self._conversation.throw, self._error(heard)))

    def _go_on(self, step: Callable[[], Exchange]) -> None:
        try:
            self.exchange = step()
        except StopIteration as stop:
            self.outcome = (stop.value,)
        except HAProxyError as error:
            self.outcome = (error,)
        else:
            if not self.exchange.again:
                self._deadline = time.monotonic() + min(self._timeout, self.exchange.limit)

    def _error(self, heard: Heard) -> TransportError:
        """In the words of the core's transport."""
        address = self.exchange.address
        if heard.kind == "refused":
            words = os.strerror(heard.number) if heard.number else heard.data.decode("utf-8", "replace")
            return _unreachable.cannot_connect(address, OSError(heard.number, words))
        if heard.kind == "broken":
            return ClosedEarly(f"{address.text} broke the connection off: {os.strerror(heard.number)}")
        how = "did not accept a connection" if heard.kind == "busy" else "did not answer to the end"
        sentence = f"{address.text} {how} within {min(self._timeout, self.exchange.limit):g} s"
        return TimedOut(sentence, partial=heard.data)


def place_of(address: Address) -> Place:
    return address.path or (address.host, address.port)


def _hosts(entries: Iterable[str]) -> Iterator[Place]:
    """Those that are reached by TCP. Entries that are no address are judged by the core, when it is their turn."""
    for entry in dict.fromkeys(entries):
        with suppress(InputError):
            address = address_of(entry)
            if address.host:
                yield place_of(address)
