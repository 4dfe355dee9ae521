# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of the relay as a command line, and what it printed as values. Nothing that the target says is executed."""

from __future__ import annotations

import ast
import binascii
import shlex
import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

Place = str | tuple[str, int]
"""The path of a UNIX socket, or host and port."""

# A shell takes 128 KiB in one word; what is longer goes to standard input.
_LONGEST_WORD = 64 * 1024
_MARK = "relay:"


class Step(NamedTuple):
    """One exchange.

    :param grace: seconds for which a refused connection is tried again; `delay`: seconds before it begins.
    :param whole: how the end is known where the connection stays open, see the client.
    :param named: servers and backends whose id replaces `#ID`, from the reply before.
    """

    request: bytes
    seconds: float
    grace: float = 0.0
    delay: float = 0.0
    whole: int = 0
    named: tuple[frozenset[bytes], frozenset[bytes]] | None = None


class Heard(NamedTuple):
    """What came of one exchange; `kind` and `number` as in the client."""

    request: bytes
    kind: str
    number: int
    data: bytes


class Row(NamedTuple):
    """A place that an entry of the option `socket` means."""

    entry: str
    named: bool
    text: str
    path: str


class Answer(NamedTuple):
    """What one run of the relay found.

    :param said: the entries that count there; `paths`: path → its real path, and whether it is a socket.
    """

    said: list[str]
    rows: list[Row]
    paths: Mapping[str, tuple[str, bool]]
    heard: Mapping[Place, list[Heard]]


def command(
    python: str,
    entries: Sequence[str] | None,
    usual: Sequence[str],
    talks: Iterable[tuple[Place, Sequence[Step]]],
    steps: Sequence[Step],
    *,
    secret: bool = False,
) -> tuple[str, bytes | None]:
    """The command line of a run, and its standard input.

    :param secret: nothing of it may stand in a command line, which every user of the target can read.
    """
    sent = [(place, [tuple(step) for step in its]) for place, its in talks]
    words = repr((None if entries is None else [*entries], [*usual], sent, [tuple(step) for step in steps]))
    if secret or len(words) > _LONGEST_WORD:
        code = f"{source()}\nimport sys\nmain(*eval(sys.stdin.buffer.read()))"
        return f"{shlex.quote(python)} -I -S -c {shlex.quote(code)}", words.encode()
    return f"{shlex.quote(python)} -I -S -c {shlex.quote(f'{source()}{chr(10)}main(*{words})')}", None


def answer(printed: str) -> Answer:
    """What a run printed.

    :raises ValueError: when it is not that.
    """
    lines = [line for line in printed.splitlines() if line.startswith(_MARK)]
    if not lines:
        raise ValueError(f"the relay said nothing: {printed[-200:]!r}")
    head, _end, body = zlib.decompress(binascii.a2b_base64(lines[-1][len(_MARK) :])).partition(b"\n")
    said, rows, paths, heads = ast.literal_eval(head.decode())
    heard: dict[Place, list[Heard]] = {}
    begin = 0
    for place, its in heads:
        for request, kind, number, size in its:
            heard.setdefault(place, []).append(Heard(request, kind, number, body[begin : begin + size]))
            begin += size
    return Answer(said, [Row(*row) for row in rows], paths, heard)


@cache
def source() -> str:
    """The client without documentation and types."""
    tree = ast.parse(Path(__file__).with_name("client.py").read_text(encoding="utf-8"))
    return ast.unparse(_Plain().visit(tree))


class _Plain(ast.NodeTransformer):
    """Takes out what the target has no use for."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        node.returns = None
        for argument in node.args.args:
            argument.annotation = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        assert node.value is not None
        return ast.copy_location(ast.Assign([node.target], node.value, lineno=node.lineno), node)

    def visit_Expr(self, node: ast.Expr) -> Any:
        return None if isinstance(node.value, ast.Constant) else node

    def visit_ImportFrom(self, _node: ast.ImportFrom) -> Any:
        return None
