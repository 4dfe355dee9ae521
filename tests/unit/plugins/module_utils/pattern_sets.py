# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps and ACLs in memory: one as HAProxy keeps it, told by the commands that it is sent, and what processes hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._comparing import compare
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.patterns import ACL, MAP, Ref
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._keyed import Wish
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._plan import Step
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.pattern_held import Held, Types

from unit.plugins.module_utils.support import facts, words_of

STR = Types(frozenset({("str", "sensitive")}), "str")
BEG = Types(frozenset({("beg", "sensitive")}), "str")
REG = Types(frozenset({("reg", "sensitive")}), "str")
IP = Types(frozenset({("ip", "sensitive")}), "str")
STR_ACL = Types(frozenset({("str", "sensitive")}), "")
REG_ACL = Types(frozenset({("reg", "sensitive")}), "")
FILE = "/etc/haproxy/a.map"


def body_of(entries: Iterable[bytes]) -> bytes:
    """Entries as HAProxy shows them."""
    return b"\n".join(b"0x%012x %s" % (0x55D0C0000000 + 16 * n, entry) for n, entry in enumerate(entries, 1))


def key(entry: bytes, *, valued: bool = True) -> bytes:
    """What stands before the first blank, or everything."""
    return entry.split(b" ", 1)[0] if valued else entry


class Refused(Exception):  # noqa: N818 as HAProxy says
    """HAProxy would say no."""


class SetInMemory:
    """A map or an ACL as HAProxy keeps it: ``add`` never looks, ``set`` means all entries of a key.

    :param version: up to 3.2 ``del`` means all entries of a key, from 3.3 on the first.
    :ivar entries: what serves.
    :ivar drafts: versions that do not serve yet, by their number.
    :ivar missing: keys that were not there after some command.
    """

    def __init__(
        self, entries: Sequence[bytes], *, valued: bool = True, name: str = FILE, version: str = "3.0.11"
    ) -> None:
        self.deletes_one = version >= "3.3"
        self.entries = list(entries)
        self.valued = valued
        self.name = name
        self.drafts: dict[str, list[bytes]] = {}
        self.missing: set[bytes] = set()
        self._first = {key(entry, valued=valued) for entry in entries}

    def tell(self, steps: Iterable[Step]) -> SetInMemory:
        """Carry out the commands of a way.

        :raises Refused: as HAProxy does.
        """
        for step in steps:
            self.do(step.command.text.replace("<version>", "1"), step.command.payload)
            if step.command.witness:
                assert words_of(step.command.witness)[0][1:] == [self._kind, self.name]
            self.missing |= self._first - {key(entry, valued=self.valued) for entry in self.entries}
        return self

    @property
    def _kind(self) -> str:
        return MAP if self.valued else ACL

    def do(self, text: str, payload: str) -> None:
        """Carry out one command."""
        raw, marked = words_of(text)
        assert not marked
        words = [word.encode("utf-8", "surrogateescape") for word in raw]
        verb, kind, rest = raw[0], raw[1], words[2:]
        assert kind == self._kind
        into = self.entries
        if rest[0].startswith(b"@"):
            version = rest.pop(0)[1:].decode()
            if verb == "commit":
                assert rest == [self.name.encode()]
                self.entries = self.drafts.pop(version)
                return
            into = self.drafts[version]
        assert rest.pop(0) == self.name.encode()
        if verb == "prepare":
            self.drafts["1"] = []
        elif verb == "add" and payload:
            assert self.valued
            into.extend(_lines(payload.encode("utf-8", "surrogateescape")))
        elif verb == "add":
            assert len(rest) == (2 if self.valued else 1)
            into.append(b" ".join(rest))
        elif verb == "clear":
            self.entries = []
        else:
            those = [n for n, entry in enumerate(into) if key(entry, valued=self.valued) == rest[0]]
            if not those:
                raise Refused(f"{text}: not found")
            if verb == "set":
                assert self.valued
                for n in those:
                    into[n] = b" ".join(rest)
            else:
                assert verb == "del"
                those = those[:1] if self.deletes_one else those
                into[:] = [entry for n, entry in enumerate(into) if n not in those]


def _lines(payload: bytes) -> list[bytes]:
    """What HAProxy makes of a payload (cli_parse_add_map() in map.c): up to its first empty line."""
    made = []
    for line in payload.split(b"\n"):
        assert line, "an empty line ends the payload"
        name, blank, value = line.lstrip(b" \t").partition(b" ")
        assert blank, "a line without a value takes the next one for it"
        made.append(name + b" " + value.lstrip(b" \t"))
    return made


def held(
    entries: Sequence[bytes], wish: Wish, *, types: Types = STR, version: str = "3.0.11", name: str = FILE, **more: Any
) -> Held:
    """What a process has of a set, when a task wishes this."""
    body = body_of(entries)
    level = "admin" if version >= "3.3" else "user"
    found = compare(body, wish)
    if not types.ordered:
        found = found._replace(disordered=False)
    known = {"room": 15000 - 100, "line": 15000 - 100, "described": name, **more}
    return Held(facts(version), wish, Ref(MAP if wish.valued else ACL, name, level), body=body, deviation=found,
                types=types, **known)  # fmt: skip


def absent(wish: Wish, described: str = "there are none") -> Held:
    """A process that has no such set."""
    return Held(facts(), wish, described=described)


def satisfied(entries: Sequence[bytes], before: Sequence[bytes], wish: Wish, *, ordered: bool = True) -> bool:
    """Whether a wish has come true, and nothing else was touched."""
    lines = list(wish.lines)

    def name(entry: bytes) -> bytes:
        return key(entry, valued=wish.valued)

    if wish.exclusive:
        names = {name(line) for line in lines}
        in_order = all([e for e in entries if name(e) == n] == [e for e in lines if name(e) == n] for n in names)
        return list(entries) == lines if ordered else in_order and sorted(entries) == sorted(lines)
    wished = {name(line) for line in lines}
    for n in wished:
        have = [entry for entry in entries if name(entry) == n]
        want = [line for line in lines if name(line) == n]
        # A key that is there twice may stay so, if it says the same twice: only an exclusive set repairs that.
        if not (have == want or (len(want) == 1 and have and set(have) == set(want))):
            return False
    others = [entry for entry in before if name(entry) not in wished and name(entry) not in wish.gone]
    return [entry for entry in entries if name(entry) not in wished] == others
