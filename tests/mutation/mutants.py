# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All changes that are made to a file, found in the same order each time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import CodeType
from typing import Any, NamedTuple

from mutation.changes import Change, changes, negations


class Home(NamedTuple):
    """The outermost function or method that holds a change, as its code object is called."""

    qualname: str
    line: int


@dataclass(frozen=True)
class Mutant:
    """One change.

    :param file: below the folder of the core.
    :param number: its place among the changes of the file.
    :param home: None: it is made when the file is imported.
    :param names: then: how those who use it call it.
    """

    file: str
    number: int
    line: int
    what: str
    home: Home | None
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Around:
    """What is known of a place from what is around it.

    :param prefix: the classes, as they begin a qualified name.
    :param message: whether the next text is for people.
    :param said: whether the next text is for HAProxy.
    """

    prefix: str = ""
    home: Home | None = None
    names: tuple[str, ...] = ()
    message: bool = False
    said: bool = False


@dataclass(frozen=True)
class _Site:
    """A place in the tree and what may stand there instead."""

    parent: ast.AST
    field: str
    index: int | None
    line: int
    change: Change
    around: _Around


def mutants(file: str, source: str) -> list[Mutant]:
    """The changes of this source."""
    return [
        Mutant(file, number, site.line, site.change.what, site.around.home, site.around.names)
        for number, site in enumerate(_sites(ast.parse(source), _Around()))
    ]


def mutated(source: str, number: int) -> ast.Module:
    """The source with one of its changes."""
    tree = ast.parse(source)
    for place, site in enumerate(_sites(tree, _Around())):
        if place == number:
            children = getattr(site.parent, site.field)
            old = children if site.index is None else children[site.index]
            new = ast.copy_location(site.change.node, old)
            if site.index is None:
                setattr(site.parent, site.field, new)
            else:
                children[site.index] = new
            return ast.fix_missing_locations(tree)
    raise IndexError(number)


def code_of(code: CodeType, home: Home) -> CodeType:
    """The code object of a function, within that of its file."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            if (inner.co_qualname, inner.co_firstlineno) == home:
                return inner
            if home.qualname.startswith(inner.co_qualname + "."):
                return code_of(inner, home)
    raise LookupError(home)


# Where nothing is changed: what is only for types, how a thing is called, and texts for people.
_NO_CODE = {"annotation", "returns", "decorator_list", "type_params", "bases", "format_spec"}
_FOR_TYPES = ("TypeVar", "NewType", "ParamSpec", "NamedTuple")


def _sites(node: ast.AST, around: _Around) -> Iterator[_Site]:
    """All places below a node, each with each change."""
    for field, index, child in _children(node):
        here = _seen_from(node, field, index, child, around)
        if here is None:
            continue
        line = getattr(child, "lineno", 0)
        found = list(changes(child, said=here.said))
        if (field == "test" and isinstance(node, (ast.If, ast.While, ast.IfExp))) or field == "ifs":
            found += negations(child)
        for change in found:
            yield _Site(node, field, index, line, change, here)
        yield from _sites(child, _within(child, here))


def _children(node: ast.AST) -> Iterator[tuple[str, int | None, Any]]:
    for field, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            yield field, None, value
        elif isinstance(value, list):
            yield from ((field, index, child) for index, child in enumerate(value) if isinstance(child, ast.AST))


def _seen_from(node: ast.AST, field: str, index: int | None, child: Any, around: _Around) -> _Around | None:
    """What is known of a child; None: there is nothing to change."""
    if field in _NO_CODE or (field == "keywords" and isinstance(node, ast.ClassDef)) or _is_left_alone(child):
        return None
    if isinstance(child, ast.Constant) and child.value is None and isinstance(node, ast.Compare):
        return None  # as good as "is" turned round
    if isinstance(node, ast.JoinedStr):
        if around.message or (isinstance(child, ast.Constant) and not (around.said and index == 0)):
            return None
        return around
    if isinstance(node, ast.Call):
        if field == "args" and index == 0 and (_called(node).endswith("cast") or around.message):
            return None
        said = field == "args" and index == 0 and _called(node) == "Command"
        return replace(around, said=said, message=False)
    if around.home is None and isinstance(child, ast.stmt):
        if isinstance(node, ast.FunctionDef):
            line = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            return replace(around, home=Home(around.prefix + node.name, line), names=())
        return replace(around, names=(*around.names, *_names_of(child)))
    return around


def _within(node: ast.AST, around: _Around) -> _Around:
    """What is known below a node."""
    if isinstance(node, ast.ClassDef):
        return replace(around, prefix=f"{around.prefix}{node.name}.")
    if isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and _is_error(_called(node))):
        return replace(around, message=True)
    return around


def _is_left_alone(node: ast.AST) -> bool:
    if isinstance(node, (ast.Assert, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal)):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)  # a docstring, or "..."
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    if isinstance(node, ast.ClassDef):
        return any(_last(base) == "Protocol" for base in node.bases)
    if isinstance(node, ast.Assign):
        value = node.value
        named = any(name.startswith("__") for name in _names_of(node))
        return named or (isinstance(value, ast.Call) and _called(value) in _FOR_TYPES) or _is_alias(node)
    return False


def _is_alias(node: ast.Assign) -> bool:
    """A name for a type, as in ``Key = tuple[str, str]``."""
    target, value = node.targets[0], node.value
    return isinstance(target, ast.Name) and target.id.lstrip("_")[:1].isupper() and isinstance(value, ast.Subscript)


def _is_error(name: str) -> bool:
    """Whether calls of this name begin with a text for people."""
    return name.endswith(("Error", "Refused", "Missing", "NotFound", "NotConverged", "Hopeless", "Applied", "TimedOut"))


def _called(node: ast.Call) -> str:
    return _last(node.func)


def _last(node: ast.AST) -> str:
    if isinstance(node, ast.Subscript):
        return _last(node.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _names_of(node: ast.stmt) -> tuple[str, ...]:
    """The names that a statement of a module or a class gives."""
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        return (node.name,)
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return tuple(inner.id for target in targets if target for inner in ast.walk(target) if isinstance(inner, ast.Name))
