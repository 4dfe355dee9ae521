# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxy_server's option former: what servers were is kept in files before they are touched, and given back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.apps import Apps
from lab.fleet import instances
from lab.oracle import Key, Truth, put, servers
from lab.prophecy import holds, told
from lab.recorder import Recorders
from lab.tasks import Result, run
from lab.versions import Version, newest

from .conftest import Balancer, SetBalancer
from .drains import warnings_of

MODULE = "haproxy_server"
WEB1: Key = ("www", "web1")
# web1 of www on each process before a task: as different as can be.
DIFFERENT = (Truth("ready", 99, 10), Truth("maint", 10, 10), Truth("drain", 7, 10), Truth("ready", 10, 10))


def out(truth: Truth, state: str) -> Truth:
    """What becomes of a server that is taken out: one in maintenance stays there."""
    return truth._replace(state="maint" if truth.state == "maint" else state)


class Kept:
    """web1 of www that is different on each process, and the place of its file."""

    def __init__(self, balancer: Balancer, place: Path) -> None:
        self.balancer = balancer
        self.place = place
        for index in range(len(balancer.recorders)):
            truths = {key: Truth("ready", now.initial_weight, 0) for key, now in servers(balancer.fleet, index).items()}
            put(balancer.fleet, index, {**truths, WEB1: DIFFERENT[index]})
        balancer.recorders.clear()

    @property
    def names(self) -> list[str]:
        """The processes as results name them."""
        return self.balancer.recorders.sockets

    @property
    def path(self) -> Path:
        """The file of www/web1."""
        return self.place / "www@web1.json"

    @property
    def truths(self) -> list[Truth]:
        """www/web1 on each process."""
        return [servers(self.balancer.fleet, index)[WEB1] for index in range(len(self.names))]

    @property
    def parts(self) -> Any:
        """What the file holds for each fleet."""
        return json.loads(self.path.read_text())["fleets"]

    def task(self, former: str, state: str, **options: Any) -> dict[str, Any]:
        """Arguments for www/web1."""
        whom = {} if "servers" in options else {"name": ["web1"], "backend": ["www"], "state": state}
        return {**whom, "socket": self.balancer.sockets, "former": former, "state_dir": str(self.place), **options}

    def expected(self, truths: tuple[Truth, ...] = DIFFERENT) -> list[dict[str, Any]]:
        """The parts of a file that keeps these."""
        return [{name: {"state": it.state, "weight": it.weight} for name, it in zip(self.names, truths, strict=False)}]


@pytest.fixture
def kept(balancer: Balancer, tmp_path: Path) -> Kept:
    """All servers as configured, but www/web1."""
    return Kept(balancer, tmp_path / "state")


def foretold(kept: Kept, arguments: dict[str, Any]) -> Result:
    """The result of a run that does what check mode predicts, where files change, too; check mode touches none."""
    before = sorted((path.name, path.read_bytes()) for path in kept.place.glob("*"))
    kept.balancer.recorders.clear()
    predicted = run(MODULE, arguments, check=True)
    assert kept.balancer.recorders.writes() == [[]] * len(kept.names)
    assert sorted((path.name, path.read_bytes()) for path in kept.place.glob("*")) == before
    assert kept.place.exists() == bool(before)
    applied = run(MODULE, arguments)
    assert told(predicted, "servers") == told(applied, "servers")
    assert predicted["former"] == applied["former"]
    return applied


def obeys(kept: Kept, arguments: dict[str, Any]) -> tuple[Result, Result]:
    """The same, and a second run sends no command that writes; both results."""
    applied = foretold(kept, arguments)
    kept.balancer.recorders.clear()
    again = run(MODULE, arguments)
    assert kept.balancer.recorders.writes() == [[]] * len(kept.names)
    assert not again.get("failed"), again["msg"]
    return applied, again


def _file_diff(result: Result, path: Path) -> dict[str, str]:
    (found,) = [one for one in result["diff"] if one.get("before_header") == str(path)]
    return dict(found)


# There and back ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["drain", "maint"])
def test_there_and_back(kept: Kept, state: str) -> None:
    applied, again = obeys(kept, kept.task("keep", state))
    assert applied["changed"]
    assert kept.truths == [out(truth, state) for truth in DIFFERENT[: len(kept.names)]]
    assert kept.parts == kept.expected()
    assert _file_diff(applied, kept.path) == {
        "before": "", "after": kept.path.read_text(), "before_header": str(kept.path), "after_header": str(kept.path),
    }  # fmt: skip
    assert not again["changed"], "what it was is kept, and it is drained"
    assert again["former"] == applied["former"]
    (row,) = applied["former"]
    merged = len(kept.names) == 1
    assert row["state"] == ("ready" if merged else dict(zip(kept.names, (it.state for it in DIFFERENT), strict=True)))

    predicted = run(MODULE, kept.task("restore", "ready"), check=True)
    assert kept.parts == kept.expected()
    back = run(MODULE, kept.task("restore", "ready"))
    assert told(predicted, "servers") == told(back, "servers")
    assert back["changed"]
    assert kept.truths == list(DIFFERENT[: len(kept.names)]), "each process has what it had"
    assert list(kept.place.iterdir()) == []
    assert _file_diff(back, kept.path)["after"] == ""
    assert back["former"] == applied["former"]


def test_a_second_restore_of_servers_that_were_ready_changes_nothing(kept: Kept) -> None:
    for index in range(len(kept.names)):
        put(kept.balancer.fleet, index, {WEB1: Truth("ready", 7 + index, 10)})
    was = kept.truths
    run(MODULE, kept.task("keep", "drain"))
    back, again = obeys(kept, kept.task("restore", "ready"))
    assert (back["changed"], again["changed"], again["former"]) == (True, False, [])
    assert kept.truths == was


def test_a_second_keep_does_not_take_drain_for_what_it_was(kept: Kept) -> None:
    run(MODULE, kept.task("keep", "drain"))
    again = run(MODULE, kept.task("keep", "maint"))
    assert again["changed"]
    assert kept.parts == kept.expected()


def test_replace_forgets_what_was_kept(kept: Kept) -> None:
    run(MODULE, kept.task("keep", "drain"))
    applied, _again = obeys(kept, kept.task("replace", "drain"))
    assert applied["changed"], "the file does, though no command is sent"
    assert applied["commands"] == []
    assert kept.parts == kept.expected(tuple(out(it, "drain") for it in DIFFERENT))


def test_keeping_alone_sends_nothing(kept: Kept) -> None:
    arguments = kept.task("keep", "drain")
    del arguments["state"]
    applied, again = obeys(kept, arguments)
    assert (applied["changed"], applied["commands"], again["changed"]) == (True, [], False)
    assert kept.truths == list(DIFFERENT[: len(kept.names)])


def test_shares(kept: Kept) -> None:
    """In steps of its own weight; in each step the file stays, and it is there for a rescue."""
    was = tuple(Truth("ready", weight, 10) for weight in (10, 100, 1, 99))
    for index in range(len(kept.names)):
        put(kept.balancer.fleet, index, {WEB1: was[index]})
    run(MODULE, kept.task("keep", "drain"))
    for share, weights in ((5, (1, 5, 1, 4)), (25, (2, 25, 1, 24)), (100, (10, 100, 1, 99))):
        applied = holds(
            MODULE, kept.task("restore", "ready", former_share=share), kept.balancer.recorders, "servers"
        ) if share < 100 else run(MODULE, kept.task("restore", "ready", former_share=share))  # fmt: skip
        assert applied["changed"]
        assert [it.weight for it in kept.truths] == list(weights[: len(kept.names)])
        assert {it.state for it in kept.truths} == {"ready"}
        assert kept.path.exists() == (share < 100)


def test_nothing_kept_means_what_the_task_says(kept: Kept) -> None:
    result = holds(MODULE, kept.task("restore", "drain", weight="33"), kept.balancer.recorders, "servers")
    assert result["former"] == []
    assert {(truth.state, truth.weight) for truth in kept.truths} == {("drain", 33)}
    assert not kept.place.exists()


def test_several_servers_and_backends(kept: Kept) -> None:
    before = [servers(kept.balancer.fleet, index) for index in range(len(kept.names))]
    many = {"name": ["*1"], "backend": ["*"]}
    applied, again = obeys(kept, kept.task("keep", "drain", **many))
    files = ["api@api1.json", "api@web1.json", "fixed@fixed1.json", "odd@dead1.json", "odd@follow1.json"]
    assert sorted(path.name for path in kept.place.iterdir()) == [
        *files,
        "odd@off1.json",
        "odd@spare1.json",
        "www@web1.json",
    ]
    assert len(applied["former"]) == 8
    assert not again["changed"]
    back = run(MODULE, kept.task("restore", "ready", **many))
    assert not back.get("failed"), back["msg"]
    assert [servers(kept.balancer.fleet, index) for index in range(len(kept.names))] == before
    assert list(kept.place.iterdir()) == []


def test_items_of_servers(kept: Kept) -> None:
    items = [
        {"name": ["web1"], "backend": ["www"], "state": "drain"},
        {"name": ["web2"], "state": "maint", "weight": "7"},
    ]
    obeys(kept, kept.task("keep", "", servers=items))
    assert sorted(path.name for path in kept.place.iterdir()) == ["www@web1.json", "www@web2.json"]
    back = run(MODULE, kept.task("restore", "", servers=[{"name": ["web1", "web2"], "backend": ["www"]}]))
    assert back["changed"]
    assert kept.truths == list(DIFFERENT[: len(kept.names)])
    web2 = [servers(kept.balancer.fleet, index)["www", "web2"] for index in range(len(kept.names))]
    assert {(it.state, it.weight) for it in web2} == {("ready", 100)}
    assert list(kept.place.iterdir()) == []


# What goes wrong -----------------------------------------------------------------------------------------------------


def test_a_refused_write_leaves_the_file_and_the_next_run_takes_it(kept: Kept) -> None:
    """The file is there before the first command that writes."""
    last = len(kept.names) - 1
    seen: list[bool] = []

    def refuse(request: bytes) -> bytes | None:
        if b"set server" not in request:
            return None
        seen.append(kept.path.exists())
        return b"[3]: No such server.\n\n"

    kept.balancer.recorders[last].swallow = refuse
    try:
        failure = run(MODULE, kept.task("keep", "drain"))
    finally:
        kept.balancer.recorders[last].swallow = None
    assert failure["failed"]
    assert seen == [True]
    assert kept.parts == kept.expected()
    assert [row["backend"] for row in failure["former"]] == ["www"], "a rescue sees what was kept"
    applied, _again = obeys(kept, kept.task("keep", "drain"))
    assert kept.parts == kept.expected()
    assert {line["process"] for line in applied["commands"]} == {kept.names[last]} - {
        n for n in kept.names if last == 2
    }
    run(MODULE, kept.task("restore", "ready"))
    assert kept.truths == list(DIFFERENT[: len(kept.names)])


def test_what_cannot_be_kept_is_not_touched(kept: Kept) -> None:
    """On a disk that is read-only, for example; check mode says so, too."""
    kept.place.write_text("no directory")
    before = kept.truths
    for check in (True, False):
        failure = run(MODULE, kept.task("keep", "drain"), check=check)
        assert failure["error"] == "InputError"
        assert str(kept.place) in failure["msg"]
    nowhere = run(MODULE, kept.task("keep", "drain", state_dir="/proc/nowhere"))  # where even root can write nothing
    assert nowhere["error"] == "InputError"
    assert nowhere["msg"].startswith("the former state cannot be kept: ")
    assert "/proc/nowhere" in nowhere["msg"]
    assert kept.balancer.recorders.writes() == [[]] * len(kept.names)
    assert kept.truths == before


def test_a_file_that_holds_something_else_stops_the_task(kept: Kept) -> None:
    kept.place.mkdir()
    kept.path.write_text('{"fleets": [{"p1": {"state": "gone"}}]}')
    for former in ("keep", "replace", "restore"):
        failure = run(MODULE, kept.task(former, "drain"))
        assert failure["error"] == "InputError"
        assert f"{kept.path} does not hold the former state of www/web1; remove it" in failure["msg"]
    assert kept.balancer.recorders.writes() == [[]] * len(kept.names)


def test_a_wait_that_takes_too_long_leaves_the_file(kept: Kept) -> None:
    """dead1 never comes up; what it was is there for the next try."""
    dead = {"name": ["dead1"], "backend": ["odd"]}
    run(MODULE, kept.task("keep", "maint", **dead))
    path = kept.place / "odd@dead1.json"
    before = path.read_text()
    arguments = kept.task("restore", "ready", wait=True, wait_timeout=0.3, wait_interval=0.1, **dead)
    for _time in range(2):
        failure = run(MODULE, arguments)
        assert failure["error"] == "WaitTimedOut"
        assert path.read_text() == before
    assert not run(MODULE, {**arguments, "wait": False}).get("failed")
    assert not path.exists()


def test_what_was_not_ready_is_not_waited_for(kept: Kept) -> None:
    dead = {"name": ["dead1"], "backend": ["odd"]}
    for index in range(len(kept.names)):
        put(kept.balancer.fleet, index, {("odd", "dead1"): Truth("maint", 1, 1)})
    run(MODULE, kept.task("keep", "drain", **dead))
    back = run(MODULE, kept.task("restore", "ready", wait=True, wait_timeout=5, **dead))
    assert not back.get("failed"), back["msg"]
    assert {servers(kept.balancer.fleet, index)["odd", "dead1"].state for index in range(len(kept.names))} == {"maint"}


def test_a_former_state_that_is_surprising_is_warned_of(kept: Kept) -> None:
    for index in range(len(kept.names)):
        put(kept.balancer.fleet, index, {WEB1: Truth("drain", 10, 10)})
    run(MODULE, kept.task("keep", "drain"))
    assert "stays its former state" not in warnings_of(run(MODULE, kept.task("keep", "drain")))
    run(MODULE, {"name": ["web1"], "backend": ["www"], "state": "ready", "socket": kept.balancer.sockets})
    assert "web1 is ready, and what" in warnings_of(run(MODULE, kept.task("keep", "drain")))


# Several fleets, and servers that differ -------------------------------------------------------------------------------


def test_two_fleets_with_servers_of_one_name(kept: Kept, apps: Apps) -> None:
    """As two containers on one machine: each has its part of the file."""
    body = f"backend www\n    server web1 127.0.0.1:{apps.ports[0]} weight 3\n"
    with instances(newest(), 1, body) as other:
        run(MODULE, kept.task("keep", "drain"))
        run(MODULE, kept.task("keep", "drain", socket=other.sockets))
        assert kept.parts == [*kept.expected(), {other.sockets[0]: {"state": "ready", "weight": 3}}]
        run(MODULE, kept.task("restore", "ready"))
        assert kept.truths == list(DIFFERENT[: len(kept.names)])
        assert servers(other, 0)[WEB1].state == "drain"
        run(MODULE, kept.task("restore", "ready", socket=other.sockets))
        assert servers(other, 0)[WEB1] == Truth("ready", 3, 3)
        assert not kept.path.exists()


def test_kept_process_by_process_and_restored_at_once(haproxy: Version, apps: Apps, tmp_path: Path) -> None:
    with instances(haproxy, 3, f"backend www\n    server web1 127.0.0.1:{apps.ports[0]}\n") as fleet:
        task = {"name": ["web1"], "socket": [str(fleet.directory)], "state_dir": str(tmp_path)}
        was = [Truth(state, weight, 1) for state, weight in (("ready", 4), ("maint", 5), ("drain", 6))]
        for index, truth in enumerate(was):
            put(fleet, index, {WEB1: truth})
            run(MODULE, {**task, "socket": [fleet.sockets[index]], "former": "keep", "state": "drain"})
        assert len(json.loads((tmp_path / "www@web1.json").read_text())["fleets"]) == 3
        assert not run(MODULE, {**task, "former": "keep", "state": "drain"})["changed"]
        back = run(MODULE, {**task, "former": "restore", "state": "ready"})
        assert not back.get("failed"), back["msg"]
        assert [servers(fleet, index)[WEB1] for index in range(3)] == was
        assert list(tmp_path.iterdir()) == []


def test_a_server_that_one_process_does_not_have(apps: Apps, tmp_path: Path) -> None:
    def body(number: int) -> str:
        more = f"    server web2 127.0.0.1:{apps.ports[1]} weight {number}\n" if number != 2 else ""
        return f"backend www\n    server web1 127.0.0.1:{apps.ports[0]}\n{more}"

    with instances(newest(), 3, body) as fleet, Recorders(fleet) as recorders:
        balancer = Balancer(fleet, recorders)
        task = {"name": ["web2"], "backend": ["www"], "socket": balancer.sockets, "state_dir": str(tmp_path)}
        kept = {**task, "former": "keep", "state": "drain"}
        applied = holds_with_file(kept, recorders)
        assert json.loads((tmp_path / "www@web2.json").read_text())["fleets"] == [
            {
                recorders.sockets[0]: {"state": "ready", "weight": 1},
                recorders.sockets[2]: {"state": "ready", "weight": 3},
            }
        ]
        assert applied["former"][0]["weight"] == {recorders.sockets[0]: 1, recorders.sockets[2]: 3}
        back = run(MODULE, {**task, "former": "restore", "state": "ready"})
        assert not back.get("failed"), back["msg"]
        assert [servers(fleet, index)["www", "web2"] for index in (0, 2)] == [
            Truth("ready", 1, 1),
            Truth("ready", 3, 3),
        ]
        assert list(tmp_path.iterdir()) == []


def holds_with_file(arguments: dict[str, Any], recorders: Recorders) -> Result:
    """A task whose second run changes nothing; returns the result of the first."""
    applied = run(MODULE, arguments)
    assert not applied.get("failed"), applied["msg"]
    recorders.clear()
    again = run(MODULE, arguments)
    assert not again["changed"]
    assert recorders.writes() == [[]] * len(recorders)
    return applied


def test_the_weight_of_a_server_with_an_agent_is_its_agents(set_balancer: SetBalancer, tmp_path: Path) -> None:
    set_balancer.reset()
    sockets = [str(set_balancer.recorders.directory)]
    task = {"name": ["agented1", "plain1"], "backend": ["set"], "socket": sockets, "state_dir": str(tmp_path)}
    applied = run(MODULE, {**task, "former": "keep"})
    told = {row["name"]: row for row in applied["former"]}
    assert told["agented1"] == {"backend": "set", "name": "agented1", "state": "ready"}
    assert told["plain1"] == {"backend": "set", "name": "plain1", "state": "ready", "weight": 1}
    off = run(MODULE, {**task, "former": "replace", "agent_check": "disabled", "name": ["agented1"]})
    assert not off.get("failed"), off["msg"]
    assert "weight" not in off["former"][0], "the agent ran when it was read"
    kept = run(MODULE, {**task, "former": "replace", "name": ["agented1"]})
    assert kept["former"][0]["weight"] == 1
