# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of a load, and what a scenario expects of servers."""

from __future__ import annotations

import pytest

from lab.load_log import Request
from lab.load_report import LoadReport, summed
from scenario.findings import Finding, same, told
from scenario.plan import APPLICATIONS, BALANCERS, NEW, SCENARIOS
from scenario.readings import Server
from scenario.verdicts import traffic

TARGETS = ("10.0.0.1:8080", "10.0.0.2:8080")


def report(
    *, failed: str = "", rate: int = 300, longest: float = 3.2, targets: tuple[str, ...] = TARGETS
) -> LoadReport:
    """Ten seconds of a load, one request of which failed at this target."""
    count = rate * 10
    requests = [
        Request(each / rate, 0.01, "200", "app1", NEW, "/", "kept", targets[each % len(targets)])
        for each in range(count + 1)
    ]
    requests.append(Request(5.0, longest, "200", "app2", NEW, "/slow/3000", "new", targets[0]))
    if failed:
        requests.append(Request(5.0, 0.1, "EOFError", "-", "-", "/", "new", failed))
    return summed(requests)


def bad(found: LoadReport, killed: list[str] | None = None) -> list[str]:
    """What is said that is not good."""
    return [finding.words for finding in traffic(found, killed or []) if not finding.is_good]


def test_a_load_of_which_nothing_failed_is_good_and_said() -> None:
    assert bad(report()) == []
    assert next(traffic(report(), [])).line() == "ok      3,002 requests, 300/s, 0 failed"


def test_one_failure_is_one_too_many() -> None:
    first, second = bad(report(failed=TARGETS[0]))
    assert first == "3,003 requests, 300/s, 1 failed (1 x EOFError)"
    assert "EOFError" in second


def test_a_failure_at_the_killed_balancer_is_no_other() -> None:
    assert bad(report(failed=TARGETS[0]), [TARGETS[0]]) == []
    assert "1 failed but at the load balancer that was killed" in bad(report(failed=TARGETS[1]), [TARGETS[0]])


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (report(rate=100), "100 requests a second, at least 200"),
        (report(longest=1.0), "1 slow requests, the longest 1.0 s"),
    ],
)
def test_a_load_that_could_not_tell_is_bad(found: LoadReport, words: str) -> None:
    assert bad(found) == [words]


def test_a_kill_that_nobody_noticed_was_none() -> None:
    assert bad(report(), [TARGETS[0]]) == ["0 failed at that one"]


def test_nothing_found_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    assert told([]) == 1
    assert told([same("all is well", 1, 1)]) == 0
    assert told([Finding(is_good=True, words="good"), same("a number", 1, 2)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "FAILED  a number: it is 1, and should be 2"


@pytest.mark.parametrize("name", SCENARIOS)
def test_wishes_are_about_servers_that_there_are(name: str) -> None:
    scenario = SCENARIOS[name]
    for wish in scenario.wishes:
        assert wish.balancer in BALANCERS
        assert scenario.expected(wish.balancer)[f"www/{wish.server}"] == Server(wish.state, wish.weight)
    assert all(len(scenario.expected(balancer)) == 2 * len(APPLICATIONS) for balancer in BALANCERS)
    assert set(scenario.plan().hosts) == {*BALANCERS, *APPLICATIONS}
