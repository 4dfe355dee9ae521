# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a state promises, and when it has come true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.servers import RUNNING, Server
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import Hopeless, ReplyNotUnderstood
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import PerProcess
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._promises import Remains, Verdict
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.observed import Observed
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.readings import (
    Reading,
    completed,
    reading_of,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.until import (
    UntilServers,
    until_killed,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._shapes import Aimed
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._terms import Place, Terms

from unit.plugins.module_utils.wished import asked

STOPPED, STARTING, STOPPING = 0, 1, 3  # srv_op_state
KEY = ("www", "web1")
PLACE = ("p1", KEY)
INTERVAL = 2.0
CHECKED, UNCHECKED = 6, 0


NOBODY: PerProcess[Any] = PerProcess({})
PLACES = frozenset((f"p{number}", KEY) for number in range(1, 4))


def _row(op_state: int = RUNNING, admin_state: int = 0, check_state: int = CHECKED) -> Server:
    return Server(*KEY, "2", op_state, admin_state, 10, 10, check_state, 0)


def _reading(status: str = "UP", **fields: Any) -> Reading:
    usual = Reading(status, 0, 0, "L4OK", None, 1, None, None, "ready", None, False, 3, False)
    return usual._replace(**fields)


def _now(*processes: tuple[Server, Reading]) -> PerProcess[Observed]:
    return PerProcess(
        {
            f"p{number}": Observed([KEY], ["www"], {KEY: row}, {KEY: reading}, {}, False)
            for number, (row, reading) in enumerate(processes, start=1)
        }
    )


def _until(*, returning: bool, stopped: bool = False, interval: float = INTERVAL) -> UntilServers:
    here = frozenset({PLACE})
    return _until_up(here, here if returning else frozenset(), here if stopped else frozenset(), interval)


def _until_up(
    ups: frozenset[Place],
    returning: frozenset[Place] = frozenset(),
    stopped: frozenset[Place] = frozenset(),
    interval: float = INTERVAL,
) -> UntilServers:
    values = dict.fromkeys(ups, asked(state="ready", wait=True, wait_interval=interval))
    return UntilServers(values, ups=ups, returning=returning, stopped=stopped)


def _until_drained(drains: frozenset[Place]) -> UntilServers:
    return UntilServers(dict.fromkeys(drains, asked(state="drain", wait=True)), drains=drains)


def _left(until: UntilServers, now: PerProcess[Observed], old: Remains = NOBODY) -> str:
    """All that is missing at the first look, as one text."""
    return "; ".join(until.judge(now, old, 0.0, {}).left.values())


def _judged(
    row: Server, reading: Reading, *, returning: bool, seconds: float = 0.0, since: float | None = None
) -> Verdict:
    memory = {} if since is None else {PLACE: since}
    return _until(returning=returning).judge(_now((row, reading)), NOBODY, seconds, memory)


def _looks(until: UntilServers, *looks: tuple[float, Reading]) -> list[bool]:
    """Whether it counts as up at each of these looks, with what it remembers in between."""
    memory: Mapping[Any, Any] = {}
    up = []
    for seconds, reading in looks:
        left, memory = until.judge(_now((_row(), reading)), NOBODY, seconds, memory)
        up.append(not left)
    return up


# Up --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "reading", "up"),
    [
        pytest.param(_row(), _reading(), True, id="up"),
        pytest.param(_row(), _reading("UP (UNPUB)"), True, id="up in an unpublished backend"),
        pytest.param(_row(check_state=UNCHECKED), _reading("no check", check_status=None), True, id="not checked"),
        pytest.param(_row(check_state=UNCHECKED), _reading("UP", check_status=None), True, id="tracks one that is up"),
        pytest.param(_row(), _reading("UP", check_status="L7OK", check_code=200), True, id="up by a web check"),
        pytest.param(_row(), _reading("UP", check_status="INI"), False, id="up before the first check"),
        pytest.param(_row(), _reading("UP 1/3"), False, id="going down"),
        pytest.param(_row(), _reading("UP 0/3"), False, id="going down on 3.4"),
        pytest.param(_row(), _reading("UP -1/3"), False, id="added at run time on 3.4"),
        pytest.param(_row(STOPPED), _reading("DOWN"), False, id="down"),
        pytest.param(_row(STOPPED), _reading("DOWN 1/2"), False, id="coming up"),
        pytest.param(_row(STOPPED), _reading("DOWN (agent)"), False, id="down by its agent"),
        pytest.param(_row(STARTING), _reading("UP"), False, id="slow start"),
        pytest.param(_row(STARTING, check_state=UNCHECKED), _reading("no check"), False, id="slow start, not checked"),
        pytest.param(_row(STOPPING), _reading("NOLB"), False, id="no load balancing"),
        pytest.param(_row(STOPPING), _reading("UP"), False, id="stopping"),
        pytest.param(_row(), _reading("DRAIN"), False, id="draining still"),
        pytest.param(_row(), _reading("MAINT"), False, id="in maintenance still"),
    ],
)
def test_up(row: Server, reading: Reading, up: bool) -> None:
    left, _memory = _judged(row, reading, returning=False)
    assert (not left) is up
    if not up:
        assert list(left) == [PLACE]
        assert left[PLACE].startswith(f"www/web1 on p1: {reading.status}")


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        pytest.param(_reading("DOWN", check_status="L4CON"), "DOWN (last check: L4CON)", id="status"),
        pytest.param(
            _reading("DOWN", check_status="L7STS", check_code=503, last_check="Service, unavailable"),
            "DOWN (last check: L7STS, 503, Service, unavailable)",
            id="status, code and words",
        ),
        pytest.param(_reading("DOWN", check_status="L7STS", check_code=0), "L7STS, 0)", id="code 0"),
        pytest.param(_reading("DOWN", check_status=None), "www/web1 on p1: DOWN", id="nothing"),
    ],
)
def test_the_last_check_is_told(reading: Reading, words: str) -> None:
    left, _memory = _judged(_row(STOPPED), reading, returning=False)
    assert left[PLACE].endswith(words)


@pytest.mark.parametrize(
    ("seconds", "since", "enough"),
    [
        pytest.param(0.0, None, False, id="the first look"),
        pytest.param(5.0, None, False, id="the first look, late"),
        pytest.param(5.0, 3.5, False, id="too soon after the first"),
        pytest.param(5.5, 3.5, True, id="an interval after the first"),
        pytest.param(9.0, 3.5, True, id="long after the first"),
    ],
)
def test_one_that_comes_back_counts_at_the_second_look(seconds: float, since: float | None, enough: bool) -> None:
    left, memory = _judged(_row(), _reading(), returning=True, seconds=seconds, since=since)
    assert (not left) is enough
    assert memory[PLACE] == (seconds if since is None else since)
    if not enough:
        assert left == {PLACE: "a second look at www/web1 on p1: UP"}


@pytest.mark.parametrize(
    "row",
    [pytest.param(_row(check_state=UNCHECKED), id="not checked"), pytest.param(_row(check_state=2), id="check off")],
)
def test_one_that_comes_back_without_a_check_counts_at_once(row: Server) -> None:
    left, _memory = _judged(row, _reading("no check", check_status=None), returning=True)
    assert left == {}


def test_one_that_was_ready_before_counts_at_once() -> None:
    assert _judged(_row(), _reading(), returning=False).left == {}


def test_one_that_goes_down_between_the_looks_begins_anew() -> None:
    until = _until(returning=True)
    _left, memory = until.judge(_now((_row(), _reading())), NOBODY, 0.0, {})
    left, memory = until.judge(_now((_row(STOPPED), _reading("DOWN"))), NOBODY, 1.0, memory)
    assert left
    left, memory = until.judge(_now((_row(), _reading())), NOBODY, 2.5, memory)
    assert left == {PLACE: "a second look at www/web1 on p1: UP"}
    left, memory = until.judge(_now((_row(), _reading())), NOBODY, 4.5, memory)
    assert left == {}


@pytest.mark.parametrize(
    ("status", "counts", "counts_stopped"),
    [
        pytest.param("INI", False, False, id="not begun"),
        pytest.param("* INI", False, False, id="the first check is under way"),
        pytest.param("L7OK", True, True, id="done"),
        pytest.param("* L7OK", True, False, id="done, the next one is under way"),
    ],
)
def test_up_counts_once_a_check_has_had_a_result(status: str, counts: bool, counts_stopped: bool) -> None:
    """With ``fall 1`` HAProxy says UP from the first moment; a star says that a check is under way.

    The checks of one that was in maintenance had stopped: the result may be one of before.
    """
    reading = reading_of({**CELLS, "check_status": status}, _row())
    for returning in (False, True):
        left, _memory = _judged(_row(), reading, returning=returning, seconds=9.0, since=1.0)
        assert (not left) is counts
    until = _until(returning=True, stopped=True)
    left, _memory = until.judge(_now((_row(), reading)), NOBODY, 9.0, {PLACE: 1.0})
    assert (not left) is counts_stopped


@pytest.mark.parametrize(
    ("admin", "by"),
    [
        pytest.param(2, "www/web9", id="maintenance of the tracked server"),
        pytest.param(16, "www/web9", id="drain of the tracked server"),
        pytest.param(32, "resolver", id="no address"),
    ],
)
@pytest.mark.parametrize("returning", [False, True])
def test_what_is_inherited_makes_waiting_hopeless_and_is_named(admin: int, by: str, returning: bool) -> None:
    row = _row(STOPPED, admin)
    with pytest.raises(Hopeless) as caught:
        _judged(row, _reading("MAINT", effective_state=row.effective_state, inherited_from=by), returning=returning)
    assert caught.value.process == "p1"
    assert f"www/web1 is ready itself, but in {row.effective_state} by {by}" in str(caught.value)


def test_every_process_must_be_up() -> None:
    until = _until_up(PLACES)
    now = _now((_row(), _reading()), (_row(STOPPED), _reading("DOWN")), (_row(STARTING), _reading("UP")))
    left, _memory = until.judge(now, NOBODY, 0.0, {})
    assert list(left) == [("p2", KEY), ("p3", KEY)]
    assert [sentence.partition(":")[0] for sentence in left.values()] == ["www/web1 on p2", "www/web1 on p3"]


def test_nothing_to_look_at_is_up_and_drained() -> None:
    nothing: PerProcess[Observed] = PerProcess({})
    assert _until_up(frozenset()).judge(nothing, NOBODY, 0.0, {}).left == {}
    assert _until_drained(frozenset()).judge(nothing, NOBODY, 0.0, {}).left == {}


def test_servers_that_the_task_is_not_about_do_not_count() -> None:
    now = _now((_row(STOPPED), _reading("DOWN", sessions=5)))
    other = frozenset({("p1", ("www", "web9")), ("p9", KEY)})
    assert _until_up(other).judge(now, NOBODY, 0.0, {}).left == {}
    assert _until_drained(other).judge(now, NOBODY, 0.0, {}).left == {}


# Checks of one that comes back -----------------------------------------------------------------------------------

STALE = _reading(fall=1, check_duration=7)
IN_FLIGHT = _reading(fall=1, check_duration=7, in_flight=True)
FRESH = _reading(fall=1, check_duration=8)


def test_with_fall_1_the_result_of_before_the_maintenance_does_not_count_until_the_time_of_a_check_went_by() -> None:
    until = _until(returning=True, stopped=True, interval=0.5)
    looks = [(0.0, STALE), (0.5, STALE), (1.0, STALE), (2.1, STALE), (2.2, STALE)]
    assert _looks(until, *looks) == [False, False, False, False, True]


def test_with_fall_1_a_longer_interval_is_kept() -> None:
    until = _until(returning=True, stopped=True, interval=5.0)
    assert _looks(until, (0.0, STALE), (2.5, STALE), (4.9, STALE), (5.0, STALE)) == [False, False, False, True]


def test_with_fall_1_it_counts_an_interval_after_a_check_that_was_seen_in_flight_has_ended() -> None:
    until = _until(returning=True, stopped=True, interval=0.5)
    assert _looks(until, (0.0, IN_FLIGHT), (0.5, STALE)) == [False, True]
    assert _looks(until, (0.0, STALE), (0.2, IN_FLIGHT), (0.4, STALE), (0.5, STALE)) == [False, False, False, True]


def test_with_fall_1_the_check_after_the_one_that_has_ended_does_not_matter() -> None:
    until = _until(returning=True, stopped=True, interval=0.5)
    looks = [(0.0, STALE), (0.2, IN_FLIGHT), (0.4, STALE), (0.6, IN_FLIGHT)]
    assert _looks(until, *looks) == [False, False, False, True]


def test_with_fall_1_it_counts_an_interval_after_another_result_was_seen() -> None:
    until = _until(returning=True, stopped=True, interval=0.5)
    assert _looks(until, (0.0, STALE), (0.5, FRESH)) == [False, True]
    assert _looks(until, (0.0, STALE), (0.2, FRESH), (0.4, FRESH), (0.6, FRESH)) == [False, False, False, True]


def test_a_result_that_was_other_at_the_first_look_already_proves_nothing() -> None:
    """What differs from before the maintenance may be the check that the maintenance cut off."""
    until = _until(returning=True, stopped=True, interval=0.5)
    assert _looks(until, (0.0, FRESH), (0.5, FRESH), (2.2, FRESH)) == [False, False, True]


@pytest.mark.parametrize("seconds", [0.0, 0.5, 2.2, 100.0])
@pytest.mark.parametrize("fall", [1, 3, None])
def test_a_check_in_flight_never_counts(seconds: float, fall: int | None) -> None:
    until = _until(returning=True, stopped=True, interval=0.5)
    in_flight = _reading(fall=fall, in_flight=True)
    assert _looks(until, (0.0, in_flight), (seconds, in_flight))[1] is False


def test_a_check_in_flight_does_not_matter_to_one_that_was_ready_before() -> None:
    assert _looks(_until(returning=False), (0.0, IN_FLIGHT)) == [True]


@pytest.mark.parametrize("fall", [2, 3])
def test_with_fall_above_1_plain_up_counts_after_an_interval(fall: int) -> None:
    """HAProxy itself says ``UP 1/2`` until a check has succeeded."""
    until, up = _until(returning=True, stopped=True, interval=0.5), _reading(fall=fall)
    assert _looks(until, (0.0, up), (0.4, up), (0.5, up)) == [False, False, True]


def test_where_nobody_says_what_fall_is_it_may_be_1() -> None:
    until = _until(returning=True, stopped=True, interval=0.5)
    unknown = _reading(fall=None)
    assert _looks(until, (0.0, unknown), (0.5, unknown), (2.2, unknown)) == [False, False, True]


def test_the_checks_of_a_draining_server_never_stopped() -> None:
    until = _until(returning=True, stopped=False, interval=0.5)
    assert _looks(until, (0.0, STALE), (0.5, STALE)) == [False, True]


def test_what_was_seen_of_checks_is_remembered_while_it_is_down() -> None:
    until = _until(returning=True, stopped=True, interval=0.5)
    memory: Mapping[Any, Any] = {}
    for seconds, row, reading in (
        (0.0, _row(STOPPED), _reading("DOWN", fall=1, in_flight=True)),
        (0.2, _row(STOPPED), _reading("DOWN", fall=1)),
        (0.4, _row(), STALE),
    ):
        left, memory = until.judge(_now((row, reading)), NOBODY, seconds, memory)
        assert left
    left, memory = until.judge(_now((_row(), STALE)), NOBODY, 0.9, memory)
    assert left == {}


def test_up_does_not_count_old_workers_and_drained_does() -> None:
    assert _until(returning=True).empties == frozenset()
    assert _until_drained(PLACES).empties == {KEY}


# Drained ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sessions", "queue", "drained"), [(0, 0, True), (1, 0, False), (0, 1, False), (12, 3, False)])
def test_drained(sessions: int, queue: int, drained: bool) -> None:
    now = _now((_row(), _reading("DRAIN")), (_row(), _reading("DRAIN", sessions=sessions, queue=queue)))
    left, _memory = _until_drained(PLACES).judge(now, NOBODY, 0.0, {})
    text = f"{sessions} sessions and {queue} queued requests of www/web1 on p2"
    assert left == ({} if drained else {("p2", KEY): text})


@pytest.mark.parametrize("status", ["DRAIN", "DOWN", "MAINT", "no check", "MAINT (via www/web9)"])
def test_drained_does_not_ask_for_health(status: str) -> None:
    now = _now((_row(STOPPED), _reading(status)))
    assert _until_drained(PLACES).judge(now, NOBODY, 0.0, {}).left == {}


@pytest.mark.parametrize(
    ("old", "left"),
    [
        pytest.param({}, "", id="none"),
        pytest.param({"o1": {KEY: 0}}, "", id="no session"),
        pytest.param({"o1": {}}, "", id="does not know the server"),
        pytest.param({"o1": {KEY: 3}}, "3 sessions of www/web1 on the old worker o1", id="sessions"),
        pytest.param({"o1": {("www", "web9"): 3}}, "", id="sessions of another server"),
        pytest.param({"o1": None}, "the old worker o1, which does not answer", id="silent"),
        pytest.param(
            {"o1": {KEY: 1}, "o2": None, "o3": {KEY: 0}},
            "1 sessions of www/web1 on the old worker o1; the old worker o2, which does not answer",
            id="several",
        ),
    ],
)
def test_drained_counts_what_remains_on_old_workers(old: dict[str, Any], left: str) -> None:
    now = _now((_row(), _reading("DRAIN")))
    assert _left(_until_drained(PLACES), now, PerProcess(old)) == left


def test_each_that_is_not_drained_is_told_by_itself() -> None:
    places = frozenset((f"p{number}", KEY) for number in range(1, 10))
    now = _now(*[(_row(), _reading("DRAIN", sessions=1))] * 9)
    left, _memory = _until_drained(places).judge(now, NOBODY, 0.0, {})
    assert set(left) == places
    assert all(text.startswith("1 sessions and 0 queued requests") for text in left.values())


def test_a_silent_old_worker_is_a_place_of_its_own() -> None:
    left, _memory = _until_drained(PLACES).judge(_now(), PerProcess({"o1": None, "o2": {KEY: 2}}), 0.0, {})
    assert list(left) == [("o1", None), ("o2", KEY)]


def test_some_drain_while_others_come_up() -> None:
    values = {("p1", KEY): asked(state="drain", wait=True), ("p2", KEY): asked(state="ready", wait=True)}
    until = UntilServers(values, drains=frozenset({("p1", KEY)}), ups=frozenset({("p2", KEY)}))
    now = _now((_row(), _reading("DRAIN", sessions=1)), (_row(STOPPED), _reading("DOWN", sessions=7)))
    left, _memory = until.judge(now, NOBODY, 0.0, {})
    assert list(left) == [("p1", KEY), ("p2", KEY)]
    assert left["p2", KEY].startswith("www/web1 on p2: DOWN")


# Terms -----------------------------------------------------------------------------------------------------------

OTHER = ("www", "web2")


def _mixed() -> UntilServers:
    values = {
        ("p1", KEY): asked(state="drain", wait=True, wait_timeout=5.0, on_timeout="shutdown", wait_interval=0.3),
        ("p1", OTHER): asked(state="ready", wait=True, wait_timeout=7.0, on_timeout="shutdown", wait_interval=0.2),
    }
    return UntilServers(values, drains=frozenset({("p1", KEY)}), ups=frozenset({("p1", OTHER)}))


@pytest.mark.parametrize(
    ("place", "terms"),
    [
        pytest.param(("p1", KEY), Terms(5.0, "shutdown"), id="a server that drains"),
        pytest.param(("o1", KEY), Terms(5.0, "shutdown"), id="its sessions on an old worker"),
        pytest.param(("p1", OTHER), Terms(7.0, "fail"), id="ending sessions brings no server up"),
        pytest.param(("o1", None), Terms(7.0, "shutdown"), id="a silent old worker: whoever waits longest"),
    ],
)
def test_terms(place: Place, terms: Terms) -> None:
    assert _mixed().terms(place) == terms


def test_one_that_comes_up_may_be_left_behind() -> None:
    values = {PLACE: asked(state="ready", wait=True, wait_timeout=7.0, on_timeout="continue")}
    assert UntilServers(values, ups=frozenset({PLACE})).terms(PLACE) == Terms(7.0, "continue")


def test_the_shortest_interval_counts() -> None:
    assert _mixed().interval == 0.2


def test_fixed_terms_are_those_of_every_place() -> None:
    until = UntilServers({PLACE: asked()}, drains=frozenset({PLACE}), fixed=Terms(2.0, "continue"))
    assert until.terms(PLACE) == until.terms(("o1", None)) == Terms(2.0, "continue")


@pytest.mark.parametrize(
    ("admin", "waits"),
    [
        pytest.param(1, True, id="in maintenance: no new ones come"),
        pytest.param(2, True, id="in inherited maintenance"),
        pytest.param(8, False, id="draining: persistent clients still come"),
        pytest.param(0, False, id="ready"),
    ],
)
def test_sessions_that_were_ended_are_waited_for_where_no_new_ones_come(admin: int, waits: bool) -> None:
    aimed = PerProcess({"p1": {KEY: Aimed(_row(admin_state=admin), frozenset({"sessions"}))}})
    until = until_killed({PLACE: asked(shutdown_sessions=True)}, aimed)
    assert (until is not None) is waits
    if until is not None:
        assert until.drains == {PLACE}
        assert until.terms(PLACE) == Terms(2.0, "continue", afresh=True)


def test_a_name_that_the_task_gives_may_lift_what_is_inherited() -> None:
    row = _row(STOPPED, 32)
    now = _now((row, _reading("MAINT (resolution)", effective_state="maint", inherited_from="resolver")))
    with pytest.raises(Hopeless):
        _until_up(frozenset({PLACE})).judge(now, NOBODY, 0.0, {})
    values = {PLACE: asked(state="ready", wait=True, fqdn="a.test")}
    left, _memory = UntilServers(values, ups=frozenset({PLACE})).judge(now, NOBODY, 0.0, {})
    assert list(left) == [PLACE]


# Readings --------------------------------------------------------------------------------------------------------

CELLS = {
    "pxname": "www",
    "svname": "web1",
    "status": "UP",
    "scur": "3",
    "qcur": "1",
    "check_status": "L7OK",
    "check_code": "200",
    "last_chk": "fine",
}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param({}, {"sessions": 3, "queue": 1, "check_code": 200, "last_check": "fine"}, id="full"),
        pytest.param({"scur": "", "qcur": ""}, {"sessions": 0, "queue": 0}, id="no counters"),
        pytest.param(
            {"check_status": "", "check_code": "", "last_chk": ""},
            {"check_status": None, "check_code": None, "last_check": None},
            id="no check",
        ),
        pytest.param({"check_code": "0"}, {"check_code": 0}, id="code 0"),
        pytest.param({"check_status": "* L7OK"}, {"check_status": "L7OK", "in_flight": True}, id="a check under way"),
        pytest.param({"check_status": "* INI"}, {"check_status": "INI", "in_flight": True}, id="the first check"),
        pytest.param({"check_status": "L7OK"}, {"in_flight": False}, id="no check under way"),
        pytest.param(
            {"check_duration": "12", "check_fall": "3"}, {"check_duration": 12, "fall": 3}, id="duration, fall"
        ),
        pytest.param({}, {"check_duration": None, "fall": None}, id="a version that tells neither"),
        pytest.param({"last_chk": "caf\udce9"}, {"last_check": "caf\\xe9"}, id="a byte that is no UTF-8"),
        pytest.param({"last_agt": "\udcff"}, {"agent": "\\xff"}, id="such a byte of the agent"),
        pytest.param({"last_agt": "50%", "agent_status": "L7OK"}, {"agent": "50%"}, id="agent's words"),
        pytest.param({"last_agt": "", "agent_status": "L7OK"}, {"agent": "L7OK"}, id="agent without words"),
        pytest.param({"last_agt": "", "agent_status": ""}, {"agent": None}, id="no agent"),
    ],
)
def test_reading_of(cells: dict[str, str], expected: dict[str, object]) -> None:
    reading = reading_of({**CELLS, **cells}, _row())._asdict()
    assert {name: reading[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("admin", "tracked", "by"),
    [
        pytest.param(0, "", None, id="nobody"),
        pytest.param(1, "", None, id="own maintenance"),
        pytest.param(0, "www/web9", None, id="tracks one that is ready"),
        pytest.param(2, "www/web9", "www/web9", id="tracked server in maintenance"),
        pytest.param(18, "www/web9", "www/web9", id="tracked server in maintenance and drain"),
        pytest.param(16, "", "the server that it tracks", id="a version that does not name it"),
        pytest.param(32, "", "resolver", id="resolver"),
    ],
)
def test_inherited_from(admin: int, tracked: str, by: str | None) -> None:
    assert reading_of({**CELLS, "tracked": tracked}, _row(admin_state=admin)).inherited_from == by


@pytest.mark.parametrize(
    ("change", "another"),
    [
        ({}, False),
        ({"check_status": "L7STS"}, True),
        ({"check_code": "503"}, True),
        ({"check_duration": "99"}, True),
        ({"last_chk": "else"}, True),
        ({"check_status": "* L7OK"}, False),
        ({"status": "DOWN", "scur": "9"}, False),
    ],
)
def test_what_is_told_of_a_check_tells_it_from_another(change: dict[str, str], another: bool) -> None:
    before, after = (reading_of({**CELLS, **cells}, _row()) for cells in ({}, change))
    assert (before.check != after.check) is another


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"scur": "", "slim": "", "bck": "", "tracked": ""}, (0, 0, False, None)),
        ({"scur": ""}, (0, 0, False, None)),
        ({"scur": "3", "slim": "40", "bck": "1", "tracked": "www/web9"}, (3, 40, True, "www/web9")),
        ({"scur": "3", "slim": "40", "bck": "0", "tracked": ""}, (3, 40, False, None)),
    ],
)
def test_what_only_statistics_tell_of_a_server(cells: dict[str, str], expected: tuple[object, ...]) -> None:
    found = completed(_row(), cells)
    assert (found.sessions, found.maxconn, found.backup, found.tracks) == expected


def test_statistics_of_a_server_that_are_no_numbers_are_told_with_its_name() -> None:
    with pytest.raises(ReplyNotUnderstood, match=r"^the statistics of www/web1: .*'many'"):
        completed(_row(), {"scur": "many"})


def test_a_result_shows_a_reading_without_what_only_waiting_needs() -> None:
    shown = reading_of(CELLS, _row()).as_result()
    assert "in_flight" not in shown
    assert "fall" not in shown
    assert shown["status"] == "UP"
