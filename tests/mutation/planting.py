# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a change into running code, without a file being written."""

from __future__ import annotations

import gc
import importlib.machinery
import os
from collections import defaultdict
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from mutation.mutants import Home, Mutant, code_of, mutated


class Functions:
    """All functions of the core that there are, wherever they are held: a class, a property, a table.

    :param core: the folder of the core.
    """

    def __init__(self, core: Path) -> None:
        self._core = core
        self._found: dict[tuple[str, Home], list[FunctionType]] = defaultdict(list)
        below = f"{core}{os.sep}"
        for each in gc.get_objects():
            if isinstance(each, FunctionType):
                path = os.path.realpath(each.__code__.co_filename)
                if path.startswith(below):
                    home = Home(each.__code__.co_qualname, each.__code__.co_firstlineno)
                    self._found[Path(path).relative_to(core).as_posix(), home].append(each)

    def have(self, mutant: Mutant) -> bool:
        """Whether the mutant is within a function that can be given other code."""
        return mutant.home is not None and (mutant.file, mutant.home) in self._found

    def plant(self, mutant: Mutant) -> None:
        """Give the function the code with the change."""
        assert mutant.home
        for function in self._found[mutant.file, mutant.home]:
            function.__code__ = code_of(_code(self._core, mutant, function.__code__.co_filename), mutant.home)


def plant_at_import(core: Path, mutant: Mutant) -> list[str]:
    """Have the mutant's file imported with its change; the list gets its name when that is done."""
    planted: list[str] = []
    path = str(core / mutant.file)
    original = importlib.machinery.SourceFileLoader.get_code

    def get_code(self: importlib.machinery.SourceFileLoader, fullname: str) -> CodeType | None:
        if os.path.realpath(self.path) == path:
            planted.append(fullname)
            return _code(core, mutant, self.path)
        return original(self, fullname)

    loader: Any = importlib.machinery.SourceFileLoader
    loader.get_code = get_code
    return planted


def _code(core: Path, mutant: Mutant, filename: str) -> CodeType:
    source = (core / mutant.file).read_text(encoding="utf-8")
    code: CodeType = compile(mutated(source, mutant.number), filename, "exec", dont_inherit=True)
    return code
