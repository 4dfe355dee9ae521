# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a block is, by what it says."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from enum import Enum
from functools import cache

import yaml

from .found import Block


class Kind(Enum):
    """What a reader does with a block."""

    TASKS = "tasks of a play"
    PLAYS = "plays"
    DEFAULTS = "module_defaults of a play"
    INVENTORY = "an inventory"
    COMMANDS = "command lines"
    CONFIGURATION = "lines of haproxy.cfg"
    OUTPUT = "what is printed"


_YAML = ("yaml", "yaml+jinja", "yml")
_SHELL = ("console", "inline", "bash", "sh", "shell")
# What a line of haproxy.cfg in the documentation may begin with.
_CONFIGURATION = (
    "global",
    "defaults",
    "frontend",
    "backend",
    "listen",
    "stats",
    "server",
    "bind",
    "peers",
    "resolvers",
)
_COMMANDS = ("$", "./dev", "ansible", "ansible-doc", "ansible-galaxy", "ansible-playbook")


@cache
def kind_of(block: Block) -> Kind:
    """Raises ValueError for YAML that is none of these."""
    if block.captured:
        return Kind.OUTPUT
    if block.language in _YAML:
        return _kind_of_yaml(block)
    first = block.text.split(maxsplit=1)[0]
    if block.language in _SHELL or first in _COMMANDS:
        return Kind.COMMANDS
    return Kind.CONFIGURATION if first in _CONFIGURATION else Kind.OUTPUT


def _kind_of_yaml(block: Block) -> Kind:
    match yaml.safe_load(block.text):
        case [*items] if items and all(isinstance(item, dict) for item in items):
            return Kind.PLAYS if any({"hosts", "import_playbook"} & {*item} for item in items) else Kind.TASKS
        case {"module_defaults": _}:
            return Kind.DEFAULTS
        case {**groups} if groups and all(isinstance(group, dict) and "hosts" in group for group in groups.values()):
            return Kind.INVENTORY
        case _:
            raise ValueError(f"{block.place} is YAML of no known kind")


def commands_of(block: Block) -> list[str]:
    """Its command lines as a user types them, without the prompt; a line that is indented goes on with the one before."""
    return [" ".join(lines) for lines in _lines_of(block)]


def _lines_of(block: Block) -> Iterator[list[str]]:
    has_prompts = block.text.startswith(("$ ", "# "))
    line: list[str] = []
    for each in block.text.splitlines():
        is_first = each.startswith(("$ ", "# ")) if has_prompts else not each.startswith(" ")
        if is_first and line:
            yield line
            line = []
        line.append((each[2:] if is_first and has_prompts else each).strip())
    yield line


def words_of(command: str) -> list[str]:
    """The words of a command line as a shell takes them, without a comment at its end."""
    return shlex.split(command, comments=True)
