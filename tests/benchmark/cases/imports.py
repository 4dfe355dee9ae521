# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each module loads: bytes of source, and the time of its import, which a target pays anew for each task.

AnsiballZ sends a zip of sources, of which nothing is kept: each task unpacks and compiles all that it imports. So here.
Times are seconds of the processor, which is what an import takes, and which a machine that has other work does not
lengthen.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmark.findings import RATIO, Finding, alternating
from suite import pythons
from suite.paths import COLLECTION
from suite.payload import PLAIN, bytes_above_ping

CASE = "imports"
RUNS = 9
_INTO = "ansible_collections/haproxyadmin/haproxy/plugins"
_PING = "ansible.modules.ping"

# -S: site-packages, where another ansible may be, are not for a target's payload.
_IMPORT = """
import importlib, json, sys, time
sys.path.insert(0, sys.argv[1])
clock = time.process_time
begin = clock()
import ansible.module_utils.basic
basic = clock()
importlib.import_module(sys.argv[2])
print(json.dumps([begin, basic - begin, clock() - basic]))
"""


class Import(NamedTuple):
    """Seconds of the processor: the interpreter until its first line, ansible.module_utils.basic, and the module above."""

    interpreter: float
    basic: float
    module: float


def run() -> Iterator[Finding]:
    modules = sorted(PLAIN)
    source = {module: bytes_above_ping(module) / 1024 for module in modules}
    yield from (Finding(CASE, f"{module}, source above ping", kilobytes, "KB") for module, kilobytes in source.items())
    yield Finding(CASE, "most source above ping", max(source.values()), "KB")
    with TemporaryDirectory() as folder:
        archive = zipped(Path(folder) / "payload.zip")
        found = _imports(Path(sys.executable), archive, modules)
        yield from (
            Finding(CASE, f"{module}, import above basic", one.module * 1e3, "ms") for module, one in found.items()
        )
        yield Finding(CASE, "start of the interpreter", found[_PING].interpreter * 1e3, "ms")
        yield from _longest(found, "")
        if oldest := pythons.found().get(pythons.OLDEST):
            yield from _longest(_imports(oldest, archive, modules), f", Python {pythons.OLDEST}")


def zipped(archive: Path) -> Path:
    """What a payload may hold: the module_utils of Ansible, ping, and this collection's."""
    spec = find_spec("ansible")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("ansible")
    ansible = Path(spec.origin).parent
    files = dict(_below(ansible / "module_utils", "ansible/module_utils"))
    files["ansible/modules/ping.py"] = (ansible / "modules" / "ping.py").read_bytes()
    for part in ("module_utils", "modules"):
        files.update(_below(COLLECTION / "plugins" / part, f"{_INTO}/{part}"))
    files |= {name: b"" for name in packages(files) if name not in files}
    with zipfile.ZipFile(archive, "w", compression=zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return archive


def packages(files: Mapping[str, bytes]) -> set[str]:
    """The __init__.py of each folder that holds one of these files, or another folder."""
    folders = {folder for name in files for folder in Path(name).parents if folder.name}
    return {f"{folder.as_posix()}/__init__.py" for folder in folders}


def _below(folder: Path, place: str) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*.py")):
        yield f"{place}/{path.relative_to(folder).as_posix()}", path.read_bytes()


def _imports(python: Path, archive: Path, modules: list[str]) -> dict[str, Import]:
    """The medians for each module and ping, which take turns."""
    names = {_PING: _PING, **{module: f"{_INTO.replace('/', '.')}.modules.{module}" for module in modules}}
    every: dict[str, list[Import]] = {name: [] for name in names}

    def once(name: str) -> float:
        command = [str(python), "-I", "-S", "-B", "-c", _IMPORT, str(archive), names[name]]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        every[name].append(Import(*json.loads(done.stdout)))
        return every[name][-1].module

    ways: dict[str, Callable[[], float]] = {name: partial(once, name) for name in names}
    alternating(ways, RUNS)
    return {name: Import(*map(median, zip(*runs, strict=True))) for name, runs in every.items()}


def _longest(found: Mapping[str, Import], where: str) -> Iterator[Finding]:
    """Of the module that takes most, beside what every module of Ansible takes."""
    longest, basic = max(one.module for one in found.values()), found[_PING].basic
    yield Finding(CASE, f"longest import above basic{where}", longest * 1e3, "ms")
    yield Finding(CASE, f"ansible.module_utils.basic itself{where}", basic * 1e3, "ms")
    yield Finding(CASE, f"longest import above basic / basic{where}", longest / basic, RATIO)
