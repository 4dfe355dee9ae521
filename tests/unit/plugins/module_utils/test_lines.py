# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands as lines under the bounds, and how far a line of commands got: whole, and cut short at every byte."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.master import through_master
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.patterns import Ref
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    ClosedEarly,
    CommandRefused,
    HAProxyError,
    InputError,
    ProcessReplaced,
    ReplyNotUnderstood,
    TimedOut,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._lines import (
    Batch,
    Joined,
    batches,
    read_joined,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._lines import given as number_in
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import (
    DIRECT,
    VERSION,
    Command,
    Reply,
    Route,
    encode,
    line_of,
    longest_line,
    longest_payload,
    word,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._telling import Told, tell
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._witnessed import read_witnessed
from hypothesis import example, given
from hypothesis import strategies as st

from unit.plugins.module_utils.support import (
    VERSIONS,
    Answer,
    ScriptedConverse,
    facts,
    process,
    reply_of,
)
from unit.plugins.module_utils.support import Reply as Loader

WHOLE, EACH = through_master(4711, whole_line=True), through_master(4711, whole_line=False)
# Which of them each captured version's master takes.
THROUGH = {version: WHOLE if tuple(map(int, version.split("."))) >= (3, 2) else EACH for version in VERSIONS}
ROUTES = st.sampled_from([DIRECT, WHOLE, EACH])

# Bounds ----------------------------------------------------------------------------------------------------------

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


def test_nothing_to_send_is_no_request() -> None:
    assert list(batches([], longest_line(16384, long_lines=True), DIRECT)) == []


@pytest.mark.parametrize("over", [0, 1])
@pytest.mark.parametrize("route", [DIRECT, WHOLE, EACH], ids=["direct", "whole line", "each command"])
def test_a_single_command_at_the_bound_is_sent_and_one_over_it_is_refused(route: Route, over: int) -> None:
    bound = longest_line(16384, long_lines=False)
    command = Command("x" * (bound - len(route.start) - len(route.each) - 1 + over))
    if over:
        with pytest.raises(InputError, match="over the bound"):
            list(batches([command], bound, route))
    else:
        (batch,) = batches([command], bound, route)
        assert batch.request == line_of([command], bound, route)
        assert len(batch.request) == bound


@pytest.mark.parametrize("route", [DIRECT, WHOLE, EACH], ids=["direct", "whole line", "each command"])
def test_two_silent_commands_are_one_line(route: Route) -> None:
    commands = [Command("set a", silent=True), Command("set b", silent=True)]
    assert [batch.request for batch in batches(commands, 15000, route)] == [line_of(commands, 15000, route)]


QUIET = Command("set a", silent=True)
OTHER = Command("set b", silent=True)
LINES = Command("add map /f", silent=True, payload="k v\nl w")
SEEING = Command("commit map /f", witness="show map /f")


@pytest.mark.parametrize("route", [DIRECT, WHOLE, EACH], ids=["direct", "whole line", "each command"])
@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        pytest.param([LINES, LINES], [(LINES,), (LINES,)], id="two payloads"),
        pytest.param([LINES, QUIET], [(LINES,), (QUIET,)], id="a payload first"),
        pytest.param([QUIET, LINES], [(QUIET,), (LINES,)], id="a payload last"),
        pytest.param([QUIET, SEEING, QUIET, QUIET], [(QUIET,), (SEEING,), (QUIET, QUIET)], id="a witness"),
    ],
)
def test_what_has_a_payload_or_a_witness_stands_alone(
    route: Route, commands: list[Command], expected: list[tuple[Command, ...]]
) -> None:
    made = list(batches(commands, 15000, route, 15000))
    assert [batch.commands for batch in made] == expected
    assert [batch.request for batch in made] == [line_of(those, 15000, route, 15000) for those in expected]


def test_a_payload_may_be_longer_than_a_line() -> None:
    long = Command("add map /f", silent=True, payload="v" * 9000)
    assert [batch.commands for batch in batches([QUIET, long], 8000, DIRECT, longest_payload(16384))] == [
        (QUIET,),
        (long,),
    ]
    with pytest.raises(InputError, match="over the bound"):
        list(batches([long], 8000, DIRECT))


# Numbers that HAProxy gives out ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("New version created: 7", "7"),
        ("New version created: 4294967295", "4294967295"),
        ("New version created: ", ""),
        ("new version created: 7", ""),
        ("It said: New version created: 7", ""),
        ("", ""),
        ("Unknown map identifier. Please use #<id> or <file>.", ""),
    ],
)
def test_the_number_in_haproxys_words(text: str, number: str) -> None:
    assert number_in(text) == number


@pytest.mark.parametrize(
    ("request_", "filled"),
    [
        pytest.param(b"show info\n", b"show info\n", id="nothing to fill"),
        pytest.param(b"add map @<version> /f k v\n", b"add map @7 /f k v\n", id="a command"),
        pytest.param(
            b"add map @<version> /f a b;add map @<version> /f c d\n",
            b"add map @7 /f a b;add map @7 /f c d\n",
            id="several",
        ),
        pytest.param(
            b"add map @<version> /f <<\nk <version>\n<version> v\n\n",
            b"add map @7 /f <<\nk <version>\n<version> v\n\n",
            id="never in the payload",
        ),
        pytest.param(
            b"show map /f;commit map @<version> /f\n", b"show map /f;commit map @7 /f\n", id="behind a witness"
        ),
    ],
)
def test_the_number_is_filled_into_commands_and_nowhere_else(request_: bytes, filled: bytes) -> None:
    assert Batch((), request_).filled("7") == filled


@given(st.text(st.sampled_from("<>version\\ab ;"), min_size=1, max_size=20))
@example("<version>")
@example("\\<version>")
def test_what_a_user_wrote_is_never_taken_for_the_place_of_a_number(text: str) -> None:
    command = Command(f"add map @{VERSION} {word(text)} {word(text)}")
    (batch,) = batches([command], 15000, DIRECT)
    assert batch.filled("7") == encode(f"{DIRECT.start}add map @7 {word(text)} {word(text)}\n")


# What is read before a command -----------------------------------------------------------------------------------

RANGE = "Version number out of range."
UNKNOWN = "Unknown map identifier. Please use #<id> or <file>."
# file → HAProxy's words, and whether the set had entries
WITNESSED = {
    "map_commit": (None, True),
    "map_commit_range": (RANGE, True),
    "map_commit_again": (RANGE, True),
    "map_commit_empty": (None, False),
    "map_commit_empty_range": (RANGE, False),
    "map_commit_unknown": (UNKNOWN, None),
    "acl_commit": (None, True),
}
VERSIONED = [version for version in VERSIONS if version != "2.2"]


@pytest.mark.parametrize("version", VERSIONED)
class TestWitnessedRepliesOfEveryVersion:
    @pytest.mark.parametrize("name", WITNESSED)
    def test_what_was_read_and_what_became_of_the_command(self, reply: Loader, version: str, name: str) -> None:
        words, filled = WITNESSED[name]
        seen, refusal = read_witnessed(reply(version, name), DIRECT)
        assert refusal == ((words, 3) if words else None)
        _is_as_read(reply(version, name), seen, filled)

    @pytest.mark.parametrize("name", [f"through_{name}" for name in WITNESSED if "again" not in name and "map" in name])
    def test_through_a_master(self, reply: Loader, version: str, name: str) -> None:
        words, filled = WITNESSED[name.partition("_")[2]]
        seen, refusal = read_witnessed(reply(version, name), THROUGH[version])
        assert refusal == ((words, 3) if words else None)
        _is_as_read(reply(version, name), seen, filled)

    @pytest.mark.parametrize(
        "name", [*WITNESSED, *(f"through_{name}" for name in WITNESSED if "again" not in name and "map" in name)]
    )
    def test_cut_short_it_is_never_believed(self, reply: Loader, version: str, name: str) -> None:
        """Only a refusal whose words are whole can be known before the end."""
        whole = reply(version, name)
        through = name.startswith("through_")
        route = THROUGH[version] if through else DIRECT
        words, _filled = WITNESSED[name.partition("_")[2] if through else name]
        full = read_witnessed(whole, route)
        for end in range(len(whole)):
            try:
                seen, refusal = read_witnessed(whole[:end], route)
            except ClosedEarly:
                continue
            assert words is not None, f"success is claimed after {end} of {len(whole)} bytes"
            assert refusal == full[1]
            # The set that nobody knows is refused twice, and the first time is enough.
            assert seen == full[0] or words == UNKNOWN

    def test_a_socket_that_may_not(self, reply: Loader, version: str) -> None:
        seen, refusal = read_witnessed(reply(version, "map_commit_operator"), DIRECT)
        if version == "3.4":
            assert refusal == ("Permission denied", 3)
        else:
            assert (refusal, seen.partition(b" ")[2]) == (None, b"o 1")

    @pytest.mark.parametrize("name", ["gone_facts", "gone_silence"])
    def test_a_worker_that_has_ended_is_told(self, reply: Loader, version: str, name: str) -> None:
        with pytest.raises(ProcessReplaced, match="has ended"):
            read_witnessed(reply(version, name), THROUGH[version])


def _is_as_read(whole: bytes, seen: bytes, filled: bool | None) -> None:
    if filled:
        assert seen.startswith(b"0x55d0c0000010 ")
        assert whole.lstrip(b"\n").startswith(seen + b"\n\n")
        assert b"\n\n" not in seen
    elif filled is False:
        assert seen == b""


ENTRY = st.binary(max_size=8).filter(lambda entry: b"\n" not in entry)
# A line's end within an entry: somebody loaded it without a value, and it took the next line for one.
BODIES = st.lists(st.one_of(ENTRY, st.just(b"a\nb c"), st.just(b"a\n[3]: c d")), max_size=4).map(
    lambda entries: b"\n".join(b"0x55d0c00000%d0 " % n + entry for n, entry in enumerate(entries))
)


@given(BODIES, st.sampled_from(["", RANGE, UNKNOWN, "Missing version number."]), ROUTES)
@example(b"", RANGE, EACH)
@example(b"0x1 [3]: x\n0x2 \n0x3 y", "", EACH)
def test_whole_and_byte_by_byte(body: bytes, words: str, route: Route) -> None:
    said = (f"[3]: {words}\n" if route.numbered else f"{words}\n") if words else ""
    raw = (b"\n" if route.numbered else b"") + (body + b"\n\n" if body else b"\n") + said.encode() + b"\n"
    expected = Reply(words, 3) if words else None
    assert read_witnessed(raw, route) == (body, expected)
    for end in range(len(raw)):
        try:
            seen, refusal = read_witnessed(raw[:end], route)
        except (ClosedEarly, ReplyNotUnderstood):
            continue
        assert refusal is not None
        assert (seen, refusal) == (body, expected)


@given(st.binary(max_size=60), ROUTES)
@example(b"HTTP/1.0 400 Bad request\n\n\n", DIRECT)
@example(b"\n\n", DIRECT)
@example(b"\n", EACH)
def test_success_is_silence_at_the_end_and_nothing_else(raw: bytes, route: Route) -> None:
    try:
        seen, refusal = read_witnessed(raw, route)
    except HAProxyError:
        return
    assert seen in raw
    if refusal is None:
        start = b"\n" if route.numbered else b""
        assert raw == start + seen + (b"\n\n\n" if seen else b"\n\n")


# Joined commands -------------------------------------------------------------------------------------------------

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


@pytest.mark.parametrize("version", VERSIONS)
class TestRepliesOfEveryVersion:
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
        pytest.param(b"X\n\n", 1, id="a letter before the answers"),
        pytest.param(b"X", 1, id="a letter alone"),
    ],
)
def test_joined_replies_that_do_not_fit(raw: bytes, count: int) -> None:
    with pytest.raises((ClosedEarly, ReplyNotUnderstood)):
        read_joined(raw, count, DIRECT)


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


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["gone_facts", "gone_silence"])
def test_a_worker_that_has_ended_answers_no_joined_command(reply: Loader, version: str, name: str) -> None:
    with pytest.raises(ProcessReplaced, match="has ended"):
        read_joined(reply(version, name), 1, THROUGH[version])


# Telling ---------------------------------------------------------------------------------------------------------

REF = Ref("map", "/f", "user")
LOAD = (REF.prepare(), REF.add_lines("k <version>", VERSION), REF.add("a", "b", VERSION))


def _told(*answers: Answer, commands: Sequence[Command] = LOAD, version: str = "") -> tuple[Told, list[str]]:
    waiting = iter(answers)
    converse = ScriptedConverse(lambda _exchange: next(waiting, answers[-1]))
    (told,) = converse([tell(process(known=facts("3.0.11")), commands, version)], 1.0)
    assert isinstance(told, Told)
    return told, converse.lines


@pytest.mark.parametrize("version", VERSIONED)
def test_the_number_that_was_given_out_is_in_all_that_follows(version: str) -> None:
    told, lines = _told(reply_of(version, "map_prepare"), reply_of(version, "map_prepared_lines"))
    assert lines == ["prepare map /f", "add map @1 /f <<\nk <version>\n", "add map @1 /f a b"]
    assert told == Told(LOAD, words={LOAD[0]: "New version created: 1"}, version="1")


def test_the_last_number_counts_and_is_kept_when_something_fails() -> None:
    two = (REF.prepare(), REF.add("a", "b", VERSION), REF.prepare(), REF.add("c", "d", VERSION))
    one, other = b"\n[6]: New version created: 6\n\n", b"\n[6]: New version created: 7\n\n"
    told, lines = _told(one, b"\n\n", other, b"\n[3]: no.\n\n", commands=two)
    assert lines == ["prepare map /f", "add map @6 /f a b", "prepare map /f", "add map @7 /f c d"]
    assert (told.version, told.done, told.refused) == ("7", two[:3], two[3:])


def test_a_number_that_was_given_out_before_is_filled_in() -> None:
    commit = REF.commit()
    told, lines = _told(b"\n\n\n", commands=[commit], version="12")
    assert lines == ["show map /f;commit map @12 /f"]
    assert told == Told((commit,), version="12", seen={commit: b""})


def test_of_a_line_that_is_not_answered_the_first_command_is_named() -> None:
    told, lines = _told(TimedOut("it did not answer"), commands=[QUIET, OTHER])
    assert lines == [f"{QUIET.text};{OTHER.text}"]
    assert (told.done, told.unsure) == ((), (QUIET, OTHER))
    assert told.error is not None
    assert (told.error.process, told.error.command) == ("p1", QUIET.shown)


@pytest.mark.parametrize("version", VERSIONED)
def test_what_was_read_before_a_commit_is_told(version: str) -> None:
    commit = REF.commit()
    told, _lines = _told(reply_of(version, "map_commit_again"), commands=[commit], version="1")
    assert told.refused == (commit,)
    assert (told.done, told.unsure) == ((), ())
    assert isinstance(told.error, CommandRefused)
    assert told.error.answer == RANGE
    filled, _lines = _told(reply_of(version, "map_commit"), commands=[commit], version="1")
    assert filled.done == (commit,)
    assert list(filled.seen) == [commit]
    assert filled.seen[commit].startswith(b"0x55d0c0000010 a.example www\n")
    empty, _lines = _told(reply_of(version, "map_commit_empty"), commands=[commit], version="1")
    assert empty.seen == {commit: b""}


@pytest.mark.parametrize("version", VERSIONED)
def test_a_commit_whose_answer_is_cut_short_is_unsure(version: str) -> None:
    commit = REF.commit()
    whole = reply_of(version, "map_commit_empty")
    for end in range(len(whole)):
        told, _lines = _told(whole[:end], commands=[commit, QUIET], version="1")
        assert (told.done, told.unsure, told.not_attempted) == ((), (commit,), (QUIET,))
        assert isinstance(told.error, ClosedEarly)
        assert told.seen == {}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_payload_that_is_refused_is_refused_as_a_whole(version: str) -> None:
    lines = REF.add_lines("10.2.0.0/16 x\nnotanip y\n10.3.0.0/16 z")
    told, _lines = _told(reply_of(version, "map_add_lines_refused"), commands=[lines, QUIET])
    assert (told.done, told.refused, told.not_attempted) == ((), (lines,), (QUIET,))
    assert isinstance(told.error, CommandRefused)
    assert told.error.answer == "'notanip' is not a valid IPv4 or IPv6 address."
    assert "10.3.0.0" not in told.error.message
