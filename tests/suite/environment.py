# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual environments, made from pinned requirements and remade only when those or the Python changed.

./dev runs this file with a bare Python, so it needs nothing but the standard library.
"""

from __future__ import annotations

import ast
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from suite.paths import CACHE, ROOT, VENV


class InstallError(Exception):
    """An environment could not be made; the text is one sentence for the user."""


def made(venv: Path, python: Path, requirements: str) -> Path:
    """Return the Python of `venv`, which runs on `python` and holds `requirements` (a file at the root)."""
    python = python.resolve()  # of an active environment, which may be the one to remake, its base
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "environment.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two ./dev at once: the second waits for the first
        # the path of the checkout: the scripts of an environment that was moved do not run
        wanted = f"{python} {python.stat().st_mtime_ns} {ROOT} {_content(requirements)}"
        stamp = venv / "made"
        if not stamp.exists() or stamp.read_text() != wanted:
            print(f"making {venv.relative_to(ROOT)} from {requirements}", file=sys.stderr)
            shutil.rmtree(venv, ignore_errors=True)
            _run([str(python), "-m", "venv", str(venv)])
            _install(venv, requirements)
            stamp.write_text(wanted)
    return venv / "bin" / "python"


def add(venv: Path, requirements: str) -> None:
    """Install further `requirements` into `venv`, unless it has them."""
    stamp = venv / f"added-{requirements}"
    if not stamp.exists() or stamp.read_text() != _content(requirements):
        _install(venv, requirements)
        stamp.write_text(_content(requirements))


def _content(requirements: str) -> str:
    return hashlib.sha256((ROOT / requirements).read_bytes()).hexdigest()


def _install(venv: Path, requirements: str) -> None:
    """Install with uv, which takes seconds where pip takes most of a minute; with pip where uv cannot."""
    python = str(venv / "bin" / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    uv = VENV / "bin" / "uv"
    try:
        if not uv.exists():
            lines = (ROOT / "requirements.txt").read_text().splitlines()
            _run([*pip, "install", "--quiet", next(line for line in lines if line.startswith("uv=="))])
        command = [str(uv), "pip", "install", "--quiet", "--compile-bytecode", "--python", python]
        _run([*command, "--requirement", str(ROOT / requirements)], os.environ | _uv_settings(pip))
    except InstallError as uv_failed:
        print(f"uv cannot, so pip does it: {uv_failed}", file=sys.stderr)
        _run([*pip, "install", "--quiet", "--requirement", str(ROOT / requirements)])


def _uv_settings(pip: list[str]) -> dict[str, str]:
    """pip's configuration (environment and files) in uv's words; uv reads none of it."""
    listed = subprocess.run([*pip, "config", "list"], capture_output=True, text=True, check=True).stdout
    pip_said: dict[str, list[str]] = {}
    for line in listed.splitlines():  # the environment comes first and wins
        name, value = line.split("=", 1)
        pip_said.setdefault(name.rsplit(".", 1)[-1], str(ast.literal_eval(value)).split())
    said = {
        "UV_SYSTEM_CERTS": ["1"],
        "UV_INDEX_STRATEGY": ["unsafe-best-match"],  # as pip: all indexes are equal
        "UV_DEFAULT_INDEX": pip_said.get("index-url", []),
        "UV_INDEX": pip_said.get("extra-index-url", []),
        "UV_FIND_LINKS": [",".join(pip_said.get("find-links", []))],
        "SSL_CERT_FILE": pip_said.get("cert", []),
    }
    return {name: " ".join(value) for name, value in said.items() if any(value)}


def _run(command: list[str], env: dict[str, str] | None = None) -> None:
    try:
        subprocess.run(command, env=env, check=True, stdout=sys.stderr, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise InstallError(f"{Path(command[0]).name} {' '.join(command[1:4])} failed: {error}") from error


if __name__ == "__main__":
    try:
        made(ROOT / sys.argv[1], Path(sys.executable), sys.argv[2])
    except InstallError as failure:
        sys.exit(f"dev: {failure}")
