# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tests can notice a change: those that execute its line or, where it is made at import, that use its name or
execute what does."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mutation.mutants import Mutant

Reached = Mapping[str, Mapping[int, frozenset[int]]]
"""File → line → the numbers of the tests that execute it."""


class Reaching:
    """The tests for each mutant.

    :param users: folder of the code that uses the core, if any.
    :param reached: what one run of all tests executed.
    :param files: file of tests → the numbers of its tests.
    """

    def __init__(self, core: Path, users: Path | None, reached: Reached, files: Mapping[Path, Iterable[int]]) -> None:
        self._reached = reached
        paths = [*sorted(core.rglob("*.py")), *(sorted(users.rglob("*.py")) if users else ())]
        self._uses = [
            (os.path.relpath(path, core), *use) for path in paths for use in _within(ast.parse(path.read_bytes()), ())
        ]
        self._files = [
            ({name for _line, name in _names(ast.parse(path.read_bytes()))}, it) for path, it in files.items()
        ]

    def tests_of(self, mutant: Mutant) -> frozenset[int]:
        """The tests that can notice this mutant."""
        if mutant.home:
            return self._reached.get(mutant.file, {}).get(mutant.line, frozenset())
        lines = self._reached.get(mutant.file, {})
        found = set(lines.get(mutant.line, ()))  # of a lambda, and of what is imported late
        names, users = self._users(mutant.names)
        for file, line in users:
            found |= self._reached.get(file, {}).get(line, frozenset())
        for mentioned, tests in self._files:
            if mentioned & names:
                found |= set(tests)
        return frozenset(found)

    def _users(self, names: Sequence[str]) -> tuple[set[str], list[tuple[str, int]]]:
        """These names and those that are made of them at import, and the lines of functions that use one."""
        known = set(names)
        waiting = list(names)
        users = []
        while waiting:
            name = waiting.pop()
            for file, line, used, makes in self._uses:
                if used == name and makes is None:
                    users.append((file, line))
                elif used == name:
                    new = set(makes or ()) - known
                    known |= new
                    waiting += new
        return known, users


def _within(node: ast.AST, makes: tuple[str, ...]) -> Iterator[tuple[int, str, tuple[str, ...] | None]]:
    """The names that are used: line, name, and what is made of it where that is done at import (None: a function)."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            for inner in child.body:
                yield from ((line, name, None) for line, name in _names(inner))
        elif isinstance(child, ast.ClassDef):
            yield from ((child.lineno, name, (child.name,)) for base in child.bases for _line, name in _names(base))
            yield from _within(child, (*makes, child.name))
        elif isinstance(child, (ast.Assign, ast.AnnAssign)):
            targets = child.targets if isinstance(child, ast.Assign) else [child.target]
            made = tuple(name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))
            yield from ((line, name, (*makes, *made)) for line, name in _names(child))
        else:
            yield from _within(child, makes)


def _names(node: ast.AST) -> Iterator[tuple[int, str]]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.ImportFrom):
            yield from ((inner.lineno, alias.name) for alias in inner.names)
        elif isinstance(inner, ast.Name):
            yield inner.lineno, inner.id
        elif isinstance(inner, ast.Attribute):
            yield inner.lineno, inner.attr
