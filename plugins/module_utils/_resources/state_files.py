# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on the target that keep what servers were: one for each backend and server.

Several fleets may live on one machine, and their servers may have the same names; so a file holds a part for each fleet,
known by the names of its processes::

    {"backend": "www", "name": "web1", "fleets": [{"/run/haproxy/admin.sock": {"state": "ready", "weight": 100}}]}
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from .._dialect.servers import Key
from .._errors import InputError
from .files import replaced, synced
from .weight import MOST

SYSTEM = "/var/lib/haproxyadmin"
"""Where the files are unless the task says another place; where that cannot be, below the user's home."""

Former = Mapping[str, Mapping[str, Any]]
"""Process → what the server was there, ``state`` and, where no agent sets it, ``weight``."""

_STATES = ("ready", "drain", "maint")


def folders(named: str | None) -> tuple[str, ...]:
    """Where files may be.

    :param named: where the task says that they are.
    """
    home = os.path.expanduser("~/.local/state/haproxyadmin")
    return (named,) if named else (SYSTEM, home)


def part_of(parts: Sequence[Former], processes: Collection[str]) -> Former:
    """The part of the fleet that has one of these processes, of several such parts all that they say; nothing where there
    is none."""
    merged: dict[str, Mapping[str, Any]] = {}
    for part in parts:
        if not set(processes).isdisjoint(part):
            merged.update(part)
    return merged


def with_part(parts: Sequence[Former], processes: Collection[str], part: Former) -> list[Former]:
    """The parts when that of this fleet is another, or gone."""
    others = [other for other in parts if set(processes).isdisjoint(other)]
    return [*others, part] if part else others


def text_of(key: Key, parts: Sequence[Former]) -> str:
    """A file with these parts; "" where there is none to keep."""
    if not parts:
        return ""
    return json.dumps({"backend": key[0], "name": key[1], "fleets": parts}, indent=2, sort_keys=True) + "\n"


def parts_of(text: str) -> list[Former]:
    """
    :raises ValueError: for a text that ``text_of`` does not make.
    """
    parts: list[Former] = json.loads(text)["fleets"]
    for part in parts:
        for process, former in part.items():
            weight = former.get("weight", 0)
            whole = isinstance(weight, int) and not isinstance(weight, bool)
            if former["state"] not in _STATES or not whole or not 0 <= weight <= MOST:
                raise ValueError(f"{process} was in no state that a server can have")
    return parts


@dataclass(frozen=True)
class StateFiles:
    """The files of a target.

    :param folders: where they may be; the first that can be written takes new ones.
    :param texts: what was read by this task, by path.
    """

    folders: tuple[str, ...]
    texts: dict[str, str] = field(default_factory=dict)

    def path(self, key: Key) -> str:
        """Where the server's file is, else where it will be."""
        paths = [os.path.join(folder, f"{key[0]}@{key[1]}.json") for folder in self.folders]
        there = [path for path in paths if os.path.exists(path)]
        usable = [path for path in paths if _can_be_written(os.path.dirname(path))]
        return (there or usable or paths)[0]

    def read(self, key: Key) -> list[Former]:
        """What is kept of a server, for every fleet; nothing where nothing is.

        :raises InputError: for a file that cannot be read or holds something else.
        """
        path = self.path(key)
        try:
            if path not in self.texts:
                with open(path, encoding="utf-8") as file:
                    self.texts[path] = file.read()
            return parts_of(self.texts[path])
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InputError(
                f"the former state of {key[0]}/{key[1]} cannot be read: {path}: {error.strerror}"
            ) from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{path} does not hold the former state of {key[0]}/{key[1]}; remove it when it is not needed ({error!r})"
            ) from error


def refuse_unwritable(path: str) -> None:
    """
    :raises InputError: for a file that cannot be made or replaced, as far as that can be known before it is tried.
    """
    folder = os.path.dirname(path)
    if not _can_be_written(folder):
        raise InputError(f"the former state cannot be kept: nothing can be written in {folder}")


def _can_be_written(folder: str) -> bool:
    """Whether a file can be made there, the folder included."""
    folder = os.path.abspath(folder)
    while not os.path.exists(folder):
        folder = os.path.dirname(folder)
    return os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)


def put(path: str, text: str) -> None:
    """Let a file hold this text, or be gone for "": at once or not at all, and on the disk.

    :raises OSError: when it cannot be done.
    """
    folder = os.path.dirname(path)
    if text:
        os.makedirs(folder, mode=0o755, exist_ok=True)
        replaced(path, text.encode(), _move)
        return
    with suppress(FileNotFoundError):  # nothing was there
        os.unlink(path)
        synced(folder)


def _move(beside: str, path: str) -> None:
    os.chmod(beside, 0o644)
    os.replace(beside, path)
