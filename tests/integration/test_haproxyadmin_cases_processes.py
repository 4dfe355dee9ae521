# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What haproxyadmin's research wants of four processes, cases D: which are found, which are not, and what is said then."""

from __future__ import annotations

import ctypes
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils import _discovery

from lab import fakes
from lab.apps import Apps
from lab.config import bind_lines, servers_body
from lab.fleet import Fleet, layout, master_worker
from lab.oracle import servers
from lab.ports import free_port
from lab.processes import wait_until
from lab.tasks import Result, run
from lab.versions import Version, newest, oldest

from .spread import FRONTEND_MAXCONN, MAXCONN, WHERE, Spread, spread
from .test_haproxy_frontend import frontends
from .test_haproxy_global import limits
from .test_haproxy_info_statistics import rows_of

SECONDS = 10.0
BOTH = [oldest(), newest()]
EACH = pytest.mark.parametrize("haproxy", BOTH, ids=lambda version: f"haproxy={version}")
PROCESS = {"gather_subset": "process"}


@pytest.fixture(params=BOTH, ids=lambda version: f"haproxy={version}")
def four(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Spread]:
    """nbproc 4 on the oldest version, four instances on the newest."""
    yield from spread(request.param, apps.ports)


def gathered(*sockets: object, **options: Any) -> Result:
    """The result of a task that must go well."""
    result = run("haproxy_info", {"socket": [str(socket) for socket in sockets], **PROCESS, **options})
    assert not result.get("failed"), result["msg"]
    return result


def fails(module: str, *sockets: object, **options: Any) -> Result:
    failure = run(module, {"socket": [str(socket) for socket in sockets], **options})
    assert failure.get("failed"), failure
    assert "exception" not in failure
    return failure


def maxconns(fleet: Fleet, *indexes: int) -> list[int]:
    return [limits(fleet, index)["maxconn"] for index in indexes]


# What is found ---------------------------------------------------------------------------------------------------


def test_d01_a_directory_of_four_sockets_is_four_processes(four: Spread) -> None:
    result = gathered(four.fleet.directory, expected_processes=4)
    assert [row["name"] for row in result["processes"]] == four.fleet.sockets
    assert [row["pid"] for row in result["processes"]] == four.fleet.pids
    assert len(set(four.fleet.pids)) == 4


def test_d02_one_socket_is_one_process_and_under_nbproc_brings_the_others(four: Spread) -> None:
    found = [row["name"] for row in gathered(four.fleet.sockets[1])["processes"]]
    assert found == (four.fleet.sockets if four.fleet.version.has_nbproc else four.fleet.sockets[1:2])


def test_d03_nothing_said_and_nothing_in_the_usual_places_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_discovery, "USUAL_PLACES", ("/nonexistent/a.sock",))
    monkeypatch.delenv("HAPROXY_SOCKET", raising=False)
    failure = run("haproxy_info", {})
    assert failure["error"] == "FleetError"
    assert "no HAProxy answers in the usual places; say where with 'socket': /nonexistent/a.sock" in failure["msg"]


def test_d04_a_directory_and_one_of_its_sockets_are_its_processes(four: Spread) -> None:
    result = gathered(four.fleet.sockets[2], four.fleet.directory, expected_processes=4)
    assert [row["name"] for row in result["processes"]] == four.fleet.sockets


def test_d09_files_and_folders_in_a_directory_are_left_out(four: Spread) -> None:
    place = four.fleet.directory
    (place / "a.sock").write_text("no socket\n", encoding="ascii")
    (place / "folder").mkdir()
    with fakes.foreign_daemon(path=str(place / "folder" / "a.sock")):
        result = gathered(place, expected_processes=4)
    assert result["skipped_sockets"] == []
    assert "warnings" not in result


def test_d14_links_and_further_sockets_of_a_process_do_not_count_twice(four: Spread) -> None:
    link = four.fleet.directory / "z.sock"
    link.symlink_to(four.fleet.sockets[0])
    result = gathered(four.fleet.directory, link, four.recorders.sockets[3], expected_processes=4)
    assert result["info"]["Maxconn"] == 4 * MAXCONN
    assert [row["pid"] for row in result["processes"]] == four.fleet.pids


def test_d15_the_enterprise_edition_is_a_haproxy(four: Spread) -> None:
    for recorder in four.recorders.all:
        recorder.tamper = lambda _request, reply: re.sub(rb"(?m)^Name: HAProxy$", b"Name: hapee-lb", reply)
    result = gathered(*four.sockets, expected_processes=4)
    assert {row["info"]["Name"] for row in result["processes"]} == {"hapee-lb"}
    assert run("haproxy_global", {"socket": four.sockets, "maxconn": 5})["changed"]
    assert maxconns(four.fleet, 0, 1, 2, 3) == [5] * 4


@pytest.mark.parametrize(("haproxy", "workers"), [(oldest(), 4), (newest(), 1)], ids=lambda value: f"{value}")
def test_d20_a_master_socket_beside_its_workers_does_not_count(haproxy: Version, workers: int, apps: Apps) -> None:
    binds = bind_lines(free_port(), processes=workers)
    with master_worker(haproxy, servers_body(apps.ports, binds=binds), workers=workers) as fleet:
        (fleet.directory / "master.sock").symlink_to(fleet.master)
        began = time.monotonic()
        result = gathered(fleet.directory, expected_processes=workers, timeout=SECONDS)
        assert time.monotonic() - began < SECONDS / 2
        assert [row["name"] for row in result["processes"]] == fleet.sockets
        assert result["skipped_sockets"] == []
        assert result["old_workers"] == []


# What does not answer --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        pytest.param("none/", "CannotConnect", "No such file or directory", id="D05 a missing directory"),
        pytest.param("none/*.sock", "FleetError", "there is no socket there", id="D05 a glob in a missing directory"),
        pytest.param("empty", "FleetError", "there is no socket there", id="D06 an empty directory"),
        pytest.param("none.sock", "CannotConnect", "is HAProxy running, and is this the path", id="D07 a missing file"),
        pytest.param("file", "CannotConnect", "it is not a socket", id="D08 a regular file"),
    ],
)
@pytest.mark.parametrize("module", ["haproxy_info", "haproxy_global"])
def test_what_is_no_socket_is_named(module: str, name: str, error: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("no socket\n", encoding="ascii")
    failure = fails(module, f"{tmp_path}/{name}")
    assert failure["error"] == error
    assert f"{tmp_path}/{name}: " in failure["msg"]
    assert words in failure["msg"]


Fake = Callable[[str], AbstractContextManager[str]]


@pytest.mark.parametrize(
    ("fake", "error", "words"),
    [
        pytest.param(lambda path: fakes.foreign_daemon(path=path), "NotHAProxy", "220 hello", id="D10 another daemon"),
        pytest.param(lambda path: fakes.web_server(path=path), "NotHAProxy", "HTTP/1.1 400", id="D10 a web server"),
        pytest.param(
            lambda path: fakes.hung_listener(path=path), "TimedOut", "within 0.4 s", id="D11 one that never answers"
        ),
        pytest.param(
            lambda path: fakes.dead_socket(path=path), "CannotConnect", "Connection refused", id="D12 D13 a dead socket"
        ),
    ],
)
def test_what_is_no_living_haproxy_is_skipped_in_a_directory_and_fails_alone(
    four: Spread, fake: Fake, error: str, words: str
) -> None:
    with fake(str(four.fleet.directory / "a.sock")) as path:
        began = time.monotonic()
        result = gathered(four.fleet.directory, timeout=0.4)
        assert time.monotonic() - began < 0.4 + SECONDS / 2
        assert [skipped["socket"] for skipped in result["skipped_sockets"]] == [path]
        assert words in result["skipped_sockets"][0]["reason"]
        assert f"skipped {path}" in str(result["warnings"])
        assert [row["name"] for row in result["processes"]] == four.fleet.sockets
        for strict in (
            fails("haproxy_info", path, timeout=0.4),
            fails("haproxy_info", four.fleet.directory, timeout=0.4, on_unreachable="fail"),
        ):
            assert strict["error"] == error
            assert path in strict["msg"]
            assert words in strict["msg"]


def test_d11_a_hung_process_costs_one_timeout(four: Spread) -> None:
    with four.fleet.pause(2), four.fleet.pause(3):
        began = time.monotonic()
        result = gathered(four.fleet.directory, timeout=1)
        failure = fails("haproxy_global", four.fleet.directory, timeout=1, maxconn=5)
        assert time.monotonic() - began < 2 * 1 + 1
        assert [row["name"] for row in result["processes"]] == four.fleet.sockets[:2]
        assert {skipped["socket"] for skipped in result["skipped_sockets"]} >= set(four.fleet.sockets[2:])
    assert failure["error"] == "TimedOut"
    assert maxconns(four.fleet, 0, 1, 2, 3) == [MAXCONN] * 4


def test_d12_without_a_process_a_total_is_not_silently_less(four: Spread) -> None:
    four.fleet.kill(1)
    dead, place = four.fleet.sockets[1], four.fleet.directory
    result = gathered(place)
    assert result["info"]["Maxconn"] == 3 * MAXCONN
    assert dead in [skipped["socket"] for skipped in result["skipped_sockets"]]
    assert f"skipped {dead}" in str(result["warnings"])
    assert "3 processes answer" in fails("haproxy_info", place, expected_processes=4)["msg"]
    assert fails("haproxy_info", place, on_unreachable="fail")["error"] == "CannotConnect"
    written = run("haproxy_global", {"socket": [str(place)], "maxconn": 555})
    if four.fleet.version.has_nbproc:  # HAProxy itself says that there are four
        assert written["error"] == "FleetError"
        assert "1 of them cannot be reached" in written["msg"]
        assert maxconns(four.fleet, 0, 2, 3) == [MAXCONN] * 3
    else:
        assert f"skipped {dead}" in str(written["warnings"])
        assert maxconns(four.fleet, 0, 2, 3) == [555] * 3


def test_d13_a_dead_socket_alone_is_refused_by_its_path(four: Spread) -> None:
    four.fleet.kill(1)
    dead = four.fleet.sockets[1]
    for module in ("haproxy_info", "haproxy_global"):
        failure = fails(module, dead)
        assert failure["error"] == "CannotConnect"
        assert f"cannot connect to {dead}: Connection refused" in failure["msg"]


@contextmanager
def common_rights() -> Iterator[None]:
    """Modes of files hold for this thread, also where the tests run as root."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3 of the interface; this thread
    rights = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice
    assert libc.capget(header, rights) == 0
    was = rights[0]
    rights[0] = was & ~0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    assert libc.capset(header, rights) == 0
    try:
        yield
    finally:
        rights[0] = was
        assert libc.capset(header, rights) == 0


def test_d16_a_socket_without_permission_is_said_to_be_so(four: Spread) -> None:
    closed = four.fleet.sockets[3]
    Path(closed).chmod(0)
    with common_rights():
        failure = fails("haproxy_info", closed)
        result = gathered(four.fleet.directory)
        written = fails("haproxy_global", four.fleet.directory, maxconn=5)
    for each in (failure, written):
        assert each["error"] == "CannotConnect"
        assert f"cannot connect to {closed}: Permission denied; become a user who may write to it" in each["msg"]
    assert [row["name"] for row in result["processes"]] == four.fleet.sockets[:3]
    assert f"skipped {closed}" in str(result["warnings"])
    assert maxconns(four.fleet, 0, 1, 2, 3) == [MAXCONN] * 4


DYING: dict[str, tuple[str, dict[str, Any], str, tuple[int, ...]]] = {
    "D17 a limit": ("haproxy_global", {"maxconn": 777}, "set maxconn global 777", (1, 2, 3, 4)),
    "D17 a frontend": (
        "haproxy_frontend",
        {"name": ["frontend1_proc34"], "maxconn": 777},
        "set maxconn frontend frontend1_proc34 777",
        (3, 4),
    ),
}


@pytest.mark.parametrize(("module", "wish", "command", "numbers"), DYING.values(), ids=DYING)
def test_what_was_done_is_told_when_a_process_dies_before_the_write(
    four: Spread, module: str, wish: dict[str, Any], command: str, numbers: tuple[int, ...]
) -> None:
    """Whether the one that died did it, nobody knows."""
    killed: list[int] = []

    def die(request: bytes) -> bytes | None:
        if command.encode() in request and not killed:
            killed.append(four.fleet.kill(3))
        return None

    four.recorders[3].swallow = die
    failure = fails(module, *four.sockets, **wish)
    assert killed
    assert failure["error"] == "PartlyApplied"
    assert failure["changed"]
    assert failure["process"] == four.recorders.sockets[3]
    others = [number for number in numbers if number != 4]
    assert failure["done"] == [{"process": four.recorders.sockets[number - 1], "command": command} for number in others]
    assert failure["unconfirmed"] == [{"process": four.recorders.sockets[3], "command": command}]
    assert failure["not_attempted"] == failure["refused"] == []
    for number in others:
        said = four.fleet.ask(
            number - 1, "show info" if module == "haproxy_global" else "show stat frontend1_proc34 1 -1"
        )
        assert "777" in said


def test_d18_a_process_that_answers_late_is_no_error(four: Spread) -> None:
    with four.fleet.pause(2) as paused:
        timer = threading.Timer(0.3, paused.resume)
        timer.start()
        began = time.monotonic()
        result = gathered(*four.sockets, timeout=SECONDS, expected_processes=4)
        assert 0.2 < time.monotonic() - began < SECONDS / 2
        timer.join()
    assert result["skipped_sockets"] == []
    assert "warnings" not in result


def test_d18_a_dead_socket_does_not_cost_the_whole_timeout(four: Spread) -> None:
    four.fleet.kill(1)
    began = time.monotonic()
    fails("haproxy_info", four.fleet.sockets[1], timeout=SECONDS)
    assert time.monotonic() - began < SECONDS / 2


# Another numbering -----------------------------------------------------------------------------------------------


def reload_turned_round(fleet: Fleet) -> None:
    """Replace each process by one whose configuration has its proxies and their servers in reverse, behind new ones."""
    before, log = fleet.pids, fleet.base / "reload.log"
    pidfile = fleet.base / "nbproc.pid"
    daemon = ["-D", "-p", pidfile] if fleet.version.has_nbproc else ["-db"]
    replaced = [before] if fleet.version.has_nbproc else [[pid] for pid in before]
    for file, pids in zip(sorted(fleet.base.glob("*.cfg")), replaced, strict=True):
        head, *sections = re.split(r"(?m)^(?=(?:listen|frontend|backend) )", file.read_text(encoding="utf-8"))
        turned = "".join(turned_round(section) for section in reversed(sections))
        file.write_text(f"{head}backend new1\n    server s1 127.0.0.1:9\nbackend new2\n{turned}", encoding="utf-8")
        fleet.workspace.start([fleet.binary, *daemon, "-f", file, "-sf", *map(str, pids)], log)
    wait_until(lambda: not set(fleet.pids) & set(before), SECONDS, lambda: fleet.complaint("no new processes"))
    if fleet.version.has_nbproc:
        wait_until(
            lambda: sorted(map(int, pidfile.read_text(encoding="ascii").split())) == sorted(fleet.pids),
            SECONDS,
            lambda: fleet.complaint("wrote no pids"),
        )
        fleet.workspace.adopt()
    wait_until(
        lambda: len(fleet.running) == len(before), SECONDS, lambda: fleet.complaint("the old processes do not end")
    )


def turned_round(section: str) -> str:
    lines = section.splitlines(keepends=True)
    ends = [line for line in lines if line.startswith("    server ")]
    return "".join([line for line in lines if line not in ends] + ends[::-1])


def numbers(four: Spread) -> dict[tuple[str, str], tuple[str, str]]:
    """The numbers of what processes 3 and 4 have."""
    rows = rows_of(four.fleet.ask(2, "show stat -1 7 -1"))
    return {key: (row["iid"], row["sid"]) for key, row in rows.items()}


def test_d19_s32_after_a_reload_that_numbers_anew_a_name_is_still_the_same_object(four: Spread) -> None:
    wish = {"name": ["frontend1_proc34"], "maxconn": 321, "socket": four.sockets}
    assert run("haproxy_frontend", wish)["changed"]
    shape = {"backend": "backend*", "gather_subset": "servers"}
    before, places = gathered(*four.sockets, **shape)["servers"], numbers(four)
    reload_turned_round(four.fleet)
    after, new_places = gathered(*four.sockets, **shape, expected_processes=4)["servers"], numbers(four)
    for place in (("frontend1_proc34", "FRONTEND"), ("backend1_proc34", "bck_all_srv1")):
        assert places[place] != new_places[place]
    for former, later in zip(before, after, strict=True):
        assert [former[key] for key in ("backend", "name", "address", "port", "weight")] == [
            later[key] for key in ("backend", "name", "address", "port", "weight")
        ]
        assert len({each["stats"]["sid"] for each in later["per_process"]}) == 1
    assert run("haproxy_frontend", wish)["changed"]
    for index in (2, 3):
        now = {name: truth.slim for name, truth in frontends(four.fleet, index).items()}
        expected = {name: FRONTEND_MAXCONN for name, places in WHERE.items() if index + 1 in places}
        assert now == {**expected, "frontend1_proc34": 321}
    drain = {"name": ["bck_all_srv1"], "backend": ["backend1_proc34"], "state": "drain", "socket": four.sockets}
    assert run("haproxy_server", drain)["changed"]
    for index in (2, 3):
        draining = [key for key, truth in servers(four.fleet, index).items() if truth.state == "drain"]
        assert draining == [("backend1_proc34", "bck_all_srv1")]


# Levels ----------------------------------------------------------------------------------------------------------


@EACH
@pytest.mark.parametrize("level", ["user", "operator"])
def test_d21_a_low_level_is_named_with_the_one_that_is_needed(haproxy: Version, apps: Apps, level: str) -> None:
    body = servers_body(apps.ports, binds=bind_lines(free_port(), processes=4 if haproxy.has_nbproc else 1))
    with layout(haproxy, 4, body, operator=True, user=True) as fleet:
        sockets = {"user": fleet.user_sockets, "operator": fleet.operator_sockets}[level]
        assert [row["level"] for row in gathered(*sockets)["processes"]] == [level] * 4
        for module, wish in (
            ("haproxy_global", {"maxconn": 5}),
            ("haproxy_frontend", {"name": ["public"], "maxconn": 5}),
        ):
            failure = fails(module, *sockets, **wish)
            assert failure["error"] == "PermissionDenied"
            assert f"has level {level}" in failure["msg"]
            assert "needs level admin" in failure["msg"]
        assert fails("haproxy_command", *sockets, command=["set maxconn global 5"])["error"] == "PermissionDenied"
        assert maxconns(fleet, 0, 1, 2, 3) == [200] * 4
