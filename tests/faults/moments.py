# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can happen at the worst of moments: reloads, deaths and silence between two exchanges of a task."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.master import MasterFleet
from lab.raw import ask
from lab.recorder import Tamper
from lab.running import Paused

from .breaks import SHORT
from .lies import FACTS, is_reading, writes_of
from .stage import Break, Stage, meddling


@contextmanager
def reloaded(stage: Stage) -> Iterator[None]:
    """HAProxy is reloaded at the task's first write; at its first question where it writes nothing."""
    fleet = stage.sample.fleet
    assert isinstance(fleet, MasterFleet)
    reloads: list[float] = []

    def reload(request: bytes) -> bytes | None:
        if not reloads and (writes_of(request) if stage.deed.writes else is_reading(request)):
            began = time.monotonic()
            fleet.reload()
            reloads.append(time.monotonic() - began)
            stage.spent += reloads[0]
        return None

    stage.more["timeout"] = 10.0
    with meddling(stage.recorders[0], swallow=reload):
        yield
    assert reloads, "nothing was reloaded"


@contextmanager
def replaced(stage: Stage) -> Iterator[None]:
    """Before the first write (or question) another HAProxy with the same configuration takes the first one's socket."""
    first, former = stage.recorders[0], stage.recorders[0].target
    _spare = stage.recorders.pop(), stage.addresses.pop(), stage.called.pop(), stage.behind.pop()
    spare = stage.sample.fleet.sockets[2]

    def replace(request: bytes) -> bytes | None:
        if first.target == former and (writes_of(request) if stage.deed.writes else is_reading(request)):
            first.target = spare
            stage.behind[0] = 2
            return ask(spare, request)
        return None

    try:
        with meddling(first, swallow=replace):
            yield
        assert first.target == spare, "nothing was replaced"
    finally:
        first.target = former


def dying(number: int, how: str) -> Break:
    """The process with this number (from 1) is killed half-way through the writes, or through the reading.

    :param how: ``before`` its own write is sent, ``within`` (it was sent, and the process never read it), ``after`` (it
        was carried out, and the answer is lost).
    """

    @contextmanager
    def broken(stage: Stage) -> Iterator[None]:
        place = number - 1
        recorder = stage.recorders[place]
        pid = stage.sample.fleet.pids[place]

        def kill() -> None:
            if place not in stage.dead:
                os.kill(pid, signal.SIGKILL)
                Path(recorder.path).unlink(missing_ok=True)
                stage.dead.add(place)

        def concerns(request: bytes) -> bool:
            return bool(writes_of(request)) if stage.deed.writes else is_reading(request)

        def before(request: bytes, reply: bytes) -> bytes:
            ready = is_reading(request) if stage.deed.last_question else FACTS in request
            if ready and (stage.deed.last_question or b"") in request:
                kill()
            return reply

        def within(request: bytes) -> bytes | None:
            if concerns(request):
                kill()
                return b""
            return None

        def after(request: bytes, reply: bytes) -> bytes:
            if concerns(request):
                kill()
                return b""
            return reply

        tampers: dict[str, Tamper] = {"before": before, "after": after}
        with meddling(recorder, tamper=tampers.get(how), swallow=within if how == "within" else None):
            yield
        assert stage.dead, "nothing died"

    return broken


@contextmanager
def reply_lost(stage: Stage) -> Iterator[None]:
    """The second process carries its first write out, lives on, and the answer is lost."""
    lost: list[bytes] = []

    def lose(request: bytes, reply: bytes) -> bytes:
        if writes_of(request) and not lost:
            lost.append(request)
            return b""
        return reply

    with meddling(stage.recorders[1], tamper=lose):
        yield


@contextmanager
def hanging(stage: Stage) -> Iterator[None]:
    """The second process stops at its first write (or question), and stays silent."""
    paused: list[Paused] = []

    def pause(request: bytes) -> bytes | None:
        if not paused and (writes_of(request) if stage.deed.writes else is_reading(request)):
            paused.append(stage.sample.fleet.pause(1))
        return None

    stage.more["timeout"] = SHORT
    try:
        with meddling(stage.recorders[1], swallow=pause):
            yield
    finally:
        for each in paused:
            each.resume()


def cut_short(request: bytes, share: float) -> Break:
    """The second process's replies to this request end after this share of their bytes; 1.0: one byte is missing."""

    @contextmanager
    def broken(stage: Stage) -> Iterator[None]:
        cut: list[bytes] = []

        def lie(asked: bytes, reply: bytes) -> bytes:
            if asked != request:
                return reply
            cut.append(reply)
            return reply[: int((len(reply) - 1) * share)]

        with meddling(stage.recorders[1], tamper=lie):
            yield
        assert cut, "nothing was cut"

    return broken
