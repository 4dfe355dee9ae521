# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps and ACLs: the commands, and what they answer.

A map and an ACL are the same thing in HAProxy, a *pattern reference*: entries in an order, each a key, in a map with a
value. What is loaded from one file is one reference, whatever uses it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .._errors import ReplyNotUnderstood
from .._protocol import VERSION, Command, lines_of, word

MAP, ACL = "map", "acl"
LISTS = (Command("show map"), Command("show acl"))
# What begins so is a pointer for HAProxy wherever a key is expected.
POINTER = b"#0x"

_ROW = re.compile(r"(-?\d{1,18}) \((.*?)\) (pattern loaded from .*|acl .*|.*)")
_COUNTS = re.compile(r"\. curr_ver=(\d+) next_ver=(\d+) entry_cnt=\d+$")
_USE = re.compile(r"(?:used )?by (?:map|acl) at file '(?:(?!at file ').)*?' line \d+")


class Row(NamedTuple):
    """One reference as ``show map`` or ``show acl`` lists it.

    :param number: changes with the configuration; it is only good for what has no name.
    :param name: of its file, or ``virt@…``; empty where the entries stand in the configuration.
    :param described: what HAProxy says of it, without numbers that move.
    """

    number: int
    name: str
    described: str

    @property
    def uses(self) -> list[str]:
        """Where the configuration uses it."""
        found = [text.rpartition("by ")[2] for text in _USE.findall(self.described)]
        return found or [self.described]


def parse_list(table: str) -> list[Row]:
    """
    :raises ReplyNotUnderstood: for a line that is no reference.
    """
    rows = []
    for line in lines_of(table):
        if line.startswith("#") or not line:
            continue
        found = _ROW.match(line)
        if found is None:
            raise ReplyNotUnderstood(f"show map: a line that names no map or ACL: {line[:200]!r}")
        # A name may hold ") ": what it was loaded from tells where it ends.
        loaded = re.match(r"-?\d+ \((?P<name>.*)\) pattern loaded from file '(?:file@|opt@)?(?P=name)' ", line)
        name = loaded["name"] if loaded else found[2]
        rows.append(Row(int(found[1]), name, _COUNTS.sub("", line[len(found[1]) + len(name) + 4 :])))
    return rows


class Ref(NamedTuple):
    """One reference and how a process calls it.

    :param level: that its commands need: admin from HAProxy 3.3 on.
    """

    kind: str
    name: str
    level: str

    def _command(self, verb: str, rest: str = "", version: str = "", silent: bool = True, payload: str = "") -> Command:
        at = f" @{version}" if version else ""
        feature = "set_versions" if version or verb == "prepare" else None
        kind = f"{verb} {self.kind}"
        text = f"{kind}{at} {self.called}{rest}"
        lines = payload.count("\n") + 1
        told = f"{text} << ({lines} {'lines' if lines > 1 else 'line'})" if payload else ""
        return Command(text, f"{kind}{at}", self.level, feature, silent, payload=payload, told=told)

    @property
    def called(self) -> str:
        return word(self.name)

    def show(self, version: str = "") -> Command:
        """All entries, each behind a pointer, in their order."""
        return self._command("show", version=version)

    def get(self, text: str) -> Command:
        """HAProxy's own lookup of a text, through everything that uses the reference."""
        return self._command("get", " " + word(text))

    def add(self, key: str, value: str | None, version: str = "") -> Command:
        """Never asks whether the key is there already."""
        return self._command("add", " " + word(key) + ("" if value is None else " " + word(value)), version)

    def add_lines(self, lines: str, version: str = "") -> Command:
        """As :meth:`add`, of a map's lines as they stand in a file."""
        return self._command("add", version=version, payload=lines)

    def set(self, key: str, value: str) -> Command:
        """Changes all entries of this key."""
        return self._command("set", f" {word(key)} {word(value)}")

    def delete(self, key: str) -> Command:
        """Deletes all entries of this key, on 3.4 the first of them; up to 3.2 refused when there is none."""
        return self._command("del", " " + word(key))

    def clear(self) -> Command:
        return self._command("clear")

    def prepare(self) -> Command:
        """A new version beside the one that serves; its number is the answer."""
        return self._command("prepare", silent=False)

    def commit(self) -> Command:
        """The version that was loaded serves from now on, all others are gone; what served before is read with it."""
        command = self._command("commit", version=VERSION)
        return Command(command.text, command.kind, self.level, command.feature, witness=self.show().text)
