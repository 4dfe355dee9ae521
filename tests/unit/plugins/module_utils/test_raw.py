# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands as a user writes them: exactly one each, and what HAProxy would make of it."""

from __future__ import annotations

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.master import through_master
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    CannotConnect,
    CommandRefused,
    InputError,
    TimedOut,
    UnknownCommand,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import DIRECT, Command, line_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.raw import answers, commands_of, reads
from hypothesis import given
from hypothesis import strategies as st

from unit.plugins.module_utils.support import (
    VERSIONS,
    Answer,
    ScriptedConverse,
    by_line,
    facts,
    fleet_of,
    process,
    reply_of,
)
from unit.plugins.module_utils.support import commands_of as cut
from unit.plugins.module_utils.support import words_of as words_that_haproxy_reads

TAKEN = {
    "show info": "show info",
    "  show info\t": "show info",
    "show\tinfo": "show\tinfo",
    "add acl x a\\;b": "add acl x a\\;b",
    "add acl x a\\ b": "add acl x a\\ b",
    "add acl x a\\\\": "add acl x a\\\\",
    "add acl x a\\\\\\;b": "add acl x a\\\\\\;b",
    "add acl x a\\<\\<": "add acl x a\\<\\<",
    "add acl x a<b": "add acl x a<b",
    "add acl x é#'\"": "add acl x é#'\"",
}


@pytest.mark.parametrize(("item", "text"), TAKEN.items(), ids=TAKEN)
def test_what_is_one_command_is_taken_as_it_stands(item: str, text: str) -> None:
    for form in (item, {"command": item}, {"command": item, "payload": None}, {"command": item, "payload": ""}):
        assert commands_of([form]) == [Command(text, text)]


@pytest.mark.parametrize(("payload", "kept"), [
    ("a b", "a b"), ("a b\n", "a b"), ("a b\n\n\n", "a b"), ("a b\nc d\n", "a b\nc d"), ("a ;b\\\n<<\n", "a ;b\\\n<<"),
    (" \n", " "), ("\n", ""), ("", ""),
])  # fmt: skip
def test_a_payload_loses_only_the_line_ends_behind_it(payload: str, kept: str) -> None:
    assert commands_of([{"command": "add map x", "payload": payload}]) == [
        Command("add map x", "add map x", payload=kept)
    ]


@pytest.mark.parametrize("item", [
    "a;b", ";", "a\\\\;b", "a\\;;", "a\nb", "a\rb", "a\\\nb", "a\x00", "a\x1b", "a\x7f", "a <<", "<<", "a <<x b", "a\\<<", "a\\<<<",
    "prompt", "quit", "prompt\ti", "quit now", {"command": "a", "payload": "x\n\r\ny"},
    "a\\", "a\\\\\\", "", " ", "\t", 5, None, [], ["show info"], True, {}, {"payload": "x"}, {"command": None},
    {"command": 7}, {"command": "a", "payload": 7}, {"command": "a", "payload": ["x"]}, {"command": "a", "more": 1},
    {"command": "a", "payload": "x\n\ny"}, {"command": "a", "payload": "\nx"}, {"command": "a", "payload": "x\0"},
    "a \ud800", "\udc7f a", {"command": "a", "payload": "\udd00"}, {"command": "a", "payload": "x\udfff"},
], ids=repr)  # fmt: skip
def test_anything_else_is_refused(item: object) -> None:
    with pytest.raises(InputError):
        commands_of(["show info", item])  # type: ignore[list-item]


def test_nothing_is_refused() -> None:
    with pytest.raises(InputError):
        commands_of([])


@given(st.text(alphabet=";\\< \t\na<x", max_size=12))
def test_what_is_taken_is_one_command_without_a_payload_to_haproxy(text: str) -> None:
    """Cut and read as HAProxy does."""
    try:
        (command,) = commands_of([text])
    except InputError:
        return
    line = line_of((command,), 15000, DIRECT).decode()
    assert line.startswith(DIRECT.start)
    assert line.endswith("\n")
    whole = line[len(DIRECT.start) : -1]
    assert "\n" not in whole
    assert cut(whole) == [command.text]
    words, payload = words_that_haproxy_reads(whole)
    assert words
    assert not payload
    # 2.2 finds the mark at the end of a line whether a backslash stands before it or not.
    assert not whole.endswith("<<")


@given(st.text(alphabet="ab;\\< \n", min_size=1, max_size=12))
def test_a_payload_ends_where_it_ends(text: str) -> None:
    try:
        (command,) = commands_of([{"command": "add map x", "payload": text}])
    except InputError:
        return
    line = line_of((command,), 15000, DIRECT).decode()[len(DIRECT.start) :]
    if not command.payload:
        assert line == "add map x\n"
        return
    head, rest = line.split("\n", 1)
    assert head == "add map x <<"
    assert rest.index("\n\n") == len(rest) - 2, "the first empty line is the last"


@pytest.mark.parametrize(("text", "read"), [
    ("show info", True), ("get weight a/b", True), ("help", True), ("show\tinfo", True), ("showinfo", False),
    ("set server a/b state maint", False), ("prompt", False), ("show\\ info", False), ("SHOW info", False),
    ("@1 show info", False),
])  # fmt: skip
def test_what_reads(text: str, read: bool) -> None:
    assert reads(Command(text)) is read


# Answers ---------------------------------------------------------------------------------------------------------


def _asked(
    commands: list[str], first: dict[str, Answer], second: dict[str, Answer], *, writes: bool = True
) -> tuple[object, list[str]]:
    """What two processes answer, and which lines were sent."""
    by_process = {"/run/haproxy/p1": by_line(first), "/run/haproxy/p2": by_line(second)}
    converse = ScriptedConverse(lambda exchange: by_process[exchange.address.path or ""](exchange))
    fleet = fleet_of([process("p1"), process("p2")], converse)
    try:
        return answers(fleet, commands_of(commands), writes), converse.lines
    except (CannotConnect, CommandRefused, TimedOut) as error:
        return error, converse.lines


SILENCE = b"\n\n"


def test_what_each_process_says_is_told_command_by_command() -> None:
    one, two = b"\nfirst\nsecond\n\n", b"\n[6]: done\n\n"
    outcome, _lines = _asked(
        ["show info", "do it"], {"show info": one, "do it": SILENCE}, {"show info": one, "do it": two}
    )
    assert isinstance(outcome, dict)
    lines = {"stdout": "first\nsecond", "stdout_lines": ["first", "second"], "severity": None}
    assert outcome["results"] == [
        {"process": "p1", "command": "show info", **lines},
        {"process": "p2", "command": "show info", **lines},
        {"process": "p1", "command": "do it", "stdout": "", "stdout_lines": [], "severity": None},
        {"process": "p2", "command": "do it", "stdout": "done", "stdout_lines": ["done"], "severity": 6},
    ]
    assert outcome["commands"] == [{"process": name, "command": "do it"} for name in ("p1", "p2")]
    assert (outcome["changed"], outcome["warnings"]) == (True, [])


def test_the_first_refusal_tells_what_the_others_did() -> None:
    refused = reply_of("3.0", "refused_server")
    drain, more = "set server www/web9 state drain", "clear counters"
    outcome, lines = _asked([more, drain, more], {more: SILENCE, drain: SILENCE}, {more: SILENCE, drain: refused})
    assert isinstance(outcome, CommandRefused)
    assert (outcome.process, outcome.command) == ("p2", drain)
    assert outcome.done == [
        {"process": "p1", "command": more},
        {"process": "p1", "command": drain},
        {"process": "p2", "command": more},
    ]
    assert outcome.not_attempted == [{"process": "p1", "command": more}, {"process": "p2", "command": more}]
    assert lines == [more, more, drain, drain]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "refused"), [("set_addr", False), ("set_addr_again", False), ("set_addr_garbage", True)]
)
def test_of_what_is_said_of_an_address_its_words_tell_whether_it_was_refused(
    version: str, name: str, refused: bool
) -> None:
    """One severity for both."""
    reply = reply_of(version, name)
    assert reply.startswith(b"\n[4]: ")
    said: dict[str, Answer] = {"set server www/web1 addr x": reply}
    outcome, _lines = _asked([*said], said, said)
    assert isinstance(outcome, CommandRefused) is refused
    if isinstance(outcome, CommandRefused):
        assert (outcome.process, outcome.command) == ("p1", "set server www/web1 addr x")
        assert outcome.answer.encode() in reply
        assert outcome.done == []


def test_two_processes_that_refuse_are_both_told() -> None:
    text = "set server www/web9 state drain"
    said: dict[str, Answer] = {text: reply_of("3.0", "refused_server")}
    outcome, _lines = _asked([text], said, said)
    assert isinstance(outcome, CommandRefused)
    assert outcome.message.endswith(" (and 1 more of 2 processes)")
    assert [(it["process"], it["command"]) for it in outcome.refused] == [("p1", text), ("p2", text)]
    assert (outcome.unconfirmed, outcome.not_attempted, outcome.done) == ([], [], [])


@pytest.mark.parametrize("version", [version for version in VERSIONS if version != "2.2"])
@pytest.mark.parametrize(("name", "words"), [
    ("map_prepare", "New version created: 1"), ("silence", ""), ("refused_server", "No such server."),
])  # fmt: skip
def test_through_a_master(version: str, name: str, words: str) -> None:
    """Up to 3.0 it passes no severity on: what is said of a command may be a refusal that nobody knows yet."""
    whole_line = tuple(map(int, version.split("."))) >= (3, 2)
    one = process("m@1")._replace(route=through_master(4711, whole_line=whole_line))
    converse = ScriptedConverse(lambda _exchange: reply_of(version, f"through_{name}"))
    fleet = fleet_of([one], converse)
    if name.startswith("refused"):
        with pytest.raises(CommandRefused) as caught:
            answers(fleet, commands_of(["do it"]), True)
        assert (caught.value.answer, caught.value.process, caught.value.command) == (words, "m@1", "do it")
    else:
        outcome = answers(fleet, commands_of(["do it"]), True)
        (row,) = outcome["results"]
        assert (row["stdout"], row["severity"]) == (words, 6 if words and whole_line else None)
        doubt = f"m@1 answers 'do it' with words that may be a refusal: '{words}"
        assert [text.startswith(doubt) for text in outcome["warnings"]] == ([True] if words and not whole_line else [])
    (exchange,) = converse.exchanges
    assert exchange.request == (b"@@!4711 set severity-output number;do it\n" if whole_line else b"@!4711 do it\n")
    assert exchange.whole is not None
    assert exchange.whole(b"Can't find the target PID matching the prefix '@!4711'\n"), "3.2 may not hang up then"


def test_of_words_that_may_be_a_refusal_only_the_beginning_is_told() -> None:
    one = process("m@1")._replace(route=through_master(4711, whole_line=False))
    fleet = fleet_of([one], ScriptedConverse(lambda _exchange: b"w" * 61 + b"\n\n"))
    (warning,) = answers(fleet, commands_of(["do it"]), True)["warnings"]
    assert warning.endswith(f": {'w' * 60!r}")


def test_the_end_of_a_direct_answer_is_the_end_of_the_connection() -> None:
    converse = ScriptedConverse(lambda _exchange: SILENCE)
    answers(fleet_of([process()], converse), commands_of(["do it"]), True)
    assert [exchange.whole for exchange in converse.exchanges] == [None]


def test_what_reads_is_never_done() -> None:
    outcome, _lines = _asked(
        ["show info", "bogus"],
        {"show info": b"\nName: HAProxy\n\n", "bogus": reply_of("3.0", "unknown_command")},
        {"show info": b"\nName: HAProxy\n\n", "bogus": SILENCE},
    )
    assert isinstance(outcome, UnknownCommand)
    assert outcome.done == [{"process": "p2", "command": "bogus"}]


def test_a_process_that_hangs_is_named() -> None:
    outcome, _lines = _asked(["clear counters"], {"clear counters": SILENCE}, {"clear counters": TimedOut("no answer")})
    assert isinstance(outcome, TimedOut)
    assert outcome.process == "p2"
    assert outcome.done == [{"process": "p1", "command": "clear counters"}]
    assert outcome.unconfirmed == [{"process": "p2", "command": "clear counters"}]
    assert (outcome.refused, outcome.not_attempted) == ([], [])


def test_a_process_that_cannot_be_reached_was_sent_nothing() -> None:
    first, second = "clear counters", "show info"
    outcome, _lines = _asked([first, second], {first: SILENCE}, {first: CannotConnect("refused", errno=111)})
    assert isinstance(outcome, CannotConnect)
    assert outcome.unconfirmed == []
    assert outcome.not_attempted == [
        {"process": "p1", "command": second},
        {"process": "p2", "command": first},
        {"process": "p2", "command": second},
    ]


def test_only_what_reads_is_sent_where_nothing_may_be_written() -> None:
    table = b"\nName: HAProxy\n\n"
    outcome, lines = _asked(["clear counters", "show info"], {"show info": table}, {"show info": table}, writes=False)
    assert lines == ["show info", "show info"]
    assert isinstance(outcome, dict)
    assert outcome["changed"]
    assert [line["command"] for line in outcome["commands"]] == ["clear counters"] * 2


@pytest.mark.parametrize("version", VERSIONS)
def test_help_says_unknown_command_and_is_an_answer(version: str) -> None:
    """As 2.2 begins its help."""
    reply = reply_of(version, "help")
    outcome, _lines = _asked(["help"], {"help": reply}, {"help": reply})
    assert isinstance(outcome, dict)
    assert not outcome["changed"]
    assert all(row["stdout"] for row in outcome["results"])


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unknown_command_is_one_on_every_version(version: str) -> None:
    reply = reply_of(version, "unknown_command")
    outcome, _lines = _asked(
        ["frobnicate the server"], {"frobnicate the server": reply}, {"frobnicate the server": reply}
    )
    assert isinstance(outcome, UnknownCommand)


def test_bytes_that_are_no_text_are_shown() -> None:
    table = b"\na \xe9\nb\n\n"
    outcome, _lines = _asked(["show map x"], {"show map x": table}, {"show map x": table})
    assert isinstance(outcome, dict)
    assert outcome["results"][0]["stdout_lines"] == ["a \\xe9", "b"]


def test_one_process_with_a_smaller_buffer_keeps_all_from_being_asked() -> None:
    converse = ScriptedConverse(lambda _exchange: SILENCE)
    fleet = fleet_of([process("p1"), process("p2", facts(buffer_size=4096))], converse)
    with pytest.raises(InputError):
        answers(fleet, commands_of(["clear counters", "show map " + "x" * 5000]), True)
    assert converse.lines == []
