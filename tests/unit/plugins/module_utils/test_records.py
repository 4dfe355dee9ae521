# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources of plain records, and the two that there are: frontends, and what a process as a whole is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.frontends import Frontend
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.limits import Limits
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    FeatureMissing,
    InputError,
    ObjectNotFound,
    PermissionDenied,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import PerProcess
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._plan import Plan
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._planning import plan
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._records import Seen
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.frontend import Frontends, frontends_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.process_limits import (
    ProcessLimits,
    limits_of,
)

from unit.plugins.module_utils.support import ScriptedConverse, facts, fleet_of, process, talk

Fronts = PerProcess[Seen[Frontend]]
Numbers = PerProcess[Seen[Limits]]


def _nobody(_exchange: object) -> bytes:
    raise AssertionError("nothing is to be asked")


def _fleet(version: str, names: tuple[str, ...], level: str = "admin") -> Any:
    return fleet_of([process(name, facts(version, level=level)) for name in names], ScriptedConverse(_nobody))


def _fronts(version: str, **states: Mapping[str, str | None]) -> Fronts:
    """Process → frontend → state, each with maxconn 100."""
    return PerProcess({
        name: Seen({key: Frontend(key, "", state, 100) for key, state in records.items()}, facts(version))
        for name, records in states.items()
    })  # fmt: skip


def _wish(**options: Any) -> Frontends:
    return frontends_of({"name": ["public"], "state": None, "maxconn": None, "force": True, **options})


def _planned(wish: Frontends, now: Fronts, version: str = "3.0.11", level: str = "admin") -> Plan[Seen[Frontend]]:
    return plan(_fleet(version, tuple(now), level), wish, now, now)


def _said(made: Plan[Any]) -> dict[str, list[str]]:
    return {
        name: [step.command.text for step in steps]
        for stage in made.stages
        for name, steps in stage.steps.items()
        if steps
    }


def _rows(wish: Frontends, before: Fronts, made: Plan[Seen[Frontend]]) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", wish.answer(before, made.after, 0.0)["frontends"])


def test_only_what_deviates_is_told() -> None:
    now = _fronts("3.0.11", p1={"public": "enabled"}, p2={"public": "disabled"}, p3={"other": "enabled"})
    made = _planned(_wish(state="disabled"), now)
    assert _said(made) == {"p1": ["disable frontend public"]}
    assert made.after["p3"] == now["p3"], "what nobody speaks of stays"
    assert {name: seen.records["public"].state for name, seen in made.after.items() if "public" in seen.records} == {
        "p1": "disabled",
        "p2": "disabled",
    }


def test_the_limit_comes_before_the_door_is_opened() -> None:
    now = _fronts("3.0.11", p1={"public": "disabled"})
    assert _said(_planned(_wish(state="enabled", maxconn=5), now)) == {
        "p1": ["set maxconn frontend public 5", "enable frontend public"]
    }


@pytest.mark.parametrize("most", [1, 2**31 - 1])
def test_a_limit_alone_leaves_the_state_as_it_is(most: int) -> None:
    now = _fronts("3.0.11", p1={"public": "disabled"}, p2={"public": "enabled"})
    wish = _wish(maxconn=most)
    made = _planned(wish, now)
    assert _said(made) == {name: [f"set maxconn frontend public {most}"] for name in ("p1", "p2")}
    (row,) = _rows(wish, now, made)
    assert (row["name"], row["consistent"], row["processes"]) == ("public", False, ["p1", "p2"])
    assert row["before"] == {"name": "public", "state": {"p1": "disabled", "p2": "enabled"}, "maxconn": 100}
    assert row["after"] == {"name": "public", "state": {"p1": "disabled", "p2": "enabled"}, "maxconn": most}
    assert row["readings"] == {"p1": {"status": ""}, "p2": {"status": ""}}


@pytest.mark.parametrize("version", ["2.3.0", "2.4.30", "2.6.11"])
@pytest.mark.parametrize(("state", "verb"), [("enabled", "enable"), ("disabled", "disable")])
def test_where_the_state_cannot_be_read_it_is_a_deed(version: str, state: str, verb: str) -> None:
    now = _fronts(version, p1={"public": None})
    wish = _wish(state=state, maxconn=100)
    made = _planned(wish, now, version)
    assert _said(made) == {"p1": [f"{verb} frontend public"]}
    (step,) = made.stages[0].steps["p1"]
    assert not step.seen
    assert step.command.as_good == f"All sockets are already {state}"
    assert wish.missed(now["p1"], made.stages[0].goal.aimed["p1"]) == {}
    (row,) = _rows(wish, now, made)
    assert row["before"] == row["after"] == {"name": "public", "maxconn": 100}


def test_shutdown_can_be_read_there_all_the_same() -> None:
    now = _fronts("2.4.30", p1={"public": None}, p2={"public": "shutdown"})
    wish = _wish(state="shutdown")
    made = _planned(wish, now, "2.4.30")
    assert _said(made) == {"p1": ["shutdown frontend public"]}
    assert made.stages[0].steps["p1"][0].seen
    assert {seen.records["public"].state for seen in made.after.values()} == {"shutdown"}
    assert wish.missed(now["p1"], made.stages[0].goal.aimed["p1"])


@pytest.mark.parametrize(
    "options", [{"state": "enabled"}, {"state": "disabled"}, {"maxconn": 100}, {"maxconn": 7}], ids=str
)
def test_what_was_shut_down_takes_nothing_more(options: dict[str, Any]) -> None:
    now = _fronts("3.0.11", p1={"public": "enabled"}, p2={"public": "shutdown"})
    with pytest.raises(InputError, match="frontend public was shut down"):
        _planned(_wish(**options), now)


def test_on_2_2_what_was_shut_down_is_gone() -> None:
    now = _fronts("2.2.9", p1={"public": "enabled"}, p2={})
    wish = _wish(state="shutdown")
    made = _planned(wish, now, "2.2.9")
    assert _said(made) == {"p1": ["shutdown frontend public"]}
    assert {name: dict(seen.records) for name, seen in made.after.items()} == {"p1": {}, "p2": {}}
    aimed = made.stages[0].goal.aimed["p1"]
    assert wish.missed(made.after["p1"], aimed) == {}
    assert wish.missed(now["p1"], aimed) == {("public", "state"): "state of frontend public is enabled, not shutdown"}
    (row,) = _rows(wish, now, made)
    assert row["after"] == {"name": "public", "state": "shutdown"}
    assert list(wish.warnings(now)) == []
    (warning,) = wish.warnings(made.after)
    assert "HAProxy 2.2 forgets" in warning
    mixed = PerProcess({**_fronts("2.2.9", p1={}), **_fronts("3.0.11", p2={"other": "enabled"})})
    assert wish.aim(mixed, mixed)[0].aimed == {"p1": {}, "p2": {}}, "one that forgets is enough"


@pytest.mark.parametrize(
    ("nbproc", "state", "warns"),
    [
        ("1", "disabled", False),
        ("2", "disabled", True),
        ("2", "enabled", True),
        ("2", "shutdown", False),
        ("2", None, False),
    ],
)
def test_of_a_shared_port_is_warned_where_there_may_be_one(nbproc: str, state: str | None, warns: bool) -> None:
    records = {"public": Frontend("public", "", "enabled", 100)}
    now = PerProcess({name: Seen(records, facts("2.4.30", Nbproc=nbproc)) for name in ("p1", "p2")})
    told = list(_wish(state=state).warnings(now))
    assert [text.partition(":")[0] for text in told] == ["several processes of an nbproc"] * warns


@pytest.mark.parametrize("state", ["enabled", "disabled", None])
def test_what_is_nowhere_is_no_success(state: str | None) -> None:
    for version, wished in (("2.2.9", state), ("3.0.11", state), ("3.0.11", "shutdown")):
        with pytest.raises(ObjectNotFound, match="did you mean publics"):
            _planned(_wish(state=wished), _fronts(version, p1={"publics": "enabled"}), version)


def test_what_is_gone_afterwards_was_missed() -> None:
    wish = _wish(state="disabled", maxconn=7)
    now = _fronts("3.0.11", p1={"public": "enabled"})
    aimed = _planned(wish, now).stages[0].goal.aimed["p1"]
    assert set(wish.missed(Seen({}, facts()), aimed).values()) == {"frontend public is gone"}
    assert wish.missed(now["p1"], aimed) == {
        ("public", "state"): "state of frontend public is enabled, not disabled",
        ("public", "maxconn"): "maxconn of frontend public is 100, not 7",
    }


@pytest.mark.parametrize("level", ["user", "operator"])
def test_a_low_level_is_refused_only_where_something_is_to_be_said(level: str) -> None:
    now = _fronts("3.0.11", p1={"public": "enabled"})
    assert _said(_planned(_wish(state="enabled"), now, level=level)) == {}
    with pytest.raises(PermissionDenied):
        _planned(_wish(state="disabled"), now, level=level)


@pytest.mark.parametrize("options", [
    {"state": "shutdown", "force": False}, {"state": "shutdown", "maxconn": 5}, {"maxconn": 0}, {"maxconn": -1}, {"maxconn": 2**31}, {"maxconn": True},
    {"maxconn": False}, {"name": []}, {"name": ["#1"]}, {"name": ["a b"]}, {"name": [""]}, {"name": ["a;b"]},
], ids=str)  # fmt: skip
def test_a_wish_that_means_nothing_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        _wish(**options)


def test_frontends_are_told_by_name() -> None:
    names = [f"f{number}" for number in range(30)]
    now = _fronts("3.0.11", p1=dict.fromkeys(reversed(names), "enabled"))
    told = _rows(_wish(name=["*"]), now, _planned(_wish(name=["*"]), now))
    assert [row["name"] for row in told] == sorted(names)


def test_a_view_shows_what_processes_disagree_about() -> None:
    now = _fronts("3.0.11", p1={"public": "enabled"}, p2={"public": "disabled"}, p3={})
    assert _wish().view(now, ["public"]) == {"public": {"maxconn": 100, "state": {"p1": "enabled", "p2": "disabled"}}}


def test_the_diff_shows_what_changes_on_each_process() -> None:
    now = _fronts("3.0.11", p1={"public": "enabled"}, p2={"public": "disabled"})
    wish = _wish(state="disabled")
    made = _planned(wish, now)
    (diff,) = wish.diff(now, made.after, made.changes)
    assert diff == {
        "before_header": "running",
        "after_header": "wished",
        "before": {"public": {"maxconn": 100, "state": {"p1": "enabled", "p2": "disabled"}}},
        "after": {"public": {"maxconn": 100, "state": "disabled"}},
    }


def test_records_wait_for_nothing() -> None:
    wish, now = _wish(), _fronts("3.0.11", p1={"public": "enabled"})
    assert talk(wish.remains(process()), b"") == {}
    assert talk(wish.sweep(process(), frozenset()), b"") == ()
    assert dict(wish.last_resort(now, ()).aimed) == {}


# Limits ----------------------------------------------------------------------------------------------------------

START = Limits(200, 200, 0, 0, 0, 0)
NO_OPTION: dict[str, Any] = {
    **dict.fromkeys(("maxconn", "rate_limit_connections", "rate_limit_sessions", "rate_limit_ssl_sessions")),
    "rate_limit_http_compression": None,
    "clear_counters": None,
}


def _numbers(version: str = "3.0.11", **limits: Limits) -> Numbers:
    return PerProcess({name: Seen({"global": each}, facts(version)) for name, each in limits.items()})


def _limits(**options: Any) -> ProcessLimits:
    return limits_of({**NO_OPTION, **options})


def _numbered(wish: ProcessLimits, now: Numbers, version: str = "3.0.11") -> dict[str, list[str]]:
    return _said(plan(_fleet(version, tuple(now)), wish, now, now))


def test_zero_is_what_each_process_started_with() -> None:
    now = _numbers(p1=START, p2=START._replace(maxconn=7), p3=Limits(7, 500, 0, 0, 0, 0))
    wish = _limits(maxconn=0)
    assert _numbered(wish, now) == {"p2": ["set maxconn global 0"], "p3": ["set maxconn global 0"]}
    made = plan(_fleet("3.0.11", tuple(now)), wish, now, now)
    assert [seen.records["global"].maxconn for seen in made.after.values()] == [200, 200, 500]


def test_all_limits_in_the_order_of_the_options() -> None:
    wish = _limits(maxconn=9, rate_limit_connections=1, rate_limit_sessions=2, rate_limit_ssl_sessions=3,
                   rate_limit_http_compression=4)  # fmt: skip
    assert _numbered(wish, _numbers(p1=START)) == {
        "p1": [
            "set maxconn global 9",
            "set rate-limit connections global 1",
            "set rate-limit sessions global 2",
            "set rate-limit ssl-sessions global 3",
            "set rate-limit http-compression global 4",
        ]
    }


def test_more_than_a_process_started_with_is_refused_for_all() -> None:
    now = _numbers(p1=START._replace(configured_maxconn=500), p2=START)
    with pytest.raises(InputError, match="more than the 200 that process p2 started with") as caught:
        _numbered(_limits(maxconn=300), now)
    assert caught.value.process == "p2"


@pytest.mark.parametrize(
    ("option", "lacks"),
    [
        ("rate_limit_ssl_sessions", START._replace(rate_limit_ssl_sessions=None)),
        ("rate_limit_http_compression", START._replace(rate_limit_http_compression=None)),
    ],
)
@pytest.mark.parametrize("value", [0, 5])
def test_what_a_process_was_built_without_is_refused(option: str, lacks: Limits, value: int) -> None:
    now = _numbers(p1=START, p2=lacks)
    with pytest.raises(InputError, match=f"{option}: process p2 was built without"):
        _numbered(_limits(**{option: value}), now)
    lacking = _limits().answer(now, now, 0.0)["before"]
    assert isinstance(lacking, dict)
    assert option not in lacking["p2"]
    assert option in lacking["p1"]


def test_counters_are_cleared_whatever_is_there() -> None:
    now = _numbers(p1=START, p2=START._replace(maxconn=7))
    assert _numbered(_limits(clear_counters="all"), now) == {name: ["clear counters all"] for name in ("p1", "p2")}
    made = plan(_fleet("3.0.11", tuple(now)), _limits(clear_counters="max", maxconn=0), now, now)
    assert _said(made) == {"p1": ["clear counters"], "p2": ["set maxconn global 0", "clear counters"]}
    assert [step.seen for step in made.stages[0].steps["p2"]] == [True, False]


@pytest.mark.parametrize(
    ("version", "refused"), [("2.2.9", False), ("3.3.9", False), ("3.4.0", True), ("3.4.1", False)]
)
def test_all_counters_are_not_cleared_where_that_crashes(version: str, refused: bool) -> None:
    now = _numbers(version, p1=START)
    assert _numbered(_limits(clear_counters="max"), now, version) == {"p1": ["clear counters"]}
    if not refused:
        assert _numbered(_limits(clear_counters="all"), now, version) == {"p1": ["clear counters all"]}
        return
    with pytest.raises(FeatureMissing) as caught:
        _numbered(_limits(clear_counters="all"), now, version)
    sentence = "clearing all counters does not work with HAProxy 3.4.0, process p1 runs 3.4.0"
    assert str(caught.value) == sentence


@pytest.mark.parametrize("value", [-1, 2**31, True, False], ids=str)
@pytest.mark.parametrize("option", [name for name in NO_OPTION if name != "clear_counters"])
def test_what_is_no_limit_is_refused(option: str, value: object) -> None:
    with pytest.raises(InputError, match=option):
        _limits(**{option: value})


@pytest.mark.parametrize(
    "option", [name for name in NO_OPTION if name not in ("clear_counters", "rate_limit_http_compression")]
)
def test_the_largest_limit_is_taken(option: str) -> None:
    assert dict(_limits(**{option: 2**31 - 1}).wished) == {option: 2**31 - 1}


@pytest.mark.parametrize(("value", "taken"), [(2**22 - 1, True), (2**22, False)])
def test_compression_is_kept_in_bytes(value: int, taken: bool) -> None:
    if taken:
        assert _limits(rate_limit_http_compression=value).wished == {"rate_limit_http_compression": value}
    else:
        with pytest.raises(InputError):
            _limits(rate_limit_http_compression=value)
