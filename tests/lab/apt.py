# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private apt root per suite: packages of any Debian suite, downloaded and checked, nothing installed.

The mirror, its keys, proxies and passwords are those of the machine's own apt configuration; this file names none
of them. Signatures are always checked. Needs no root: apt runs as the user who asks.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from .errors import LabError

MIRROR_VARIABLE = "HAPROXY_LAB_MIRROR"
"""Names a Debian mirror on machines whose own apt has none (Ubuntu)."""

UPDATE_SECONDS = 300
"""The index of one suite is 10 MB: five minutes is a bad line, more is a broken one."""

LIBRARY_PREFIXES = ("lib", "zlib")
"""How the names of library packages begin; zlib1g is the one that does not begin with lib."""


def tool(name: str, package: str) -> str:
    """The path of a program, or a LabError that says which package brings it."""
    found = shutil.which(name)
    if found is None:
        raise LabError(f"{name} is missing; the lab needs it (package {package})")
    return found


def output_of(command: list[str], *, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a command to its end and return what it printed; LabError with its last words where it fails."""
    try:
        done = subprocess.run(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=UPDATE_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{Path(command[0]).name} did not end within {UPDATE_SECONDS} s") from error
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()[-8:]
        raise LabError("\n".join([f"{Path(command[0]).name} {command[1]} failed:", *words]))
    return done.stdout


class AptRoot:
    """An apt that knows one suite (and perhaps a second for libraries) and writes below one directory only."""

    def __init__(self, directory: Path, suite: str, libraries: str | None = None) -> None:
        """Nothing is written or fetched before ``update``; `directory` is absolute and ours alone."""
        self.directory = directory
        self.suite = suite
        self.libraries = libraries

    def update(self, *, wanted: str) -> None:
        """Write the configuration and fetch the indexes of component main.

        `wanted` is the package to be preferred from `suite` where there are two. Raises LabError where the mirror
        does not have the suite or a signature does not hold.
        """
        for name in ("lists/partial", "archives/partial", "etc/trusted", "etc/preferences", "etc/sources", "log"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        (self.directory / "status").touch()
        for keyring in _keyrings():
            shutil.copy(keyring, self.directory / "etc/trusted" / keyring.name)
        mirror = _mirror()
        suites = [self.suite] if self.libraries is None else [self.suite, self.libraries]
        lines = [f"deb [target=Packages] {mirror} {suite} main\n" for suite in suites]
        (self.directory / "etc/sources.list").write_text("".join(lines), encoding="utf-8")
        pin = f"Package: {wanted}\nPin: release a={self.suite}\nPin-Priority: 990\n"
        (self.directory / "etc/preferences/wanted").write_text(pin, encoding="utf-8")
        self._write_configuration()
        self._run("apt-get", "update", "--error-on=any")

    def candidate(self, package: str) -> str | None:
        """The version of `package` that would be taken, or None where the suite has no such package."""
        for line in self._run("apt-cache", "policy", package).splitlines():
            key, _colon, value = line.strip().partition(": ")
            if key == "Candidate" and value != "(none)":
                return value
        return None

    def library_closure(self, package: str) -> list[str]:
        """`package` and every library package it needs, directly or through other libraries, sorted."""
        needs = _dependencies(self._run("apt-cache", "depends", "--recurse", "--important", package).splitlines())
        found, waiting = {package}, [package]
        while waiting:
            for name in needs.get(waiting.pop(), []):
                if name.startswith(LIBRARY_PREFIXES) and name not in found:
                    found.add(name)
                    waiting.append(name)
        return sorted(found)

    def download(self, packages: Iterable[str], into: Path) -> list[Path]:
        """Download packages, checked against the signed index, and return the files."""
        into.mkdir(parents=True, exist_ok=True)
        self._run("apt-get", "download", *packages, cwd=into)
        return sorted(into.glob("*.deb"))

    def _run(self, name: str, *arguments: str, cwd: Path | None = None) -> str:
        env = {**os.environ, "APT_CONFIG": str(self.directory / "apt.conf"), "LC_ALL": "C.UTF-8"}
        return output_of([tool(name, "apt"), "-q", *arguments], cwd=cwd or self.directory, env=env)

    def _write_configuration(self) -> None:
        """Two files: apt reads ours, then the machine's apt.conf.d, then ``last.conf``, which has the last word."""
        machine = _machine_paths()
        first: dict[str, str | Path] = {
            "Dir": self.directory,
            "Dir::State": self.directory,
            "Dir::State::lists": self.directory / "lists",
            "Dir::State::status": self.directory / "status",
            "Dir::Cache": self.directory,
            "Dir::Cache::archives": self.directory / "archives",
            "Dir::Log": self.directory / "log",
            "Dir::Etc": self.directory / "etc",
            "Dir::Etc::sourcelist": self.directory / "etc/sources.list",
            "Dir::Etc::sourceparts": self.directory / "etc/sources",
            "Dir::Etc::preferences": self.directory / "etc/none",
            "Dir::Etc::preferencesparts": self.directory / "etc/preferences",
            "Dir::Etc::trusted": self.directory / "etc/none.gpg",
            "Dir::Etc::trustedparts": self.directory / "etc/trusted",
            "Dir::Etc::parts": machine["PARTS"],
            "Dir::Etc::netrc": machine["NETRC"],
            "Dir::Etc::netrcparts": machine["NETRCPARTS"],
            "Dir::Etc::main": self.directory / "last.conf",
        }
        last = {
            "APT::Sandbox::User": pwd.getpwuid(os.geteuid()).pw_name,
            "APT::Get::AllowUnauthenticated": "false",
            "Acquire::AllowInsecureRepositories": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Acquire::PDiffs": "false",
        }
        # Hooks of the machine (clean-up, desktop catalogues) are about its own lists, not about ours.
        clears = ["APT::Update", "DPkg", "Acquire::Languages", "APT::Default-Release"]
        include = f'#include "{machine["MAIN"]}";\n' if Path(machine["MAIN"]).is_file() else ""
        (self.directory / "apt.conf").write_text("".join(_settings(first)), encoding="utf-8")
        (self.directory / "last.conf").write_text(
            include + "".join(f"#clear {name};\n" for name in clears) + "".join(_settings(last)), encoding="utf-8"
        )


def _settings(values: Mapping[str, str | Path]) -> Iterator[str]:
    for name, value in values.items():
        yield f'{name} "{value}";\n'


def _machine_paths() -> dict[str, str]:
    """Where the machine's own apt keeps its settings, by the names of ``apt-config shell`` below."""
    wanted = {
        "PARTS": "Dir::Etc::parts/d",
        "MAIN": "Dir::Etc::main/f",
        "NETRC": "Dir::Etc::netrc/f",
        "NETRCPARTS": "Dir::Etc::netrcparts/d",
        "TRUSTED": "Dir::Etc::trustedparts/d",
    }
    words = [word for pair in wanted.items() for word in pair]
    found = dict.fromkeys(wanted, "/nonexistent")
    for line in output_of([tool("apt-config", "apt"), "shell", *words]).splitlines():
        name, _equals, value = line.partition("=")
        found[name] = value.strip("'")
    return found


def _mirror() -> str:
    """The base URI of the Debian mirror that the machine itself uses, or the one the environment names."""
    if named := os.environ.get(MIRROR_VARIABLE):
        return named
    form = "$(ORIGIN)|$(LABEL)|$(RELEASE)|$(REPO_URI)"
    rows = output_of([tool("apt-get", "apt"), "indextargets", "--format", form, "Created-By: Packages"]).splitlines()
    fields = [row.split("|", 3) for row in rows if row.count("|") >= 3]
    for origin, label, release, uri in fields:
        # Origin and label are unknown until the machine's first update: then only the release's name is left.
        if (origin, label) == ("Debian", "Debian") or (not origin and "security" not in release + uri):
            return uri
    raise LabError(
        f"this machine's apt knows no Debian mirror, from which the lab takes HAProxy and sshd; name one in {MIRROR_VARIABLE}"
    )


def _keyrings() -> list[Path]:
    """The Debian archive's keys on this machine, and those it trusts for everything."""
    shared = Path("/usr/share/keyrings").glob("debian-*.gpg")
    trusted = Path(_machine_paths()["TRUSTED"]).glob("*")
    found = [path for path in (*shared, *trusted) if path.suffix in (".gpg", ".asc") and os.access(path, os.R_OK)]
    if not found:
        raise LabError("no key of the Debian archive is on this machine (package debian-archive-keyring)")
    return found


def _dependencies(lines: Iterable[str]) -> dict[str, list[str]]:
    """``apt-cache depends --recurse`` as a mapping from a package to those it needs, providers of virtual ones too."""
    needs: dict[str, list[str]] = {}
    here: list[str] = []
    for line in lines:
        name = line.strip().rpartition(": ")[2]
        if line[:1] not in (" ", "|"):
            here = needs.setdefault(name, [])
        elif not name.startswith("<"):
            here.append(name)
    return needs
