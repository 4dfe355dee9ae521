# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands as a user writes them, to every process, and what they answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Union

from .._errors import HAProxyError, InputError
from .._fleet import Fleet
from .._plan import listed
from .._process import Process
from .._protocol import Command, Reply, printable
from .._telling import can
from .._transport import Conversation

# A semicolon without a backslash before it; a payload's mark: 2.2 and 2.6 take it for one at a line's end even with one.
_ANOTHER = re.compile(r"(?:^|[^\\])(?:\\\\)*(;)|(<<)")
_UNSAYABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
# First words of commands that change nothing.
_READING = ("show", "get", "help")

Item = Union[str, Mapping[str, Any]]
Result = dict[str, Any]


def commands_of(items: Sequence[Item]) -> list[Command]:
    """
    :raises InputError: for the first that is not exactly one command.
    """
    if not items:
        raise InputError("command is empty; it takes at least one command")
    return [_command_of(item) for item in items]


def _command_of(item: Item) -> Command:
    text, payload = _parts(item)
    words = text.strip(" \t")
    if not words:
        raise InputError("an empty command is none")
    if _UNSAYABLE.search(words):
        raise InputError(f"command {text!r} holds a control character; each item is exactly one command")
    found = _ANOTHER.search(words)
    if found:
        raise InputError(
            f"command {text!r} holds {found[1] or found[2]!r}, which begins something else; each item is exactly one "
            "command (a backslash before each such character makes it a part of a word, and a payload has a key of its own)"
        )
    if (len(words) - len(words.rstrip("\\"))) % 2:
        raise InputError(f"command {text!r} ends in a backslash, which would take the line's end with it")
    return Command(words, words, payload=_payload_of(payload))


def _parts(item: Item) -> tuple[str, str]:
    given = {"command": item} if isinstance(item, str) else item
    if isinstance(given, Mapping) and set(given) <= {"command", "payload"}:
        text, payload = given.get("command"), given.get("payload") or ""
        if isinstance(text, str) and isinstance(payload, str):
            return text, payload
    raise InputError(f"an item of command is a text, or a dictionary of command and payload, both texts, not {item!r}")


def _payload_of(text: str) -> str:
    payload = text.rstrip("\n")
    if payload and not all(payload.split("\n")):
        raise InputError("a payload with an empty line would end there, and HAProxy would run the rest as commands")
    if "\x00" in payload:
        raise InputError("a payload cannot hold a zero byte")
    return payload


def reads(command: Command) -> bool:
    """Whether it only reads, by its first word."""
    return command.text.split(maxsplit=1)[0] in _READING


def answers(fleet: Fleet, commands: Sequence[Command], writes: bool) -> Result:
    """The own keys of a result: each command to all current processes at once, one command after the other.

    :param writes: False: only those that read are sent.
    :raises HAProxyError: for the first refusal, with what was done.
    """
    for process in fleet.processes:
        can(process, commands)
    results: list[Result] = []
    done: dict[str, list[Command]] = {process.name: [] for process in fleet.processes}
    for command in commands:
        if not (writes or reads(command)):
            continue
        replies = fleet.attempt({process.name: _say(process, command) for process in fleet.processes})
        for name, reply in replies.items():
            if isinstance(reply, Reply):
                results.append(_result(name, command, reply))
                done[name] += [] if reads(command) else [command]
        for name, reply in replies.items():
            if isinstance(reply, HAProxyError):
                reply.locate(name, command.shown)
                reply.done = [line for process in sorted(done) for line in listed(process, done[process])]
                raise reply
    said = [command for command in commands if not reads(command)]
    return {
        "changed": bool(said),
        "commands": [line for process in fleet.processes for line in listed(process.name, said)],
        "results": results,
    }


def _say(process: Process, command: Command) -> Conversation[Reply]:
    return (yield from process.say(command, judged=command.text.split(maxsplit=1)[0] != "help"))


def _result(process: str, command: Command, reply: Reply) -> Result:
    text = printable(reply.text.strip("\n"))
    return {
        "process": process,
        "command": command.shown,
        "stdout": text,
        "stdout_lines": text.split("\n") if text else [],
        "severity": reply.severity,
    }
