# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy binaries of any version, and sshd, from the distribution's packages; ``bundles`` unpacks them into a cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .bundles import Bundle, brought, cache_directory, package_version
from .errors import LabError
from .versions import Version, ssh_suites, version, versions

PACKAGE = "haproxy"


class Prepared(NamedTuple):
    """One version that is ready to run."""

    version: Version
    package_version: str
    seconds: float
    binary: Path


def binary(wanted: str | Version) -> Path:
    """The executable of this version, brought first where the cache lacks it.

    Raises LabError in one sentence where a tool or the package is missing, or the binary is not what was asked for.
    """
    return _binary(version(wanted), cache_directory())


def exact_version(wanted: str | Version) -> str:
    """The package's version, such as "2.2.9-2+deb11u6"; brings the package where the cache lacks it."""
    return package_version(binary(wanted).parent)


def sshd() -> Path:
    """The machine's sshd, else one from the distribution's packages, brought first where the cache lacks it.

    Raises LabError in one sentence where a tool or the package is missing.
    """
    found = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    return Path(found) if found else sshd_from_package()


def sshd_from_package() -> Path:
    """sshd from the cache; from 9.8 on its helpers sshd-session and sshd-auth lie beside it."""
    programs = ("usr/sbin/sshd", "usr/lib/openssh/sshd-session", "usr/lib/openssh/sshd-auth")
    return brought(Bundle("sshd", "openssh-server", programs, ssh_suites()), cache_directory()) / "sshd"


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
    bundle = Bundle(
        wanted.name, PACKAGE, (f"usr/sbin/{PACKAGE}",), wanted.suites, f"{wanted.name}.", wanted.libraries
    )  # fmt: skip
    path = brought(bundle, cache_root) / PACKAGE
    _check_runs(path, wanted)
    return path


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
