# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the documentation shows code: blocks of guides and of Markdown, lines within a sentence, EXAMPLES, heads of playbooks."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml


class Block(NamedTuple):
    """Some code that the documentation shows."""

    file: str
    """Below the root of the repository."""
    line: int
    """Of its first line."""
    language: str
    """As the documentation names it; "inline" within a sentence, empty where nothing is named."""
    text: str
    caption: str = ""
    """The file that a reader writes it into."""
    captured: str = ""
    """The name of the capture, where ``./dev docs --captures`` makes it."""

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.file}:{self.line}"


class _Shown(NamedTuple):
    """What a reader of one kind of file finds: the same without the file."""

    line: int
    language: str
    text: str
    caption: str = ""
    captured: str = ""


_DIRECTIVE = re.compile(
    r"(?P<indent> *(?:[*-] +|(?:#|\d+)\. +)?)\.\. (?:code-block|code|sourcecode|parsed-literal)::(?: +(?P<language>\S+))?"
)
_CAPTURED = re.compile(r"\.\. captured: (.+)")
_OPTION = re.compile(r" +:(\w+):(?: +(.+))?")
_FENCE = re.compile(r" {0,3}(?P<fence>```+|~~~+) *(?P<language>\S*)")
# A command within a sentence.
_INLINE = re.compile(r"(?<!`)(?P<ticks>``?)(?P<text>(?:\./dev|sudo|haproxy|ansible(?:-\w+)?) [^`\n]+)(?P=ticks)(?!`)")
# What the head of a playbook says between its sentences.
_HEAD = re.compile(r"# {3,}\S")


@cache
def blocks(root: Path) -> tuple[Block, ...]:
    """All of the repository, file by file."""
    return tuple(
        Block(path.relative_to(root).as_posix(), *shown)
        for pattern, reader in _READERS.items()
        for path in sorted(root.glob(pattern))
        for shown in reader(path.read_text(encoding="utf-8"))
    )


def in_guide(text: str) -> Iterator[_Shown]:
    """Code blocks and literal blocks of reStructuredText."""
    yield from _inline(text)
    lines = text.splitlines()
    captured = ""
    for number, line in enumerate(lines):
        if named := _CAPTURED.fullmatch(line):
            captured = named[1]
        elif found := _DIRECTIVE.fullmatch(line):
            caption, below = _options(lines, number + 1)
            yield _below(lines, below, len(found["indent"]), found["language"] or "")._replace(
                caption=caption, captured=captured
            )
            captured = ""
        elif line.endswith("::") and not line.lstrip().startswith(".. "):
            yield _below(lines, number + 1, len(line) - len(line.lstrip()), "")


def _options(lines: list[str], number: int) -> tuple[str, int]:
    """The caption among the options of a directive, and where they end."""
    caption = ""
    while number < len(lines) and (option := _OPTION.fullmatch(lines[number])):
        if option[1] == "caption":
            caption = option[2] or ""
        number += 1
    return caption, number


def _below(lines: list[str], number: int, indent: int, language: str) -> _Shown:
    """The lines from there that are empty or indented deeper."""
    while number < len(lines) and not lines[number].strip():
        number += 1
    taken = []
    for line in lines[number:]:
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        taken.append(line)
    return _Shown(number + 1, language, _dedented(taken))


def in_markdown(text: str) -> Iterator[_Shown]:
    """Fenced blocks, and indented ones, which stand behind an empty line."""
    yield from _inline(text)
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        if fence := _FENCE.fullmatch(lines[number]):
            end = next(at for at in range(number + 1, len(lines)) if lines[at].strip() == fence["fence"])
            yield _Shown(number + 2, fence["language"], _dedented(lines[number + 1 : end]))
            number = end + 1
        elif lines[number].startswith("    ") and (number == 0 or not lines[number - 1].strip()):
            shown = _below(lines, number, 3, "")
            yield shown
            number += len(shown.text.splitlines())
        else:
            number += 1


def _inline(text: str) -> Iterator[_Shown]:
    for found in _INLINE.finditer(text):
        yield _Shown(text.count("\n", 0, found.start()) + 1, "inline", found["text"] + "\n")


def in_plugin(text: str) -> Iterator[_Shown]:
    """The EXAMPLES of a plugin."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["EXAMPLES"]:
            said = str(ast.literal_eval(node.value))
            empty = len(said) - len(said.lstrip("\n"))
            yield _Shown(node.value.lineno + empty, "yaml+jinja", said.lstrip("\n"))


def in_argument_specs(text: str) -> Iterator[_Shown]:
    """The examples of a role's entry points."""
    for entry in yaml.safe_load(text)["argument_specs"].values():
        if "examples" in entry:
            yield _Shown(1, "yaml+jinja", str(entry["examples"]))


def in_playbook(text: str) -> Iterator[_Shown]:
    """How the head of a playbook says that it is run: the comments that are indented."""
    numbered = [(number, line) for number, line in enumerate(text.splitlines(), 1) if _HEAD.match(line)]
    if numbered:
        yield _Shown(numbered[0][0], "console", _dedented([line.removeprefix("#") for _number, line in numbered]))


def _dedented(lines: list[str]) -> str:
    return textwrap.dedent("\n".join(lines)).strip("\n") + "\n"


_READERS: Mapping[str, Callable[[str], Iterator[_Shown]]] = {
    "plugins/**/*.py": in_plugin,
    "roles/*/meta/argument_specs.yml": in_argument_specs,
    "playbooks/*.yml": in_playbook,
    "docs/**/*.rst": in_guide,
    "docs/**/*.md": in_markdown,
    "roles/*/*.md": in_markdown,
    "*.md": in_markdown,
}
