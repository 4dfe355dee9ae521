# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HAProxy versions of the lab, and where sshd comes from, read from ``versions.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .errors import LabError

FILE = Path(__file__).with_name("versions.toml")


@dataclass(frozen=True, order=True)
class Version:
    """One HAProxy version and where the distribution keeps it."""

    number: tuple[int, int]
    """(major, minor), for comparisons: ``version.number >= (2, 4)``."""
    name: str
    """The branch as HAProxy writes it: "2.2"."""
    suites: tuple[str, ...]
    """Debian suites that may carry it, in order of preference."""
    libraries: str | None = None
    """A further suite for its libraries, or None."""

    def __str__(self) -> str:
        return self.name

    @property
    def has_nbproc(self) -> bool:
        """Whether ``nbproc`` exists: it was removed in 2.5."""
        return self.number < (2, 5)


@cache
def versions() -> tuple[Version, ...]:
    """All versions of the lab, oldest first.

    Raises LabError where the versions file does not make sense.
    """
    rows = tomllib.loads(FILE.read_text(encoding="utf-8")).get("version", [])
    try:
        found = sorted(
            Version(
                number=_number(row["name"]),
                name=row["name"],
                suites=tuple(row["suites"]),
                libraries=row.get("libraries"),
            )
            for row in rows
        )
    except (KeyError, ValueError) as error:
        raise LabError(f"{FILE.name} has a version without a usable name or suites: {error}") from error
    if not found:
        raise LabError(f"{FILE.name} names no version")
    return tuple(found)


def version(name: str | Version) -> Version:
    """The version of this name ("3.0"); a Version is given back as it is. Raises LabError for an unknown name."""
    if isinstance(name, Version):
        return name
    for candidate in versions():
        if candidate.name == name:
            return candidate
    known = ", ".join(candidate.name for candidate in versions())
    raise LabError(f"the lab has no HAProxy {name}; {FILE.name} names {known}")


@cache
def ssh_suites() -> tuple[str, ...]:
    """The Debian suites that may carry sshd, in order of preference. Raises LabError where the file names none."""
    suites = tomllib.loads(FILE.read_text(encoding="utf-8")).get("sshd", {}).get("suites", [])
    if not suites:
        raise LabError(f"{FILE.name} names no suite for sshd")
    return tuple(suites)


def oldest() -> Version:
    """The oldest version of the lab."""
    return versions()[0]


def newest() -> Version:
    """The newest version of the lab."""
    return versions()[-1]


def _number(name: str) -> tuple[int, int]:
    major, minor = name.split(".")
    return int(major), int(minor)
