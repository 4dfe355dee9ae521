# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxy_info: frontends, backends and servers, held against the tables that each process gives, read with csv."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from lab.apps import Apps
from lab.config import servers_body
from lab.fleet import Fleet, instances, master_worker, nbproc, one
from lab.ports import free_port, free_ports
from lab.processes import wait_until
from lab.raw import connect
from lab.sessions import hold_session
from lab.tasks import Result, run
from lab.versions import Version, versions

MODULE = "haproxy_info"
SECONDS = 10.0

Row = dict[str, str]
Key = tuple[str, str]

# Known here by name, so that the natures which HAProxy tells are held against something.
ADDED = ("scur", "stot", "bin", "bout", "slim", "qcur", "hrsp_2xx", "req_tot", "lbtot", "econ", "wretr", "eresp")
PEAKS = ("smax", "rate_max", "req_rate_max", "qmax", "conn_rate_max", "ttime_max", "rtime_max", "ctime_max")
AVERAGES = ("qtime", "ctime", "rtime", "ttime")
AGREED = ("pxname", "svname", "status", "type", "mode", "algo", "addr", "check_rise", "tracked")
# What checks, time and rates per second change while a test reads.
MOVING = re.compile(r"check_|last|agent_|(.*_)?rate\Z|downtime")


@dataclass(frozen=True)
class Served:
    """Processes that have had different traffic."""

    fleet: Fleet

    @property
    def count(self) -> int:
        return len(self.fleet.sockets)

    @property
    def sockets(self) -> list[str]:
        return [str(self.fleet.directory)]

    def tables(self) -> list[dict[Key, Row]]:
        """What each process says, and moves by itself no more: of two readings what is the same in both."""
        first, second = (self._read() for _time in range(2))
        return [
            {key: {name: text for name, text in row.items() if again[key][name] == text} for key, row in table.items()}
            for table, again in zip(first, second, strict=True)
        ]

    def _read(self) -> list[dict[Key, Row]]:
        return [rows_of(reply) for reply in self.fleet.ask_all("show stat -1 7 -1")]


def rows_of(reply: str) -> dict[Key, Row]:
    """A table as the csv module reads it; the title behind the last comma is no column."""
    rows = csv.DictReader(io.StringIO(reply.removeprefix("# ").strip("\n"), newline="\n"))
    return {(row["pxname"], row["svname"]): row for row in rows}


def told(result: Result) -> dict[Key, dict[str, Any]]:
    """The rows of a result by the names that the table has."""
    return {
        **{(row["name"], "FRONTEND"): row for row in result["frontends"]},
        **{(row["name"], "BACKEND"): row for row in result["backends"]},
        **{(row["backend"], row["name"]): row for row in result["servers"]},
    }


def request(port: int, path: str = "/") -> None:
    with connect(f"127.0.0.1:{port}") as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n".encode())
        while client.recv(65536):
            pass


@pytest.fixture(
    scope="module",
    params=[(version, count) for version in versions() for count in (1, 4)],
    ids=lambda param: f"haproxy={param[0]}-processes={param[1]}",
)
def served(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Served]:
    version, count = request.param
    ports = free_ports(count)
    with started(version, ports, apps) as fleet:
        serve(fleet, ports)
        yield Served(fleet)


def started(version: Version, ports: list[int], apps: Apps) -> Fleet:
    """As many processes as ports, each with a port of its own."""
    if version.has_nbproc and len(ports) > 1:
        binds = "".join(f"    bind 127.0.0.1:{port} process {number}\n" for number, port in enumerate(ports, 1))
        return nbproc(version, len(ports), servers_body(apps.ports, binds=binds, dead_port=1))
    bodies = [servers_body(apps.ports, binds=f"    bind 127.0.0.1:{port}\n", dead_port=1) for port in ports]
    return instances(version, len(ports), lambda number: bodies[number - 1])


def serve(fleet: Fleet, ports: list[int]) -> None:
    """Different numbers of quick requests and slow ones for each process, none under way afterwards; then one is not
    like the others."""
    wait_until(
        lambda: all(reply.count(",UP,") == 5 for reply in fleet.ask_all("show stat www 6 -1")),
        SECONDS,
        lambda: "servers are not up",
    )
    for number, port in enumerate(ports):
        for _time in range(2 + 3 * number):
            request(port, "/api")
            request(port)
    with ExitStack() as stack:
        held = [stack.enter_context(hold_session(ports[0], "/api/hold")) for _time in range(3)]
        since = time.monotonic()
        wait_until(lambda: time.monotonic() > since + 0.2, SECONDS, lambda: "no time goes by")
        for session in held:
            session.finish()
    fleet.ask(0, "set server odd/a.b:c-d_e state maint;set server api/api2 weight 7")


def weighted(values: list[int], counts: list[int]) -> float:
    if not sum(counts):
        counts = [1] * len(values)
    return sum(value * count for value, count in zip(values, counts, strict=True)) / sum(counts)


class TestMerged:
    def test_each_process_has_a_row_with_every_cell_that_is_not_empty(self, served: Served) -> None:
        before = served.tables()
        rows = told(run(MODULE, {"socket": served.sockets}))
        assert rows.keys() == before[0].keys()
        for key, row in rows.items():
            assert [each["process"] for each in row["per_process"]] == served.fleet.sockets
            for each, table in zip(row["per_process"], before, strict=True):
                expected = {name: text for name, text in table[key].items() if text and name not in ("", "-")}
                steady = {name: text for name, text in expected.items() if not MOVING.match(name)}
                assert {name: str(each["stats"][name]) for name in steady} == steady
                assert expected.keys() - each["stats"].keys() <= {"last_chk", "check_code", "check_duration"}
                assert not {"", "-"} & each["stats"].keys()

    def test_counters_peaks_and_averages(self, served: Served) -> None:
        before = served.tables()
        rows = told(run(MODULE, {"socket": served.sockets}))
        after = served.tables()
        seen = set()
        for key, row in rows.items():
            tables = [table[key] for table in before]
            later = [table[key] for table in after]
            for name in (*ADDED, *PEAKS, *AVERAGES):
                cells = [table.get(name, "") for table in tables]
                if not all(cells) or cells != [table.get(name, "") for table in later]:
                    continue
                values = [int(cell) for cell in cells]
                if name in ADDED:
                    assert row["stats"][name] == sum(values), (key, name)
                elif name in PEAKS:
                    assert row["stats"][name] == max(values), (key, name)
                else:
                    expected = weighted(values, [int(table["stot"]) for table in tables])
                    assert row["stats"][name] == pytest.approx(expected, abs=0.001), (key, name)
                if len(set(values)) > 1:
                    seen.add(name)
        if served.count > 1:
            assert {"stot", "req_tot", "hrsp_2xx", "ttime", "ttime_max", "smax"} <= seen

    def test_texts_agree_or_are_told_per_process(self, served: Served) -> None:
        before = served.tables()
        rows = told(run(MODULE, {"socket": served.sockets}))
        for key, row in rows.items():
            for name in AGREED:
                cells = {
                    socket: table[key].get(name) for socket, table in zip(served.fleet.sockets, before, strict=True)
                }
                if not all(cells.values()):
                    continue
                said = set(cells.values())
                value = row["stats"][name]
                if len(said) > 1:
                    assert value == cells
                    assert not row["consistent"]
                else:
                    assert {str(value)} == said

    def test_what_was_said_to_one_process_only_is_seen(self, served: Served) -> None:
        rows = told(run(MODULE, {"socket": served.sockets}))
        first, *others = served.fleet.sockets
        state = rows["odd", "a.b:c-d_e"]
        weight = rows["api", "api2"]
        if others:
            assert state["state"] == {first: "maint", **dict.fromkeys(others, "ready")}
            assert state["stats"]["status"] == {first: "MAINT", **dict.fromkeys(others, "no check")}
            assert weight["weight"] == {first: 7, **dict.fromkeys(others, 50)}
            assert not state["consistent"]
            assert not weight["consistent"]
        else:
            assert (state["state"], weight["weight"]) == ("maint", 7)
            assert state["consistent"]
            assert weight["consistent"]
        assert rows["api", "api1"]["consistent"]
        assert (rows["api", "api1"]["state"], rows["api", "api1"]["weight"]) == ("ready", 50)

    def test_servers_are_told_as_haproxy_server_tells_them(self, served: Served) -> None:
        rows = told(run(MODULE, {"socket": served.sockets, "gather_subset": "all"}))
        wished = {"socket": served.sockets, "name": "*", "backend": "*", "state": "ready"}
        items = [row["before"] for row in run("haproxy_server", wished, check=True)["servers"]]
        assert len(items) == 14
        for item in items:
            row = rows[item["backend"], item["name"]]
            assert {name: row[name] for name in item} == item

    def test_info_is_merged_too(self, served: Served) -> None:
        result = run(MODULE, {"socket": served.sockets, "gather_subset": "process"})
        infos = {row["name"]: row["info"] for row in result["processes"]}
        merged = result["info"]
        assert merged.keys() == {name for info in infos.values() for name in info}
        for name in ("CumConns", "CumReq", "CurrConns", "Maxconn", "ConnRate"):
            assert merged[name] == sum(info[name] for info in infos.values())
        for name in ("MaxConnRate", "MaxSessRate", "Uptime_sec"):
            assert merged[name] == max(info[name] for info in infos.values())
        assert merged["Idle_pct"] == pytest.approx(
            sum(info["Idle_pct"] for info in infos.values()) / len(infos), abs=0.001
        )
        assert merged["Version"] == infos[served.fleet.sockets[0]]["Version"]
        if served.count > 1:
            assert merged["Pid"] == {name: info["Pid"] for name, info in infos.items()}

    def test_check_mode_reads_as_usual(self, served: Served) -> None:
        rows = [told(run(MODULE, {"socket": served.sockets}, check=check)) for check in (False, True)]
        assert rows[0].keys() == rows[1].keys()
        assert rows[0]["api", "api1"]["stats"]["stot"] == rows[1]["api", "api1"]["stats"]["stot"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param({"backend": "www"}, {"public", "www", "www/web1", "www/web2", "www/web3", "www/web4"}, id="name"),
        pytest.param(
            {"backend": ["a*", "fixed"], "server": ["*1"]},
            {"public", "api", "fixed", "api/web1", "api/api1", "fixed/fixed1"},
            id="globs",
        ),
        pytest.param({"frontend": "p?b*", "backend": "nowhere"}, {"public"}, id="frontends only"),
        pytest.param({"frontend": "none", "backend": "none", "server": "none"}, set(), id="nothing"),
        pytest.param({"frontend": "none", "backend": "odd", "server": "a.b:c-d_e"}, {"odd", "odd/a.b:c-d_e"}, id="odd"),
    ],
)
def test_filters(served: Served, filters: Mapping[str, object], expected: set[str]) -> None:
    result = run(MODULE, {"socket": served.sockets, **filters})
    assert {
        *(row["name"] for row in (*result["frontends"], *result["backends"])),
        *(f"{row['backend']}/{row['name']}" for row in result["servers"]),
    } == expected


NAMED = """
frontend all-Legal_chars.in:one
    bind 127.0.0.1:{port}
    default_backend AZaz09-_.:
listen both
    bind 127.0.0.1:{other}
    server s1 127.0.0.1:{app}
backend AZaz09-_.:
    option httpchk
    http-check expect status 200 on-success "all \\"fine\\", really, caf\\xe9"
    server AZaz09-_.:1 127.0.0.1:{app} check inter 100ms
"""


def test_names_and_texts_with_everything_in_them(haproxy: Version, apps: Apps) -> None:
    port, other = free_ports(2)
    body = NAMED.format(port=port, other=other, app=apps.ports[0])
    lines = 'description caf\\xe9\\ \\,\\ "two"\nmax-spread-checks 100ms'
    with one(haproxy, body, global_lines=lines) as fleet:
        wait_until(lambda: "fine" in fleet.ask(0, "show stat -1 4 -1"), SECONDS, lambda: "no check has a result")
        assert "caf\udce9" in fleet.ask(0, "show info")
        result = run(MODULE, {"socket": fleet.sockets, "gather_subset": ["all"]})
        rows = told(result)
        assert {row["name"] for row in result["frontends"]} == {"all-Legal_chars.in:one", "both"}
        assert {row["name"] for row in result["backends"]} == {"AZaz09-_.:", "both"}
        stats = rows["AZaz09-_.:", "AZaz09-_.:1"]["stats"]
        assert stats["last_chk"] == 'all "fine", really, caf\\xe9'
        assert (stats["scur"], stats["check_code"]) == (0, 200)
        assert "caf\\xe9 " in result["info"]["description"]
        for module, options in (("haproxy_global", {"maxconn": 50}), ("haproxy_command", {"command": "show info"})):
            (process,) = run(module, {"socket": fleet.sockets, **options})["processes"]
            assert "caf\\xe9 " in process["info"]["description"]
        alone = run(MODULE, {"socket": fleet.sockets, "backend": "AZaz09-_.:", "gather_subset": "servers"})
        assert [row["name"] for row in alone["servers"]] == ["AZaz09-_.:1"]


def test_errors_and_sessions(haproxy: Version, apps: Apps) -> None:
    port = free_port()
    with one(
        haproxy, servers_body(apps.ports, binds=f"    bind 127.0.0.1:{port}\n"), operator=True, user=True
    ) as fleet:
        with connect(f"127.0.0.1:{port}") as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: lab\r\nbad header\x01: 1\r\n\r\n")
            client.recv(100)
        with hold_session(port, "/api/hold"):
            result = run(MODULE, {"socket": fleet.operator_sockets, "gather_subset": ["errors", "sessions"]})
            (row,) = result["errors"]
            assert row["process"] == fleet.operator_sockets[0]
            assert row["count"] == 1
            assert any("public" in line for line in row["lines"])
            (session,) = [each for each in result["sessions"] if each["frontend"] == "public"]
            assert session["backend"] == "api"
            assert (session["be"], session["srv"]) == ("api", session["server"])
            assert f"{session['id']}: " in fleet.ask(0, "show sess")
            few = {"socket": fleet.sockets, "gather_subset": "sessions", "backend": "api"}
            assert [each["id"] for each in run(MODULE, few)["sessions"]] == [session["id"]]
            assert run(MODULE, {**few, "backend": "www"})["sessions"] == []
        for subset in ("errors", "sessions", "all"):
            refused = run(MODULE, {"socket": fleet.user_sockets, "gather_subset": subset})
            assert refused["failed"]
            assert refused["error"] == "PermissionDenied"
        assert "servers" in run(MODULE, {"socket": fleet.user_sockets})


def test_old_workers_are_rows_where_they_tell_anything(haproxy: Version, apps: Apps) -> None:
    port = free_port()
    body = servers_body(apps.ports, binds=f"    bind 127.0.0.1:{port}\n")
    with master_worker(haproxy, body) as fleet, hold_session(port, "/api/hold"):
        fleet.reload()
        result = run(MODULE, {"socket": [fleet.master], "gather_subset": "all"})
        old = result["old_workers"]
        assert len(old) == 1
        rows = told(result)
        assert {key[0] for key in rows} == {"public", "www", "api", "fixed", "odd"}
        public = rows["public", "FRONTEND"]
        assert public["consistent"]
        processes = [each["process"] for each in public["per_process"]]
        if haproxy.number < (2, 6):
            assert old[0] not in processes
        else:
            assert processes[1:] == old
            assert public["stats"]["scur"] == 1
            assert [each["stats"]["scur"] for each in public["per_process"]] == [0, 1]
        assert {each["process"] for each in result["sessions"] if each["backend"] == "api"} == set(old)
        assert result["info"]["Stopping"] == {processes[0]: 0, old[0]: 1}
        served = rows["api", "web1"]
        assert (served["state"], served["weight"]) == ("ready", 50)
