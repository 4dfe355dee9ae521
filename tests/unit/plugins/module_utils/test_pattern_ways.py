# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways to what is aimed at: their commands, carried out on a set in memory, make it so on every way."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.patterns import MAP, Ref
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    CommandRefused,
    InputError,
    ReplyNotUnderstood,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._keyed import Wish
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._merging import merged
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._plan import LISTED, Step
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.pattern_choice import cheaper_at_once
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.pattern_held import Held, Types
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.pattern_swaps import (
    Committing,
    Emptying,
    Loading,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.pattern_ways import Changing, Way, former
from hypothesis import example, given
from hypothesis import strategies as st

from unit.plugins.module_utils.pattern_sets import (
    FILE,
    REG,
    REG_ACL,
    STR,
    STR_ACL,
    SetInMemory,
    body_of,
    held,
    key,
    satisfied,
)
from unit.plugins.module_utils.support import facts, info_table, process, reply_of, talk

ENTRIES = st.builds(lambda k, v: k + b" " + v, st.sampled_from([b"a", b"b", b"c", b"d"]), st.sampled_from([b"1", b"2"]))
SETS = st.lists(ENTRIES, max_size=6)


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    lines = draw(SETS)
    exclusive = draw(st.booleans())
    keys = {key(line) for line in lines}
    gone = frozenset() if exclusive else frozenset(draw(st.sets(st.sampled_from([b"a", b"b", b"x"])))) - keys
    return Wish(lines, gone, exclusive, draw(st.booleans()))


def _types(wish: Wish, *, ordered: bool) -> Types:
    return (REG if ordered else STR) if wish.valued else (REG_ACL if ordered else STR_ACL)


def _texts(steps: Sequence[Step]) -> list[str]:
    return [step.command.text for step in steps]


# On a set in memory ----------------------------------------------------------------------------------------------


@given(SETS, wishes(), st.booleans())
@example([b"a 1", b"b 1"], Wish([b"b 1", b"a 1"], exclusive=True), True)
@example([b"a 1", b"b 1", b"a 2"], Wish([b"a 1", b"b 1"], exclusive=True), True)
@example([b"a 1", b"a 2", b"b 1"], Wish([b"a 1", b"a 3", b"b 1"], exclusive=True), True)
@example([b"c 1", b"b 1", b"a 1"], Wish([b"a 1", b"b 1"], exclusive=True), True)
def test_single_changes_make_the_wish_come_true(now: list[bytes], wish: Wish, ordered: bool) -> None:
    have = held(now, wish, types=_types(wish, ordered=ordered), version="2.2.9")
    way = Changing(wish)
    fake = SetInMemory(now, valued=wish.valued).tell(way.steps(have))
    assert satisfied(fake.entries, now, wish, ordered=ordered)
    assert way.predicted(have).deviation.size == len(fake.entries)
    after = held(fake.entries, wish, types=have.types)
    assert way.missed(after) == {}
    assert list(way.steps(after)) == []


@given(SETS, wishes())
def test_a_key_that_stays_is_never_missing_where_order_does_not_count(now: list[bytes], wish: Wish) -> None:
    have = held(now, wish, types=_types(wish, ordered=False))
    fake = SetInMemory(now, valued=wish.valued).tell(Changing(wish).steps(have))
    stays = {key(line, valued=wish.valued) for line in wish.lines}
    renewed = {name for name, _those in have.deviation.renewed}
    assert not fake.missing & (stays - renewed)


@given(SETS, wishes())
def test_a_version_that_is_loaded_and_committed_makes_the_wish_come_true(now: list[bytes], wish: Wish) -> None:
    have = held(now, wish, types=_types(wish, ordered=True))
    whole = wish if wish.exclusive else merged(have.body, wish)
    fake = SetInMemory(now, valued=wish.valued)
    fake.tell(Loading(whole).steps(have))
    assert fake.entries == now, "nothing that serves changes before the commit"
    fake.tell(Committing(whole).steps(have))
    assert satisfied(fake.entries, now, wish)
    assert Committing(whole).predicted(have).deviation.size == len(fake.entries)
    assert Committing(whole).missed(held(fake.entries, wish, types=have.types)) == {}


@given(SETS, st.integers(0, 2))
def test_emptying(now: list[bytes], extra: int) -> None:
    wish = Wish((), exclusive=True)
    have = held(now + [b"x 1"] * extra, wish, version="2.2.9")
    fake = SetInMemory(now).tell(Emptying(wish).steps(have))
    assert fake.entries == []
    assert Emptying(wish).predicted(have).deviation.size == 0
    assert bool(Emptying(wish).missed(have)) == bool(now or extra)


@given(SETS, wishes(), st.booleans(), st.integers(0, 20))
@example([b"a 1"], Wish([b"a 1", b"a 2"]), False, 1)
@example([b"a 1", b"a 2"], Wish([b"a 3"]), False, 1)
def test_the_way_back_restores_what_was_from_wherever_the_task_stopped(
    now: list[bytes], wish: Wish, ordered: bool, stop: int
) -> None:
    have = held(now, wish, types=_types(wish, ordered=ordered), version="2.2.9")
    steps = list(Changing(wish).steps(have))
    fake = SetInMemory(now, valued=wish.valued).tell(steps[:stop])
    back = Changing(former(have, wish))
    fake.tell(back.steps(held(fake.entries, back.target, types=have.types, version="2.2.9")))
    for name in {key(entry, valued=wish.valued) for entry in [*now, *wish.lines]}:
        there, was = (
            [entry for entry in those if key(entry, valued=wish.valued) == name] for those in (fake.entries, now)
        )
        # One that says the same twice is no worse for a lookup than one.
        assert list(dict.fromkeys(there)) == list(dict.fromkeys(was))


def test_the_way_back_leaves_alone_what_others_added_where_order_does_not_count() -> None:
    wish = Wish([b"a 1"], exclusive=True)
    have = held([b"a 1", b"b 1"], wish, version="2.2.9")
    fake = SetInMemory([b"a 1", b"b 1"]).tell(Changing(wish).steps(have))
    fake.entries.append(b"x 1")
    back = Changing(wish).former(have)
    fake.tell(back.steps(held(fake.entries, back.target, version="2.2.9")))
    assert sorted(fake.entries) == [b"a 1", b"b 1", b"x 1"]


@pytest.mark.parametrize(
    ("now", "lines"),
    [
        pytest.param([b"b 1", b"a 1", b"c 1"], [b"a 1", b"b 1", b"c 1"], id="another order"),
        pytest.param([b"a 1", b"x 1", b"b 1"], [b"a 1", b"b 1"], id="one that goes"),
        pytest.param([b"a 1", b"b 1", b"a 2"], [b"a 1", b"b 1"], id="one of a key's entries that goes"),
    ],
)
def test_the_way_back_restores_the_order_where_it_counts(now: list[bytes], lines: list[bytes]) -> None:
    wish = Wish(lines, exclusive=True)
    have = held(now, wish, types=REG, version="2.2.9")
    fake = SetInMemory(now).tell(Changing(wish).steps(have))
    assert fake.entries == lines
    back = Changing(wish).former(have)
    fake.tell(back.steps(held(fake.entries, back.target, types=REG, version="2.2.9")))
    assert fake.entries == now


# Commands --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "wish", "expected"),
    [
        pytest.param([b"a 1"], Wish([b"a 1"]), [], id="nothing"),
        pytest.param(
            [b"b 1", b"c 1"],
            Wish([b"a x y;", b"b 2"], frozenset([b"c"])),
            [f"add map {FILE} a x\\ y\\;", f"set map {FILE} b 2", f"del map {FILE} c"],
            id="what is new comes first, what goes last",
        ),
        pytest.param([b"a 1"], Wish([b"a x y"]), [f"set map {FILE} a x\\ y"], id="a value with a blank"),
        pytest.param(
            [b"a 1", b"a 2"],
            Wish([b"a 1"], exclusive=True),
            [f"del map {FILE} a", f"add map {FILE} a 1"],
            id="a key that is there twice is made anew",
        ),
        pytest.param([b"x 1", b"x 2"], Wish((), frozenset([b"x"])), [f"del map {FILE} x"], id="deleted once"),
        pytest.param(
            [b"a 1", b"#x 1"], Wish([b"a 1"], exclusive=True), [f"del map {FILE} #x"], id="a hash is no number in a key"
        ),
    ],
)
def test_commands_of_single_changes(now: list[bytes], wish: Wish, expected: list[str]) -> None:
    assert _texts(list(Changing(wish).steps(held(now, wish)))) == expected


@pytest.mark.parametrize(
    ("now", "lines", "expected"),
    [
        pytest.param([b"b 1", b"a 1"], [b"a 1", b"b 1"], ["del b", "add b"], id="one goes to the end"),
        pytest.param([b"a 1", b"c 1"], [b"a 1", b"b 1", b"c 1"], ["add b", "del c", "add c"], id="in between"),
        pytest.param(
            [b"a 1", b"x 1", b"c 1", b"b 1"], [b"a 1", b"b 1", b"c 1"], ["del c", "add c", "del x"], id="and surplus"
        ),
        pytest.param(
            [b"a 1", b"b 1", b"a 2"],
            [b"a 1", b"a 2", b"b 1"],
            ["del a", "add a", "add a", "del b", "add b"],
            id="a key with one entry in its place goes as a whole",
        ),
    ],
)
def test_commands_that_restore_an_order(now: list[bytes], lines: list[bytes], expected: list[str]) -> None:
    """Enough, and perhaps not the fewest: whatever stands before the first difference is left alone."""
    wish = Wish(lines, exclusive=True)
    steps = list(Changing(wish).steps(held(now, wish, types=REG, version="2.2.9")))
    fake = SetInMemory(now).tell(steps)
    assert fake.entries == lines
    said = [" ".join([step.command.text.split()[0], step.command.text.split()[3]]) for step in steps]
    same = next(n for n, line in enumerate(lines) if now[n : n + 1] != [line])
    kept = {key(line) for line in lines[:same]} - {key(line) for line in lines[same:]}
    assert not {text.split()[1].encode() for text in said} & kept
    assert {text.split()[1] for text in expected} <= {text.split()[1] for text in said}


def test_order_is_left_alone_where_it_does_not_count() -> None:
    wish = Wish([b"a 1", b"b 1"], exclusive=True)
    assert list(Changing(wish).steps(held([b"b 1", b"a 1"], wish, types=STR))) == []


@pytest.mark.parametrize("count", [1, LISTED, LISTED + 1, 3 * LISTED])
@pytest.mark.parametrize("room", [40, 15000])
def test_many_additions_to_a_map_travel_as_payloads(count: int, room: int) -> None:
    wish = Wish([b"key%d some value" % n for n in range(count)])
    steps = list(Changing(wish).steps(held([], wish, room=room)))
    assert SetInMemory([]).tell(steps).entries == list(wish.lines)
    if count <= LISTED:
        assert [step.command.text.split()[3] for step in steps] == [f"key{n}" for n in range(count)]
        assert all(step.seen for step in steps)
    else:
        assert all(step.command.payload and len(step.command.payload) < room for step in steps)
        assert len(steps) < count
        assert not any(step.seen for step in steps)


@pytest.mark.parametrize(
    ("lines", "single"),
    [
        pytest.param([b"a 1", b"b " + b"v" * 60], True, id="all fit"),
        pytest.param([b"a 1", b"b " + b";" * 60], False, id="the last does not"),
        pytest.param([b"a " + b";" * 60, b"b 1"], False, id="the first does not"),
    ],
)
def test_a_few_additions_travel_as_a_payload_where_one_is_too_long_with_its_backslashes(
    lines: list[bytes], single: bool
) -> None:
    wish = Wish(lines)
    steps = list(Changing(wish).steps(held([], wish, room=200, line=100)))
    assert SetInMemory([]).tell(steps).entries == lines
    assert [bool(step.command.payload) for step in steps] == ([False, False] if single else [True])


def test_additions_to_an_acl_are_single_commands_however_many() -> None:
    """HAProxy has no payload for them."""
    wish = Wish([b"key %d" % n for n in range(LISTED + 1)], valued=False)
    steps = list(Changing(wish).steps(held([], wish, types=STR_ACL)))
    assert SetInMemory([], valued=False).tell(steps).entries == list(wish.lines)
    assert not any(step.command.payload for step in steps)


@given(st.lists(st.integers(0, 60), max_size=30), st.integers(66, 200))
def test_payloads_are_as_few_as_fit_and_never_too_long(sizes: list[int], room: int) -> None:
    wish = Wish([b"%d " % n + b"v" * (size + 1) for n, size in enumerate(sizes)], exclusive=True)
    steps = list(Loading(wish).steps(held([], wish, room=room)))[1:]
    payloads = [step.command.payload.encode() for step in steps]
    assert b"\n".join(payloads) == b"\n".join(wish.lines)
    assert all(len(payload) + 1 <= room for payload in payloads)
    for n, other in enumerate(payloads[1:]):
        assert len(payloads[n]) + 1 + len(other.partition(b"\n")[0]) + 1 > room


@pytest.mark.parametrize(
    ("version", "level"), [("2.6.12", "user"), ("3.0.11", "user"), ("3.2.26", "user"), ("3.3.0", "admin")]
)
def test_what_is_loaded_and_committed(version: str, level: str) -> None:
    wish = Wish([b"a 1", b"b two words"], exclusive=True)
    have = held([], wish, version=version)
    load, commit = list(Loading(wish).steps(have)), list(Committing(wish).steps(have))
    assert _texts(load) == [f"prepare map {FILE}", f"add map @<version> {FILE}"]
    assert load[1].command.payload == "a 1\nb two words"
    assert not load[0].command.silent, "the number is its answer"
    assert _texts(commit) == [f"commit map @<version> {FILE}"]
    assert commit[0].command.witness == f"show map {FILE}"
    assert not any(step.seen for step in [*load, *commit]), "no later reading shows them"
    assert {step.command.level for step in [*load, *commit]} == {level}
    assert {step.command.feature for step in [*load, *commit]} == {"set_versions"}


def test_bytes_that_are_no_utf8_travel_as_they_are() -> None:
    wish = Wish([b"k\xe9 v\xff", "ü ß".encode()])
    for way in (Changing(wish), Loading(Wish(wish.lines, exclusive=True))):
        fake = SetInMemory([]).tell(way.steps(held([], wish)))
        assert (fake.entries or fake.drafts["1"]) == list(wish.lines)


@pytest.mark.parametrize("entry", [b"#0x1 v", b"#0xabc v"])
def test_a_key_that_haproxy_takes_for_a_pointer_is_never_deleted_by_it(entry: bytes) -> None:
    wish = Wish([b"a 1"], exclusive=True)
    with pytest.raises(InputError, match="takes for a pointer"):
        list(Changing(wish).steps(held([b"a 1", entry], wish)))


def test_a_set_that_is_gone_has_no_way() -> None:
    wish = Wish([b"a 1"])
    with pytest.raises(InputError, match="gone"):
        list(Changing(wish).steps(Held(facts(), wish)))


def test_a_way_that_says_nothing_leaves_all_as_it_is() -> None:
    wish = Wish([b"a 1"])
    have = held([], wish)
    assert Loading(wish).predicted(have) is have
    assert Loading(wish).missed(have) == {}
    with pytest.raises(NotImplementedError):
        Way(wish).steps(have)


# What is not as it should be -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "wish", "expected"),
    [
        pytest.param([], Wish([b"a 1"]), {"a": "there is no entry 'a'"}, id="missing"),
        pytest.param([b"a 2"], Wish([b"a 1"]), {"a": "'a 2' is the entry of 'a'"}, id="another value"),
        pytest.param([b"a 2"], Wish([], frozenset([b"a"])), {"a": "there is still an entry 'a'"}, id="still there"),
        pytest.param(
            [b"a 1", b"a 2"], Wish([b"a 1"], exclusive=True), {"a": "there are other entries of 'a'"}, id="twice"
        ),
        pytest.param(
            [b"b 1", b"a 1"],
            Wish([b"a 1", b"b 1"], exclusive=True),
            {"": "the entries are in another order"},
            id="another order",
        ),
        pytest.param([], Wish([b"\xe9 1"]), {"\\xe9": "there is no entry '\\\\xe9'"}, id="bytes are shown"),
        pytest.param([b"a 1"], Wish([b"a 1"]), {}, id="nothing"),
    ],
)
def test_what_is_missed_is_said(now: list[bytes], wish: Wish, expected: dict[str, str]) -> None:
    for way in (Changing(wish), Committing(wish), Emptying(wish)):
        missed = way.missed(held(now, wish, types=REG))
        assert missed == {(FILE, name): f"{FILE}: {text}" for name, text in expected.items()}


# What it costs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("have", "changed", "added", "version", "at_once"),
    [
        pytest.param(1_000_000, 100, 0, "3.0.11", False, id="100 of a million, by key"),
        pytest.param(1_000_000, 100, 0, "2.6.12", True, id="100 of a million, all searched for each"),
        pytest.param(1_000_000, 0, 100, "2.6.12", False, id="additions search nothing"),
        pytest.param(100, 10, 0, "3.0.11", False, id="a few of a few"),
        pytest.param(100, 10, 0, "2.6.12", False, id="a few of a few, all searched for each"),
        pytest.param(10_000, 10_000, 0, "3.0.11", True, id="all of many"),
        pytest.param(0, 0, 100_000, "3.0.11", True, id="many into nothing"),
        pytest.param(0, 0, 10, "3.0.11", False, id="a few into nothing"),
    ],
)
def test_which_way_is_cheaper(have: int, changed: int, added: int, version: str, at_once: bool) -> None:
    now = [b"key%d old" % n for n in range(have)]
    lines = [b"key%d new" % n for n in range(changed)] + [b"new%d x" % n for n in range(added)]
    wish = Wish(lines)
    one = held(now, wish, version=version)
    assert cheaper_at_once(one, wish, one.deviation) is at_once


# Looking at what was loaded --------------------------------------------------------------------------------------


def _inspected(lines: list[bytes], body: bytes, places: Sequence[int] = ()) -> object:
    wish = Wish(lines, exclusive=True)
    answer = b"\n" + body + (b"\n\n" if body else b"\n") + info_table()
    return talk(Loading(wish, places).inspect(process(), held([], wish), "7"), answer)


@pytest.mark.parametrize(
    ("lines", "there", "places", "words"),
    [
        pytest.param([b"a 1", b"b 2"], [b"a 1", b"b 2"], (), None, id="all"),
        pytest.param([], [], (), None, id="nothing of nothing"),
        pytest.param([b"a 1", b"b 2"], [b"a 1"], (), "did not take entry 2, 'b'", id="the last is missing"),
        pytest.param([b"a 1", b"b 2"], [], (), "did not take entry 1, 'a'", id="none"),
        pytest.param([b"a 1", b"b 2"], [b"a 1", b"b 3"], (), "did not take entry 2, 'b'", id="another value"),
        pytest.param([b"a 1"], [b"a 1", b"x 2"], (), "something else in version 7", id="more than was loaded"),
        pytest.param([b"a 1", b"b 2"], [b"b 2", b"a 1"], (), "something else in version 7", id="another order"),
        pytest.param([b"a 1", b"b 2"], [b"a 1"], (4, 9), "did not take entry 10, 'b'", id="the number in the task"),
    ],
)
def test_what_was_loaded_is_compared(
    lines: list[bytes], there: list[bytes], places: Sequence[int], words: str | None
) -> None:
    outcome = _inspected(lines, body_of(there), places)
    if words is None:
        assert outcome is None
    else:
        assert isinstance(outcome, InputError)
        assert words in outcome.message
        assert "p1" in str(outcome)


def test_what_shows_something_else_is_no_draft() -> None:
    assert isinstance(_inspected([b"a 1"], b"a 1"), ReplyNotUnderstood)
    assert isinstance(_inspected([b"a 1"], b"[3]: Unknown map identifier.\n"), CommandRefused)


@pytest.mark.parametrize("version", ["2.6", "3.0", "3.2", "3.4"])
def test_what_every_version_had_loaded_when_it_refused_one(version: str) -> None:
    """The captured payload was ``^/c z``, ``^(a x``, ``^/d z``."""
    wish = Wish([b"^/c z", b"^(a x", b"^/d z"], exclusive=True)
    have = held([], wish, name="/etc/haproxy/regs.map")
    outcome = talk(Loading(wish).inspect(process(), have, "1"), reply_of(version, "map_prepared_regs"))
    assert isinstance(outcome, InputError)
    assert outcome.message == "process p1 did not take entry 2, '^(a'"


def test_what_is_read_is_the_version() -> None:
    assert Ref(MAP, FILE, "user").show("7").text == f"show map @7 {FILE}"
