# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs from a wish, against a set that is told the changes as HAProxy would be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._comparing import compare
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._keyed import (
    EMPTY,
    Deviation,
    Wish,
    key_of,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._merging import merged
from hypothesis import example, given
from hypothesis import strategies as st

from unit.plugins.module_utils.pattern_sets import body_of, key, satisfied

# Wishes --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "valued", "expected"),
    [(b"a b c", True, b"a"), (b"a ", True, b"a"), (b"a b c", False, b"a b c"), (b"a\tb c", True, b"a\tb")],
)
def test_key_of(entry: bytes, valued: bool, expected: bytes) -> None:
    assert key_of(entry, valued=valued) == expected


@pytest.mark.parametrize(
    ("lines", "valued", "places", "repeats"),
    [
        pytest.param([], True, {}, {}, id="nothing"),
        pytest.param([b"a 1", b"b 2"], True, {b"a": 0, b"b": 1}, {}, id="two"),
        pytest.param([b"a 1", b"b 2", b"a 3"], True, {b"a": 0, b"b": 1}, {b"a": [0, 2]}, id="a key twice"),
        pytest.param([b"a 1", b"a 2", b"a 1"], True, {b"a": 0}, {b"a": [0, 1, 2]}, id="thrice"),
        pytest.param([b"a 1", b"a 2"], False, {b"a 1": 0, b"a 2": 1}, {}, id="an ACL's keys hold blanks"),
        pytest.param([b"a", b"a"], False, {b"a": 0}, {b"a": [0, 1]}, id="an ACL's key twice"),
    ],
)
def test_places_and_repeats(
    lines: list[bytes], valued: bool, places: dict[bytes, int], repeats: dict[bytes, list[int]]
) -> None:
    wish = Wish(lines, valued=valued)
    assert (wish.places, wish.repeats) == (places, repeats)


# Deviations ------------------------------------------------------------------------------------------------------


def _wish(*lines: bytes, gone: Sequence[bytes] = (), exclusive: bool = False) -> Wish:
    return Wish(lines, frozenset(gone), exclusive)


MANY = [b"k%d 1" % number for number in range(30)]


def _as_lists(found: Deviation) -> list[object]:
    return [list(part) if isinstance(part, Sequence) else part for part in found]


@pytest.mark.parametrize(
    ("now", "wish", "expected"),
    [
        pytest.param([], _wish(), EMPTY, id="nothing wished of nothing"),
        pytest.param([b"a 1"], _wish(b"a 1"), Deviation(1), id="as wished"),
        pytest.param([b"a 1"], _wish(b"a 1", exclusive=True), Deviation(1), id="exactly as wished"),
        pytest.param([b"x 1"], _wish(b"a 1", b"b 1"), Deviation(1, missing=[0, 1]), id="missing"),
        pytest.param([*MANY[:7], b"k7 2", *MANY[8:]], _wish(*MANY), Deviation(30, changed=[(7, b"k7 2")]), id="one of many"),
        pytest.param(
            [*MANY[:7], b"k7 2", *MANY[8:29], b"k29 "], _wish(*MANY, exclusive=True),
            Deviation(30, changed=[(7, b"k7 2"), (29, b"k29 ")]), id="two of many",
        ),
        pytest.param([*MANY[:7], b"x 1", *MANY[8:]], _wish(*MANY), Deviation(30, missing=[7]), id="another one of many"),
        pytest.param(
            [*MANY[:7], b"k7 2", b"x 1", *MANY[9:]], _wish(*MANY, exclusive=True),
            Deviation(30, missing=[8], changed=[(7, b"k7 2")], surplus=[b"x 1"], disordered=True),
            id="one of many and another one",
        ),
        pytest.param(
            [*MANY[:7], b"k7 2", *MANY[8:], b"k7 5"], _wish(*MANY, b"k7 5"),
            Deviation(31, renewed=[(b"k7", [b"k7 2", b"k7 5"])]), id="one of many that is there twice",
        ),
        pytest.param(
            [*MANY[:7], b"k7 2", *MANY[8:], b"k7 6"], _wish(*MANY, b"k7 5"),
            Deviation(31, renewed=[(b"k7", [b"k7 2", b"k7 6"])]), id="both of two among many",
        ),
        pytest.param(
            [*MANY[:7], b"k7 2", b"k8 2", *MANY[9:29], b"k3 1"], _wish(*MANY),
            Deviation(30, missing=[29], changed=[(7, b"k7 2"), (8, b"k8 2")], repeated=[(b"k3", 2)]),
            id="some of many, and one of another key in the place of the last",
        ),
        pytest.param(
            [*MANY[:7], b"k9 2", *MANY[8:]], _wish(*MANY), Deviation(30, missing=[7], changed=[(9, b"k9 2")],
            repeated=[(b"k9", 2)]), id="another key's in the place of one of many",
        ),
        pytest.param(
            [*MANY[:7], b"k7 2", *MANY[8:], b"k9 5"], _wish(*MANY, b"k9 5"), Deviation(31, changed=[(7, b"k7 2")]),
            id="one of many, and another is there twice",
        ),
        pytest.param(
            [*MANY[:7], b"x 1", *MANY[8:]], _wish(*MANY, exclusive=True),
            Deviation(30, missing=[7], surplus=[b"x 1"], disordered=True), id="another one of exactly many",
        ),
        pytest.param(
            [*MANY[:7], b"k77 1", *MANY[8:]], _wish(*MANY), Deviation(30, missing=[7]), id="a longer key among many"
        ),
        pytest.param(
            [*MANY[:7], *reversed(MANY[7:9]), *MANY[9:]], _wish(*MANY, exclusive=True), Deviation(30, disordered=True),
            id="two of many change places",
        ),
        pytest.param([b"a 2", b"x 1"], _wish(b"a 1"), Deviation(2, changed=[(0, b"a 2")]), id="another value"),
        pytest.param([b"a "], _wish(b"a 1"), Deviation(1, changed=[(0, b"a ")]), id="no value"),
        pytest.param([b"a 1 "], _wish(b"a 1"), Deviation(1, changed=[(0, b"a 1 ")]), id="a blank at the end"),
        pytest.param([b"aa 1"], _wish(b"a 1"), Deviation(1, missing=[0]), id="the key is exact"),
        pytest.param([b"A 1"], _wish(b"a 1"), Deviation(1, missing=[0]), id="and so is its case"),
        pytest.param([b"x 1"], _wish(gone=[b"a"]), Deviation(1), id="gone already"),
        pytest.param([b"a 1", b"b 1"], _wish(gone=[b"a"]), Deviation(2, surplus=[b"a 1"]), id="to go"),
        pytest.param(
            [b"a 1", b"b 1", b"a 2"], _wish(gone=[b"a"]), Deviation(3, surplus=[b"a 1", b"a 2"]), id="to go, twice"
        ),
        pytest.param(
            [b"a 1", b"b 1"], _wish(b"b 1", exclusive=True), Deviation(2, surplus=[b"a 1"]), id="surplus of a set"
        ),
        pytest.param([b"a 1"], _wish(exclusive=True), Deviation(1, surplus=[b"a 1"]), id="to be emptied"),
        pytest.param(
            [b"b 1", b"a 1"], _wish(b"a 1", b"b 1", exclusive=True), Deviation(2, disordered=True), id="another order"
        ),
        pytest.param([b"b 1", b"a 1"], _wish(b"a 1", b"b 1"), Deviation(2), id="order counts in exact sets only"),
        pytest.param(
            [b"a 1"], _wish(b"a 1", b"b 1", exclusive=True), Deviation(1, missing=[1]), id="what is added comes last"
        ),
        pytest.param(
            [b"b 1"],
            _wish(b"a 1", b"b 1", exclusive=True),
            Deviation(1, missing=[0], disordered=True),
            id="what is added must not come last",
        ),
        pytest.param(
            [b"x 1", b"b 1", b"a 1"],
            _wish(b"b 1", b"a 1", exclusive=True),
            Deviation(3, surplus=[b"x 1"]),
            id="what goes has no order",
        ),
        pytest.param(
            [b"a 1", b"a 1"], _wish(b"a 1"), Deviation(2, repeated=[(b"a", 2)]), id="twice the same is only told"
        ),
        pytest.param(
            [b"a 1", b"a 2", b"a 3"],
            _wish(b"a 1"),
            Deviation(3, changed=[(0, b"a 2")], repeated=[(b"a", 3)]),
            id="twice, and another value is hidden behind the right one",
        ),
        pytest.param(
            [b"a 1", b"a 1"],
            _wish(b"a 1", exclusive=True),
            Deviation(2, renewed=[(b"a", [b"a 1", b"a 1"])], repeated=[(b"a", 2)]),
            id="twice the same is repaired in an exact set",
        ),
        pytest.param(
            [b"x 1", b"x 2"],
            _wish(b"a 1", exclusive=True),
            Deviation(2, missing=[0], surplus=[b"x 1", b"x 2"]),
            id="twice what is to go",
        ),
        pytest.param(
            [b"a 1"], _wish(b"a 1", b"a 2"), Deviation(1, missing=[1]), id="a key that is wished twice is there once"
        ),
        pytest.param([b"a 1", b"a 2"], _wish(b"a 1", b"a 2"), Deviation(2), id="wished twice and there twice"),
        pytest.param(
            [b"a 2", b"a 1"],
            _wish(b"a 1", b"a 2"),
            Deviation(2, renewed=[(b"a", [b"a 2", b"a 1"])]),
            id="wished twice and there in another order",
        ),
        pytest.param(
            [b"a 2"],
            _wish(b"a 1", b"a 2"),
            Deviation(1, renewed=[(b"a", [b"a 2"])]),
            id="wished twice and only the second is there",
        ),
        pytest.param([], _wish(b"a 1", b"a 2"), Deviation(0, missing=[0, 1]), id="wished twice and not there"),
        pytest.param(
            [b"a 1", b"b 1"],
            _wish(b"a 1", b"a 2", b"b 1", exclusive=True),
            Deviation(2, missing=[1], disordered=True),
            id="wished twice, and the second would come last",
        ),
        pytest.param([b"a\nb 1"], _wish(b"a 1", exclusive=True), Deviation(1, missing=[0], surplus=[b"a\nb 1"]),
                     id="an entry with a line's end goes"),
    ],
)  # fmt: skip
def test_compare(now: list[bytes], wish: Wish, expected: Deviation) -> None:
    assert _as_lists(compare(body_of(now), wish)) == _as_lists(expected)


@pytest.mark.parametrize(
    ("now", "wish", "expected"),
    [
        pytest.param([b"a b"], Wish([b"a"], valued=False), Deviation(1, missing=[0]), id="the key is the whole line"),
        pytest.param([b"a"], Wish([b"a"], valued=False), Deviation(1), id="there"),
        pytest.param(
            [*MANY[:7], b"k7 2", *MANY[8:]], Wish(MANY, exclusive=True, valued=False),
            Deviation(30, missing=[7], surplus=[b"k7 2"], disordered=True), id="another line among many",
        ),
        pytest.param([b"a", b"a"], Wish([b"a"], valued=False), Deviation(2, repeated=[(b"a", 2)]), id="there twice"),
        pytest.param(
            [b"a b", b"a"], Wish([], frozenset([b"a"]), valued=False), Deviation(2, surplus=[b"a"]), id="gone"
        ),
    ],
)  # fmt: skip
def test_compare_without_values(now: list[bytes], wish: Wish, expected: Deviation) -> None:
    assert _as_lists(compare(body_of(now), wish)) == _as_lists(expected)


@pytest.mark.parametrize(
    ("found", "changes", "nothing"),
    [
        (EMPTY, 0, True),
        (Deviation(5, repeated=[(b"a", 2)]), 0, True),
        (Deviation(5, disordered=True), 0, False),
        (Deviation(5, [1, 2], [(0, b"a 1")], [b"b 1"], [(b"c", [b"c 1", b"c 2"])]), 5, False),
    ],
)
def test_how_many_entries_are_not_as_wished(found: Deviation, changes: int, nothing: bool) -> None:
    assert (found.changes, found.nothing) == (changes, nothing)


ENTRIES = st.builds(lambda k, v: k + b" " + v, st.sampled_from([b"a", b"b", b"c", b"d"]), st.sampled_from([b"1", b"2"]))
SETS = st.lists(ENTRIES, max_size=7)


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    lines = draw(SETS)
    gone: frozenset[bytes] = frozenset()
    exclusive = draw(st.booleans())
    if not exclusive:
        gone = frozenset(draw(st.lists(st.sampled_from([b"a", b"b", b"c", b"x"])))) - {key(line) for line in lines}
    return Wish(lines, gone, exclusive, draw(st.sampled_from([True, True, False])))


def _changed(now: Sequence[bytes], wish: Wish, found: Deviation) -> list[bytes]:
    """What the changes make of a set: what is added comes last, one change or deletion is of all entries of its key."""
    made = list(now)

    def name(entry: bytes) -> bytes:
        return key(entry, valued=wish.valued)

    made += [wish.lines[place] for place in found.missing]
    for place, entry in found.changed:
        line = wish.lines[place]
        assert entry in now
        assert name(entry) == name(line)
        made = [line if name(other) == name(line) else other for other in made]
    for renewed, those in found.renewed:
        assert [entry for entry in now if name(entry) == renewed] == those
        made = [entry for entry in made if name(entry) != renewed]
        made += [line for line in wish.lines if name(line) == renewed]
    for entry in found.surplus:
        assert entry in now
        made = [other for other in made if name(other) != name(entry)]
    return made


@given(SETS, wishes())
@example([b"a 1", b"b 1", b"a 2"], Wish([b"a 1"], exclusive=True))
@example([b"b 1", b"a 1"], Wish([b"a 1", b"b 1"], exclusive=True))
@example([b"a 1", b"a 2"], Wish([b"a 2"]))
@example([b"b 1", b"a 1"], Wish([b"a 1", b"a 2", b"b 1"], exclusive=True))
def test_the_changes_make_the_wish_come_true(now: list[bytes], wish: Wish) -> None:
    found = compare(body_of(now), wish)
    after = _changed(now, wish, found)
    assert satisfied(after, now, wish, ordered=False)
    assert found.size == len(now)
    assert found.afterwards(wish) == len(after)
    if wish.exclusive and not found.renewed:  # what is made anew is in its order when it is made
        assert found.disordered == (after != list(wish.lines))
    else:
        assert not found.disordered


@given(SETS, wishes())
def test_nothing_is_to_be_done_exactly_when_the_wish_has_come_true(now: list[bytes], wish: Wish) -> None:
    assert compare(body_of(now), wish).nothing == satisfied(now, now, wish)


@given(SETS, wishes())
def test_nothing_more_is_changed_than_differs(now: list[bytes], wish: Wish) -> None:
    found = compare(body_of(now), wish)

    def those(entries_: Sequence[bytes], name: bytes) -> list[bytes]:
        return [entry for entry in entries_ if key(entry, valued=wish.valued) == name]

    touched = [key(wish.lines[place], valued=wish.valued) for place, _now in found.changed]
    touched += [name for name, _those in found.renewed]
    assert max(Counter(touched).values(), default=0) <= 1
    for name in touched:
        assert those(now, name) != those(wish.lines, name)
    for name, times in found.repeated:
        assert times == len(those(now, name)) > len(those(wish.lines, name)) > 0
    assert len(set(found.missing)) == len(found.missing)
    assert list(found.missing) == sorted(found.missing)


@given(SETS, wishes())
def test_merged_is_everything_that_is_there_when_the_wish_has_come_true(now: list[bytes], wish: Wish) -> None:
    wish = Wish(wish.lines, wish.gone, valued=wish.valued)
    whole = merged(body_of(now), wish)
    assert whole.exclusive
    assert whole.valued == wish.valued
    assert satisfied(whole.lines, now, wish)
    assert sorted(whole.lines) == sorted(_changed(now, wish, compare(body_of(now), wish)))


@pytest.mark.parametrize(
    ("now", "wish", "expected"),
    [
        pytest.param([], _wish(), [], id="nothing"),
        pytest.param([b"x 1", b"a 1", b"y 1"], _wish(b"a 2"), [b"x 1", b"a 2", b"y 1"], id="a value in its place"),
        pytest.param([b"x 1"], _wish(b"b 1", b"a 1"), [b"x 1", b"b 1", b"a 1"], id="what is new comes last"),
        pytest.param([b"x 1", b"a 1", b"x 2"], _wish(gone=[b"x"]), [b"a 1"], id="what goes is not there"),
        pytest.param([b"a 1", b"x 1", b"a 2"], _wish(b"a 3"), [b"a 3", b"x 1", b"a 3"], id="a key that is there twice"),
        pytest.param(
            [b"x 1", b"a 1", b"y 1", b"a 9"], _wish(b"a 1", b"a 2"), [b"x 1", b"a 1", b"a 2", b"y 1"], id="wished twice"
        ),
    ],
)
def test_merged(now: list[bytes], wish: Wish, expected: list[bytes]) -> None:
    assert list(merged(body_of(now), wish).lines) == expected
