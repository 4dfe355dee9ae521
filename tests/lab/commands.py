# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands in the bytes that a client sent: split as HAProxy splits them, payloads kept, reads told from writes."""

from __future__ import annotations

import re
from collections.abc import Iterator

HARMLESS = frozenset(
    ("show", "get", "help", "prompt", "echo", "quit", "wait", "operator", "user", "expert-mode", "experimental-mode")
)
"""First words of commands that change nothing but their own connection."""

HARMLESS_SETS = frozenset({"severity-output", "timeout"})
"""Second words of ``set`` commands that change nothing but their own connection."""

_COMMAND = re.compile(r"(?:[^;\\]|\\.?)+", re.DOTALL)
"""Everything up to a semicolon that has no backslash before it."""

_PAYLOAD = re.compile(r"(?:^|(?<!\\)\s)<<(\S*)\s*$")
"""A last word of << and perhaps the line that will end the payload."""


def split_commands(request: bytes) -> list[str]:
    """The commands of a request in order, payloads with theirs, ``set severity-output`` and empty ones left out.

    Bytes that are no UTF-8 are kept as surrogates.
    """
    found: list[str] = []
    lines = iter(request.decode("utf-8", "surrogateescape").split("\n"))
    for line in lines:
        parts = _COMMAND.findall(line)
        if payload := _PAYLOAD.search(line):
            parts[-1] = "\n".join([parts[-1].rstrip(), *_until(payload.group(1), lines)])
        found += [part.strip(" \t\r") for part in parts]
    return [command for command in found if command and words_of(command)[:2] != ["set", "severity-output"]]


def _until(end: str, lines: Iterator[str]) -> Iterator[str]:
    """The lines before the one that is `end`, which is consumed too."""
    for line in lines:
        if line == end:
            return
        yield line


def words_of(command: str) -> list[str]:
    """The words of a command's first line without the prefix (``@1``) that a master takes."""
    words = command.split("\n", 1)[0].split()
    return words[1:] if words and words[0].startswith("@") else words


def is_write(command: str) -> bool:
    """Whether a command may change anything beyond its own connection."""
    words = words_of(command)
    if not words or words[0] in HARMLESS:
        return False
    return not (words[0] == "set" and len(words) > 1 and words[1] in HARMLESS_SETS)


def is_complete(request: bytes) -> bool:
    """Whether a request ends with a whole command line, and after a payload with the line that ends it."""
    if not request.endswith(b"\n"):
        return False
    lines = iter(request.decode("utf-8", "surrogateescape").removesuffix("\n").split("\n"))
    for line in lines:
        payload = _PAYLOAD.search(line)
        if payload and payload.group(1) not in lines:  # reads on to the end of this payload
            return False
    return True
