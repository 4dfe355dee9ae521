# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands as a user writes them, to every process, and what they answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Union

from .._errors import CannotConnect, CommandRefused, HAProxyError, InputError, ProcessReplaced
from .._fleet import Fleet
from .._plan import listed
from .._process import GRACE, Process, judge
from .._protocol import DIRECT, Command, Reply, is_gone, line_of, printable, read_reply
from .._telling import can
from .._transport import Conversation, Exchange

# A semicolon without a backslash before it; a payload's mark: 2.2 and 2.6 take it for one at a line's end even with one.
_ANOTHER = re.compile(r"(?:^|[^\\])(?:\\\\)*(;)|(<<)")
_UNSAYABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
# Surrogates that stand for no byte; the others are bytes that are no UTF-8.
_NO_BYTES = re.compile("[\ud800-\udc7f\udd00-\udfff]")
# First words of commands that change nothing, and of those that are about a connection that goes on.
_READING = ("show", "get", "help")
_TALKING = ("prompt", "quit")
# Severity 4 says success and failure of the "set server … addr" family alike; these are the successes (2.2 to 3.4).
_DONE = re.compile(
    "IP changed|port changed|no need to change|nothing changed|.* changed its FQDN|health check port updated"
)

_AMBIGUOUS = 4

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
    if _NO_BYTES.search(words + payload):
        raise InputError(f"command {text!r} or its payload holds half a surrogate pair, which has no bytes")
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
    if _verb(words) in _TALKING:
        raise InputError(f"command {text!r} is about a connection that goes on; here each command has one of its own")
    return Command(words, words, payload=_payload_of(payload))


def _parts(item: Item) -> tuple[str, str]:
    given = {"command": item} if isinstance(item, str) else item
    if isinstance(given, Mapping) and set(given) <= {"command", "payload"}:
        text, payload = given.get("command"), given.get("payload") or ""
        if isinstance(text, str) and isinstance(payload, str):
            return text, payload
    raise InputError(f"an item of command is a text, or a dictionary of command and payload, both texts, not {item!r}")


def _payload_of(text: str) -> str:
    payload = text.rstrip("\r\n")
    # 2.2 and 2.6 take a line that holds nothing but a carriage return for an empty one.
    if payload and not all(line.rstrip("\r") for line in payload.split("\n")):
        raise InputError("a payload with an empty line would end there, and HAProxy would run the rest as commands")
    if "\x00" in payload:
        raise InputError("a payload cannot hold a zero byte")
    return payload


def _verb(words: str) -> str:
    """The first word for HAProxy, which knows no blanks but these two."""
    return re.split("[ \t]", words, maxsplit=1)[0]


def reads(command: Command) -> bool:
    """Whether it only reads, by its first word."""
    return _verb(command.text) in _READING


def answers(fleet: Fleet, commands: Sequence[Command], writes: bool) -> Result:
    """The own keys of a result: each command to all current processes at once, one command after the other.

    :param writes: False: only those that read are sent.
    :raises HAProxyError: for the first refusal, with what was done.
    """
    for process in fleet.processes:
        can(process, commands)
    results: list[Result] = []
    warnings: list[str] = []
    done: dict[str, list[Command]] = {process.name: [] for process in fleet.processes}
    for place, command in enumerate(commands):
        if not (writes or reads(command)):
            continue
        replies = fleet.attempt({process.name: _say(process, command) for process in fleet.processes})
        for name, reply in replies.items():
            if isinstance(reply, Reply):
                results.append(_result(name, command, reply))
                done[name] += [] if reads(command) else [command]
                if reply.text and not reads(command) and not fleet[name].route.numbered:
                    warnings.append(
                        f"{name} answers {command.shown!r} with words that may be a refusal: {reply.text.rstrip()[:60]!r}"
                    )
        wrong = {name: reply for name, reply in replies.items() if isinstance(reply, HAProxyError)}
        if wrong:
            raise _failure(wrong, command, commands[place + 1 :], done)
    said = [command for command in commands if not reads(command)]
    return {
        "changed": bool(said),
        "commands": [line for process in fleet.processes for line in listed(process.name, said)],
        "results": results,
        "warnings": warnings,
    }


def _failure(
    wrong: Mapping[str, HAProxyError],
    command: Command,
    later: Sequence[Command],
    done: Mapping[str, Sequence[Command]],
) -> HAProxyError:
    """One error for all processes: the first one's words, and who got how far."""
    error = next(iter(wrong.values()))
    refused = {name: it for name, it in wrong.items() if isinstance(it, CommandRefused)}
    error.refused = [{"process": name, "command": command.shown, "answer": it.answer} for name, it in refused.items()]
    unsent = {name for name, it in wrong.items() if isinstance(it, (CannotConnect, ProcessReplaced))}
    if not reads(command):
        unsure = [name for name in wrong if name not in refused and name not in unsent]
        error.unconfirmed = [{"process": name, "command": command.shown} for name in unsure]
    error.done = [line for process, sent in done.items() for line in listed(process, sent)]
    left = {process: [command, *later] if process in unsent else later for process in done}
    error.not_attempted = [line for process, commands in left.items() for line in listed(process, commands)]
    if len(wrong) > 1:
        error.message += f" (and {len(wrong) - 1} more of {len(done)} processes)"
    if error.done:
        error.message += f"; commands were carried out on {', '.join(sorted({line['process'] for line in error.done}))}"
    return error


def _say(process: Process, command: Command) -> Conversation[Reply]:
    """Whatever one command answers.

    :raises CommandRefused: when it is a refusal; of ``help`` nothing is: it says "Unknown command" on old versions.
    """
    whole = None if process.route == DIRECT else is_gone
    try:
        line = line_of((command,), process.bound, process.route, process.whole_bound)
        reply = read_reply((yield Exchange(process.address, line, grace=GRACE, whole=whole)), process.route)
        if _verb(command.text) != "help":
            judge(command, reply)
    except HAProxyError as error:
        error.locate(process.name, command.shown)
        raise
    if reply.severity == _AMBIGUOUS and not _DONE.match(reply.text):
        from .._refusals import refusal_of  # most commands are carried out

        raise refusal_of(command, reply, process.name)
    return reply


def _result(process: str, command: Command, reply: Reply) -> Result:
    text = printable(reply.text.rstrip("\n"))
    return {
        "process": process,
        "command": printable(command.shown),
        "stdout": text,
        "stdout_lines": text.split("\n") if text else [],
        "severity": reply.severity,
    }
