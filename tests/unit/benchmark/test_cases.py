# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each case is a file, and the pure parts of some."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib import import_module
from pathlib import Path

import pytest

from benchmark.cases import TITLES
from benchmark.cases.imports import packages, zipped
from benchmark.slopes import slope


@pytest.mark.parametrize("case", TITLES)
def test_a_case_is_a_file(case: str) -> None:
    assert callable(import_module(f"benchmark.cases.{case}").run)


def test_every_folder_of_a_payload_is_a_package() -> None:
    assert packages({"a/b/c.py": b"", "a/d.py": b"", "e.py": b""}) == {"a/__init__.py", "a/b/__init__.py"}


def test_a_payload_holds_all_that_a_module_imports(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "payload.zip")
    names = zipfile.ZipFile(archive).namelist()
    assert len(names) == len({*names})
    module = "ansible_collections.haproxyadmin.haproxy.plugins.modules.haproxy_server"
    code = f"import sys; sys.path.insert(0, {str(archive)!r}); import {module} as it; print(it.__file__)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.startswith(str(archive))


@pytest.mark.parametrize(
    ("first", "every", "tasks", "each"),
    [(0.9, 3.9, 16, 0.2), (1.0, 1.0, 2, 0.0)],
)
def test_a_slope_leaves_the_start_out(first: float, every: float, tasks: int, each: float) -> None:
    assert slope(first, every, tasks) == pytest.approx(each)
