# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much Python source a module loads: a target compiles it anew for each task, at about 0.45 ms a KB.

Two figures, as what is imported late counts as well where most tasks need it: what a module imports, and what a plain
task of it has loaded when it ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, NamedTuple

from suite.paths import CACHE

LIMIT = 100 * 1024
"""Bytes of source that a module may import above ansible.builtin.ping. What only some tasks need is loaded by those."""


class Plain(NamedTuple):
    """Bytes that a plain task may load: one that changes something, and the same once more (of a module that only reads
    the first is the same)."""

    changing: int
    again: int


PLAIN = {
    "haproxy_server": Plain(148 * 1024, 128 * 1024),
    "haproxy_map": Plain(142 * 1024, 106 * 1024),
    "haproxy_acl": Plain(142 * 1024, 106 * 1024),
    "haproxy_backend": Plain(168 * 1024, 149 * 1024),
    "haproxy_frontend": Plain(111 * 1024, 92 * 1024),
    "haproxy_global": Plain(103 * 1024, 84 * 1024),
    "haproxy_info": Plain(111 * 1024, 111 * 1024),
    "haproxy_map_info": Plain(84 * 1024, 84 * 1024),
    "haproxy_acl_info": Plain(84 * 1024, 84 * 1024),
    "haproxy_command": Plain(83 * 1024, 83 * 1024),
}

_COLLECTION = "ansible_collections.haproxyadmin.haproxy.plugins"

_IMPORTED = """
import importlib, os, sys
importlib.import_module(sys.argv[1])
files = {
    module.__file__
    for name, module in list(sys.modules.items())
    if name.startswith(("ansible.module_utils.", "ansible_collections.")) and getattr(module, "__file__", None)
    and ".modules." not in name
}
print(sum(map(os.path.getsize, files)))
"""

_LOADED = """
import importlib, json, os, sys
from ansible.module_utils.testing import patch_module_args
with patch_module_args(json.loads(sys.argv[2])):
    try:
        importlib.import_module(sys.argv[1]).main()
    except SystemExit:
        pass
loaded = [module.__file__ for name, module in sys.modules.items() if ".haproxy.plugins.module_utils." in name]
print(sum(map(os.path.getsize, filter(None, loaded))), file=sys.stderr)
"""


def bytes_above_ping(module: str) -> int:
    """Bytes of source that a module of this collection imports, above what ansible.builtin.ping does."""
    return _imported(f"{_COLLECTION}.modules.{module}") - _imported("ansible.modules.ping")


def _imported(module: str) -> int:
    return int(_python(_IMPORTED, module).stdout)


def task(module: str, arguments: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The result of a task, run in a Python of its own, and the bytes of this collection's source that it loaded."""
    finished = _python(_LOADED, f"{_COLLECTION}.modules.{module}", json.dumps(arguments))
    return json.loads(finished.stdout), int(finished.stderr.splitlines()[-1])


def _python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env={"PYTHONPATH": str(CACHE)}, check=True, capture_output=True, text=True)
