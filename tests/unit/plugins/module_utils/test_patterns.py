# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A map or an ACL as a resource: what it reads on every version, which way it takes, what it tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.patterns import ACL, MAP
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    FeatureMissing,
    InputError,
    ObjectNotFound,
    Overtaken,
    PermissionDenied,
    ReplyNotUnderstood,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import PerProcess
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._keyed import Wish
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._listing import entries
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._pattern_options import PATTERNS, RULES, naming
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._planning import plan
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.pattern_held import Held, Types
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.pattern_names import NameOf
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.patterns import Patterns, patterns_of
from hypothesis import given
from hypothesis import strategies as st

from unit.plugins.module_utils.pattern_sets import (
    FILE,
    IP,
    REG,
    STR,
    STR_ACL,
    SetInMemory,
    absent,
    body_of,
    held,
    satisfied,
)
from unit.plugins.module_utils.support import (
    VERSIONS,
    ScriptedConverse,
    by_line,
    facts,
    fleet_of,
    process,
    reply_of,
)

HERE = "/etc/haproxy"
IP_ACL = Types(frozenset({("ip", "sensitive")}), "")
CODES = Types(frozenset({("str", "sensitive")}), "sint")
DEFAULTS: dict[str, Any] = {name: spec.get("default") for name, spec in PATTERNS.items()}


def _resource(kind: str, name: str, **options: Any) -> Patterns:
    return patterns_of(kind, {**DEFAULTS, kind: name, **options})


# Options ---------------------------------------------------------------------------------------------------------


def test_options() -> None:
    wished = _resource(MAP, "/f", entries={"a": "1"}, atomic="always", persist=True, backup=True)
    assert (wished.name.kind, wished.name.name) == (MAP, "/f")
    assert (wished.always, wished.persist, wished.backup) == (True, True, True)
    assert list(wished.wish.lines) == [b"a 1"]
    usual = _resource(ACL, "/f", entries=["a"])
    assert (usual.always, usual.persist, usual.backup, usual.wish.valued) == (False, False, False, False)


def test_entries_are_said_once() -> None:
    validator = ArgumentSpecValidator({**naming(MAP), **PATTERNS}, **RULES)
    both = {"map": "/f", "entries": {"a": "1"}, "src": "/g"}
    assert validator.validate(both).error_messages == ["parameters are mutually exclusive: entries|src"]


@pytest.mark.parametrize("kind", [MAP, ACL])
@pytest.mark.parametrize("option", [None, "file", "path"])
def test_the_option_that_names_it_has_other_names_and_has_to_be_there(kind: str, option: str | None) -> None:
    validator = ArgumentSpecValidator({**naming(kind), **PATTERNS})
    assert validator.validate({option or kind: "/f"}).validated_parameters[kind] == "/f"
    assert validator.validate({}).error_messages == [f"missing required arguments: {kind}"]


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("", {"entries": {"a": "1"}}, "map is empty"),
        ("/f", {}, "state=present takes entries or src"),
        ("/f", {"entries": {"a": "1"}, "backup": True}, "goes with persist only"),
        ("/f", {"entries": {"a": True}}, "quote it"),
    ],
)
def test_options_that_cannot_be_meant(name: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        _resource(MAP, name, **options)


@pytest.mark.parametrize(
    ("given_name", "name", "number"),
    [
        ("/f", "/f", None),
        ("file@/f", "/f", None),
        ("opt@/f", "/f", None),
        ("virt@f", "virt@f", None),
        ("#12", "#12", 12),
        ("#x", "#x", None),
        ("# 1", "# 1", None),
    ],
)
def test_names(given_name: str, name: str, number: int | None) -> None:
    found = NameOf(MAP, given_name)
    assert (found.name, found.number, found.given) == (name, number, given_name)


# Reading, on every version ---------------------------------------------------------------------------------------

NAMES = {"hosts": MAP, "empty": MAP, "nets": MAP, "regs": MAP, "begs": MAP, "names": ACL, "ips": ACL}
PROBED = {
    "hosts": ("a.example", "map_get"),
    "empty": ("x", "map_get_empty"),
    "nets": ("10.0.0.0", "map_get_ip_none"),
    "regs": ("^/a", "map_get_reg"),
    "begs": ("/a", "map_get_prefix"),
    "ips": ("10.0.0.1", "acl_get"),
    "names": ("www", "acl_get_case"),
}


def _observe(version: str, resource: Patterns, known: Mapping[str, str], **more: Any) -> tuple[object, list[str]]:
    answers = {line: reply_of(version, name) for line, name in known.items()}
    converse = ScriptedConverse(by_line(answers))
    release = {"2.2": "2.2.9", "2.6": "2.6.12"}.get(version, f"{version}.0")
    (outcome,) = converse([resource.observe(process(known=facts(release, **more)))], 1.0)
    return outcome, converse.lines


def _seen(version: str, name: str, **options: Any) -> tuple[Held, list[str]]:
    kind = NAMES[name]
    file = f"{HERE}/{name}.{kind}"
    probe, answer = PROBED[name]
    known = {
        "show map;show acl;show info": "map_lists",
        f"show {kind} {file};show info": f"{kind}_{name}",
        f"get {kind} {file} {probe};show info": answer,
    }
    outcome, lines = _observe(version, _resource(kind, file, **options), known)
    assert isinstance(outcome, Held), outcome
    return outcome, lines


@pytest.mark.parametrize("version", VERSIONS)
class TestReadingOnEveryVersion:
    def test_a_map(self, version: str) -> None:
        seen, lines = _seen(version, "hosts", entries={"a.example": "www", "new": "1"})
        assert seen.ref is not None
        assert (seen.ref.name, seen.ref.level) == (f"{HERE}/hosts.map", "admin" if version == "3.4" else "user")
        assert len(list(entries(seen.body))) == seen.deviation.size == 13
        assert list(seen.deviation.missing) == [1]
        assert seen.deviation.repeated == [(b"a.example", 2)]
        assert seen.types == STR
        assert len(lines) == 3
        assert 0 < seen.room < 15000

    def test_what_is_said_to_fit_into_a_line_does_and_hardly_more_would(self, version: str) -> None:
        seen, _lines = _seen(version, "hosts", entries={"a.example": "www", "new": "1"})
        assert seen.ref is not None
        one = process(known=seen.facts)
        said = f"{one.route.start}set severity-output number;{seen.ref.add('k', 'v' * (seen.line - 2)).text}\n"
        assert one.bound - 100 < len(said) <= one.bound
        filled = f"{one.route.start}{seen.ref.add_lines('k ' + 'v' * (seen.room - 2)).text} <<\n{'v' * seen.room}\n\n"
        assert one.whole_bound - 100 < len(filled) <= one.whole_bound

    def test_where_nothing_differs_the_type_is_not_asked_for(self, version: str) -> None:
        seen, lines = _seen(version, "nets", entries={"10.0.0.0/8": "a"})
        assert seen.deviation.nothing
        assert len(lines) == 2

    def test_an_empty_map(self, version: str) -> None:
        seen, _lines = _seen(version, "empty", entries={"a": "1"})
        assert (seen.body, seen.deviation.size, seen.types.methods) == (b"", 0, frozenset({"str"}))

    @pytest.mark.parametrize(
        ("name", "ordered"), [("nets", False), ("begs", False), ("regs", True), ("ips", False), ("names", True)]
    )
    def test_whether_order_counts(self, version: str, name: str, ordered: bool) -> None:
        wholes: dict[str, list[Any]] = {
            "nets": [["2001:db8::/32", "c"], ["10.1.0.0/16", "b"], ["10.0.0.0/8", "a"]],
            "begs": [["/a/b", "y"], ["/a", "x"]],
            "regs": [["^/b", "y"], ["^/a", "x"]],
            "ips": ["10.9.0.0/16", "10.0.0.1"],
            "names": ["caf\udce9", "www"],
        }
        whole = wholes[name]
        if name in ("nets", "regs"):
            whole.append(["^/c", "z"])
        seen, _lines = _seen_ordered(version, name, whole)
        assert seen.types.ordered is ordered
        assert seen.deviation.disordered is (ordered and name == "regs")

    def test_a_set_by_its_number(self, version: str) -> None:
        known = {
            "show map;show acl;show info": "map_lists",
            "show acl #77;show info": "acl_here",
            "get acl #77 10.0.0.1;show info": "acl_get",
        }
        seen, _lines = _observe(version, _resource(ACL, "#77", entries=["10.0.0.3"]), known)
        assert isinstance(seen, Held)
        assert list(entries(seen.body)) == [b"10.0.0.1", b"10.0.0.2"]
        assert seen.described == "acl 'src' file '/run/haproxy/p1.cfg' line 35"

    @pytest.mark.parametrize(
        ("kind", "name", "words"),
        [
            (MAP, "/nowhere", "there are /etc/haproxy/hosts.map; "),
            (MAP, f"{HERE}/ips.acl", "it is an ACL there, not a map: use haproxy_acl"),
            (ACL, f"{HERE}/hosts.map", "it is a map there"),
            (MAP, "#99", "there are "),
        ],
    )
    def test_a_set_that_is_not_there(self, version: str, kind: str, name: str, words: str) -> None:
        wish: Any = {"a": "1"} if kind == MAP else ["a"]
        resource = _resource(kind, name, entries=wish)
        seen, lines = _observe(version, resource, {"show map;show acl;show info": "map_lists"})
        assert isinstance(seen, Held)
        assert seen.ref is None
        assert seen.described.startswith(words)
        assert len(lines) == 1
        with pytest.raises(ObjectNotFound, match=r"no configuration loads an? "):
            resource.aim(PerProcess({"p1": seen}), PerProcess({"p1": seen}))

    def test_an_acl_that_is_a_map(self, version: str) -> None:
        outcome, _lines = _observe(
            version,
            _resource(ACL, f"{HERE}/both.acl", entries=["a"]),
            {"show map;show acl;show info": "map_lists"},
        )
        assert isinstance(outcome, InputError)
        assert "use haproxy_map" in outcome.message

    def test_a_level_that_is_too_low(self, version: str) -> None:
        known = {
            "show map;show acl;show info": "map_lists_operator",
            f"show map {HERE}/hosts.map;show info": "map_hosts_operator",
            f"get map {HERE}/hosts.map a.example;show info": "map_get",
        }
        outcome, lines = _observe(
            version, _resource(MAP, f"{HERE}/hosts.map", entries={"a": "1"}), known, level="operator"
        )
        assert isinstance(outcome, PermissionDenied if version == "3.4" else Held)
        assert lines == [] if version == "3.4" else len(lines) == 3


def _seen_ordered(version: str, name: str, whole: Any) -> tuple[Held, list[str]]:
    return _seen(version, name, entries=whole, exclusive=True)


def test_a_set_that_cannot_be_read() -> None:
    answers = {
        "show map;show acl;show info": reply_of("3.0", "map_lists"),
        f"show map {HERE}/hosts.map": b"\nnonsense\n\n",
    }
    resource = _resource(MAP, f"{HERE}/hosts.map", entries={"a": "1"})
    (outcome,) = ScriptedConverse(by_line(answers))([resource.observe(process())], 1.0)
    assert isinstance(outcome, ReplyNotUnderstood)


# Which way -------------------------------------------------------------------------------------------------------


def _of(wish: Wish, **options: Any) -> Patterns:
    return Patterns(NameOf(MAP if wish.valued else ACL, FILE), wish, **options)


def _kinds(resource: Patterns, *nows: Held) -> list[list[str]]:
    """The ways of each goal, process by process."""
    now = PerProcess({f"p{n}": one for n, one in enumerate(nows, 1)})
    return [
        [f"{name} {type(way).__name__}" for name, aimed in goal.aimed.items() for way in aimed.values()]
        for goal in resource.aim(now, now)
    ]


_MANY = [b"key%d v" % n for n in range(5000)]


@pytest.mark.parametrize(
    ("now", "wish", "types", "version", "always", "expected"),
    [
        pytest.param([b"a 1"], Wish([b"a 1"]), STR, "3.0.11", False, [], id="nothing"),
        pytest.param([b"a 1"], Wish([b"a 1"]), STR, "3.0.11", True, [], id="nothing, at once"),
        pytest.param([b"a 1"], Wish([b"a 2", b"b 1"]), STR, "3.0.11", False, [["p1 Changing"]], id="a few"),
        pytest.param([b"a 1"], Wish([b"a 2"]), STR, "3.0.11", True, [["p1 Loading"], ["p1 Committing"]], id="always"),
        pytest.param([], Wish(_MANY), STR, "3.0.11", False, [["p1 Loading"], ["p1 Committing"]], id="many"),
        pytest.param([], Wish(_MANY), STR, "2.2.9", False, [["p1 Changing"]], id="many on 2.2"),
        pytest.param(
            [b"b 1", b"a 1"], Wish([b"a 1", b"b 1"], exclusive=True), REG, "2.6.12", False,
            [["p1 Loading"], ["p1 Committing"]], id="an order",
        ),
        pytest.param(
            [b"b 1", b"a 1"], Wish([b"a 1", b"b 1"], exclusive=True), REG, "2.2.9", False, [["p1 Changing"]],
            id="an order on 2.2",
        ),
        pytest.param(
            [b"b 1", b"a 1"], Wish([b"a 1", b"b 1"], exclusive=True), STR, "2.6.12", False, [],
            id="an order that does not count",
        ),
        pytest.param(
            [b"a 1", b"a 1"], Wish([b"a 1"], exclusive=True), STR, "3.0.11", False,
            [["p1 Loading"], ["p1 Committing"]], id="a key twice",
        ),
        pytest.param(
            [b"#0x1 1", b"a 1"], Wish([b"a 1"], exclusive=True), STR, "3.0.11", False,
            [["p1 Loading"], ["p1 Committing"]], id="a key that no command can delete",
        ),
        pytest.param([b"a 1"], Wish([], exclusive=True), STR, "2.2.9", False, [["p1 Emptying"]], id="emptied on 2.2"),
        pytest.param([b"a 1"], Wish([], exclusive=True), STR, "3.0.11", False, [["p1 Changing"]], id="emptied of one"),
        pytest.param(
            _MANY, Wish([], exclusive=True), STR, "3.0.11", False, [["p1 Loading"], ["p1 Committing"]],
            id="emptied of many",
        ),
        pytest.param(
            [], Wish([b"^/a 1"]), REG, "3.0.11", False, [["p1 Loading"], ["p1 Changing"]],
            id="what may be refused is tried before",
        ),
        pytest.param([], Wish([b"^/a 1"]), REG, "2.2.9", False, [["p1 Changing"]], id="where it can be tried"),
        pytest.param([], Wish([b"10.0.0.1 1"]), IP, "3.0.11", False, [["p1 Changing"]], id="a sure address"),
        pytest.param(
            [b"^/a 1"], Wish([], frozenset([b"^/a"])), REG, "3.0.11", False, [["p1 Changing"]],
            id="what is deleted is not tried",
        ),
    ],
)  # fmt: skip
def test_which_way_is_taken(
    now: list[bytes], wish: Wish, types: Types, version: str, always: bool, expected: list[list[str]]
) -> None:
    assert _kinds(_of(wish, always=always), held(now, wish, types=types, version=version)) == expected


def test_all_is_loaded_on_all_processes_before_anything_is_committed_on_any() -> None:
    wish = Wish([b"a 1"])
    ways = _kinds(_of(wish, always=True), held([], wish), held([b"a 1"], wish), held([b"x 1"], wish), absent(wish))
    assert ways == [["p1 Loading", "p3 Loading"], ["p1 Committing", "p3 Committing"]]


def test_2_2_cannot_replace_a_set_at_once_and_nothing_is_sent_anywhere() -> None:
    wish = Wish([b"a 1"])
    with pytest.raises(FeatureMissing, match=r"needs HAProxy 2\.4"):
        _kinds(_of(wish, always=True), held([], wish), held([], wish, version="2.2.9"))


@pytest.mark.parametrize(
    ("wish", "types", "room", "words"),
    [
        pytest.param(Wish([b"::1 x", b"notanip x"]), IP, 100, "entry 2, 'notanip', cannot be one of a map of type ip",
                     id="no address"),
        pytest.param(Wish([b"::1 x", b"notanip x"]), IP, 100, "of a map of type ip$", id="any value will do"),
        pytest.param(Wish([b"a 1", b"b many"]), CODES, 100,
                     "entry 2, 'b', cannot be one of a map of type str with values of type sint$", id="no number"),
        pytest.param(Wish([b"::1 x", b"notanip x"]), Types(IP.matches), 100, "of a map of type ip$", id="unknown values"),
        pytest.param(Wish([b"::1", b"notanip"], valued=False), IP_ACL, 100,
                     "entry 2, 'notanip', cannot be one of an ACL of type ip$", id="no address in an ACL"),
        pytest.param(Wish([b"a x", b"b " + b"v" * 97]), STR, 99, "entry 2, 'b', has 99 bytes, more than process p1 takes",
                     id="too long"),
        pytest.param(Wish([b"a" * 200 + b" x"]), STR, 99, f"entry 1, '{'a' * 60}', has 202", id="a long name is cut"),
    ],
)  # fmt: skip
def test_what_a_process_cannot_take_is_refused_before_anything_is_sent(
    wish: Wish, types: Types, room: int, words: str
) -> None:
    for version in ("2.2.9", "3.0.11"):
        with pytest.raises(InputError, match=words):
            _kinds(_of(wish), held([], wish, types=types, room=room, version=version))


def test_a_value_that_does_not_fit_into_a_command_with_its_backslashes_is_refused() -> None:
    """2.2 has no versions, and "set map" no payload."""
    for value, words in (
        (b";" * 60, "entry 1, 'a', has 62 bytes"),
        (b";" * 49, "entry 1, 'a', has 51 bytes"),
        (b";" * 48, None),
        (b"v" * 60, None),
    ):
        wish = Wish([b"a " + value])
        have = held([b"a 1"], wish, room=200, line=100, version="2.2.9")
        if words is None:
            assert _kinds(_of(wish), have) == [["p1 Changing"]]
        else:
            with pytest.raises(InputError, match=words):
                _kinds(_of(wish), have)


def test_what_is_there_already_is_not_judged() -> None:
    wish = Wish([b"notanip x"])
    assert _kinds(_of(wish), held([b"notanip x"], wish, types=IP)) == []


def test_a_number_that_means_other_sets_is_refused() -> None:
    wish = Wish([b"a 1"])
    one, other = held([], wish), held([], wish, described="/other")
    resource = Patterns(NameOf(MAP, "#3"), wish)
    assert _kinds(resource, one, one) != []
    with pytest.raises(InputError, match=r"#3 is not the same map on every process: .* on p1; /other on p2"):
        _kinds(resource, one, other)


ENTRIES = st.builds(lambda k, v: k + b" " + v, st.sampled_from([b"a", b"b", b"c"]), st.sampled_from([b"1", b"2"]))


@st.composite
def _wishes(draw: st.DrawFn) -> Wish:
    exclusive = draw(st.booleans())
    lines = draw(st.lists(ENTRIES, max_size=5))
    gone = frozenset() if exclusive or lines else frozenset(draw(st.sets(st.sampled_from([b"a", b"b", b"x"]))))
    return Wish(lines, gone, exclusive)


@given(
    st.lists(st.lists(ENTRIES, max_size=5), min_size=1, max_size=3),
    _wishes(),
    st.booleans(),
    st.sampled_from([STR, REG]),
    st.sampled_from(["2.2.9", "3.0.11", "3.4.7"]),
)
def test_what_is_planned_makes_it_so_on_every_process(
    nows: list[list[bytes]], wish: Wish, always: bool, types: Types, version: str
) -> None:
    """Predicted equals applied equals read back; the second run changes nothing."""
    resource = _of(wish, always=always and version != "2.2.9")
    before = PerProcess({f"p{n}": held(now, wish, types=types, version=version) for n, now in enumerate(nows, 1)})
    fleet = fleet_of([process(name, facts(version)) for name in before], ScriptedConverse(lambda _exchange: b""))
    made = plan(fleet, resource, before, before)
    after = {}
    for name, now in zip(before, nows):  # noqa: B905 Python 3.9 knows no strict
        fake = SetInMemory(now, version=version)
        for stage in made.stages:
            fake.tell(stage.steps.get(name, ()))
        assert satisfied(fake.entries, now, wish, ordered=types.ordered)
        assert made.after[name].deviation.size == len(fake.entries)
        after[name] = held(fake.entries, wish, types=types, version=version)
    again = plan(fleet, resource, PerProcess(after), PerProcess(after))
    assert not again.does_something
    told = resource.answer(before, made.after, 0.0)
    assert made.does_something == bool(told["added"] or told["removed"] or told["updated"] or told["reordered"])


# Somebody else ---------------------------------------------------------------------------------------------------


def _hindsight(
    wish: Wish, now: Sequence[bytes], seen: Sequence[bytes], afterwards: Sequence[bytes] = ()
) -> Sequence[str]:
    resource = _of(wish, always=True)
    before = PerProcess({"p1": held(now, wish)})
    hindsight = resource.aim(before, before)[-1].hindsight
    assert hindsight is not None
    return hindsight({"p1": body_of(seen)}, PerProcess({"p1": held(afterwards or wish.lines, wish)}))


@pytest.mark.parametrize(
    ("wish", "now", "seen", "warning", "lost"),
    [
        pytest.param(Wish([b"a 2"]), [b"a 1"], [b"a 1"], "", "", id="nobody"),
        pytest.param(Wish([b"a 2"]), [b"a 1"], [b"a 3"], "'a'", "", id="the same key: this task's wish stands"),
        pytest.param(Wish([b"a 2"]), [b"a 1"], [], "'a'", "", id="it was deleted"),
        pytest.param(Wish([b"a 2"]), [b"a 1"], [b"a 1", b"x 1"], "", "'x'", id="an added key was lost"),
        pytest.param(Wish([b"a 2"]), [b"a 1", b"x 1"], [b"a 1"], "", "'x'", id="a deleted key came back"),
        pytest.param(Wish([b"a 2"]), [b"a 1", b"x 1"], [b"a 1", b"x 2"], "", "'x'", id="a changed key was lost"),
        pytest.param(Wish([b"a 2"]), [b"a 1"], [b"a 3", b"x 1"], "", "'a'; 'x'", id="one of this task's and another"),
        pytest.param(
            Wish([b"a 2"], exclusive=True), [b"a 1"], [b"a 1", b"x 1"], "'x'", "", id="an exact set leaves nothing"
        ),
        pytest.param(
            Wish([], frozenset([b"a"])), [b"a 1"], [b"a 2"], "'a'", "", id="what goes goes whatever its value"
        ),
    ],
)
def test_what_somebody_else_changed_meanwhile(
    wish: Wish, now: list[bytes], seen: list[bytes], warning: str, lost: str
) -> None:
    if lost:
        with pytest.raises(Overtaken) as caught:
            _hindsight(wish, now, seen)
        assert str(caught.value) == f"somebody else changed the same map meanwhile: {lost} on p1"
        found = caught.value.found["p1"]
        assert isinstance(found, Held)
        assert (found.lost, found.body) == (True, body_of(seen))
    else:
        warnings = _hindsight(wish, now, seen)
        assert list(warnings) == ([f"somebody else changed the same map on p1 meanwhile: {warning}"] if warning else [])


def test_what_somebody_else_changed_on_some_processes_is_told_of_those() -> None:
    wish = Wish([b"a 2"])
    now = PerProcess({name: held([b"a 1"], wish) for name in ("p1", "p2", "p3")})
    hindsight = _of(wish, always=True).aim(now, now)[-1].hindsight
    assert hindsight is not None
    after = PerProcess({name: held(wish.lines, wish) for name in now})
    seen = {"p1": body_of([b"a 1"]), "p2": body_of([b"a 3"]), "p3": body_of([b"a 1"])}
    assert list(hindsight(seen, after)) == ["somebody else changed the same map on p2 meanwhile: 'a'"]
    seen = {"p1": body_of([b"a 1"]), "p2": body_of([b"a 3"]), "p3": body_of([b"a 1", b"x 1"])}
    with pytest.raises(Overtaken, match=r"^somebody else changed the same map meanwhile: 'x' on p3$") as caught:
        hindsight(seen, after)
    assert list(caught.value.found) == ["p3"]


@pytest.mark.parametrize("seen", [[b"a 1", b"x 1"], [b"x 1", b"a 9"], [b"x 2", b"y 1"]])
def test_what_was_lost_is_brought_back_when_the_task_plans_again(seen: list[bytes]) -> None:
    """The commit took away what came between reading and committing: that is what there was."""
    wish = Wish([b"a 2"])
    resource = _of(wish)
    with pytest.raises(Overtaken) as caught:
        _hindsight(wish, [b"a 1"], seen)
    found = caught.value.found["p1"]
    assert isinstance(found, Held)
    committed = [b"a 2"]
    now, origin = PerProcess({"p1": held(committed, wish)}), PerProcess({"p1": found})
    fake = SetInMemory(committed)
    for goal in resource.aim(now, origin):
        fake.tell(resource.route(now["p1"], goal.aimed["p1"]))
    assert satisfied(fake.entries, seen, wish, ordered=False)


def test_what_is_brought_back_and_fails_goes_back_to_what_was_there() -> None:
    wish = Wish([b"a 2", b"b 2"])
    resource = _of(wish)
    found = held([b"x 1", b"y 1", b"z 2"], wish, lost=True)
    committed = [b"a 2", b"b 2", b"z 1"]
    now, origin = PerProcess({"p1": held(committed, wish)}), PerProcess({"p1": found})
    (goal,) = resource.aim(now, origin)
    assert goal.former is not None
    fake = SetInMemory(committed).tell(resource.route(now["p1"], goal.aimed["p1"]))
    back = held(fake.entries, wish)
    assert sorted(fake.entries) == sorted([b"x 1", b"y 1", b"z 2", b"a 2", b"b 2"])
    fake.tell(resource.route(back, goal.former["p1"]))
    assert sorted(fake.entries) == sorted(committed)


# What is told ----------------------------------------------------------------------------------------------------


def test_warnings() -> None:
    wish = Wish([b"a 1", b"\xe9 1"])
    before = PerProcess(
        {"p1": held([b"a 1", b"a 1", b"\xe9 1", b"\xe9 1"], wish), "p2": absent(wish, "there are none"),
         "p3": held([], wish)}
    )  # fmt: skip
    assert list(_of(wish).warnings(before)) == [
        "p1; p3 have other entries beside those of this task; exclusive makes them the same",
        "keys that are there more than once on p1: 'a' 2 times; '\\\\xe9' 2 times; exclusive repairs that",
        f"process p2 does not have a map {FILE}: there are none",
    ]
    ordered = PerProcess({"p1": held([b"a 1", b"x 1"], wish), "p2": held([b"x 1", b"a 1"], wish)})
    assert list(_of(wish).warnings(ordered)) == [], "the order does not matter"
    exact = Wish([b"a 1"], exclusive=True)
    assert list(_of(exact).warnings(PerProcess({"p1": held([b"a 1", b"a 1"], exact)}))) == []


@pytest.mark.parametrize(
    ("now", "wish", "version", "always", "atomic"),
    [
        ([b"a 1"], Wish([b"a 1"]), "3.0.11", False, True),
        ([], Wish([b"a 1"]), "3.0.11", False, False),
        ([], Wish([b"a 1"]), "3.0.11", True, True),
        ([], Wish(_MANY), "3.0.11", False, True),
        ([], Wish(_MANY), "2.2.9", False, False),
        ([b"a 1", b"a 2"], Wish([b"a 1"], exclusive=True), "3.0.11", False, True),
        ([b"a 1", b"a 2"], Wish([b"a 1"], exclusive=True), "2.2.9", False, False),
    ],
)
def test_whether_all_changed_at_once_is_told(
    now: list[bytes], wish: Wish, version: str, always: bool, atomic: bool
) -> None:
    resource = _of(wish, always=always)
    before = PerProcess({"p1": held(now, wish, version=version), "p2": absent(wish)})
    told = resource.answer(before, before, 0.0)
    assert (told["atomic"], told["map"]) == (atomic, FILE)


def test_all_changes_at_once_where_it_does_on_every_process() -> None:
    wish = Wish([b"a 1"], exclusive=True)
    at_once, singly = held([b"a 1", b"a 2"], wish), held([b"a 2"], wish)
    for hold, atomic in (([at_once, at_once], True), ([at_once, singly], False), ([singly, at_once], False)):
        before = PerProcess({f"p{number}": one for number, one in enumerate(hold, 1)})
        assert _of(wish).answer(before, before, 0.0)["atomic"] is atomic


def test_without_persist_there_is_no_file() -> None:
    wish = Wish([b"a 1"], exclusive=True)
    after = PerProcess({"p1": held([], wish, name="relative")})
    assert _of(wish).file(after, after) is None
    with pytest.raises(InputError, match="relative"):
        _of(wish, persist=True).file(after, after)


def test_the_diff_is_of_lines() -> None:
    wish = Wish([b"a 1"], valued=False)
    before = PerProcess({"p1": held([], wish, types=STR_ACL)})
    (diff,) = _of(wish).diff(before, before, ())
    assert diff["after"] == "a 1\n"
