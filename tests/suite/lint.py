# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What reads the sources: each check is one command."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence

from suite.log import Log
from suite.paths import COLLECTION, ROOT
from suite.results import Row

AREA = "lint"
# Shipped to managed hosts; has a configuration of its own.
_TARGET = ("plugins/modules", "plugins/module_utils")
_SHELL = ("dev", ".ci/run")

CHECKS: Mapping[str, Sequence[str]] = {
    "ruff check": ("ruff", "check", "."),
    "ruff format": ("ruff", "format", "--check", "."),
    "ruff check, target side": ("ruff", "check", "--config=ruff-target.toml", *_TARGET),
    "ruff format, target side": ("ruff", "format", "--check", "--config=ruff-target.toml", *_TARGET),
    # by their full name, the one under which tests and modules import them
    "mypy": ("mypy", str(COLLECTION.relative_to(ROOT) / "plugins"), "tests"),
    "yamllint": ("yamllint", "--strict", "."),
    "ansible-lint": ("ansible-lint", "-q", "--offline"),
    "antsibull-docs": ("antsibull-docs", "lint-collection-docs", "--plugin-docs", "."),
    "antsibull-changelog": ("antsibull-changelog", "lint"),
    "shellcheck": ("shellcheck", *_SHELL),
    "reuse": ("reuse", "lint", "--quiet"),
}


def lint(log: Log) -> list[Row]:
    """Run every check; those whose tool is not there are missing."""
    missing = tuple(name for name, command in CHECKS.items() if shutil.which(command[0]) is None)
    checks = {name: command for name, command in CHECKS.items() if name not in missing}
    problems = tuple(name for name, command in checks.items() if log.run(command).code)
    return [Row(AREA, passed=len(checks) - len(problems), failed=len(problems), missing=missing, problems=problems)]
