# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What haproxyadmin's research wants read, cases G01 to G06, F13 to F15, B, and S of figures: haproxy_info on four
processes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from lab.apps import Apps
from lab.config import servers_body
from lab.fleet import Fleet, instances, nbproc, one
from lab.ports import free_ports
from lab.processes import wait_until
from lab.tasks import Result, run
from lab.versions import Version, newest, oldest, versions

from .spread import MAXCONN, WHERE, Spread, spread
from .test_haproxy_info_statistics import MOVING, Key, Row, rows_of, told
from .test_haproxy_info_statistics import request as send

MODULE = "haproxy_info"
SECONDS = 10.0
BOTH = [oldest(), newest()]
EACH = pytest.mark.parametrize("haproxy", BOTH, ids=lambda version: f"haproxy={version}")
# Requests to each frontend.
REQUESTS = 12
TWICE = "bck_all_srv1"

# What haproxyadmin calls metrics: of all three kinds, and of each.
COMMON = frozenset(
    """
    bin bout dresp hrsp_1xx hrsp_2xx hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other rate rate_max scur slim smax stot
    """.split()  # noqa: SIM905 so many quoted words read worse
)
COMPRESSION = frozenset(("comp_byp", "comp_in", "comp_out", "comp_rsp"))
OF_A_FRONTEND = COMMON | COMPRESSION | {"dreq", "ereq", "rate_lim", "req_rate", "req_rate_max", "req_tot"}
BEHIND = COMMON | frozenset(
    """
    act bck chkdown cli_abrt ctime downtime econ eresp lastchg lastsess lbtot qcur qmax qtime rtime srv_abrt ttime weight
    wredis wretr
    """.split()  # noqa: SIM905 so many quoted words read worse
)
OF_A_BACKEND = BEHIND | COMPRESSION | {"dreq"}
OF_A_SERVER = BEHIND | {"check_duration", "chkfail", "qlimit", "throttle"}
# Those that it adds up or averages though no sum or plain average means anything.
PEAKS = ("qmax", "rate_max", "smax", "req_rate_max")
AGES = ("lastchg", "lastsess")
AVERAGES = ("ctime", "qtime", "rtime", "ttime")


def merged_by_hand(name: str, rows: list[Row]) -> float:
    """The one value of a column over the rows of an object."""
    values = [int(row[name]) for row in rows]
    if name in PEAKS:
        return max(values)
    if name in AGES:
        return min((value for value in values if value >= 0), default=-1)
    if name in AVERAGES:
        counts = [int(row["stot"]) for row in rows]
        total = sum(counts)
        return sum(map(int.__mul__, values, counts)) / total if total else sum(values) / len(values)
    if name == "weight" or (name in ("act", "bck") and rows[0]["svname"] != "BACKEND"):
        (value,) = set(values)
        return value
    return sum(values)


def gathered(four: Spread, **options: Any) -> Result:
    """The result of a task that must go well."""
    result = run(MODULE, {"socket": four.sockets, **options})
    assert not result.get("failed"), result["msg"]
    return result


def tables(fleet: Fleet) -> list[dict[Key, Row]]:
    return [rows_of(reply) for reply in fleet.ask_all("show stat -1 7 -1")]


def infos(fleet: Fleet) -> list[dict[str, str]]:
    """What each process says of itself, read without the collection's own code."""
    return [
        dict(line.split(": ", 1) for line in reply.splitlines() if ": " in line) for reply in fleet.ask_all("show info")
    ]


@pytest.fixture(params=BOTH, ids=lambda version: f"haproxy={version}")
def four(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Spread]:
    """nbproc 4 on the oldest version, four instances on the newest."""
    yield from spread(request.param, apps.ports)


@pytest.fixture(scope="module", params=BOTH, ids=lambda version: f"haproxy={version}")
def busy(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Spread]:
    """The same; each frontend has answered some requests, and nothing is under way."""
    with contextmanager(spread)(request.param, apps.ports) as four:
        for port in four.ports.values():
            for _time in range(REQUESTS):
                send(port)

        def counted() -> bool:
            rows = [row for table in tables(four.fleet) for row in table.values() if row["svname"] == "FRONTEND"]
            return sum(int(row["req_tot"]) for row in rows) == REQUESTS * len(WHERE)

        wait_until(counted, SECONDS, lambda: "requests are missing")
        yield four


# Global ----------------------------------------------------------------------------------------------------------


def test_g01_what_names_the_release_agrees_and_a_description_may_be_absent(busy: Spread) -> None:
    result = gathered(busy, gather_subset="process")
    said = infos(busy.fleet)
    for name in ("Name", "Version", "Release_date", "node"):
        assert {result["info"][name]} == {info[name] for info in said}
    assert "description" not in result["info"]
    assert all("description" not in row["info"] for row in result["processes"])


def test_g01_a_description_that_is_configured_is_told(apps: Apps) -> None:
    with instances(newest(), 4, servers_body(apps.ports), global_lines="description of the lab") as fleet:
        result = run(MODULE, {"socket": [str(fleet.directory)], "gather_subset": "process"})
        assert result["info"]["description"] == "of the lab"


def test_g02_versions_that_differ_are_told_per_process(four: Spread) -> None:
    middle = versions()[1]
    with one(middle, "backend backend_proc1\n    server member1_proc1 127.0.0.1:9\n") as other:
        sockets = [*four.recorders.sockets, *other.sockets]
        result = run(MODULE, {"socket": sockets})
        assert not result.get("failed"), result["msg"]
        expected = {name: info["Version"] for name, info in zip(sockets, infos(four.fleet) + infos(other), strict=True)}
        assert result["info"]["Version"] == expected
        assert {row["name"]: row["version"] for row in result["processes"]} == expected
        assert len(set(expected.values())) == 2
        server = told(result)["backend_proc1", "member1_proc1"]
        assert {row["process"] for row in server["per_process"]} == {sockets[0], *other.sockets}
        assert server["port"] == {sockets[0]: server["port"][sockets[0]], other.sockets[0]: 9}


def test_g03_uptime_is_of_each_process(busy: Spread) -> None:
    before, result, after = infos(busy.fleet), gathered(busy, gather_subset="process"), infos(busy.fleet)
    seconds = [row["uptime_sec"] for row in result["processes"]]
    for value, former, later in zip(seconds, before, after, strict=True):
        assert int(former["Uptime_sec"]) <= value <= int(later["Uptime_sec"])
    assert result["info"]["Uptime_sec"] == max(seconds)


def test_g04_totals_are_sums(busy: Spread) -> None:
    """HAProxy counts the commands on its stats sockets as requests, too."""
    before, result, after = infos(busy.fleet), gathered(busy, gather_subset="process"), infos(busy.fleet)
    merged, rows = result["info"], [row["info"] for row in result["processes"]]
    assert merged["Maxconn"] == 4 * MAXCONN
    assert [row["Maxconn"] for row in rows] == [MAXCONN] * 4
    for row, former, later in zip(rows, before, after, strict=True):
        assert int(former["CumReq"]) <= row["CumReq"] <= int(later["CumReq"])
    assert merged["CumReq"] == sum(row["CumReq"] for row in rows) >= REQUESTS * len(WHERE)


def test_g04_a_percentage_is_the_plain_average_and_never_a_sum(four: Spread) -> None:
    """Processes of one machine are hardly ever idle to different degrees, so these say that they are."""
    shares = (10, 20, 30, 80)
    for recorder, share in zip(four.recorders.all, shares, strict=True):
        said = f"Idle_pct: {share}\n".encode()
        recorder.tamper = lambda _request, reply, said=said: re.sub(rb"Idle_pct: \d+\n", said, reply)
    for _time in range(REQUESTS):  # so that an average by requests would be another
        send(four.ports["frontend_proc1"])
    result = gathered(four, gather_subset="process")
    assert tuple(row["info"]["Idle_pct"] for row in result["processes"]) == shares
    assert result["info"]["Idle_pct"] == 35


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"gather_subset": ["metrics"]}, "metrics", id="an unknown subset"),
        pytest.param({"gather_subset": []}, "gather_subset is empty", id="none at all"),
        pytest.param({"metric": "CumReq"}, "metric", id="an unknown option"),
    ],
)
def test_g05_what_does_not_exist_is_refused(busy: Spread, options: dict[str, Any], words: str) -> None:
    busy.recorders.clear()
    failure = run(MODULE, {"socket": busy.sockets, **options})
    assert failure["failed"]
    assert words in failure["msg"]
    assert busy.recorders.commands() == [[]] * 4


@pytest.mark.parametrize("lacking", [(3,), (0, 1, 2, 3)], ids=["one process", "all processes"])
def test_g06_a_build_without_tls_lacks_figures_and_nothing_breaks(busy: Spread, lacking: tuple[int, ...]) -> None:
    for index in lacking:
        busy.recorders[index].tamper = lambda _request, reply: re.sub(rb"(?m)^.*Ssl.*\n", b"", reply)
    try:
        result = gathered(busy)
    finally:
        for index in lacking:
            busy.recorders[index].tamper = None
    for index, row in enumerate(result["processes"]):
        assert any("Ssl" in name for name in row["info"]) == (index not in lacking)
    assert any("Ssl" in name for name in result["info"]) == (len(lacking) < 4)
    assert result["info"]["Maxconn"] == 4 * MAXCONN
    assert [row["name"] for row in result["frontends"]] == sorted(WHERE)


# Frontends -------------------------------------------------------------------------------------------------------


def test_f13_requests_are_counted_over_all_processes(busy: Spread) -> None:
    rows = {row["name"]: row["stats"]["req_tot"] for row in gathered(busy, gather_subset="frontends")["frontends"]}
    assert rows == dict.fromkeys(WHERE, REQUESTS)


@EACH
def test_f13_in_mode_tcp_sessions_are_counted_instead(haproxy: Version, apps: Apps) -> None:
    ports = free_ports(4)
    text = "frontend plain\n    mode tcp\n{}    default_backend www\nbackend www\n    mode tcp\n    server web1 127.0.0.1:{}\n"
    if haproxy.has_nbproc:
        binds = "".join(f"    bind 127.0.0.1:{port} process {number}\n" for number, port in enumerate(ports, 1))
        fleet = nbproc(haproxy, 4, text.format(binds, apps.ports[0]))
    else:
        fleet = instances(
            haproxy, 4, lambda number: text.format(f"    bind 127.0.0.1:{ports[number - 1]}\n", apps.ports[0])
        )
    with fleet:
        for count, port in enumerate(ports, 1):
            for _time in range(count):
                send(port)
        asked = {"socket": [str(fleet.directory)], "gather_subset": "frontends"}

        def sessions() -> list[dict[str, Any]] | None:
            (row,) = run(MODULE, asked)["frontends"]
            return (
                [row["stats"], *(each["stats"] for each in row["per_process"])] if row["stats"]["stot"] == 10 else None
            )

        merged, *rows = wait_until(sessions, SECONDS, lambda: "sessions are missing")
        assert [row["stot"] for row in rows] == [1, 2, 3, 4]
        assert merged.get("req_tot", 0) == 0
        assert merged["mode"] == "tcp"


def test_f14_each_process_has_its_row_with_all_that_it_says(busy: Spread) -> None:
    said = tables(busy.fleet)
    for row in gathered(busy, gather_subset="frontends")["frontends"]:
        assert busy.numbers([each["process"] for each in row["per_process"]]) == WHERE[row["name"]]
        for number, each in zip(WHERE[row["name"]], row["per_process"], strict=True):
            cells = {name: text for name, text in said[number - 1][row["name"], "FRONTEND"].items() if text}
            assert {name: str(value) for name, value in each["stats"].items() if not MOVING.match(name)} == {
                name: text for name, text in cells.items() if not MOVING.match(name) and name not in ("", "-")
            }
        counts = [each["stats"]["req_tot"] for each in row["per_process"]]
        assert sum(counts) == row["stats"]["req_tot"]


def agrees(busy: Spread, subset: str, names: frozenset[str]) -> set[str]:
    """Assert that each of these columns is the number that the rows of its object make; returns those that are there."""
    there = set()
    before = tables(busy.fleet)
    result = told({"frontends": [], "backends": [], "servers": [], **gathered(busy, gather_subset=subset)})
    after = tables(busy.fleet)
    assert result
    for key, row in result.items():
        former, later = ([table[key] for table in each if key in table] for each in (before, after))
        filled = {name for name in names if former[0][name]}
        # HAProxy tells no duration while a check is under way.
        assert (names & row["stats"].keys()) ^ filled <= {"check_duration"}
        filled &= row["stats"].keys()
        assert all(isinstance(row["stats"][name], (int, float)) for name in filled)
        there |= filled
        for name in filled - {name for name in filled if MOVING.match(name) and name not in AGES}:
            least, most = (merged_by_hand(name, rows) for rows in (former, later))
            assert least - 0.001 <= row["stats"][name] <= most + 0.001, (key, name)
    return there


def rows_for(busy: Spread, key: Key) -> list[Row]:
    return [table[key] for table in tables(busy.fleet) if key in table]


def test_f15_every_metric_of_a_frontend_is_a_number(busy: Spread) -> None:
    assert agrees(busy, "frontends", OF_A_FRONTEND) == OF_A_FRONTEND


# Backends --------------------------------------------------------------------------------------------------------

BACKENDS = {
    **{name: numbers for name, numbers in WHERE.items() if name.startswith("haproxy-stats")},
    "backend_proc1": (1,),
    "backend_proc2": (2,),
    "backend1_proc34": (3, 4),
    "backend2_proc34": (3, 4),
}
SERVERS = {
    "backend_proc1": [TWICE, "member1_proc1", "member2_proc1"],
    "backend_proc2": ["bck_proc2_srv1_proc2", "bck_proc2_srv2_proc2"],
    "backend1_proc34": ["bck1_proc34_srv1", TWICE],
    "backend2_proc34": ["bck2_proc34_srv1", "bck2_proc34_srv2", TWICE],
}


def test_b01_b09_all_backends_and_their_processes_and_listen_sections_are_both(busy: Spread) -> None:
    result = gathered(busy)
    found = {row["name"]: busy.numbers([each["process"] for each in row["per_process"]]) for row in result["backends"]}
    assert found == BACKENDS
    assert list(found) == sorted(BACKENDS)
    both = {row["name"] for row in result["frontends"]} & set(found)
    assert both == {"haproxy-stats", "haproxy-stats2", "haproxy-stats3", "haproxy-stats4"}


def test_b02_a_missing_backend_is_an_empty_list(busy: Spread) -> None:
    result = gathered(busy, backend="backend_proc3", gather_subset=["backends", "servers"])
    assert (result["backends"], result["servers"]) == ([], [])


def test_b03_a_status_agrees_or_is_told_per_process(four: Spread) -> None:
    for server in SERVERS["backend1_proc34"]:
        four.fleet.ask(3, f"disable server backend1_proc34/{server}")
    rows = {row["name"]: row for row in gathered(four, gather_subset="backends")["backends"]}
    third, fourth = four.recorders.sockets[2:]
    assert rows["backend1_proc34"]["stats"]["status"] == {third: "UP", fourth: "DOWN"}
    assert not rows["backend1_proc34"]["consistent"]
    assert {row["stats"]["status"] for name, row in rows.items() if name != "backend1_proc34"} == {"UP"}
    assert {row["consistent"] for name, row in rows.items() if name != "backend1_proc34"} == {True}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param({"backend": "*"}, SERVERS, id="B04 servers of each backend"),
        pytest.param(
            {"backend": "backend_proc2"}, {"backend_proc2": SERVERS["backend_proc2"]}, id="B04 servers of one backend"
        ),
        pytest.param({"backend": "backend_proc2", "server": TWICE}, {}, id="B05 a server of other backends"),
        pytest.param({"backend": "haproxy-stats"}, {}, id="B06 a backend without servers"),
        pytest.param(
            {"server": TWICE},
            {name: [TWICE] for name in ("backend_proc1", "backend1_proc34", "backend2_proc34")},
            id="S01 a server of three backends",
        ),
        pytest.param(
            {"server": TWICE, "backend": "backend2_*"}, {"backend2_proc34": [TWICE]}, id="S02 the same of one backend"
        ),
        pytest.param({"server": "bck_all_srv2"}, {}, id="S03 a server of no backend"),
    ],
)
def test_servers_of_backends(busy: Spread, filters: dict[str, str], expected: dict[str, list[str]]) -> None:
    found: dict[str, list[str]] = {}
    for row in gathered(busy, gather_subset="servers", **filters)["servers"]:
        found.setdefault(row["backend"], []).append(row["name"])
    assert found == expected


def test_b07_every_metric_of_a_backend_is_a_number_by_its_rule(busy: Spread) -> None:
    assert agrees(busy, "backends", OF_A_BACKEND) == OF_A_BACKEND


def test_b08_requests_of_a_backend_are_a_sum_and_per_process(busy: Spread) -> None:
    (row,) = gathered(busy, gather_subset="backends", backend="backend1_proc34")["backends"]
    counts = [each["stats"]["stot"] for each in row["per_process"]]
    assert counts == [int(cells["stot"]) for cells in rows_for(busy, ("backend1_proc34", "BACKEND"))]
    assert sum(counts) == row["stats"]["stot"] == REQUESTS


def test_b10_the_names_are_those_of_the_heading(busy: Spread) -> None:
    for row in gathered(busy, gather_subset="backends")["backends"]:
        cells, *_more = rows_for(busy, (row["name"], "BACKEND"))
        assert row["stats"].keys() == {name for name, text in cells.items() if text and name not in ("", "-")}


# Servers ---------------------------------------------------------------------------------------------------------


def test_s29_every_metric_of_a_server_is_a_number_by_its_rule(busy: Spread) -> None:
    """No server here has a limit, a queue's limit or a slow start, and what is empty is absent."""
    there = agrees(busy, "servers", OF_A_SERVER)
    assert there | {"check_duration"} == OF_A_SERVER - {"qlimit", "slim", "throttle"}


def test_s30_each_process_has_the_servers_row(busy: Spread) -> None:
    wish = {"gather_subset": "servers", "backend": "backend2_proc34", "server": "bck2_proc34_srv1"}
    (row,) = gathered(busy, **wish)["servers"]
    cells = rows_for(busy, ("backend2_proc34", "bck2_proc34_srv1"))
    assert busy.numbers([each["process"] for each in row["per_process"]]) == (3, 4)
    for each, expected in zip(row["per_process"], cells, strict=True):
        steady = {name: text for name, text in expected.items() if text and name not in ("", "-")}
        assert {name: str(each["stats"][name]) for name in steady if not MOVING.match(name)} == {
            name: text for name, text in steady.items() if not MOVING.match(name)
        }
