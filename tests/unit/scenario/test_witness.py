# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a witness makes of its readings, and what is judged by it."""

from __future__ import annotations

import pytest

from scenario.readings import Server, Servers
from scenario.verdicts import held, waits
from scenario.watch import HELD_SECONDS, LONGEST_SECONDS, end_of
from scenario.witness import Event, Eyes, drains_of, events_of

READY: Servers = {"www/app1": Server("ready", 10), "held/app1": Server("ready", 10)}
DRAIN: Servers = {"www/app1": Server("drain", 10), "held/app1": Server("ready", 10)}


def test_a_drain_counts_from_the_last_process_to_the_last_session() -> None:
    eyes = Eyes("lb1")
    readings: list[tuple[list[Servers], int]] = [
        ([READY, READY], 5),
        ([DRAIN, READY], 5),
        ([DRAIN, DRAIN], 2),
        ([DRAIN, DRAIN], 0),
        ([DRAIN, DRAIN], 0),
        ([READY, DRAIN], 0),
    ]
    seen = [
        (event.time, event.what)
        for time, (states, sessions) in enumerate(readings)
        for event in eyes.see(time, states, {"app1": sessions})
    ]
    assert seen == [(2, "drained"), (3, "emptied"), (5, "back")]


def test_a_log_is_read_as_it_was_written() -> None:
    events = [Event(1.5, "drained", "lb1", "app1"), Event(2.0, "let go", "lb1", "app1", 1)]
    assert events_of("".join(event.line() for event in events)) == events


def log(*drains: tuple[str, str, float, float]) -> list[Event]:
    """Application, balancer, when drained, when emptied."""
    return [
        event
        for name, balancer, begin, end in drains
        for event in (Event(begin, "drained", balancer, name), Event(end, "emptied", balancer, name))
    ]


def test_only_the_first_drain_counts() -> None:
    drain = drains_of(log(("app1", "lb1", 1, 2), ("app1", "lb2", 1.5, 4), ("app1", "lb1", 10, 20)))["app1"]
    assert (drain.begin, drain.spread, drain.end) == (1, 0.5, 4)
    assert drain.each == {"lb1": 1, "lb2": 2.5}


def test_a_drain_that_never_ended_is_none() -> None:
    assert drains_of([Event(1, "drained", "lb1", "app1")]) == {}


# Of app1, through three balancers, with a session that is held on each.
SLOW = HELD_SECONDS
AT_ONCE = [("app1", f"lb{number}", float(number), number + SLOW) for number in (1, 2, 3)]
BY_TURNS = [("app1", f"lb{number}", number * SLOW, (number + 1) * SLOW) for number in (1, 2, 3)]


def let_go(drains: list[tuple[str, str, float, float]], old: int = 1) -> list[Event]:
    """The sessions that were held until the drains' ends; `old` workers on the first balancer."""
    return [
        Event(end, "let go", balancer, name, old if balancer == "lb1" else 0) for name, balancer, _begin, end in drains
    ]


BAD = {
    "touched before the last session ended": (AT_ONCE, 1, SLOW + 2, "until they were let go"),
    "one balancer after the other": (BY_TURNS, 1, 4 * SLOW + 1, "all were told within"),
    "no old worker": (AT_ONCE, 0, SLOW + 5, "one of them by an old worker"),
    "a balancer without a session": (AT_ONCE[:2], 1, SLOW + 5, "a session of app1 was held on every load balancer"),
}


def test_a_drain_of_all_balancers_at_once_is_good() -> None:
    events = log(*AT_ONCE)
    found = list(held([*events, *let_go(AT_ONCE)], drains_of(events)["app1"], SLOW + 5))
    assert [finding.is_good for finding in found] == [True] * 5, found


@pytest.mark.parametrize("name", BAD)
def test_what_is_bad_is_found(name: str) -> None:
    drains, old, touched, words = BAD[name]
    events = log(*drains)
    found = held([*events, *let_go(drains, old)], drains_of(events)["app1"], touched)
    first = next(finding for finding in found if not finding.is_good)
    assert first.words.startswith(words)


def test_a_session_that_was_cut_off_is_bad() -> None:
    events = log(*AT_ONCE)
    cut = Event(5.0, "cut", "lb1", "app1", 1)
    found = held([*events, cut, *let_go(AT_ONCE[1:])], drains_of(events)["app1"], SLOW + 5)
    assert next(found).line() == "FAILED  no held session was cut off: it is ['lb1'], and should be []"


@pytest.mark.parametrize(
    ("told", "end"),
    [
        ([None, None], float("inf")),
        ([10.0, None], 10.0 + LONGEST_SECONDS),
        ([10.0, 12.0], 12.0 + HELD_SECONDS),
    ],
)
def test_sessions_are_held_until_all_balancers_were_told(told: list[float | None], end: float) -> None:
    assert end_of(told) == end


def test_hosts_are_deployed_one_after_the_other() -> None:
    drains = [*AT_ONCE, *((f"app{each}", "lb1", 20.0 * each, 20.0 * each + 2) for each in (2, 3, 4))]
    events = [*log(*drains), *let_go(AT_ONCE)]
    touched = {"app1": SLOW + 5, "app2": 45.0, "app3": 65.0, "app4": 85.0}
    assert [finding for finding in waits(events, touched) if not finding.is_good] == []
    early, together = {**touched, "app3": 61.0}, {**touched, "app3": 81.0}
    assert [finding.words for finding in waits(events, early) if not finding.is_good] == [
        "app3: lb1 2.0 s; touched after 1.0 s"
    ]
    assert "one host after the other" in [finding.words for finding in waits(events, together) if not finding.is_good]
