# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example in the documentation of a module runs as it stands, but for the paths of sockets."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.apps import Apps
from lab.config import servers_body
from lab.fleet import layout
from lab.tasks import MODULES
from lab.versions import Version, newest, oldest

from .test_ansible import ROOT, ansible

pytestmark = pytest.mark.target

# The directory of sockets that examples name.
DOCUMENTED = "/run/haproxy/"


def examples() -> list[str]:
    """The names of all modules of the collection."""
    return sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))


@pytest.mark.parametrize("haproxy", [oldest(), newest()], ids=lambda version: f"haproxy={version}")
@pytest.mark.parametrize("module", examples())
def test_the_examples_of_a_module_run(haproxy: Version, module: str, apps: Apps, tmp_path: Path) -> None:
    text = importlib.import_module(f"{MODULES}.{module}").EXAMPLES
    with layout(haproxy, 4, servers_body(apps.ports)) as fleet:
        sockets = str(fleet.directory)
        tasks: list[dict[str, Any]] = yaml.safe_load(text.replace(DOCUMENTED, sockets))
        assert tasks
        playbook = [
            {
                "hosts": "lb",
                "gather_facts": False,
                "module_defaults": {"group/haproxyadmin.haproxy.haproxy": {"socket": [sockets]}},
                "tasks": tasks,
            }
        ]
        (tmp_path / "examples.json").write_text(json.dumps(playbook))
        done = ansible(tmp_path, "playbook", str(tmp_path / "examples.json"))
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"ok={len(tasks)} " in done.stdout
