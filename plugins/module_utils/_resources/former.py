# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers whose former state is kept before a task touches them, and servers that get theirs back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .._dialect.servers import Key
from .._errors import InputError, PartlyApplied
from .._fleet import PerProcess
from .._shapes import merged_view
from .observed import Observed
from .server import Servers
from .settable import switched
from .state_files import Former, StateFiles, folders, part_of, put, refuse_unwritable, text_of, with_part
from .values import Values
from .weight import Weight
from .wishes import Wishes

Now = PerProcess[Observed]


def remembered(wishes: Wishes, what: str, share: int, folder: str | None) -> Servers:
    """Servers whose former state this task keeps, or gives back.

    :param what: ``keep``, ``replace`` or ``restore``.
    :param folder: the option ``state_dir``.
    :raises InputError: for a share that is no percentage.
    """
    if not 1 <= share <= 100:
        raise InputError(f"former_share is {share}; it is a percentage from 1 to 100")
    files = StateFiles(folders(folder))
    if what == "restore":
        return Restoring(wishes, files, share)
    return Keeping(wishes=wishes, files=files, anew=what == "replace")


@dataclass(frozen=True)
class _Remembered(Servers):
    """What both have.

    :param files: where former states are.
    """

    files: StateFiles

    def _keys(self, now: Now) -> list[Key]:
        return sorted({key for each in self._assigned(now).values() for key in each})

    def _former(self, now: Now, key: Key) -> Former:
        """What the server was, on each process of this fleet."""
        raise NotImplementedError

    def _told(self, before: Now) -> dict[str, object]:
        kept = {key: former for key in self._keys(before) if (former := self._former(before, key))}
        return {"former": [{"name": k[1], "backend": k[0], **merged_view(former)} for k, former in kept.items()]}

    def known(self, before: Now) -> dict[str, object]:
        return {**super().known(before), **self._told(before)}

    def answer(self, before: Now, after: Now, waited: float) -> dict[str, object]:
        return {**super().answer(before, after, waited), **self._told(before)}


@dataclass(frozen=True)
class Keeping(_Remembered):
    """Servers whose state is written to files before anything is sent.

    :param anew: whether what is kept already is replaced.
    """

    anew: bool

    def _assigned(self, now: Now) -> PerProcess[dict[Key, Values]]:
        every = {name: dict(values) for name, values in super()._assigned(now).items()}
        for process, assigned in every.items():
            for key, values in assigned.items():
                # Drain would let bound clients in again, of whom maintenance has got rid.
                if values.state == "drain" and now[process].servers[key].state == "maint":
                    assigned[key] = values._replace(state="maint", drain=values.wait)
        return PerProcess(every)

    def _former(self, now: Now, key: Key) -> Former:
        here = {
            process: _state_of(observed, key)
            for process, observed in now.items()
            if key in observed.servers and observed.servers[key].present
        }
        return {**here, **({} if self.anew else part_of(self.files.read(key), list(now)))}

    def warnings(self, before: Now) -> Iterable[str]:
        yield from super().warnings(before)
        for key in self._keys(before):
            here = {it.servers[key].state for it in before.values() if key in it.servers}
            kept = {former["state"] for former in self._former(before, key).values()}
            if here == {"ready"} and kept != here:
                yield (
                    f"{'/'.join(key)} is ready, and what {self.files.path(key)} keeps of an earlier task is not: that stays "
                    "its former state"
                )

    def file(self, before: Now, after: Now) -> StateFilesOf | None:
        texts = {}
        for key in self._keys(before):
            parts, former = self.files.read(key), self._former(before, key)
            if former and former != part_of(parts, list(before)):
                refuse_unwritable(self.files.path(key))
                texts[self.files.path(key)] = text_of(key, parts), text_of(key, with_part(parts, list(before), former))
        return StateFilesOf(texts, first=True) if texts else None


@dataclass(frozen=True)
class Restoring(_Remembered):
    """Servers that become what was kept of them; of which nothing is kept, what the task says beside.

    :param share: percent of the former weight; the files stay until it is 100.
    """

    share: int

    def _former(self, now: Now, key: Key) -> Former:
        return part_of(self.files.read(key), list(now))

    def _assigned(self, now: Now) -> PerProcess[dict[Key, Values]]:
        every = {name: dict(values) for name, values in super()._assigned(now).items()}
        for key in {key for values in every.values() for key in values}:
            for process, former in self._former(now, key).items():
                if key in every.get(process, {}):
                    every[process][key] = _restored(every[process][key], former, self.share)
        for process, assigned in every.items():
            out = {now[process].servers[key].called for key, values in assigned.items() if values.state != "ready"}
            for key, values in assigned.items():
                if now[process].servers[key].tracks in out:  # it will not be up, as it was not
                    assigned[key] = values._replace(wait=False)
        return PerProcess(every)

    def file(self, before: Now, after: Now) -> StateFilesOf | None:
        texts = {}
        for key in self._keys(before) if self.share == 100 else ():
            if self._former(before, key):
                parts = self.files.read(key)
                texts[self.files.path(key)] = text_of(key, parts), text_of(key, with_part(parts, list(before), {}))
        return StateFilesOf(texts, first=False) if texts else None


def _state_of(observed: Observed, key: Key) -> dict[str, Any]:
    server = observed.servers[key]
    former: dict[str, Any] = {"state": server.state}
    if switched(server.agent_state) != "enabled":  # else the weight is the agent's
        former["weight"] = server.weight
    return former


def _restored(values: Values, former: Mapping[str, Any], share: int) -> Values:
    """What is asked of a server that was like this."""
    settings = dict(values.settings)
    if "weight" in former:
        weight = former["weight"]
        settings["weight"] = Weight(max(weight * share // 100, 1) if weight else 0, relative=False)
    state = former["state"]
    return values._replace(state=state, settings=settings, wait=values.wait and state == "ready")


@dataclass(frozen=True)
class StateFilesOf:
    """Files and what becomes of them.

    :param texts: path → what it holds and what it will; "": there is no file.
    :param first: whether that is done before anything is sent, else when everything has come true.
    """

    texts: Mapping[str, tuple[str, str]]
    first: bool

    @property
    def diff(self) -> dict[str, object]:
        before, after = ("".join(side) for side in zip(*self.texts.values()))
        name = ", ".join(self.texts)
        return {"before": before, "after": after, "before_header": name, "after_header": name}

    def begin(self) -> None:
        """
        :raises InputError: when a state cannot be kept.
        """
        if not self.first:
            return
        begun: dict[str, str] = {}
        for path, (old, new) in self.texts.items():
            try:
                put(path, new)
                begun[path] = old
            except OSError as error:
                for other, text in begun.items():  # what is kept though nothing was done would be wrong one day
                    with suppress(OSError):
                        put(other, text)
                raise InputError(f"the former state cannot be kept: {path}: {error.strerror}") from error

    def result(
        self,
        backup: Callable[[str], str],
        move: Callable[[str, str], None],
        done: Sequence[Mapping[str, str]],
        *,
        writes: bool,
    ) -> dict[str, object]:
        if writes and not self.first:
            try:
                for path, (_old, new) in self.texts.items():
                    put(path, new)
            except OSError as error:
                failed = PartlyApplied(f"the servers are as they were, but the file that kept that stays: {error}")
                failed.done = done
                raise failed from error
        return {}
