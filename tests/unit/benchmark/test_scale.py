# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fleet costs, computed."""

from __future__ import annotations

import pytest

from benchmark.findings import Finding
from benchmark.scale import (
    WORKS,
    Costs,
    Work,
    controllers,
    costs_of,
    enough_forks,
    estimate,
    relayed,
    table,
    works_of,
)

COSTS = Costs(start=2.0, main=0.01, worker=0.07, waits=0.4, sent=170_000, memory=50e6)
SMALL = Work(host=0.0, main=0.0, result=1_000)


@pytest.mark.parametrize(
    ("forks", "processors", "bound", "seconds"),
    [
        pytest.param(5, 8, "forks", 2 + 200 * 0.4, id="few forks: each waits for its host, one after the other"),
        pytest.param(200, 2, "processors", 2 + 1000 * 0.08 / 2, id="many forks, few processors"),
        pytest.param(200, 16, "main process", 2 + 1000 * 0.01, id="many of both: there is one main process"),
        pytest.param(3, 16, "forks", 2 + 334 * 0.4, id="the last round has one host"),
    ],
)
def test_the_slowest_of_three_decides(forks: int, processors: int, bound: str, seconds: float) -> None:
    found = estimate(COSTS, SMALL, forks=forks, hosts=1000, processors=processors)
    assert found.bound == bound
    assert found.seconds == pytest.approx(seconds)
    assert found.processor == pytest.approx(2 + 80)
    assert (found.sent, found.received, found.memory) == (170e6, 1e6, forks * 50e6)


def test_more_forks_than_hosts_are_of_no_use() -> None:
    assert estimate(COSTS, SMALL, forks=50, hosts=10) == estimate(COSTS, SMALL, forks=10, hosts=10)


def test_a_large_balancer_costs_its_host_time_and_the_main_process_its_result() -> None:
    found = estimate(COSTS, Work(host=7.0, main=1.5, result=7e6), forks=200, hosts=1000)
    assert found.bound == "main process"
    assert found.seconds == pytest.approx(2 + 1000 * 1.51)


@pytest.mark.parametrize("work", [SMALL, Work(7.0, 1.5, 7e6)], ids=["small", "large"])
def test_with_enough_forks_they_are_not_what_is_waited_for(work: Work) -> None:
    enough = enough_forks(COSTS, work, hosts=1000)
    most = estimate(COSTS, work, forks=1000, hosts=1000).seconds
    # The last round may not be full.
    assert estimate(COSTS, work, forks=enough, hosts=1000).seconds <= most + COSTS.waits + work.host
    assert estimate(COSTS, work, forks=max(1, enough // 2), hosts=1000).seconds > most


def test_controllers_share_the_hosts() -> None:
    assert controllers(COSTS, SMALL, 60, hosts=1000) == 1
    number = controllers(COSTS, SMALL, 5, hosts=10_000)
    for so_many, in_time in ((number, True), (number - 1, False)):
        share = -(-10_000 // so_many)
        found = estimate(COSTS, SMALL, forks=enough_forks(COSTS, SMALL, hosts=share), hosts=share)
        assert (found.seconds <= 5) == in_time
    with pytest.raises(ValueError, match=r"longer than 2 s"):
        controllers(COSTS, SMALL, 2)


def test_with_the_relay_the_controller_computes_what_the_host_did() -> None:
    costs, work = relayed(COSTS, Work(0.5, 0.1, 3e3), 1e6)
    assert costs.worker == pytest.approx(0.57)
    assert work == Work(0.5, 0.1, 1e6)


def _findings() -> list[Finding]:
    rows = {
        "a play without a task, 200 hosts": 2.5,
        "a play without a task, 200 hosts, CPU": 2.0,
        "haproxy_server on 200 hosts, forks 20, CPU of the main process": 4.0,
        "haproxy_server on 200 hosts, forks 20, memory of a worker": 50.0,
    }
    for work in WORKS:
        head = f"4 processes, 5,000 servers: {work}"
        rows |= {f"{head}, the module": -0.01, f"{head}, CPU of the main process": 0.1, f"{head}, result": 3.0}
    over = {
        "haproxy_server over SSH, a further task": 0.4,
        "haproxy_server over SSH, a further task, CPU of the controller": 0.08,
        "haproxy_server over SSH, sent to the host": 170.0,
    }
    return [Finding(case, *row, "s") for case, its in (("fleet", rows), ("relay", over)) for row in its.items()]


def test_costs_come_from_the_findings() -> None:
    assert costs_of(_findings()) == pytest.approx((2.5, 0.01, 0.07, 0.4, 170_000, 50e6))
    assert works_of(_findings()) == dict.fromkeys(WORKS, Work(0.0, 0.1, 3_000))
    with pytest.raises(KeyError, match="relay over SSH"):
        costs_of(_findings(), "relay")


def test_the_table_has_a_row_for_each_number_of_forks() -> None:
    head, _line, *rows = table(COSTS, {"one server changed": SMALL})
    assert head.count("|") == 9
    assert [row.split(" | ")[1] for row in rows] == ["5", str(enough_forks(COSTS, SMALL)), "50", "200"]
    assert rows[0].startswith("| one server changed | 5 | 82 s | 82 s | 170 MB | 1 MB | 250 MB | forks |")
