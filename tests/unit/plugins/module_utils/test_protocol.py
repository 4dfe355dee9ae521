# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands to bytes under the bounds, and bytes to replies: whole, and cut short at every byte."""

from __future__ import annotations

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    ClosedEarly,
    HAProxyError,
    InputError,
    NotHAProxy,
    ProcessReplaced,
    ReplyNotUnderstood,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._lines import Joined, batches, read_joined
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import (
    DIRECT,
    Command,
    Reply,
    Route,
    decode,
    encode,
    line_of,
    lines_of,
    longest_line,
    printable,
    read_reply,
    read_tables,
    through_master,
    word,
)
from hypothesis import example, given
from hypothesis import strategies as st

from unit.plugins.module_utils.support import VERSIONS, commands_of, words_of
from unit.plugins.module_utils.support import Reply as Loader

WHOLE, EACH = through_master(4711, whole_line=True), through_master(4711, whole_line=False)
# Which of them each captured version's master takes.
THROUGH = {version: WHOLE if tuple(map(int, version.split("."))) >= (3, 2) else EACH for version in VERSIONS}

# Words -----------------------------------------------------------------------------------------------------------

# What can be said: everything but control characters (a tab can) and halves of surrogate pairs; bytes that are no
# UTF-8 are U+DC80 to U+DCFF.
SAYABLE = st.text(
    st.one_of(
        st.sampled_from("\\;< \t#'\"`$&|*[]@/%:,ab"),
        st.characters(exclude_categories=["Cs"], exclude_characters=[chr(c) for c in range(32) if c != 9] + ["\x7f"]),
        st.integers(0xDC80, 0xDCFF).map(chr),
    ),
    min_size=1,
)  # fmt: skip


@given(st.lists(SAYABLE, min_size=1, max_size=5))
@example(["<<"])
@example(["<<EOF", "<<"])
@example(["\\"])
@example([";", "x;y\\"])
@example([" ", "\t"])
@example(["#1"])
@example(["\\<<"])
def test_haproxy_reads_exactly_the_words_that_were_meant(texts: list[str]) -> None:
    line = " ".join(["set", *(word(text) for text in texts)])
    assert commands_of(line) == [line]
    assert words_of(line) == (["set", *texts], False)


@given(st.lists(SAYABLE, min_size=1, max_size=4))
def test_joined_commands_stay_the_same_commands(texts: list[str]) -> None:
    commands = [f"set {word(text)}" for text in texts]
    assert commands_of(";".join(commands)) == commands


@given(SAYABLE)
def test_text_is_the_same_after_encoding_and_decoding(text: str) -> None:
    # Lone bytes that together are UTF-8 come back as the character that they are.
    assert encode(decode(encode(text))) == encode(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("web1", "web1", id="plain"),
        pytest.param("a.b:c-d_e", "a.b:c-d_e", id="what names hold"),
        pytest.param("a b", "a\\ b", id="blank"),
        pytest.param("a\tb", "a\\\tb", id="tab"),
        pytest.param("a;b", "a\\;b", id="semicolon"),
        pytest.param("a\\b", "a\\\\b", id="backslash"),
        pytest.param("a\\", "a\\\\", id="backslash at the end"),
        pytest.param("<<", "\\<\\<", id="payload mark"),
        pytest.param("<<EOF", "\\<\\<EOF", id="payload mark with a pattern"),
        pytest.param("a<<", "a\\<\\<", id="a payload mark within a word"),
        pytest.param("<a", "\\<a", id="one less-than sign"),
        pytest.param("#x", "#x", id="hash"),
        pytest.param('"a"', '"a"', id="quotes mean nothing"),
        pytest.param("größe", "größe", id="UTF-8"),
    ],
)
def test_word(text: str, said: str) -> None:
    assert word(text) == said


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing at all"),
        pytest.param("a\nb", id="line feed"),
        pytest.param("a\n", id="line feed at the end"),
        pytest.param("a\rb", id="carriage return"),
        pytest.param("a\0b", id="NUL"),
        pytest.param("\x1b[0m", id="escape"),
        pytest.param("a\x7f", id="delete"),
        pytest.param("a\x0bb", id="vertical tab"),
        pytest.param("a\ud800b", id="half a surrogate pair, which has no bytes"),
        pytest.param("a\udd00b", id="the other half"),
        pytest.param("\udc7f", id="a surrogate that stands for an ASCII character"),
        pytest.param("\udfff", id="the last surrogate"),
    ],
)
def test_what_no_command_can_say_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        word(text)


@given(st.text(min_size=1))
def test_any_text_is_said_exactly_or_refused(text: str) -> None:
    try:
        said = word(text)
    except InputError:
        return
    assert words_of(f"get {said}\n") == (["get", text], False)
    assert b"\n" not in encode(said)


# Bounds ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("buffer_size", "long_lines", "bound"),
    [
        pytest.param(16384, True, 15000, id="default from 2.6 on"),
        pytest.param(16384, False, 8000, id="default before 2.6"),
        pytest.param(32768, True, 15000, id="a larger buffer is not used"),
        pytest.param(32768, False, 8000, id="a larger buffer is not used before 2.6"),
        pytest.param(8192, True, 6808, id="smaller from 2.6 on"),
        pytest.param(8192, False, 3904, id="smaller before 2.6"),
        pytest.param(4096, False, 1856, id="the smallest that is assumed"),
    ],
)
def test_the_longest_line(buffer_size: int, long_lines: bool, bound: int) -> None:
    assert longest_line(buffer_size, long_lines=long_lines) == bound


COMMANDS = st.lists(
    st.builds(
        lambda text, times, silent: Command((text * times)[:20000] or "x", silent=silent),
        st.text(st.sampled_from("abc \\é"), min_size=1, max_size=40),
        st.sampled_from([1, 1, 1, 3, 30, 400]),
        st.sampled_from([True, True, False]),
    ),
    max_size=40,
)


@pytest.mark.parametrize("route", [DIRECT, WHOLE, EACH], ids=["direct", "whole line", "each command"])
@given(commands=COMMANDS, buffer_size=st.integers(2048, 70000), long_lines=st.booleans())
def test_no_request_is_ever_over_the_bounds(
    route: Route, commands: list[Command], buffer_size: int, long_lines: bool
) -> None:
    bound = longest_line(buffer_size, long_lines=long_lines)
    hard = min(15000, buffer_size - 1384) if long_lines else min(8000, buffer_size // 2 - 192)
    around = len(route.start) + len(route.each) + 1
    try:
        made = list(batches(commands, bound, route))
    except InputError:
        assert any(around + len(encode(command.text)) > hard for command in commands)
        return
    assert [command for batch in made for command in batch.commands] == commands
    for batch in made:
        assert len(batch.request) <= hard
        texts = [route.each + command.text for command in batch.commands]
        assert batch.request == encode(route.start + ";".join(texts) + "\n")
        assert batch.request.count(b"\n") == 1
        assert len(batch.commands) == 1 or all(command.silent for command in batch.commands)


@pytest.mark.parametrize("route", [DIRECT, WHOLE, EACH], ids=["direct", "whole line", "each command"])
@given(count=st.integers(1, 200), buffer_size=st.integers(2048, 20000))
def test_silent_commands_share_as_few_lines_as_the_bounds_allow(route: Route, count: int, buffer_size: int) -> None:
    bound = longest_line(buffer_size, long_lines=True)
    command = Command("set server www/web1 state drain", silent=True)
    in_a_line = (bound - len(route.start)) // (len(route.each) + len(command.text) + 1)
    assert len(list(batches([command] * count, bound, route))) == -(-count // in_a_line)


@pytest.mark.parametrize("over", [0, 1])
@pytest.mark.parametrize("long_lines", [False, True])
@pytest.mark.parametrize("route", [DIRECT, WHOLE, EACH], ids=["direct", "whole line", "each command"])
def test_a_shared_line_may_be_as_long_as_the_bound_and_not_one_byte_longer(
    route: Route, long_lines: bool, over: int
) -> None:
    bound = longest_line(16384, long_lines=long_lines)
    first = Command("é" * 100, silent=True)
    around = len(route.start) + 2 * len(route.each) + 2
    second = Command("x" * (bound - around - len(encode(first.text)) + over), silent=True)
    made = list(batches([first, second], bound, route))
    assert max(len(batch.request) for batch in made) <= bound
    assert len(made) == 1 + over


def test_a_command_that_speaks_travels_alone_between_silent_ones() -> None:
    quiet, loud = Command("set a", silent=True), Command("show a")
    made = list(batches([quiet, quiet, loud, quiet, loud], longest_line(16384, long_lines=True), DIRECT))
    assert [batch.commands for batch in made] == [(quiet, quiet), (loud,), (quiet,), (loud,)]


@pytest.mark.parametrize("over", [0, 1])
@pytest.mark.parametrize("route", [DIRECT, WHOLE, EACH], ids=["direct", "whole line", "each command"])
def test_a_single_command_at_the_bound_is_sent_and_one_over_it_is_refused(route: Route, over: int) -> None:
    bound = longest_line(16384, long_lines=False)
    command = Command("x" * (bound - len(route.start) - len(route.each) - 1 + over))
    if over:
        with pytest.raises(InputError, match="over the bound"):
            list(batches([command], bound, route))
        with pytest.raises(InputError, match="over the bound"):
            line_of([command], bound, route)
    else:
        (batch,) = list(batches([command], bound, route))
        assert len(batch.request) == bound
        assert batch.request == line_of([command], bound, route)


def test_nothing_to_send_is_no_request() -> None:
    assert list(batches([], longest_line(16384, long_lines=True), DIRECT)) == []


# Routes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("route", "line"),
    [
        pytest.param(DIRECT, b"set severity-output number;set a;set b\n", id="direct"),
        pytest.param(WHOLE, b"@@!4711 set severity-output number;set a;set b\n", id="whole line, 3.2 and newer"),
        pytest.param(EACH, b"@!4711 set a;@!4711 set b\n", id="each command, before 3.2"),
    ],
)
def test_a_line_gets_to_its_process(route: Route, line: bytes) -> None:
    commands = [Command("set a", silent=True), Command("set b", silent=True)]
    assert line_of(commands, 15000, route) == line
    assert [batch.request for batch in list(batches(commands, 15000, route))] == [line]


def test_no_command_of_a_line_through_a_master_is_the_masters_own() -> None:
    """Before 3.2 the master takes what does not begin with the worker for itself."""
    line = line_of([Command(f"set {word(text)}") for text in ("a;b", "c", "@1")], 15000, EACH).decode()
    assert all(command.startswith("@!4711 ") for command in commands_of(line))


# Texts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("größe", "größe", id="UTF-8"),
        pytest.param("caf\udce9", "caf\\xe9", id="a byte that is no UTF-8"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("table", "lines"),
    [
        pytest.param("a\nb\n", ["a", "b"], id="two"),
        pytest.param("a\nb", ["a", "b"], id="no line end at the end"),
        pytest.param("a\x85b\u2028c\x0bd\re\n", ["a\x85b\u2028c\x0bd\re"], id="what Python takes for line ends"),
        pytest.param("a\n\n", ["a", ""], id="an empty line"),
    ],
)
def test_lines_of(table: str, lines: list[str]) -> None:
    assert lines_of(table) == lines


# Replies ---------------------------------------------------------------------------------------------------------

REFUSALS = {
    "refused_server": "No such server.",
    "refused_backend": "No such backend.",
    "refused_level": "Permission denied",
    "refused_state": "'set server <srv> state' expects 'ready', 'drain' and 'maint'.",
    "refused_weight": "Absolute weight can only be between 0 and 256 inclusive.",
    "refused_garbage": "Empty weight string empty or preceded by garbage",
    "refused_static": "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.",
    "refused_backend_state": "Can't find backend.",
    "refused_proxy": "No such proxy.",
}

# file → (commands in the line, how many of them come before the refused one, its words)
JOINED = {
    "silence": (1, 1, None),
    "joined": (4, 4, None),
    "joined_refused_first": (2, 0, "No such server."),
    "joined_refused_middle": (3, 1, "No such server."),
    "joined_refused_garbage": (3, 1, "Empty weight string empty or preceded by garbage"),
    "joined_refused_last": (2, 1, "No such server."),
    "joined_refused_twice": (3, 1, "No such server."),
    "joined_refused_level": (2, 0, "Permission denied"),
}

TABLES = {"facts": 4, "facts_operator": 4, "state": 3, "state_changed": 3, "state_master": 3, "conn": 2}
DATA = ("info", "stat", "stat_www", "stat_changed")


@pytest.mark.parametrize("version", VERSIONS)
class TestRepliesOfEveryVersion:
    @pytest.mark.parametrize("name", REFUSALS)
    def test_a_refusal_has_haproxys_words_and_a_severity(self, reply: Loader, version: str, name: str) -> None:
        assert read_reply(reply(version, name), DIRECT) == (REFUSALS[name], 3)

    @pytest.mark.parametrize("name", REFUSALS)
    def test_a_refusal_cut_short_is_never_taken_for_success(self, reply: Loader, version: str, name: str) -> None:
        whole = reply(version, name)
        for end in range(len(whole)):
            try:
                got = read_reply(whole[:end], DIRECT)
            except ClosedEarly:
                continue
            assert got == (REFUSALS[name], 3)

    def test_an_unknown_command_is_a_notice_by_its_number(self, reply: Loader, version: str) -> None:
        text, severity = read_reply(reply(version, "unknown_command"), DIRECT)
        assert text.startswith("Unknown command")
        assert severity == 6

    def test_an_unknown_command_cut_short_stays_unknown_or_is_an_error(self, reply: Loader, version: str) -> None:
        whole = reply(version, "unknown_command")
        for end in range(len(whole)):
            try:
                text, severity = read_reply(whole[:end], DIRECT)
            except ClosedEarly:
                continue
            assert text.startswith("Unknown command")
            assert severity == 6

    def test_silence_is_an_empty_text(self, reply: Loader, version: str) -> None:
        assert read_reply(reply(version, "silence"), DIRECT) == ("", None)

    @pytest.mark.parametrize("name", DATA)
    def test_data_comes_back_unchanged(self, reply: Loader, version: str, name: str) -> None:
        whole = reply(version, name)
        text, severity = read_reply(whole, DIRECT)
        assert severity is None
        assert encode(text) == whole[1:-1]
        assert text.endswith("\n")

    @pytest.mark.parametrize("name", DATA)
    def test_data_cut_short_at_any_byte_is_an_error(self, reply: Loader, version: str, name: str) -> None:
        whole = reply(version, name)
        for end in range(len(whole)):
            with pytest.raises(ClosedEarly):
                read_reply(whole[:end], DIRECT)

    @pytest.mark.parametrize("name", TABLES)
    def test_tables_are_told_apart(self, reply: Loader, version: str, name: str) -> None:
        tables = read_tables(reply(version, name), TABLES[name], DIRECT)
        assert all(table.strip("\n") for table in tables)
        assert encode("\n\n".join(tables)).strip(b"\n") == reply(version, name).strip(b"\n")

    @pytest.mark.parametrize("name", TABLES)
    def test_tables_cut_short_at_any_byte_are_an_error(self, reply: Loader, version: str, name: str) -> None:
        whole = reply(version, name)
        for end in range(len(whole)):
            with pytest.raises((ClosedEarly, ReplyNotUnderstood)):
                read_tables(whole[:end], TABLES[name], DIRECT)

    @pytest.mark.parametrize("name", TABLES)
    @pytest.mark.parametrize("wrong", [-1, 1])
    def test_another_number_of_tables_is_an_error(self, reply: Loader, version: str, name: str, wrong: int) -> None:
        with pytest.raises(ReplyNotUnderstood):
            read_tables(reply(version, name), TABLES[name] + wrong, DIRECT)

    def test_a_refusal_in_place_of_tables_is_an_error(self, reply: Loader, version: str) -> None:
        with pytest.raises(ReplyNotUnderstood):
            read_tables(reply(version, "refused_level"), 2, DIRECT)

    @pytest.mark.parametrize("name", JOINED)
    def test_joined_commands_are_answered_up_to_the_refused_one(self, reply: Loader, version: str, name: str) -> None:
        count, done, words = JOINED[name]
        assert read_joined(reply(version, name), count, DIRECT) == Joined(done, Reply(words, 3) if words else None)

    @pytest.mark.parametrize("name", JOINED)
    def test_joined_replies_cut_short_never_claim_more_than_was_done(
        self, reply: Loader, version: str, name: str
    ) -> None:
        count, done, words = JOINED[name]
        whole = reply(version, name)
        for end in range(len(whole)):
            try:
                got = read_joined(whole[:end], count, DIRECT)
            except (ClosedEarly, ReplyNotUnderstood):
                continue
            # Only a refusal can be known before the end, and of it perhaps not all the words.
            assert words is not None, f"success is claimed after {end} of {len(whole)} bytes"
            assert got.done == done
            assert got.refusal is not None

    def test_a_refusal_of_which_words_are_missing_is_no_refusal_yet(self, reply: Loader, version: str) -> None:
        for name, (count, _done, words) in JOINED.items():
            whole = reply(version, name)
            for end in range(len(whole)):
                try:
                    got = read_joined(whole[:end], count, DIRECT)
                except (ClosedEarly, ReplyNotUnderstood):
                    continue
                assert got.refusal == (words, 3), f"{name} cut to {whole[:end]!r}"


@pytest.mark.parametrize("version", VERSIONS)
class TestRepliesThroughTheMasterOfEveryVersion:
    """Whole lines and severities from 3.2 on, command by command and bare words before."""

    @pytest.mark.parametrize("name", [name for name in REFUSALS if name != "refused_level"])
    def test_a_refusal_has_haproxys_words(self, reply: Loader, version: str, name: str) -> None:
        whole, route = reply(version, f"through_{name}"), THROUGH[version]
        if not route.numbered and not whole.endswith(b"\n\n"):
            # Without a severity words that lack their line end cannot be told from words cut short.
            with pytest.raises(ClosedEarly):
                read_reply(whole, route)
            return
        text, severity = read_reply(whole, route)
        assert (text.strip("\n"), severity) == (REFUSALS[name], 3 if route.numbered else None)

    def test_silence_is_an_empty_text(self, reply: Loader, version: str) -> None:
        assert read_reply(reply(version, "through_silence"), THROUGH[version]) == ("", None)

    @pytest.mark.parametrize("name", ["through_facts", "through_conn", "old_facts", "old_conn", "old_state"])
    def test_tables_are_told_apart_and_cut_short_are_an_error(self, reply: Loader, version: str, name: str) -> None:
        whole, route = reply(version, name), THROUGH[version]
        count = {"facts": 4, "conn": 2, "state": 3}[name.partition("_")[2]]
        tables = read_tables(whole, count, route)
        assert encode("\n\n".join(tables)).strip(b"\n") == whole.strip(b"\n")
        for end in range(len(whole)):
            with pytest.raises((ClosedEarly, ReplyNotUnderstood)):
                read_tables(whole[:end], count, route)

    def test_data_comes_back_unchanged(self, reply: Loader, version: str) -> None:
        whole, route = reply(version, "through_stat"), THROUGH[version]
        text, severity = read_reply(whole, route)
        assert severity is None
        assert encode(text) == whole[1 if route.numbered else 0 : -1]
        for end in range(len(whole)):
            with pytest.raises(ClosedEarly):
                read_reply(whole[:end], route)

    @pytest.mark.parametrize("name", [name for name in JOINED if name != "joined_refused_level"])
    def test_joined_commands_are_answered_up_to_the_refused_one(self, reply: Loader, version: str, name: str) -> None:
        count, done, words = JOINED[name]
        whole, route = reply(version, f"through_{name}"), THROUGH[version]
        expected = Joined(done, Reply(words, 3) if words else None)
        assert read_joined(whole, count, route) == expected
        for end in range(len(whole)):
            try:
                got = read_joined(whole[:end], count, route)
            except (ClosedEarly, ReplyNotUnderstood):
                continue
            # Only a refusal whose words are whole can be known before the end.
            assert words is not None, f"success is claimed after {end} of {len(whole)} bytes"
            assert got == expected

    @pytest.mark.parametrize("name", ["gone_facts", "gone_silence"])
    def test_a_worker_that_has_ended_is_told(self, reply: Loader, version: str, name: str) -> None:
        whole, route = reply(version, name), THROUGH[version]
        with pytest.raises(ProcessReplaced, match="has ended"):
            read_reply(whole, route)
        with pytest.raises(ProcessReplaced, match="has ended"):
            read_tables(whole, 4, route)
        with pytest.raises(ProcessReplaced, match="has ended"):
            read_joined(whole, 1, route)

    def test_what_a_master_says_to_the_facts_is_no_worker_and_kept(self, reply: Loader, version: str) -> None:
        with pytest.raises(NotHAProxy) as caught:
            read_tables(reply(version, "master_facts"), 4, DIRECT)
        assert caught.value.said.startswith("Unknown command")


@pytest.mark.parametrize("route", [DIRECT, WHOLE, EACH], ids=["direct", "whole line", "each command"])
@pytest.mark.parametrize(
    "raw",
    [
        b"Can't find the target PID matching the prefix '@!4711'\n",
        b"\nCan't find the target PID matching the prefix '@!4711'\n\n",
        b"Can't connect to the target CLI!\n",
        b"\n\nCan't find the target CLI!\n",
    ],
)
def test_a_master_that_cannot_reach_the_worker_any_more_says_so_on_every_route(route: Route, raw: bytes) -> None:
    with pytest.raises(ProcessReplaced):
        read_reply(raw, route)
    with pytest.raises(ProcessReplaced):
        read_joined(raw, 3, route)


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        pytest.param(b"", ClosedEarly, id="nothing"),
        pytest.param(b"\n", ClosedEarly, id="only the answer to the prefix"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", NotHAProxy, id="another protocol"),
        pytest.param(b"HTTP/1.0 400 Bad request\r\n\r\n", NotHAProxy, id="a web server"),
        pytest.param(b"\nabc", ClosedEarly, id="half a line"),
        pytest.param(b"\nabc\n", ClosedEarly, id="no empty line at the end"),
        pytest.param(b"\n[3]: abc", ClosedEarly, id="half a message"),
    ],
)
def test_what_is_no_whole_reply(raw: bytes, error: type[HAProxyError]) -> None:
    with pytest.raises(error):
        read_reply(raw, DIRECT)


@pytest.mark.parametrize(
    ("raw", "reply"),
    [
        pytest.param(b"\n\n", ("", None), id="silence"),
        pytest.param(b"\n[6]: Done.\n\n", ("Done.", 6), id="notice"),
        pytest.param(b"\n[3]: text\n", ("text", 3), id="message without a line end of its own, before 2.9"),
        pytest.param(b"\n[4]: two\nlines\n\n", ("two\nlines", 4), id="message of two lines"),
        pytest.param(b"\n[8]: x\n\n", ("[8]: x\n", None), id="no severity that exists"),
        pytest.param(b"\n0x1: [3]: x\n\n", ("0x1: [3]: x\n", None), id="a number within data"),
        pytest.param(b"\n\xff\xfe\n\n", ("\udcff\udcfe\n", None), id="bytes that are no UTF-8"),
    ],
)
def test_read_reply(raw: bytes, reply: tuple[str, int | None]) -> None:
    assert read_reply(raw, DIRECT) == reply


@pytest.mark.parametrize(
    ("raw", "count"),
    [
        pytest.param(b"", 1, id="nothing"),
        pytest.param(b"\n", 1, id="only the answer to the prefix"),
        pytest.param(b"\n\n\n", 3, id="one is missing"),
        pytest.param(b"[3]: no", 1, id="not even the answer to the prefix"),
        pytest.param(b"\n\n\nsurplus\n", 2, id="words about a command that was not sent"),
        pytest.param(b"\n\n[3]: No such ser", 2, id="a refusal cut short"),
        pytest.param(b"\n[3]: No such server.", 1, id="a refusal without its line end"),
    ],
)
def test_joined_replies_that_do_not_fit(raw: bytes, count: int) -> None:
    with pytest.raises((ClosedEarly, ReplyNotUnderstood)):
        read_joined(raw, count, DIRECT)


ROUTES = st.sampled_from([DIRECT, WHOLE, EACH])


@given(st.binary(max_size=60), st.integers(1, 5), ROUTES)
def test_joined_success_is_silence_and_nothing_else(raw: bytes, count: int, route: Route) -> None:
    try:
        done, refusal, words, _seen = read_joined(raw, count, route)
    except HAProxyError:
        return
    assert words == ""
    assert 0 <= done <= count
    assert (refusal is None) == (done == count)
    assert refusal is not None or not raw.strip(b"\n")


@given(st.one_of(st.binary(max_size=60), st.binary(max_size=60).map(lambda raw: b"\n" + raw + b"\n\n")), ROUTES)
def test_any_bytes_are_a_reply_or_an_error_of_the_tree(raw: bytes, route: Route) -> None:
    try:
        text, severity = read_reply(raw, route)
    except HAProxyError:
        return
    assert encode(text) in raw
    assert severity is None or raw.startswith(b"\n[%d]: " % severity)


@given(st.binary(max_size=60).map(lambda raw: b"\n" + raw + b"\n\n"), st.integers(1, 4), ROUTES)
def test_any_bytes_are_as_many_tables_as_asked_or_an_error_of_the_tree(raw: bytes, count: int, route: Route) -> None:
    try:
        tables = read_tables(raw, count, route)
    except HAProxyError:
        return
    assert len(tables) == count
