# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much Python source a module loads: a target compiles it anew for each task, at about 0.45 ms a KB."""

from __future__ import annotations

import subprocess
import sys

from suite.paths import CACHE

LIMIT = 142 * 1024
"""Bytes of source that a module may load above ansible.builtin.ping. What only some tasks need is loaded by those."""
LIMITS = {"haproxy_backend": 180 * 1024}
"""The same of modules that are another one and more."""

_LOADED = """
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


def bytes_above_ping(module: str) -> int:
    """Bytes of source that a module of this collection loads with itself, above what ansible.builtin.ping does."""
    ours = f"ansible_collections.haproxyadmin.haproxy.plugins.modules.{module}"
    return _bytes_of(ours) - _bytes_of("ansible.modules.ping")


def _bytes_of(module: str) -> int:
    command = [sys.executable, "-c", _LOADED, module]
    return int(subprocess.run(command, env={"PYTHONPATH": str(CACHE)}, check=True, capture_output=True).stdout)
