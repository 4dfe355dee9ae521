# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be broken around a task. Each takes the stage, breaks it, and mends it at the end of its context."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from lab import fakes
from lab.raw import connect
from lab.recorder import Recorder, Swallow, Tamper

from .lies import FACTS
from .ordinary import ordinary_user
from .resets import resets
from .stage import Break, Stage, meddling

SHORT = 0.5
"""Seconds that a task gives an exchange where it is sure to need them all."""
MANY = 10
"""As many connections as ``stats maxconn`` allows in the fleet "few connections"."""


@contextmanager
def nothing(_stage: Stage) -> Iterator[None]:
    """No fault: the task does what it is for."""
    yield


def beside(fake: Callable[[], AbstractContextManager[str]], **more: object) -> Break:
    """One address more, that of something else."""

    @contextmanager
    def broken(stage: Stage) -> Iterator[None]:
        with fake() as path:
            stage.addresses.append(path)
            stage.more.update(more)
            yield

    return broken


def within(fake: Callable[[str], AbstractContextManager[str]], **more: object) -> Break:
    """The task is given the directory, and in it is one socket more, that of something else."""

    @contextmanager
    def broken(stage: Stage) -> Iterator[None]:
        folder = Path(stage.addresses[0]).parent
        with fake(str(folder / "z.sock")):
            stage.addresses[:] = [str(folder)]
            stage.more.update(more)
            yield

    return broken


@contextmanager
def slow(stage: Stage) -> Iterator[None]:
    """A true reply, one byte a second."""
    reply = stage.sample.fleet.ask(0, "set severity-output number;show info;show cli level;show cli sockets;show pools")
    with fakes.drips(reply.encode(), 1.0) as path:
        stage.addresses.append(path)
        stage.more["timeout"] = SHORT
        yield


@contextmanager
def unreadable(stage: Stage) -> Iterator[None]:
    """The second process's socket is not for the user who runs the task."""
    folder, second = Path(stage.addresses[0]).parent, Path(stage.addresses[1])
    modes = {path: path.stat().st_mode for path in (folder, Path(stage.addresses[0]), second)}
    for path, mode in zip(modes, (0o755, 0o777, 0o000), strict=True):
        path.chmod(mode)
    try:
        stage.run = ordinary_user().run
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def of_level(level: str) -> Break:
    """The only socket that the task is given has this level."""

    @contextmanager
    def broken(stage: Stage) -> Iterator[None]:
        fleet = stage.sample.fleet
        (low,) = fleet.operator_sockets if level == "operator" else fleet.user_sockets
        with Recorder(low) as recorder:
            stage.recorders, stage.addresses, stage.called = [recorder], [recorder.path], [recorder.path]
            yield

    return broken


def lying(
    *,
    tamper: Callable[[], Tamper] | None = None,
    swallow: Callable[[], Swallow] | None = None,
    only: int | None = None,
) -> Break:
    """Every process lies, or only one; a lie with a memory is made anew for each."""

    @contextmanager
    def broken(stage: Stage) -> Iterator[None]:
        with ExitStack() as stack:
            for recorder in stage.recorders if only is None else [stage.recorders[only]]:
                lies = meddling(recorder, tamper=tamper and tamper(), swallow=swallow and swallow())
                stack.enter_context(lies)
            yield

    return broken


@contextmanager
def one_pid(stage: Stage) -> Iterator[None]:
    """The second process says that it has the pid of the first."""
    pids = [b"\nPid: %d\n" % pid for pid in stage.sample.fleet.pids]
    with meddling(stage.recorders[1], tamper=lambda _request, reply: reply.replace(pids[1], pids[0])):
        yield


@contextmanager
def reset(stage: Stage) -> Iterator[None]:
    """The second process is behind something that resets each connection in the middle of its reply."""
    with resets(stage.recorders[1].path, lambda request: FACTS not in request) as address:
        stage.addresses[1] = stage.called[1] = address
        yield


@contextmanager
def many_connections(stage: Stage) -> Iterator[None]:
    """Somebody holds all connections that the first process allows."""
    with ExitStack() as stack:
        for _number in range(MANY):
            taken = stack.enter_context(connect(stage.sample.fleet.sockets[0]))
            taken.sendall(b"prompt\n")
            taken.recv(100)
        stage.more["timeout"] = SHORT
        yield
