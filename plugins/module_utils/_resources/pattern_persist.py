# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file from which HAProxy loads a set at its next start, with the same content as what runs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Callable

from .._dialect.pattern_files import entries_of, entry_of, is_entry, line_of
from .._errors import InputError, PartlyApplied
from .._fleet import PerProcess
from .._keyed import Wish, key_of
from .._merging import merged
from .._protocol import decode, printable
from .files import replaced
from .pattern_diff import ORDER, text_of
from .pattern_held import Held


def file_of(wish: Wish, after: PerProcess[Held], *, backup: bool) -> FileOfSet | None:
    """The file when its entries are not those that run when the task has done its work.

    :raises InputError: when there can be no such file, or no content that is right for every process.
    """
    here = {process: held for process, held in after.items() if held.ref}
    path = _path(here)
    wholes = {process: wish if wish.exclusive else merged(held.body, wish) for process, held in here.items()}
    (first, whole), *others = wholes.items()
    for process, other in others:
        if list(other.lines) != list(whole.lines) and sorted(other.lines) != sorted(whole.lines):
            raise InputError(
                f"{first} and {process} hold other entries beside those of this task, so that no content of {path} is "
                "right for both; exclusive makes them the same"
            )
    _expressible(path, whole)
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        data = b""
    except OSError as error:
        raise InputError(f"persist: {path} cannot be read: {error.strerror}") from error
    ordered = any(held.types.ordered for held in here.values())
    there = [entry for _number, entry in entries_of(data, valued=wish.valued)]
    if there == list(whole.lines) or (not ordered and not whole.repeats and sorted(there) == sorted(whole.lines)):
        return None
    folder = os.path.dirname(path)
    if not os.access(folder, os.W_OK):
        raise InputError(f"persist: nothing can be written in {folder}")
    return FileOfSet(path, data, rewritten(data, whole, ordered=ordered), backup)


def _path(here: Mapping[str, Held]) -> str:
    """
    :raises InputError: for a set that has no file whose place is known.
    """
    for process, held in here.items():
        name = held.ref.name if held.ref else ""
        if not name.startswith("/"):
            kind = (
                "a relative path, of which only HAProxy knows where it begins"
                if "@" not in name[:5] and not name.startswith("#")
                else "no file"
            )
            raise InputError(f"persist: {name} is {kind}", process=process)
    return next(held.ref.name for held in here.values() if held.ref)


def _expressible(path: str, whole: Wish) -> None:
    """
    :raises InputError: for an entry that would be read as another from a file.
    """
    for number, entry in enumerate(whole.lines, 1):
        if b"\n" in entry or entry_of(line_of(entry), valued=whole.valued) != entry:
            raise InputError(f"persist: entry {number}, {printable(decode(entry))[:60]!r}, cannot be written to {path}")


def rewritten(data: bytes, whole: Wish, *, ordered: bool) -> bytes:
    """The file with these entries. Comments and blank lines stay before the entry that they stand before, those at the
    beginning of the file at its beginning.

    :param ordered: whether the order of the entries counts; else those that stay keep the file's.
    """
    blocks: dict[bytes, list[bytes]] = {}
    loose: list[bytes] = []
    texts: dict[bytes, bytes] = {}
    made: list[bytes] = []
    for line in data.split(b"\n")[: -1 if data.endswith(b"\n") or not data else None]:
        if not is_entry(line):
            loose.append(line)
            continue
        if not (made or blocks):
            made, loose = loose, []
        entry = entry_of(line, valued=whole.valued)
        key = key_of(entry, valued=whole.valued)
        if key in whole.places:
            blocks.setdefault(key, []).extend(loose)
            loose = []
            texts.setdefault(entry, line)
    if not any(map(is_entry, data.split(b"\n"))):
        made, loose = loose, []
    entries: Sequence[bytes] = whole.lines
    if not ordered and not whole.repeats:
        entries = [whole.lines[whole.places[key]] for key in {**dict.fromkeys(blocks), **whole.places}]
    for entry in entries:
        made += blocks.pop(key_of(entry, valued=whole.valued), [])
        made.append(texts.get(entry, line_of(entry)))
    return b"".join(line + b"\n" for line in [*made, *loose])


def _others(lines: Sequence[bytes], those: Sequence[bytes]) -> str:
    """The lines that are not among those."""
    known = set(those)
    others = [line for line in lines if line not in known]
    return text_of(others, len(others))


@dataclass(frozen=True)
class FileOfSet:
    """A file, what it holds and what it is to hold."""

    path: str
    old: bytes
    new: bytes
    backup: bool

    @cached_property
    def diff(self) -> dict[str, object]:
        """The lines that change; beyond so many, a count."""
        before, after = (data.split(b"\n") for data in (self.old, self.new))
        sides = {"before": _others(before, after), "after": _others(after, before)}
        if not any(sides.values()):
            sides["before"] = f"{ORDER}\n"
        return {**sides, "before_header": self.path, "after_header": self.path}

    def begin(self) -> None:
        """Nothing is written before HAProxy has taken it."""

    def result(
        self,
        backup: Callable[[str], str],
        move: Callable[[str, str], None],
        done: Sequence[Mapping[str, str]],
        *,
        writes: bool,
    ) -> dict[str, object]:
        """Write it, where that is wanted.

        :raises PartlyApplied: when it cannot be written.
        """
        told: dict[str, object] = {"file": self.path}
        if not writes:
            return told
        try:
            if self.backup and os.path.exists(self.path):
                told["backup_file"] = backup(self.path)
            replaced(os.path.realpath(self.path), self.new, move)
        except Exception as error:
            failed = PartlyApplied(f"HAProxy has the entries, but {self.path} could not be written: {error}")
            failed.done = done
            raise failed from error
        return told
