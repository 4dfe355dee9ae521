# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can go wrong, as one tree. The message is a sentence for a person; the fields are for a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Lines = Sequence[Mapping[str, str]]


class HAProxyError(Exception):
    """Root of the tree.

    :param message: one sentence: who, what, why.
    :param process: name of the process that it is about, ``command``: the command as it may be shown; or "".
    """

    def __init__(self, message: str, *, process: str = "", command: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.process = process
        self.command = command
        self.done: Lines = ()
        self.refused: Lines = ()
        self.not_attempted: Lines = ()
        self.unconfirmed: Lines = ()
        self.also_done: Lines = ()
        self.warnings: Sequence[str] = ()
        self.unreached: Sequence[str] = ()

    def locate(self, process: str, command: str = "") -> None:
        """Fill in the place where it is still unknown."""
        self.process = self.process or process
        self.command = self.command or command

    def __str__(self) -> str:
        place = f"process {self.process}: " if self.process and self.process not in self.message else ""
        return f"{place}{self.message}"

    def as_result(self) -> dict[str, object]:
        """The keys that a failed task carries beside ``msg``."""
        lists = ("done", "refused", "not_attempted", "unconfirmed")
        return {
            "error": type(self).__name__,
            "process": self.process,
            "command": self.command,
            **{name: list(getattr(self, name)) for name in lists},
        }


class InputError(HAProxyError):
    """What the user asked for cannot be meant, said or done; nothing was sent."""


class ObjectNotFound(InputError):
    """A name that the user gave matches nothing on any process."""


class FleetError(HAProxyError):
    """The processes that answer are not those that the task is about."""


class FeatureMissing(HAProxyError):
    """A process runs a version that cannot do what was asked."""


class TransportError(HAProxyError):
    """An exchange with one address did not come to its end."""


class CannotConnect(TransportError):
    """No connection. ``errno``: the operating system's number for why, where it gave one."""

    def __init__(self, message: str, *, errno: int | None = None) -> None:
        super().__init__(message)
        self.errno = errno


class TimedOut(TransportError):
    """The deadline of one exchange passed. ``partial``: what had been received by then."""

    def __init__(self, message: str, *, partial: bytes = b"") -> None:
        super().__init__(message)
        self.partial = partial


class ClosedEarly(TransportError):
    """The connection ended before the reply was complete; nothing of it may be believed."""


class ProcessReplaced(HAProxyError):
    """Another process answers than before, or none: HAProxy was reloaded meanwhile."""


class Overtaken(HAProxyError):
    """Somebody else changed a thing meanwhile, and what this task did took that change away.

    :param found: process → what there was immediately before.
    """

    def __init__(self, message: str, found: Mapping[str, object]) -> None:
        super().__init__(message)
        self.found = found


class ReplyNotUnderstood(HAProxyError):
    """A complete reply that does not say what this command's replies say."""


class NotHAProxy(ReplyNotUnderstood):
    """Something answers, but not as a HAProxy does. ``said``: how its answer begins."""

    def __init__(self, message: str, *, said: str = "") -> None:
        super().__init__(message)
        self.said = said


class CommandRefused(HAProxyError):
    """HAProxy said no. ``answer``: its own words."""

    def __init__(self, message: str, *, answer: str, process: str = "", command: str = "") -> None:
        super().__init__(message, process=process, command=command)
        self.answer = answer


class UnknownCommand(CommandRefused):
    """This HAProxy does not know the command."""


class PermissionDenied(CommandRefused):
    """The socket's level does not allow the command."""


class NotFound(CommandRefused):
    """The object is not (or no longer) there."""


class NotConverged(HAProxyError):
    """HAProxy took the commands, but what is read afterwards is not what was asked for."""


class WaitTimedOut(HAProxyError):
    """What the state promises did not come true within ``wait_timeout``."""


class Hopeless(HAProxyError):
    """Waiting is pointless: something that this task does not change keeps the wish from coming true."""


class PartlyApplied(HAProxyError):
    """Some commands were carried out and others not; the lists say which."""


class Fault(HAProxyError):
    """This collection's own code failed."""

    def __init__(self, message: str, *, done: Lines = ()) -> None:
        super().__init__(f"a fault of this collection, please report it: {message}")
        self.done = done
