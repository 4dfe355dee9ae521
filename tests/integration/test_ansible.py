# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules as Ansible runs them: playbooks and ad hoc, on a target with another Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from lab.apps import Apps
from lab.config import servers_body
from lab.fleet import Fleet, layout
from lab.oracle import Truth, put, servers
from lab.processes import wait_until
from lab.versions import Version, newest, oldest, versions

pytestmark = pytest.mark.target

PLAYBOOKS = Path(__file__).parent / "playbooks"
# The Python of the managed host: what the suite says, else the one that this venv was made of.
INTERPRETER = os.environ.get("TARGET_PYTHON") or str(Path(sys.base_prefix) / "bin" / "python3")
# web1 of www on the four processes before a play: as different as can be.
DIFFERENT = (Truth("maint", 10, 10), Truth("ready", 10, 10), Truth("drain", 7, 10), Truth("ready", 99, 10))


ROOT = Path(__file__).parents[2]


@pytest.fixture(params=[1, 4], ids=lambda count: f"processes={count}")
def fleet(request: pytest.FixtureRequest, haproxy: Version, apps: Apps) -> Iterator[Fleet]:
    """One process, or four that disagree about web1."""
    with layout(haproxy, request.param, servers_body(apps.ports)) as running:
        wait_until(lambda: _all_up(running), 5, lambda: "servers are not up")
        for index in range(request.param):
            put(running, index, {("www", "web1"): DIFFERENT[index]})
        yield running


def _all_up(fleet: Fleet) -> bool:
    return all(reply.count(",UP,") == 4 for reply in fleet.ask_all("show stat www 4 -1"))


def _states(fleet: Fleet) -> list[Truth]:
    return [servers(fleet, index)["www", "web1"] for index in range(len(fleet.sockets))]


def ansible(
    place: Path, program: str, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``ansible`` (``adhoc``) or ``ansible-playbook`` (``playbook``) of this venv.

    The inventory is made in `place`: the host ``balancer`` in the group ``lb``.
    """
    inventory = place / "inventory.yml"
    variables = {"ansible_connection": "local", "ansible_python_interpreter": INTERPRETER}
    inventory.write_text(json.dumps({"lb": {"hosts": {"balancer": variables}}}))
    settings = {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"), **(environment or {})}
    return ended(program, ["-i", str(inventory), *arguments], {**os.environ, **settings})


def ended(
    program: str, words: Sequence[str], environment: Mapping[str, str], place: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """One of the programs of this venv's Ansible, ``adhoc``, ``playbook``, ``galaxy`` or ``doc``, run to its end."""
    return subprocess.run(
        [sys.executable, "-m", "ansible", program, *words],
        cwd=place,
        env={**environment, "ANSIBLE_NOCOLOR": "1", "PAGER": "cat"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# Each version once, in turn as one process and as four.
@pytest.mark.everywhere
@pytest.mark.parametrize(
    ("haproxy", "fleet"),
    [(version, (4, 1)[number % 2]) for number, version in enumerate(versions())],
    indirect=["fleet"],
    ids=lambda value: f"haproxy={value}" if isinstance(value, Version) else f"processes={value}",
)
def test_the_playbook_of_haproxy_server(fleet: Fleet, tmp_path: Path) -> None:
    variables = {"fleet": [str(fleet.directory)], "processes": len(fleet.sockets)}
    playbook = str(PLAYBOOKS / "haproxy_server.yml")
    done = ansible(tmp_path, "playbook", playbook, "-e", json.dumps(variables))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed=0" in done.stdout
    assert {truth.state for truth in _states(fleet)} == {"maint"}


@pytest.mark.parametrize("haproxy", [oldest(), newest()], ids=lambda version: f"haproxy={version}")
def test_the_everyday_line_ad_hoc(fleet: Fleet, tmp_path: Path) -> None:
    line = ("lb", "-m", "haproxyadmin.haproxy.haproxy_server", "-a", "name=web1 state=drain wait=true")
    environment = {"HAPROXY_SOCKET": ",".join(fleet.sockets)}
    before = _states(fleet)

    predicted = ansible(tmp_path, "adhoc", *line, "--check", "--diff", environment=environment)
    assert predicted.returncode == 0, predicted.stdout + predicted.stderr
    assert "balancer | CHANGED" in predicted.stdout
    assert "+" in predicted.stdout
    assert _states(fleet) == before

    done = ansible(tmp_path, "adhoc", *line, environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "balancer | CHANGED" in done.stdout
    assert {truth.state for truth in _states(fleet)} == {"drain"}

    again = ansible(tmp_path, "adhoc", *line, environment=environment)
    assert "balancer | SUCCESS" in again.stdout


@pytest.mark.parametrize("haproxy", [oldest(), newest()], ids=lambda version: f"haproxy={version}")
def test_the_lines_about_figures_and_maps_ad_hoc(haproxy: Version, apps: Apps, tmp_path: Path) -> None:
    map_file = tmp_path / "hosts.map"
    map_file.write_text("b.example old\n")
    uses_it = f"\nbackend mapped\n    http-request set-header X-Host %[req.hdr(host),map({map_file},www)]\n"
    entries = {"map": str(map_file), "entries": {"a.example": "www"}}
    with layout(haproxy, 4, servers_body(apps.ports) + uses_it) as running:
        environment = {"HAPROXY_SOCKET": ",".join(running.sockets)}
        line = ("lb", "-m", "haproxyadmin.haproxy.haproxy_info", "-a", "gather_subset=servers backend=www")
        told = ansible(tmp_path, "adhoc", *line, environment=environment)
        assert told.returncode == 0, told.stdout + told.stderr
        found = json.loads(told.stdout.partition("=>")[2])
        assert sorted(row["name"] for row in found["servers"]) == ["web1", "web2", "web3", "web4"]

        line = ("lb", "-m", "haproxyadmin.haproxy.haproxy_map", "-a", json.dumps(entries))
        runs = [ansible(tmp_path, "adhoc", *line, environment=environment) for _time in range(2)]
        assert [done.stdout.partition(" =>")[0] for done in runs] == ["balancer | CHANGED", "balancer | SUCCESS"]
        for reply in running.ask_all(f"show map {map_file}"):
            assert [words.split()[1:] for words in reply.splitlines() if words] == [
                ["b.example", "old"],
                ["a.example", "www"],
            ]


@pytest.mark.parametrize("haproxy", [newest()], ids=lambda version: f"haproxy={version}")
def test_a_failure_ad_hoc_is_one_sentence_without_a_traceback(fleet: Fleet, tmp_path: Path) -> None:
    arguments = "name=web1 backend=wwww state=drain"
    line = ("lb", "-m", "haproxyadmin.haproxy.haproxy_server", "-a", arguments, "-vvv")
    failed = ansible(tmp_path, "adhoc", *line, environment={"HAPROXY_SOCKET": str(fleet.directory)})
    assert failed.returncode != 0
    assert "no backend 'wwww' on any process; did you mean www?" in failed.stdout
    assert "Traceback" not in failed.stdout + failed.stderr
