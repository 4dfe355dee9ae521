# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxy_frontend against real HAProxy processes: the law, real traffic, and what cannot be undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

from lab.apps import Apps
from lab.config import bind_lines
from lab.fleet import Fleet, layout, master_worker, nbproc
from lab.ports import free_port, free_ports
from lab.processes import wait_until
from lab.prophecy import holds
from lab.raw import connect
from lab.recorder import Recorder, Recorders
from lab.sessions import hold_session
from lab.tasks import Result, run
from lab.versions import Version, newest, oldest, versions

from .conftest import Balancer
from .spread import FRONTEND_MAXCONN, WHERE, Spread, spread

MODULE = "haproxy_frontend"
SECONDS = 5.0
OLDEST = pytest.mark.parametrize("haproxy", [oldest()], ids=lambda version: f"haproxy={version}")
COUNTS = pytest.mark.parametrize("count", [1, 4], ids=lambda count: f"processes={count}")
NAMES = ("public", "private", "both-1", "3")


class Truth(NamedTuple):
    """A frontend on one process, in HAProxy's own words."""

    status: str
    slim: int


def frontends(fleet: Fleet, index: int) -> dict[str, Truth]:
    """Frontend → truth, read without the collection's own code."""
    titles, *rows = fleet.ask(index, "show stat -1 1 -1").strip("\n").splitlines()
    cells = [dict(zip(titles.removeprefix("# ").split(","), row.split(","), strict=False)) for row in rows]
    return {row["pxname"]: Truth(row["status"], int(row["slim"])) for row in cells}


def body(apps: Apps, ports: list[int], binds: int) -> str:
    """Four frontends, one of them of a ``listen`` section and one whose name is a number."""
    lines = [bind_lines(port, processes=binds) for port in ports]
    app = f"127.0.0.1:{apps.ports[0]}"
    return f"""\
frontend public
{lines[0]}    maxconn 100
    default_backend www
frontend private
{lines[1]}    maxconn 100
    default_backend www
listen both-1
{lines[2]}    maxconn 100
    server web1 {app}
frontend 3
{lines[3]}    maxconn 100
    default_backend www
backend www
    server web1 {app}
"""


def closed(haproxy: Version) -> str:
    """HAProxy's word for a disabled frontend."""
    return "STOP" if haproxy.number < (2, 3) else "PAUSED"


@dataclass(frozen=True)
class Open(Balancer):
    """One or four processes with frontends, and the port of the first."""

    port: int

    def start_from(self, **differing: tuple[str, int]) -> None:
        """All frontends open with maxconn 100, except public on the processes p1, p2 …"""
        for index in range(len(self.recorders)):
            for name in NAMES:
                verb, maxconn = differing.get(f"p{index + 1}", ("", 100)) if name == "public" else ("", 100)
                self.fleet.ask(index, f"{verb or 'enable'} frontend {name};set maxconn frontend {name} {maxconn}")
        self.recorders.clear()

    def agrees(self, result: Result) -> None:
        """Assert that the result's ``after`` is what every process says."""
        names = [process["name"] for process in result["processes"]]
        for row in result["frontends"]:
            assert row["processes"] == names
            for index, name in enumerate(names):
                truth = frontends(self.fleet, index)[row["name"]]
                after = {key: value[name] if isinstance(value, dict) else value for key, value in row["after"].items()}
                state = "enabled" if truth.status == "OPEN" else "disabled"
                assert after == {"name": row["name"], "state": state, "maxconn": truth.slim}
                assert row["readings"][name] == {"status": truth.status}


def started(haproxy: Version, count: int, apps: Apps, **options: Any) -> tuple[Fleet, int]:
    """A fleet with the frontends above, and the port of the first."""
    ports = free_ports(4)
    binds = count if haproxy.has_nbproc else 1
    return layout(haproxy, count, body(apps, ports, binds), **options), ports[0]


@pytest.fixture(
    scope="module",
    params=[(version, count) for version in versions() for count in (1, 4)],
    ids=lambda param: f"haproxy={param[0]}-processes={param[1]}",
)
def opened(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Open]:
    """Each version, as one process and as four."""
    version, count = request.param
    fleet, port = started(version, count, apps)
    with fleet, Recorders(fleet) as recorders:
        yield Open(fleet, recorders, port)


def answers(port: int) -> bool | None:
    """Whether a request is answered; None: the port refuses it."""
    try:
        with connect(f"127.0.0.1:{port}", SECONDS) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n")
            return client.recv(65536).startswith(b"HTTP/1.1 200")
    except ConnectionRefusedError:
        return None
    except OSError:
        return False


def applied(arguments: dict[str, Any]) -> Result:
    """The result of a task that must go well."""
    result = run(MODULE, arguments)
    assert not result.get("failed"), result["msg"]
    return result


def fails(balancer: Balancer, arguments: dict[str, Any], error: str, *words: str) -> Result:
    """The same failure in check mode and outside it, before anything is sent."""
    balancer.recorders.clear()
    outcomes = [run(MODULE, {**arguments, "socket": balancer.sockets}, check=check) for check in (True, False)]
    for failure in outcomes:
        assert failure.get("failed"), failure
        assert failure["error"] == error, failure["msg"]
        assert "exception" not in failure
        assert all(word in failure["msg"] for word in words), failure["msg"]
    assert balancer.recorders.writes() == [[]] * len(balancer.recorders)
    return outcomes[1]


# The law ---------------------------------------------------------------------------------------------------------

CASES: dict[str, dict[str, Any]] = {
    "disabled": {"name": ["public"], "state": "disabled"},
    "enabled": {"name": ["public"], "state": "enabled"},
    "fewer connections": {"name": ["public"], "maxconn": 50},
    "more connections": {"name": ["public"], "maxconn": 5000},
    "as many as can be said": {"name": ["public"], "maxconn": 2**31 - 1},
    "the least": {"name": ["public"], "maxconn": 1},
    "both": {"name": ["public"], "state": "disabled", "maxconn": 7},
    "several names": {"name": ["public", "private"], "state": "disabled"},
    "a listen section": {"name": ["both-1"], "state": "disabled", "maxconn": 9},
    "a name that is a number": {"name": ["3"], "state": "disabled"},
    "globs": {"name": ["p*", "bot?-[12]"], "maxconn": 33},
    "everything": {"name": ["*"], "state": "disabled"},
    "nothing asked": {"name": ["*"]},
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_prophecy_of_a_case(opened: Open, case: dict[str, Any]) -> None:
    opened.start_from()
    result = holds(MODULE, {**case, "socket": opened.sockets}, opened.recorders, "frontends")
    opened.agrees(result)


@pytest.mark.parametrize("former", ["enable", "disable"])
@pytest.mark.parametrize("state", ["enabled", "disabled"])
def test_prophecy_from_every_state_to_every_state(opened: Open, former: str, state: str) -> None:
    opened.start_from(**{f"p{number}": (former, 100) for number in (1, 2, 3, 4)})
    arguments = {"name": ["public"], "state": state, "socket": opened.sockets}
    result = holds(MODULE, arguments, opened.recorders, "frontends")
    opened.agrees(result)
    assert result["changed"] == (not state.startswith(former))


def test_processes_that_disagree_converge(opened: Open) -> None:
    """Only the processes that deviate get a command."""
    opened.start_from(p1=("disable", 50), p2=("enable", 50), p3=("disable", 100), p4=("disable", 7))
    arguments = {"name": ["public"], "state": "disabled", "maxconn": 50, "socket": opened.sockets}
    result = holds(MODULE, arguments, opened.recorders, "frontends")
    opened.agrees(result)
    (row,) = result["frontends"]
    assert row["consistent"]
    assert row["after"] == {"name": "public", "state": "disabled", "maxconn": 50}
    wanted = [
        [],
        ["disable frontend public"],
        ["set maxconn frontend public 50"],
        ["set maxconn frontend public 50"],
    ]
    sent = [
        [line["command"] for line in result["commands"] if line["process"] == recorder.path]
        for recorder in opened.recorders.all
    ]
    assert sent == wanted[: len(sent)]
    if len(sent) == 4:
        states = ("disabled", "enabled", "disabled", "disabled")
        assert row["before"] == {
            "name": "public",
            "state": dict(zip(opened.recorders.sockets, states, strict=True)),
            "maxconn": dict(zip(opened.recorders.sockets, (50, 50, 100, 7), strict=True)),
        }


def test_disagreement_alone_is_shown_and_left(opened: Open) -> None:
    opened.start_from(p1=("disable", 100))
    result = holds(MODULE, {"name": ["public"], "socket": opened.sockets}, opened.recorders, "frontends")
    opened.agrees(result)
    assert not result["changed"]
    assert result["frontends"][0]["consistent"] == (len(opened.recorders) == 1)


REFUSED: dict[str, tuple[dict[str, Any], str, tuple[str, ...]]] = {
    "shutdown without force": ({"state": "shutdown"}, "InputError", ("cannot be undone", "force=true")),
    "shutdown with a limit": ({"state": "shutdown", "force": True, "maxconn": 5}, "InputError", ("has no limit",)),
    "no connection": ({"maxconn": 0}, "InputError", ("maxconn is 0",)),
    "less than none": ({"maxconn": -1}, "InputError", ("maxconn is -1",)),
    "more than a number holds": ({"maxconn": 2**31}, "InputError", ("maxconn is 2147483648",)),
    "not found": ({"name": ["pubilc"], "state": "disabled"}, "ObjectNotFound", ("'pubilc'", "did you mean public")),
    "one of two names": ({"name": ["public", "privat"], "maxconn": 3}, "ObjectNotFound", ("did you mean private",)),
    "a glob that matches nothing": ({"name": ["x*"], "maxconn": 3}, "ObjectNotFound", ("'x*'",)),
    "a backend": ({"name": ["www"], "state": "disabled"}, "ObjectNotFound", ("'www'",)),
    "an id": ({"name": ["#2"], "state": "disabled"}, "InputError", ("'#2'",)),
    "another command": ({"name": ["public;disable frontend private"]}, "InputError", ("names in HAProxy",)),
    "another line": ({"name": ["public\ndisable frontend private"]}, "InputError", ("names in HAProxy",)),
    "a payload": ({"name": ["public <<"]}, "InputError", ("names in HAProxy",)),
    "a backslash": ({"name": ["public\\"]}, "InputError", ("names in HAProxy",)),
    "other letters": ({"name": ["públic"]}, "InputError", ("names in HAProxy",)),
    "no name": ({"name": []}, "InputError", ("name is empty",)),
    "an empty name": ({"name": [""]}, "InputError", ("name ''",)),
    "another number of processes": ({"state": "disabled", "expected_processes": 9}, "FleetError", ("9 are expected",)),
}


@pytest.mark.parametrize(("change", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_a_wish_that_cannot_come_true_is_refused(
    opened: Open, change: dict[str, Any], error: str, words: tuple[str, ...]
) -> None:
    opened.start_from()
    fails(opened, {"name": ["public"], **change}, error, *words)


@pytest.mark.parametrize("maxconn", [True, "many", "5.5", ""])
def test_what_is_no_number_is_refused_by_ansible(opened: Open, maxconn: object) -> None:
    opened.start_from()
    failure = run(MODULE, {"name": ["public"], "maxconn": maxconn, "socket": opened.sockets})
    assert failure["failed"]
    assert opened.recorders.writes() == [[]] * len(opened.recorders)


def test_a_low_level_is_refused_beforehand(haproxy: Version, apps: Apps) -> None:
    fleet, _port = started(haproxy, 1, apps, operator=True, user=True)
    with fleet:
        for address, level in ((fleet.operator_sockets[0], "operator"), (fleet.user_sockets[0], "user")):
            with Recorder(address) as recorder:
                for wish in ({"state": "disabled"}, {"maxconn": 5}, {"state": "shutdown", "force": True}):
                    failure = run(MODULE, {"name": ["public"], "socket": [recorder.path], **wish})
                    assert failure["error"] == "PermissionDenied"
                    assert f"has level {level}" in failure["msg"]
                assert not run(MODULE, {"name": ["*"], "state": "enabled", "socket": [recorder.path]})["changed"]
                assert recorder.writes() == []
        assert set(frontends(fleet, 0).values()) == {Truth("OPEN", 100)}


# Real traffic ----------------------------------------------------------------------------------------------------


def test_traffic_follows_the_state(opened: Open) -> None:
    """Open it answers; closed it refuses, and what was under way goes on; open again it answers."""
    opened.start_from()
    wish = {"name": ["public"], "socket": opened.sockets}
    assert answers(opened.port)
    with hold_session(opened.port) as session:
        applied({**wish, "state": "disabled"})
        assert {answers(opened.port) for _request in range(8)} == {None}
        assert session.is_open()
        assert session.finish().startswith(b"HTTP/1.1 200")
    applied({**wish, "state": "enabled"})
    assert {answers(opened.port) for _request in range(8)} == {True}


def test_a_frontend_at_its_limit_is_enabled(haproxy: Version, apps: Apps) -> None:
    """These versions call it OPEN all the same; FULL, a word that is still in their sources, means enabled, too."""
    fleet, port = started(haproxy, 1, apps)
    with fleet, Recorder(fleet.sockets[0]) as recorder:
        wish = {"name": ["public"], "state": "enabled", "maxconn": 1, "socket": [recorder.path]}
        assert applied(wish)["changed"]
        with hold_session(port), connect(f"127.0.0.1:{port}"):
            for status in ("OPEN", "FULL"):
                if status == "FULL":
                    recorder.tamper = lambda _request, reply: reply.replace(b",OPEN,", b",FULL,")
                recorder.clear()
                result = applied(wish)
                assert not result["changed"]
                assert recorder.writes() == []
                (row,) = result["frontends"]
                assert row["after"] == {"name": "public", "state": "enabled", "maxconn": 1}
                assert row["readings"] == {recorder.path: {"status": status}}


# Shutdown --------------------------------------------------------------------------------------------------------


@COUNTS
def test_shutdown_is_for_good_and_done_once(haproxy: Version, count: int, apps: Apps) -> None:
    fleet, port = started(haproxy, count, apps)
    with fleet, Recorders(fleet) as recorders:
        balancer = Balancer(fleet, recorders)
        forgets = haproxy.number < (2, 3)
        wish = {"name": ["public"], "state": "shutdown", "force": True, "socket": balancer.sockets}
        fails(balancer, {**wish, "force": False}, "InputError", "cannot be undone")
        if count == 4:
            fleet.ask(2, "shutdown frontend public")
        recorders.clear()
        predicted = run(MODULE, wish, check=True)
        assert recorders.writes() == [[]] * count
        with hold_session(port) as session:
            result = applied(wish)
            assert result["changed"]
            for key in ("changed", "diff", "commands", "unconfirmed"):
                assert predicted[key] == result[key]
            assert recorders.writes() == [
                [] if (count, index) == (4, 2) else ["shutdown frontend public"] for index in range(count)
            ]
            assert result["frontends"][0]["after"]["state"] == "shutdown"
            assert predicted["frontends"][0]["after"] == result["frontends"][0]["after"]
            assert {answers(port) for _request in range(8)} == {None}
            assert session.finish().startswith(b"HTTP/1.1 200")
        recorders.clear()
        again = applied(wish)
        assert not again["changed"]
        assert recorders.writes() == [[]] * count
        if forgets:
            assert "HAProxy 2.2 forgets a frontend that was shut down" in str(again["warnings"])
            assert again["frontends"] == []
        else:
            assert [row["after"]["state"] for row in again["frontends"]] == ["shutdown"]
            assert "warnings" not in again
        error, words = ("ObjectNotFound", "'public'") if forgets else ("InputError", "only a restart or a reload")
        for other in ({"state": "enabled"}, {"state": "disabled"}, {"maxconn": 7}):
            fails(balancer, {"name": ["public"], **other}, error, words)
        rest = applied({"name": ["*"], "socket": balancer.sockets})
        assert {row["name"]: row["after"]["state"] for row in rest["frontends"]} == {
            **({} if forgets else {"public": "shutdown"}),
            **dict.fromkeys(("private", "both-1", "3"), "enabled"),
        }


@OLDEST
def test_a_glob_that_shuts_down_what_is_left_does_not_warn(haproxy: Version, apps: Apps) -> None:
    fleet, _port = started(haproxy, 1, apps)
    with fleet:
        wish = {"name": ["p*"], "state": "shutdown", "force": True, "socket": fleet.sockets}
        assert "warnings" not in applied(wish)
        assert not applied({**wish, "name": ["*"]}).get("warnings")
        assert frontends(fleet, 0) == {}


def test_a_reload_brings_a_frontend_back(haproxy: Version, apps: Apps) -> None:
    """Through the master too."""
    port = free_port()
    with master_worker(haproxy, f"frontend public\n{bind_lines(port)}    default_backend www\nbackend www\n"
                       f"    server web1 127.0.0.1:{apps.ports[0]}\n") as fleet:  # fmt: skip
        wish = {"name": ["*"], "socket": [str(fleet.master)]}
        assert applied({**wish, "state": "disabled", "maxconn": 5})["changed"]
        assert not applied({**wish, "state": "disabled", "maxconn": 5})["changed"]
        assert answers(port) is None
        assert applied({**wish, "state": "shutdown", "force": True})["changed"]
        fleet.reload()
        wait_until(lambda: answers(port), SECONDS, lambda: "the new worker does not answer")
        result = applied(wish)
        assert [(row["name"], row["after"]["state"]) for row in result["frontends"]] == [("public", "enabled")]


# nbproc ----------------------------------------------------------------------------------------------------------


@OLDEST
def test_under_nbproc_a_change_of_state_warns(haproxy: Version, apps: Apps) -> None:
    fleet, _port = started(haproxy, 4, apps)
    with fleet:
        wish = {"name": ["public"], "socket": [str(fleet.directory)]}
        for state in ("disabled", "enabled"):
            assert "share one 'bind' line" in str(applied({**wish, "state": state})["warnings"])
        assert "warnings" not in applied({**wish, "maxconn": 9})
        assert "warnings" not in applied(wish)
    single, _port = started(haproxy, 1, apps)
    with single:
        assert "warnings" not in applied({"name": ["public"], "state": "disabled", "socket": single.sockets})


@OLDEST
def test_a_bind_line_that_processes_share_breaks_as_the_warning_says(haproxy: Version, apps: Apps) -> None:
    """HAProxy says that all is well, and no reply tells such a frontend from a safe one."""
    ports = free_ports(4)
    with nbproc(haproxy, 4, body(apps, ports, 1)) as fleet:
        public, private = ports[:2]
        assert answers(public)
        assert answers(private)
        fleet.ask(0, "disable frontend private")
        assert [frontends(fleet, index)["private"].status for index in range(4)] == ["STOP", "OPEN", "OPEN", "OPEN"]
        assert answers(private) is None, "one process closes the port for all"
        wish = {"name": ["public"], "socket": [str(fleet.directory)]}
        applied({**wish, "state": "disabled"})
        result = applied({**wish, "state": "enabled"})
        assert "may leave it broken" in str(result["warnings"])
        assert {frontends(fleet, index)["public"].status for index in range(4)} == {"OPEN"}
        assert not any(answers(public) for _request in range(8)), "this HAProxy is better than the warning"


# haproxyadmin's own configuration (cases F01 to F12 of its research) ---------------------------------------------


@pytest.fixture(params=[oldest(), newest()], ids=lambda version: f"haproxy={version}")
def four(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Spread]:
    """nbproc 4 on the oldest version, four instances on the newest."""
    yield from spread(request.param, apps.ports)


def statuses(four: Spread, name: str) -> list[str]:
    """What the processes that have this frontend say."""
    return [frontends(four.fleet, number - 1)[name].status for number in WHERE[name]]


def limits(four: Spread, name: str) -> list[int]:
    return [frontends(four.fleet, number - 1)[name].slim for number in WHERE[name]]


def test_f01_f02_all_frontends_and_their_processes(four: Spread) -> None:
    result = applied({"name": ["*"], "socket": four.sockets, "expected_processes": 4})
    assert {row["name"]: four.numbers(row["processes"]) for row in result["frontends"]} == WHERE
    assert [row["name"] for row in result["frontends"]] == sorted(WHERE)
    assert not result["changed"]


def test_f03_a_missing_frontend_fails(four: Spread) -> None:
    failure = run(MODULE, {"name": ["frontend_proc3"], "state": "disabled", "socket": four.sockets})
    assert failure["error"] == "ObjectNotFound"
    assert "no frontend 'frontend_proc3' on any process; did you mean " in failure["msg"]
    assert "frontend_proc2" in failure["msg"]
    assert four.recorders.writes() == [[]] * 4


def test_f04_maxconn_is_of_each_process_and_never_a_sum(four: Spread) -> None:
    assert limits(four, "frontend1_proc34") == [FRONTEND_MAXCONN] * 2
    wish = {"name": ["frontend1_proc34"], "maxconn": 500, "socket": four.sockets}
    result = holds(MODULE, wish, four.recorders, "frontends")
    assert four.commands(result) == [(number, "set maxconn frontend frontend1_proc34 500") for number in (3, 4)]
    assert result["frontends"][0]["after"]["maxconn"] == 500
    assert limits(four, "frontend1_proc34") == [500] * 2
    assert limits(four, "frontend2_proc34") == [FRONTEND_MAXCONN] * 2


def test_f05_a_number_in_quotes_is_one_and_limits_are_checked(four: Spread) -> None:
    wish = {"name": ["frontend_proc1"], "socket": four.sockets}
    assert applied({**wish, "maxconn": "500"})["changed"]
    assert limits(four, "frontend_proc1") == [500]
    assert run(MODULE, {**wish, "maxconn": -1})["error"] == "InputError"
    assert applied({**wish, "maxconn": 10**9})["changed"]
    assert limits(four, "frontend_proc1") == [10**9]


def test_f06_to_f09_closed_and_open_again_each_said_once(four: Spread) -> None:
    name = "frontend2_proc34"
    wish = {"name": [name], "socket": four.sockets}
    port = four.ports[name]
    assert answers(port)
    result = holds(MODULE, {**wish, "state": "disabled"}, four.recorders, "frontends")
    assert four.commands(result) == [(number, f"disable frontend {name}") for number in (3, 4)]
    assert statuses(four, name) == [closed(four.fleet.version)] * 2
    assert answers(port) is None
    result = holds(MODULE, {**wish, "state": "enabled"}, four.recorders, "frontends")
    assert four.commands(result) == [(number, f"enable frontend {name}") for number in (3, 4)]
    assert statuses(four, name) == ["OPEN"] * 2
    assert {answers(port) for _request in range(8)} == {True}


def test_f10_processes_that_disagree_are_told_apart_and_healed(four: Spread) -> None:
    name = "frontend1_proc34"
    four.fleet.ask(3, f"disable frontend {name}")
    wish = {"name": [name], "socket": four.sockets}
    (row,) = applied(wish)["frontends"]
    third, fourth = (four.recorders.sockets[index] for index in (2, 3))
    assert row["before"]["state"] == {third: "enabled", fourth: "disabled"}
    assert not row["consistent"]
    result = holds(MODULE, {**wish, "state": "enabled"}, four.recorders, "frontends")
    assert four.commands(result) == [(4, f"enable frontend {name}")]
    assert statuses(four, name) == ["OPEN"] * 2


def test_f11_shutdown_cannot_be_undone(four: Spread) -> None:
    name = "frontend_proc2"
    wish = {"name": [name], "socket": four.sockets}
    result = applied({**wish, "state": "shutdown", "force": True})
    assert four.commands(result) == [(2, f"shutdown frontend {name}")]
    assert not applied({**wish, "state": "shutdown", "force": True})["changed"]
    for other in ({"state": "enabled"}, {"maxconn": 9}):
        failure = run(MODULE, {**wish, **other})
        assert failure["failed"]
        assert failure["error"] in ("InputError", "ObjectNotFound")
        assert failure["done"] == []


def test_f12_a_numeric_id_is_no_name(four: Spread) -> None:
    failure = run(MODULE, {"name": ["#2"], "state": "disabled", "socket": four.sockets})
    assert failure["error"] == "InputError"
    assert {status for name in WHERE for status in statuses(four, name)} == {"OPEN"}
