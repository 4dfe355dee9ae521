# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much Python source Ansible ships with a module: each KB costs about 0.45 ms a task."""

from __future__ import annotations

import datetime
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import ansible.modules.ping
from ansible._internal._ansiballz import _builder
from ansible.executor.module_common import recursive_finder
from ansible.plugins.loader import init_plugin_loader

from suite.paths import CACHE, COLLECTION, ROOT

LIMIT = 100_000
"""Bytes of source that a module may import above ansible.builtin.ping."""


def bytes_above_ping(module: str) -> int:
    """Bytes of source of a module of this collection and all it imports, above those of ansible.builtin.ping.

    Asks a process of its own: Ansible's loader of collections must come before any import from one.
    """
    command = [sys.executable, "-m", "suite.payload", module]
    variables = os.environ | {"PYTHONPATH": str(ROOT / "tests"), "ANSIBLE_COLLECTIONS_PATH": str(CACHE)}
    return int(subprocess.run(command, env=variables, check=True, stdout=subprocess.PIPE).stdout)


def _bytes_above_ping(module: str) -> int:
    path = COLLECTION / "plugins" / "modules" / f"{module}.py"
    name = f"ansible_collections.haproxyadmin.haproxy.plugins.modules.{module}"
    init_plugin_loader()
    return _bytes_of(name, path) - _bytes_of("ansible.modules.ping", Path(ansible.modules.ping.__file__))


def _bytes_of(name: str, path: Path) -> int:
    """The sum over the files that Ansible packs for it, by Ansible's own search for imports."""
    with zipfile.ZipFile(io.BytesIO(), "w") as packed:
        now = datetime.datetime.now(tz=datetime.UTC)
        source = path.read_bytes()
        recursive_finder(path.stem, name, source, packed, now, _builder.ExtensionManager.create(task_vars={}))
        return sum(entry.file_size for entry in packed.infolist())


if __name__ == "__main__":
    print(_bytes_above_ping(sys.argv[1]))
