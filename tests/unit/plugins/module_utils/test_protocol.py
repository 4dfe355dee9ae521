# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands to bytes under the bounds, and bytes to replies: whole, and cut short at every byte."""

from __future__ import annotations

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.master import through_master
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    ClosedEarly,
    HAProxyError,
    InputError,
    NotHAProxy,
    ProcessReplaced,
    ReplyNotUnderstood,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import (
    DIRECT,
    Command,
    Route,
    decode,
    encode,
    is_foreign,
    line_of,
    lines_of,
    longest_line,
    longest_payload,
    printable,
    read_data,
    read_reply,
    read_tables,
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


@pytest.mark.parametrize("over", [0, 1])
@pytest.mark.parametrize("route", [DIRECT, WHOLE, EACH], ids=["direct", "whole line", "each command"])
def test_a_single_command_at_the_bound_is_sent_and_one_over_it_is_refused(route: Route, over: int) -> None:
    bound = longest_line(16384, long_lines=False)
    command = Command("x" * (bound - len(route.start) - len(route.each) - 1 + over))
    if over:
        with pytest.raises(InputError, match="over the bound"):
            line_of([command], bound, route)
    else:
        assert len(line_of([command], bound, route)) == bound


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


def test_no_command_of_a_line_through_a_master_is_the_masters_own() -> None:
    """Before 3.2 the master takes what does not begin with the worker for itself."""
    line = line_of([Command(f"set {word(text)}") for text in ("a;b", "c", "@1")], 15000, EACH).decode()
    assert all(command.startswith("@!4711 ") for command in commands_of(line))


# Payloads and witnesses ------------------------------------------------------------------------------------------

ADD = Command("add map @1 /f", payload="a 1\nb two words;\nc <<")
COMMIT = Command("commit map @1 /f", witness="show map /f")


@pytest.mark.parametrize(
    ("route", "line"),
    [
        pytest.param(DIRECT, b"set severity-output number;add map @1 /f <<\na 1\nb two words;\nc <<\n\n", id="direct"),
        pytest.param(
            WHOLE,
            b"@@!4711 set severity-output number;add map @1 /f <<\na 1\nb two words;\nc <<\n\n",
            id="whole line, 3.2 and newer",
        ),
        pytest.param(EACH, b"@!4711 add map @1 /f <<\na 1\nb two words;\nc <<\n\n", id="each command, before 3.2"),
    ],
)
def test_a_payload_follows_its_command_and_ends_with_an_empty_line(route: Route, line: bytes) -> None:
    assert line_of([ADD], 15000, route) == line
    assert line_of([ADD], 15000, route, 15000) == line


@pytest.mark.parametrize(
    ("route", "line"),
    [
        pytest.param(DIRECT, b"set severity-output number;show map /f;commit map @1 /f\n", id="direct"),
        pytest.param(WHOLE, b"@@!4711 set severity-output number;show map /f;commit map @1 /f\n", id="whole line"),
        pytest.param(EACH, b"@!4711 show map /f;@!4711 commit map @1 /f\n", id="each command"),
    ],
)
def test_what_is_to_be_read_before_stands_before_on_the_same_line(route: Route, line: bytes) -> None:
    assert line_of([COMMIT], 15000, route) == line


def test_bytes_of_a_payload_travel_as_they_are() -> None:
    assert line_of([Command("add map /f", payload="k caf\udce9\nü ß")], 15000, DIRECT) == (
        b"set severity-output number;add map /f <<\nk caf\xe9\n\xc3\xbc \xc3\x9f\n\n"
    )


@pytest.mark.parametrize(("buffer_size", "bound"), [(16384, 15000), (32768, 15000), (8192, 6808), (4096, 2712)])
def test_the_longest_payload(buffer_size: int, bound: int) -> None:
    """The whole of it, its line and the empty line included, is less than a buffer on every version."""
    assert longest_payload(buffer_size) == bound
    assert bound < buffer_size


@pytest.mark.parametrize("over", [0, 1])
@pytest.mark.parametrize("route", [DIRECT, WHOLE, EACH], ids=["direct", "whole line", "each command"])
@pytest.mark.parametrize(("bound", "whole"), [(8000, 15000), (15000, 15000), (8000, 0)])
def test_a_line_with_its_payload_may_be_as_long_as_both_together(
    route: Route, bound: int, whole: int, over: int
) -> None:
    most = max(bound, whole)
    around = len(line_of([Command("add map /f", payload="x")], bound, route, whole)) - 1
    command = Command("add map /f", payload="x" * (most - around + over))
    if over:
        with pytest.raises(InputError, match="over the bound"):
            line_of([command], bound, route, whole)
    else:
        assert len(line_of([command], bound, route, whole)) == most


@pytest.mark.parametrize("payload", ["", "k v"])
def test_the_line_before_a_payload_has_the_bound_of_a_line(payload: str) -> None:
    """Before 2.6 a line of more than half a buffer hangs, whatever follows it."""
    with pytest.raises(InputError, match="over the bound"):
        line_of([Command("x" * 8000, payload=payload)], 8000, DIRECT, 15000)


def test_a_witness_counts() -> None:
    around = len(line_of([Command("c", witness="w")], 15000, DIRECT)) - 2
    assert len(line_of([Command("c" * 100, witness="w" * (15000 - around - 100))], 15000, DIRECT)) == 15000
    with pytest.raises(InputError, match="over the bound"):
        line_of([Command("c" * 100, witness="w" * (15001 - around - 100))], 15000, DIRECT)


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        pytest.param(Command("show map"), "show map", id="the text"),
        pytest.param(Command("add map /f", payload="a secret"), "add map /f", id="never a payload"),
        pytest.param(Command("set x secret", told="set x …"), "set x …", id="what is told instead"),
        pytest.param(COMMIT, "commit map @1 /f", id="no witness"),
    ],
)
def test_what_is_shown_of_a_command(command: Command, shown: str) -> None:
    assert command.shown == shown


def test_an_error_about_a_payload_does_not_show_it() -> None:
    with pytest.raises(InputError) as caught:
        line_of([Command("add map /f", payload="secret " * 3000)], 15000, DIRECT)
    assert "secret" not in str(caught.value)


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
        with pytest.raises(ReplyNotUnderstood, match=r"^a message instead of a table: 'Permission denied"):
            read_tables(reply(version, "refused_level"), 1, DIRECT)


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

    @pytest.mark.parametrize("name", ["gone_facts", "gone_silence"])
    def test_a_worker_that_has_ended_is_told(self, reply: Loader, version: str, name: str) -> None:
        whole, route = reply(version, name), THROUGH[version]
        with pytest.raises(ProcessReplaced, match="has ended"):
            read_reply(whole, route)
        with pytest.raises(ProcessReplaced, match="has ended"):
            read_tables(whole, 4, route)
        with pytest.raises(ProcessReplaced, match="has ended"):
            read_data(whole, route)

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
        read_data(raw, route)


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
    ("raw", "foreign"),
    [
        pytest.param(b"", False, id="nothing yet"),
        pytest.param(b"\nName: HAProxy\n", False, id="a stats socket"),
        pytest.param(b"Unknown command: 'show info'\n", False, id="a master"),
        pytest.param(b"SSH-2.0", False, id="half a line"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", True, id="another protocol"),
        pytest.param(b"x" * 4096, True, id="a line without an end"),
    ],
)
def test_what_is_no_haproxy_shows_by_its_first_line(raw: bytes, foreign: bool) -> None:
    assert is_foreign(raw) is foreign


ROUTES = st.sampled_from([DIRECT, WHOLE, EACH])


# Data and the table that follows it ------------------------------------------------------------------------------

SHOWN = ("map_lists", "map_hosts", "map_empty", "map_blank", "map_nets", "map_get", "map_get_two", "acl_names")


@pytest.mark.parametrize("version", VERSIONS)
class TestDataOfEveryVersion:
    @pytest.mark.parametrize("name", SHOWN)
    def test_data_and_the_table_behind_it(self, reply: Loader, version: str, name: str) -> None:
        whole = reply(version, name)
        data, last, begin = read_data(whole, DIRECT)
        begins, _name, info = whole[1:].partition(b"Name: HAProxy\n")
        assert data == begins[: -len(b"\n\n")]
        assert encode(last) == (b"Name: HAProxy\n" + info)[:-1]
        assert begin.severity is None

    @pytest.mark.parametrize("name", ["through_map_hosts", "through_map_empty", "through_map_lists"])
    def test_the_same_through_a_master(self, reply: Loader, version: str, name: str) -> None:
        whole, route = reply(version, name), THROUGH[version]
        data, last, begin = read_data(whole, route)
        begins, _name, info = whole[1 if route.numbered else 0 :].partition(b"Name: HAProxy\n")
        assert data == begins.rstrip(b"\n")
        assert encode(last) == (b"Name: HAProxy\n" + info)[:-1]
        assert begin.severity is None

    @pytest.mark.parametrize("name", SHOWN)
    def test_cut_short_the_table_is_never_whole(self, reply: Loader, version: str, name: str) -> None:
        """Whoever asks looks into the table for who answers."""
        whole = reply(version, name)
        full = read_data(whole, DIRECT)[1]
        for end in range(len(whole)):
            try:
                _data, last, _begin = read_data(whole[:end], DIRECT)
            except ClosedEarly:
                continue
            assert last != full
            assert "Pid: " not in last

    @pytest.mark.parametrize("name", ["map_unknown", "acl_unknown", "map_unknown_get", "map_of_acl"])
    def test_a_refusal_is_how_it_begins(self, reply: Loader, version: str, name: str) -> None:
        _data, _last, begin = read_data(reply(version, name), DIRECT)
        assert begin.severity == 3
        assert begin.text.startswith(("Unknown map identifier", "Unknown ACL identifier"))


@pytest.mark.parametrize("route", [DIRECT, WHOLE, EACH], ids=["direct", "whole line", "each command"])
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"a\nb", id="lines"),
        pytest.param(b"a\n\nb", id="two tables"),
        pytest.param(b"0x1 \xe9\xff\x00", id="bytes"),
        pytest.param(b"0x1 k v\n" * 2000 + b"0x1 k v", id="more than is looked at for how it begins"),
        pytest.param(b"0x1 k " + b"v" * 4094, id="and as much as that"),
    ],
)
def test_read_data(route: Route, data: bytes) -> None:
    raw = (b"\n" if route.numbered else b"") + data + (b"\n\n" if data else b"\n") + b"Name: x\nPid: 1\n\n"
    found, last, begin = read_data(raw, route)
    assert (found, last) == (data, "Name: x\nPid: 1\n")
    assert begin.severity is None
    for end in range(len(raw) - 1, len(raw) - 18, -1):
        try:
            assert "Pid: 1\n" not in read_data(raw[:end], route)[1]
        except ClosedEarly:
            continue


@given(st.one_of(st.binary(max_size=60), st.binary(max_size=60).map(lambda raw: b"\n" + raw + b"\n\n")), ROUTES)
def test_any_bytes_are_data_or_an_error_of_the_tree(raw: bytes, route: Route) -> None:
    try:
        data, last, _begin = read_data(raw, route)
    except HAProxyError:
        return
    assert data in raw
    assert encode(last) in raw


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
