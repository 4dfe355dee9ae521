# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example in the documentation of a module and every task in the guides runs as it stands, but for the paths of
sockets and of maps and ACLs. One with the comment ``# Needs HAProxy X.Y`` above it runs on the newest HAProxy, and must
be refused by the oldest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from documented.claims import Runner, claimed
from documented.found import Block
from lab.apps import Apps
from lab.config import DEFAULTS, bind_lines, servers_body
from lab.fleet import Fleet, layout
from lab.oracle import Truth, servers
from lab.ports import free_port
from lab.processes import wait_until
from lab.sharing import is_long
from lab.versions import Version, newest, oldest

from .test_ansible import ROOT, ansible

pytestmark = pytest.mark.target

Task = dict[str, Any]

# The directories of sockets, and of maps and ACLs, that examples name.
DOCUMENTED = "/run/haproxy/"
SETS = "/etc/haproxy/"
# Those of few tasks run together: each start of Ansible and of a fleet takes a second or two.
SMALL = {
    **dict.fromkeys(("fleet", "guide", "plans", "rolling", "statistics", "troubleshooting"), "small guides"),
    **dict.fromkeys(("haproxy_command", "haproxy_global", "haproxy_info"), "small modules"),
    **dict.fromkeys(("haproxy_acl_info", "haproxy_map_info"), "small modules"),
}
NEEDS = re.compile(r" *# Needs HAProxy (\d+)\.(\d+)")
# What only examples about backends speak of, beside the sample body.
BACKENDS = f"""
{DEFAULTS.replace("defaults", "defaults web")}
backend pool
    balance roundrobin
    server-template slot 1-4 127.0.0.1:80 check inter 200ms disabled

backend sticky
    balance roundrobin
    cookie SRV insert dynamic
    dynamic-cookie-key configured
    server web1 127.0.0.1:8081
"""
# What maps and ACLs hold, in HAProxy and in their files, when the examples have run: the same on every version.
SHOP = "# hosts of the shop\na.example.com www\nwww.example.com www\n"
HELD: dict[str, dict[str, list[str]]] = {
    "haproxy_map": {
        "hosts.map": ["a.example.com www", "www.example.com www"],
        "paths.map": ["^/static/ static", "^/ www"],
    },
    "haproxy_acl": {"blocked.acl": []},
    "maps.rst": {
        "hosts.map": ["a.example.com www", "www.example.com www"],
        "paths.map": ["^/static/ static", "^/api/v[12]/ old", "^/ www"],
        "blocked.acl": ["203.0.113.0/24", "192.0.2.7", "198.51.100.0/24"],
    },
}
SAVED: dict[str, dict[str, str]] = {
    "haproxy_map": {"hosts.map": SHOP},
    "haproxy_acl": {"blocked.acl": "203.0.113.0/24\n192.0.2.7\n198.51.100.0/24\n"},
    "maps.rst": {"hosts.map": SHOP, "blocked.acl": "203.0.113.0/24\n192.0.2.7\n198.51.100.0/24\n"},
}
REFUSED = {"register": "refused", "failed_when": "refused.error | default('nothing') != 'FeatureMissing'"}


def examples() -> dict[str, str]:
    """The examples of each module and the tasks of each guide, one text for each or for several small ones."""
    found: dict[str, list[Block]] = {}
    for block in claimed(Runner.EXAMPLES):
        path = Path(block.file)
        found.setdefault(SMALL.get(path.stem, path.name.removesuffix(".py")), []).append(block)
    return {name: together(blocks) for name, blocks in found.items()}


def together(blocks: Iterable[Block]) -> str:
    """The tasks of several blocks as one text."""
    return "\n".join(block.text for block in blocks)


def _cases() -> Iterator[tuple[Version, str]]:
    """On which HAProxy which examples run: one that is too old for some of them tells only which it refuses."""
    for name, text in examples().items():
        needs = any(NEEDS.fullmatch(line) for line in text.splitlines())
        yield from ((version, name) for version in ([newest()] if needs and not is_long() else [oldest(), newest()]))


def tasks_for(haproxy: Version, text: str) -> Iterator[Task]:
    """The tasks of a text, those that this version cannot carry out as ones that expect its refusal."""
    lines = text.splitlines()
    whole = yaml.compose(text)
    assert isinstance(whole, yaml.SequenceNode)
    for task, node in zip(yaml.safe_load(text), whole.value, strict=True):
        needs = NEEDS.fullmatch(lines[node.start_mark.line - 1])
        missing = needs is not None and haproxy.number < (int(needs[1]), int(needs[2]))
        yield {**task, **REFUSED} if missing else task


def every(tasks: Iterable[Task]) -> Iterator[Task]:
    """The tasks that run when nothing fails."""
    for task in tasks:
        if "block" in task:
            yield from every(task["block"])
        else:
            yield task


def run_tasks(place: Path, fleet: Fleet, tasks: list[Task], *, deploy: str) -> str:
    """Run them in a play whose ``deploy.yml`` runs this command; returns what Ansible printed. They must succeed."""
    defaults = {
        "group/haproxyadmin.haproxy.haproxy": {"socket": [str(fleet.directory)]},
        "haproxyadmin.haproxy.haproxy_server": {"state_dir": str(place / "state")},
    }
    playbook = [{"hosts": "lb", "gather_facts": False, "module_defaults": defaults, "tasks": tasks}]
    (place / "examples.json").write_text(json.dumps(playbook))
    (place / "deploy.yml").write_text(json.dumps([{"ansible.builtin.command": deploy}]))
    done = ansible(place, "playbook", str(place / "examples.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    return " ".join(done.stdout.split())


def sets_body(place: Path) -> str:
    """A backend that uses the maps and ACLs which examples name; their files are made in this directory."""
    place.mkdir()
    for name, text in (
        ("hosts.map", "# hosts of the shop\na.example.com old\nwww.example.com www\n"),
        ("paths.map", "^/ www\n"),
        ("blocked.acl", "203.0.113.0/24\n"),
    ):
        (place / name).write_text(text)
    return f"""
backend sets
    http-request deny if {{ src -f {place}/blocked.acl }}
    http-request set-header X-Host %[req.hdr(host),map({place}/hosts.map,www)]
    http-request set-header X-Path %[path,map_reg({place}/paths.map)]
"""


def with_paths(text: str, fleet: Fleet, place: Path) -> str:
    """The text with the fleet's sockets and the maps and ACLs of this directory."""
    return text.replace(DOCUMENTED, str(fleet.directory)).replace(SETS, f"{place}/")


def entries(reply: str) -> list[str]:
    """The entries that HAProxy shows of a map or an ACL."""
    return [line.partition(" ")[2] for line in reply.splitlines() if line]


def wait_until_up(fleet: Fleet) -> None:
    """Wait for the first checks of www."""
    wait_until(
        lambda: all(reply.count(",UP,") == 4 for reply in fleet.ask_all("show stat www 4 -1")),
        5,
        lambda: "servers are not up",
    )


def test_a_task_that_needs_a_newer_haproxy_is_one_that_expects_its_refusal() -> None:
    text = """\
# Needs HAProxy 2.6
- name: One

- name: Two
  block:
    - name: Three
"""
    old, new = (list(tasks_for(version, text)) for version in (oldest(), newest()))
    assert new == [{"name": "One"}, {"name": "Two", "block": [{"name": "Three"}]}]
    assert old == [{"name": "One", **REFUSED}, new[1]]
    assert [task["name"] for task in every(new)] == ["One", "Three"]


def test_the_examples_of_all_modules_are_found() -> None:
    modules = [path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")]
    assert {SMALL.get(name, name) for name in modules} <= {*examples()}
    texts = "".join(examples().values())
    assert [name for name in modules if f"haproxyadmin.haproxy.{name}:" not in texts] == []


@pytest.mark.parametrize(
    ("haproxy", "name"), [*_cases()], ids=lambda value: f"haproxy={value}" if isinstance(value, Version) else value
)
def test_the_examples_run(haproxy: Version, name: str, apps: Apps, tmp_path: Path) -> None:
    binds = bind_lines(free_port(), processes=4 if haproxy.has_nbproc else 1)
    sets = tmp_path / "sets"
    body = DEFAULTS + servers_body(apps.ports, binds=binds) + BACKENDS + sets_body(sets)
    with layout(haproxy, 4, body) as fleet:
        wait_until_up(fleet)
        text = with_paths(examples()[name], fleet, sets)
        for number, port in enumerate(apps.ports, 8081):
            text = text.replace(f" port: {number}\n", f" port: {port}\n")
        tasks = list(tasks_for(haproxy, text))
        assert tasks
        told = run_tasks(tmp_path, fleet, tasks, deploy="true")
        deploys = sum("ansible.builtin.include_tasks" in task for task in every(tasks))
        assert f" ok={len(list(every(tasks))) + deploys} " in told
        assert "failed=0 skipped=0 rescued=0 ignored=0" in told
        for file, wished in HELD.get(name, {}).items():
            assert [entries(reply) for reply in fleet.ask_all(f"show {file[-3:]} {sets}/{file}")] == [wished] * 4
        for file, text in SAVED.get(name, {}).items():
            assert (sets / file).read_text() == text


@pytest.mark.parametrize("haproxy", [oldest()], ids=lambda version: f"haproxy={version}")
def test_what_needs_a_newer_haproxy_is_refused(haproxy: Version, apps: Apps, tmp_path: Path) -> None:
    sets = tmp_path / "sets"
    body = DEFAULTS + servers_body(apps.ports) + BACKENDS + sets_body(sets)
    with layout(haproxy, 4, body) as fleet:
        texts = (with_paths(text, fleet, sets) for text in examples().values())
        tasks = [task for text in texts for task in tasks_for(haproxy, text) if task.items() >= REFUSED.items()]
        assert len(tasks) == sum(len(NEEDS.findall(text)) for text in examples().values()) > 5
        assert f" ok={len(tasks)} " in run_tasks(tmp_path, fleet, tasks, deploy="true")


@pytest.mark.parametrize("haproxy", [oldest(), newest()], ids=lambda version: f"haproxy={version}")
@pytest.mark.parametrize("name", [name for name, text in examples().items() if "\n  rescue:" in text])
def test_an_example_with_a_rescue_restores(haproxy: Version, name: str, apps: Apps, tmp_path: Path) -> None:
    tasks = [task for task in tasks_for(haproxy, examples()[name]) if "rescue" in task or "register" in task]
    tasks = [task for task in tasks if "FeatureMissing" not in task.get("failed_when", "")]
    different = Truth("drain", 3, 256), Truth("ready", 5, 256)
    with layout(haproxy, 4, servers_body(apps.ports)) as fleet:
        wait_until_up(fleet)
        for index in (0, 1):
            fleet.ask(index, f"set server www/web4 state {different[index].state}")
            fleet.ask(index, f"set server www/web4 weight {different[index].weight}")
        before = [servers(fleet, index) for index in range(4)]
        assert (before[0]["www", "web4"], before[1]["www", "web4"]) == different
        assert "failed=0 skipped=0 rescued=1 ignored=0" in run_tasks(tmp_path, fleet, tasks, deploy="false")
        assert [servers(fleet, index) for index in range(4)] == before
