# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks written for community.general.haproxy do the same with the module's name changed."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import pytest
import yaml

from lab.apps import Apps
from lab.config import servers_body
from lab.fleet import layout
from lab.processes import wait_until
from lab.tasks import run
from lab.versions import Version, newest, oldest

from .test_ansible import PLAYBOOKS, ROOT, ansible

pytestmark = pytest.mark.target


class Seen(NamedTuple):
    """A server as HAProxy shows it: its flags (1 maintenance, 8 drain), its weight, whether its check is enabled."""

    flags: int
    weight: int
    checked: bool


READY, MAINT, DRAIN = 0, 1, 8
# Web1 of www before a task, by the state that the task asks for: always another one.
BEFORE = {"enabled": "maint", "disabled": "ready", "drain": "ready"}
# Web1 of www and web1 of api behind each task. The weights are 7 and 50 before each, the check of the first is enabled,
# and the second has none.
API = Seen(READY, 50, checked=False)
CLOSED, OPEN = Seen(MAINT, 7, checked=True), Seen(READY, 7, checked=True)
EXPECTED = {
    "Maintenance in one backend": (CLOSED, API),
    "Maintenance, and the checks off": (Seen(MAINT, 7, checked=False), API._replace(flags=MAINT)),
    "Maintenance in every backend": (CLOSED, API._replace(flags=MAINT)),
    "Maintenance through a given socket": (CLOSED, API),
    "Maintenance, waited for": (CLOSED, API),
    "Drain, an hour at most, then maintenance": (CLOSED, API),
    "Maintenance and the end of all sessions": (CLOSED, API),
    "Maintenance of a server that must exist": (CLOSED, API._replace(flags=MAINT)),
    "Back into service": (OPEN, API),
    "Back into service, waited for": (OPEN, API),
    "Back into service, looked at ten times, every five seconds": (OPEN, API),
    "Back into service with a weight": (Seen(READY, 10, checked=True), API),
    "Drain": (Seen(DRAIN, 7, checked=True), API),
}

# Notes what HAProxy says, then prepares the next task. Run between the tasks, by another Python than theirs.
LOOK = """\
import json, sys
from lab.raw import ask

address, notes, *commands = sys.argv[1:]
with open(notes, "a", encoding="utf-8") as file:
    print(json.dumps(ask(address, "show servers state").decode()), file=file)
for command in commands:
    ask(address, command)
"""


def look(socket: str, notes: Path, state: str) -> dict[str, Any]:
    """The task that notes what HAProxy says and brings web1 to where the next task finds it."""
    commands = (
        "enable health www/web1",
        "set server www/web1 weight 7",
        f"set server www/web1 state {state}",
        "set server api/web1 state ready",
    )
    return {"ansible.builtin.command": {"argv": [sys.executable, "-c", LOOK, socket, str(notes), *commands]}}


def looked_behind(tasks: Sequence[dict[str, Any]], socket: str, notes: Path) -> list[dict[str, Any]]:
    """The tasks, each between two looks."""
    states = [BEFORE[task["haproxyadmin.haproxy.haproxy_server"]["state"]] for task in tasks]
    found = [look(socket, notes, states[0])]
    for task, state in zip(tasks, [*states[1:], "ready"], strict=True):
        found += [task, look(socket, notes, state)]
    return found


def web1_of(backend: str, table: str) -> Seen:
    """The server in a reply to ``show servers state``."""
    _version, header, *lines = table.strip("\n").splitlines()
    names = header.removeprefix("# ").split()
    rows = [dict(zip(names, line.split(), strict=True)) for line in lines]
    (row,) = [row for row in rows if (row["be_name"], row["srv_name"]) == (backend, "web1")]
    checked = int(row["srv_check_state"]) // 4 % 2 == 1
    return Seen(int(row["srv_admin_state"]), int(row["srv_uweight"]), checked)


@pytest.mark.parametrize("haproxy", [oldest(), newest()], ids=lambda version: f"haproxy={version}")
def test_documented_tasks_of_the_other_module_run_unchanged(haproxy: Version, apps: Apps, tmp_path: Path) -> None:
    (play,) = yaml.safe_load((PLAYBOOKS / "migration.yml").read_text(encoding="utf-8"))
    tasks = play["tasks"]
    assert [task["name"] for task in tasks] == list(EXPECTED)
    notes = tmp_path / "notes"
    with layout(haproxy, 1, servers_body(apps.ports)) as fleet:
        wait_until(lambda: fleet.ask(0, "show stat www 4 -1").count(",UP,") == 4, 5, lambda: "servers are not up")
        (socket,) = fleet.sockets
        playbook = tmp_path / "playbook.json"
        playbook.write_text(json.dumps([{**play, "tasks": looked_behind(tasks, socket, notes)}]))
        variables = json.dumps({"haproxy_socket": socket})
        environment = {"HAPROXY_SOCKET": socket, "PYTHONPATH": str(ROOT / "tests")}
        done = ansible(tmp_path, "playbook", str(playbook), "-e", variables, environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    count = 2 * len(tasks) + 1
    assert f"ok={count} changed={count} " in " ".join(done.stdout.split())
    _before, *tables = [json.loads(line) for line in notes.read_text(encoding="utf-8").splitlines()]
    seen = [(web1_of("www", table), web1_of("api", table)) for table in tables]
    assert dict(zip(EXPECTED, seen, strict=True)) == EXPECTED


# A row of the table "instead of, write" in the guide.
WRITTEN = re.compile(r"^   \* - ``(r\..+)``\n     - ``(r\..+?)``(?:, a number)?$", re.MULTILINE)
# What the guide writes → what it is after web1 of www was drained, with one weight of 10.
MEANS = {
    "r.servers[0].before.state": "ready",
    "r.servers[0].after.weight": 10,
    "r.servers[0].readings.values() | sum(attribute='sessions')": 0,
    "r.commands | map(attribute='command')": ["set server www/web1 state drain"] * 4,
}


@pytest.mark.parametrize("haproxy", [oldest(), newest()], ids=lambda version: f"haproxy={version}")
def test_what_the_guide_writes_where_results_were_used(haproxy: Version, apps: Apps) -> None:
    guide = (ROOT / "docs" / "docsite" / "rst" / "migration.rst").read_text(encoding="utf-8")
    written = [now for _before, now in WRITTEN.findall(guide)]
    assert len(written) == guide.count("* - ``r.")
    task = {"name": ["web1"], "backend": ["www"], "state": "drain", "wait": True}
    with layout(haproxy, 4, servers_body(apps.ports)) as fleet:
        result = run("haproxy_server", {**task, "socket": [str(fleet.directory)]})
    expressions = {now: jinja2.Environment(autoescape=True).compile_expression(now) for now in written}
    found: dict[str, Any] = {now: expression(r=result) for now, expression in expressions.items()}
    assert {now: value if isinstance(value, (str, int)) else list(value) for now, value in found.items()} == MEANS
