# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The places of captures in a guide: a comment ``.. captured: NAME``, and the code block below it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from typing import Any

import yaml

_INDENT = "    "
_PLACE = re.compile(
    r"""
    (?P<head>^\.\.[ ]captured:[ ](?P<name>.+)\n\n\.\.[ ]code-block::[ ]\S+\n(?:[ ]+:.+\n)*\n)
    (?P<text>(?:[ ]{4}.*\n|\n(?=[ ]{4}))+)
    """,
    re.MULTILINE | re.VERBOSE,
)
_TASKS = re.compile(r"^\.\. code-block:: yaml\+jinja\n\n((?: {4}.*\n|\n(?= {4}))+)", re.MULTILINE)
_AGE = re.compile(r"(?<= )(\d+ s)( +\d+)$", re.MULTILINE)
_COMMENT = re.compile(r"^\.\. captured: (.+)$", re.MULTILINE)


class NoBlockError(Exception):
    """A comment that announces a capture has no code block with some text below it."""


def captured(guide: str) -> dict[str, str]:
    """Name → what the guide shows, without the indent. Raises NoBlockError."""
    found = {place["name"]: textwrap.dedent(place["text"]).rstrip("\n") for place in _PLACE.finditer(guide)}
    announced = _COMMENT.findall(guide)
    if sorted(found) != sorted(announced):
        raise NoBlockError(", ".join(name for name in announced if name not in found or announced.count(name) > 1))
    return found


def renewed(guide: str, captures: Mapping[str, str]) -> str:
    """The guide with these captures in their places. Raises KeyError for a place that none of them is for."""

    def block(place: re.Match[str]) -> str:
        return place["head"] + textwrap.indent(captures[place["name"]].rstrip("\n"), _INDENT) + "\n"

    captured(guide)
    return _PLACE.sub(block, guide)


def first_tasks(guide: str) -> list[Any]:
    """The tasks that a guide shows first. Raises StopIteration where it shows none."""
    blocks = (yaml.safe_load(textwrap.dedent(found[1])) for found in _TASKS.finditer(guide))
    return next(block for block in blocks if isinstance(block, list))


def aged(text: str, age: str = "8 s") -> str:
    """The table of the playbook status as if every HAProxy ran for so long; its columns stay where they are."""
    return _AGE.sub(lambda found: age.ljust(len(found[1])) + found[2], text)
