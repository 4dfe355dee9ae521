# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may pass the socket while a task runs: whole lines, each of commands that are known, each word of them accounted for.

A command is written here as its words. Words in capitals stand for

========= ==========================================================================================
SERVER    a server of a backend that tasks may change, or one that is named as a string of the task
NUMBER    digits; ID: ``#`` and digits; VERSION: ``@`` and digits
ADDRESS   an IP address that a string of the task means; ADDRESS:9 with this port behind it
TEXT      exactly one of the task's strings; LOWER: in small letters; FIRST: up to a blank; NAME: one that can be a name
MAP, ACL  the file that tasks may change
OPTIONS   words into which a shell would split a string of the task
PART      what stands between two blanks or ends of lines in a file of the task
COMMAND   the items of haproxy_command, each exactly as it was written
========= ==========================================================================================

and behind ``<<`` PAIR is one line of two TEXTs, PARTS are lines of a file of the task.
"""

from __future__ import annotations

import ipaddress
import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from .quoting import Line, Said

BACKENDS = rb"(lab|cookies|slotted|fresh)"
SEVERITY = (b"set", b"severity-output", b"number")
READS = (
    *(
        "show info",
        "show cli level",
        "show cli sockets",
        "show pools",
        "show backend",
        "show servers state",
        "show stat",
    ),
    *(
        "show servers conn",
        "show stat ID NUMBER -1",
        "show stat ID NUMBER NUMBER typed",
        "show stat -1 NUMBER -1",
        "show map",
        "show acl",
    ),
    *(
        "show map MAP",
        "show acl ACL",
        "show map VERSION MAP",
        "show acl VERSION ACL",
        "get map MAP TEXT",
        "get acl ACL TEXT",
    ),
    *("get map MAP fixed", "get acl ACL fixed", "get map MAP FIRST", "get acl ACL FIRST", "show errors", "show sess"),
)
READY = "set server SERVER state ready"


def encode(text: str) -> bytes:
    """As bytes; lone surrogates that stand for none become what no command holds."""
    return text.encode("utf-8", "surrogateescape") if not re.search("[\ud800-\udc7f\udd00-\udfff]", text) else b"\x00"


def strings(value: object) -> Iterator[str]:
    """All strings of a task's options, keys of dictionaries too; lists and strings also as Ansible makes one of the other."""
    if isinstance(value, str):
        yield value
        yield from value.split(",") if "," in value else ()
        yield from _in_json(value)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from strings(key)
            yield from strings(one)
    elif isinstance(value, (list, tuple)):
        yield str(value)
        for one in value:
            yield from strings(one)


def _in_json(text: str) -> Iterator[str]:
    """What a text holds as JSON, which is how lists and dictionaries are written on a command line."""
    with suppress(ValueError):
        inside = json.loads(text) if text.lstrip().startswith(("[", "{")) else []
        parts = [*inside, *inside.values()] if isinstance(inside, dict) else inside
        yield from (str(one) for one in parts if isinstance(one, (str, int)))


class Expected:
    """What a task with these options may send.

    :param shapes: of its writing commands; :param content: the file that it reads.
    """

    def __init__(
        self, options: Mapping[str, Any], shapes: Sequence[str], files: Mapping[str, str], content: bytes
    ) -> None:
        said = list(strings(options))
        self._texts = {encode(text) for text in said}
        self._names = {text for text in self._texts if re.fullmatch(rb"[A-Za-z0-9_.:-]+", text)}
        self._addresses = set(_addresses(said))
        self._options = [tuple(encode(word) for word in words) for words in _split(said)]
        self._parts = {part for part in re.split(rb"[ \t\r\n]+", content) if part}
        self._lines = content.split(b"\n")
        self._content = content
        self._files = {kind: encode(path) for kind, path in files.items()}
        self._shapes = tuple(READY if shape == "READY" else shape for shape in shapes)
        self._words: dict[str, Callable[[bytes], bool]] = {
            "NUMBER": lambda word: bool(re.fullmatch(rb"[0-9]+", word)),
            "ID": lambda word: bool(re.fullmatch(rb"#[0-9]+", word)),
            "VERSION": lambda word: bool(re.fullmatch(rb"@[0-9]+", word)),
            "SERVER": self._is_server,
            "ADDRESS": self._addresses.__contains__,
            "ADDRESS:9": lambda word: word[-2:] == b":9" and word[:-2].strip(b"[]") in self._addresses,
            "TEXT": self._texts.__contains__,
            "FIRST": lambda word: word in {re.split(rb"[ \t]", text)[0] for text in self._texts},
            "LOWER": lambda word: word in {text.lower() for text in self._texts},
            "NAME": self._names.__contains__,
            "MAP": lambda word: word == self._files["map"],
            "ACL": lambda word: word == self._files["acl"],
            "PART": self._is_part,
        }

    def judge(self, line: Line, own: Sequence[Said]) -> str:
        """What is wrong with a line, or nothing.

        :param own: the commands of the user, for ``haproxy_command``.
        """
        first, *rest = line.commands
        if first.words != SEVERITY or first.payload is not None or not rest:
            return f"a line that does not begin as ours do: {first}"
        if own and tuple(rest) in [(one,) for one in own]:
            return ""
        unknown = [str(said) for said in rest if not (self.reads(said) or self._writes(said))]
        if unknown:
            return f"a command that nobody may send here: {'; '.join(unknown)}"
        writes = [said for said in rest if not self.reads(said)]
        if len(set(writes)) < len(writes):
            return f"the same command twice in one line: {'; '.join(map(str, writes))}"
        reads = len(rest) - len(writes)
        # Reading ends with `show info`, writing is alone; but what a commit replaces is read with it.
        swapped = reads == 1 and len(rest) == 2 and writes and writes[0].words[0] == b"commit"
        if reads and writes and not swapped:
            return f"a line that reads and writes: {'; '.join(map(str, rest))}"
        return ""

    def reads(self, said: Said) -> bool:
        return said.payload is None and any(self._fits(said, shape) for shape in READS)

    def _writes(self, said: Said) -> bool:
        return any(self._fits(said, shape) for shape in self._shapes)

    def _fits(self, said: Said, shape: str) -> bool:
        head, marked, payload = shape.partition(" << ")
        if bool(marked) != (said.payload is not None) or (marked and not self._pays(said.payload or (), payload)):
            return False
        wanted = head.split(" ")
        if wanted[-1] == "OPTIONS":
            wanted.pop()
            if said.words[len(wanted) :] not in self._options:
                return False
            said = said._replace(words=said.words[: len(wanted)])
        return len(wanted) == len(said.words) and all(map(self._is, wanted, said.words))

    def _is(self, wanted: str, word: bytes) -> bool:
        return self._words[wanted](word) if wanted in self._words else word == wanted.encode()

    def _is_server(self, word: bytes) -> bool:
        backend, _slash, name = word.partition(b"/")
        known = re.fullmatch(BACKENDS, backend) or backend in self._names - {b"witness"}
        return bool(known) and (name in self._names or name in (b"probe", b"named", b"srv1", b"srv2", b"c1"))

    def _is_part(self, word: bytes) -> bool:
        return word in self._parts or (bool(word) and word in self._content and b"\n" not in word)

    def _pays(self, payload: Sequence[bytes], wanted: str) -> bool:
        if wanted == "PARTS":
            return bool(payload) and all(line.strip(b" \t\r") and line in self._content for line in payload)
        halves = [line.partition(b" ") for line in payload]
        return bool(halves) and all(key in self._texts and value in self._texts for key, _blank, value in halves)


def _addresses(said: Sequence[str]) -> Iterator[bytes]:
    for text in (*said, "127.0.0.1"):
        with suppress(ValueError):
            address = ipaddress.ip_address(text)
            mapped = getattr(address, "ipv4_mapped", None)
            yield str(address).encode()
            if mapped is not None:
                yield f"::ffff:{mapped}".encode()


def _split(said: Sequence[str]) -> Iterator[list[str]]:
    for text in said:
        with suppress(ValueError):
            yield shlex.split(text)
