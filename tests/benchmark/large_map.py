# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A HAProxy with a map, files of any size for it, and the ways to fill it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmark.measured import Cost, module, raw
from benchmark.peers import load, load_file, read, said
from lab.fleet import one
from lab.ports import free_port
from lab.processes import Workspace
from lab.versions import newest

MAPS = ("hosts.map", "idle.map")


def lines(entries: int, other: int = 0) -> Iterator[str]:
    """So many entries, of which `other`, evenly spread, have another value."""
    for number in range(entries):
        new = "_new" if other and number % (entries // other) == 0 else ""
        yield f"host{number:07}.example.com backend_{number % 50}{new}\n"


class Place:
    """A process of the newest version with an empty map, another one that stays so, and a folder for files.

    Files are written line by line, as the memory of this process counts in what it starts.
    """

    def __init__(self, socket: str, folder: Path) -> None:
        self.socket = socket
        self.folder = folder
        self.map, self._idle = (str(folder / name) for name in MAPS)

    def file(self, entries: int, *, other: int = 0) -> Path:
        """A file of such entries."""
        path = self.folder / f"{entries}-{other}"
        if not path.exists():
            with path.open("w", encoding="ascii") as file:
                file.writelines(lines(entries, other))
        return path

    def arguments(self, entries: int) -> Path:
        """The arguments of a task that has so many entries written in it."""
        path = self.folder / f"{entries}.json"
        common = json.dumps({**self._common, "exclusive": True})
        with path.open("w", encoding="ascii") as file:
            file.write(f'{{"ANSIBLE_MODULE_ARGS": {common[:-1]}, "entries": {{')
            for number, line in enumerate(lines(entries)):
                key, value = line.split()
                file.write(f'{"," if number else ""}"{key}": "{value}"')
            file.write("}}}")
        return path

    def hold(self, entries: int) -> None:
        """Let the map have these entries and no others."""
        said(self.socket, f"clear map {self.map}\n".encode())
        load(self.socket, self.map, self.file(entries).read_bytes())

    def emptied(self, work: Callable[[], Cost]) -> Callable[[], float]:
        """The seconds of this work on an empty map."""

        def anew() -> float:
            said(self.socket, f"clear map {self.map}\n".encode())
            return work().seconds

        return anew

    def task(self, **options: Any) -> Cost:
        """The module as a process of its own."""
        return module("haproxy_map", {**self._common, **options}, self.folder)

    def idle_task(self) -> Cost:
        """The module with nothing to do: it empties the other map."""
        return self.task(map=self._idle, state="empty")

    def written_task(self, arguments: Path) -> Cost:
        """The same with arguments from a file."""
        return module("haproxy_map", arguments, self.folder)

    def raw_loading(self, entries: int) -> Cost:
        """The least that loads these entries."""
        return raw(load_file, self.socket, self.map, self.file(entries), folder=self.folder)

    def raw_reading(self) -> Cost:
        """The least that reads and parses them."""
        return raw(read, self.socket, self.map, folder=self.folder)

    @property
    def _common(self) -> dict[str, Any]:
        return {"map": self.map, "socket": [self.socket], "timeout": 60}


@contextmanager
def serving() -> Iterator[Place]:
    """Such a HAProxy."""
    workspace = Workspace()
    try:
        folder = workspace.directory
        body = f"frontend f\n    bind 127.0.0.1:{free_port()}\n"
        for name in MAPS:
            (folder / name).touch()
            body += f"    http-request set-header a %[path,map({folder / name})]\n"
        with one(newest(), body) as fleet:
            yield Place(fleet.sockets[0], folder)
    finally:
        workspace.stop()
