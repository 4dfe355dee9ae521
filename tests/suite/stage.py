# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-test needs: a copy of the checkout with a repository of its own, and a pip.

Its working directory must be .../ansible_collections/NAMESPACE/NAME, reached without a symbolic link, and it takes
the list of files from git: a copy below an ignored folder is empty to it, and everything passes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from ansible_test._internal.python_requirements import get_venv_packages

from suite.log import Log
from suite.paths import CACHE, ROOT

STAGE = CACHE / "stage" / "ansible_collections" / "haproxyadmin" / "haproxy"

# ansible-test would download get-pip.py from a server of its own; the same pip comes from the package index.
_GET_PIP = """\
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).with_name("{wheel}")))
from pip._internal.cli.main import main

options = [option for option in sys.argv[1:] if option not in ("--no-setuptools", "--no-wheel")]
sys.exit(main(["install", *options]))
"""


def staged(stage: Path = STAGE) -> Path:
    """Copy every file that git tracks or would track; returns the copy, which is a repository."""
    shutil.rmtree(stage, ignore_errors=True)
    listed = _git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.split("\0")):
        source, copy = ROOT / name, stage / name
        if source.is_symlink() or source.is_file():  # not what was deleted and is still in the index
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy, follow_symlinks=False)
    _git(stage, "init", "--quiet")
    _git(stage, "add", "--all")
    return stage


def seed_get_pip(log: Log) -> None:
    """Put a stand-in where ansible-test keeps its get-pip.py, unless there is one."""
    version = str(get_venv_packages(SimpleNamespace(version="any"))["pip"])
    cache = Path.home() / ".ansible" / "test" / "cache"
    script = cache / f"get_pip_{version.replace('.', '_')}.py"
    if script.exists():
        return
    cache.mkdir(parents=True, exist_ok=True)
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(cache)]
    if log.run([*download, f"pip=={version}"]).code == 0:
        script.write_text(_GET_PIP.format(wheel=f"pip-{version}-py3-none-any.whl"))


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout
