# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plain task loads from source: one process, one socket, a change and the same once more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.config import bind_lines
from lab.fleet import Fleet, one
from lab.ports import free_port
from lab.versions import newest
from suite.payload import PLAIN, task

BODY = """
frontend public
{bind}
    http-request deny if {{ src -f {folder}/blocked.acl }}
    use_backend %[path,map({folder}/paths.map,www)]

backend www
    server web1 127.0.0.1:{port} weight 10
    server web2 127.0.0.1:{port} weight 10
"""

# Name: module, options, and whether it changes something.
CASES: dict[str, tuple[str, dict[str, Any], bool]] = {
    "drain": ("haproxy_server", {"name": "web1", "backend": "www", "state": "drain"}, True),
    "maint": ("haproxy_server", {"name": "web1", "state": "maint"}, True),
    "ready": ("haproxy_server", {"name": "web1", "state": "ready"}, True),
    "weight": ("haproxy_server", {"name": "web1", "backend": "www", "weight": "5"}, True),
    "entries of a map": ("haproxy_map", {"map": "{folder}/paths.map", "entries": {"/a": "www", "/b": "www"}}, True),
    "entries of an ACL": ("haproxy_acl", {"acl": "{folder}/blocked.acl", "entries": ["192.0.2.1"]}, True),
    "a look at a backend": ("haproxy_backend", {"name": "www"}, False),
    "unpublished": ("haproxy_backend", {"name": "www", "state": "unpublished"}, True),
    "published": ("haproxy_backend", {"name": "www", "state": "published"}, True),
    "maxconn of a frontend": ("haproxy_frontend", {"name": "public", "maxconn": 50}, True),
    "maxconn": ("haproxy_global", {"maxconn": 99}, True),
    "information": ("haproxy_info", {}, False),
    "a map": ("haproxy_map_info", {"map": "{folder}/paths.map"}, False),
    "an ACL": ("haproxy_acl_info", {"acl": "{folder}/blocked.acl"}, False),
    "a command": ("haproxy_command", {"command": ["show info"]}, False),
}

# What makes the task a change, whatever ran before.
FIRST = {
    "drain": "set server www/web1 state ready",
    "maint": "set server www/web1 state ready",
    "ready": "set server www/web1 state maint",
    "weight": "set server www/web1 weight 10",
    "unpublished": "publish backend www",
    "published": "unpublish backend www",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("payload")
    (folder / "paths.map").write_text("/old www\n")
    (folder / "blocked.acl").write_text("198.51.100.7\n")
    return folder


@pytest.fixture(scope="module")
def fleet(folder: Path) -> Iterator[Fleet]:
    body = BODY.format(bind=bind_lines(free_port()), folder=folder, port=free_port())
    with one(newest(), body) as fleet:
        yield fleet


def _filled(value: Any, folder: Path) -> Any:
    return value.replace("{folder}", str(folder)) if isinstance(value, str) else value


@pytest.mark.parametrize("name", CASES)
def test_a_plain_task_loads_little(
    fleet: Fleet, folder: Path, name: str, record_property: Callable[[str, object], None]
) -> None:
    record_property("haproxy", str(newest()))
    module, options, changes = CASES[name]
    if name in FIRST:
        fleet.ask(0, FIRST[name])
    arguments = {name: _filled(value, folder) for name, value in options.items()} | {"socket": [str(fleet.sockets[0])]}
    first, loaded = task(module, arguments)
    assert first["changed"] == changes, first
    assert 0 < loaded <= PLAIN[module].changing
    second, again = task(module, arguments)
    assert second["changed"] is False
    assert 0 < again <= PLAIN[module].again


def test_every_module_has_a_case() -> None:
    assert {module for module, _options, _changes in CASES.values()} == set(PLAIN)
