# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small changes of code, each of which makes it do something else."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple


class Change(NamedTuple):
    """A node that stands in for another one."""

    what: str
    node: ast.AST


_OPPOSITE: Mapping[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_OTHER: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.BitXor: ast.BitOr,
}
_RIVALS = {
    name: other
    for one, two in (
        ("any", "all"),
        ("min", "max"),
        ("startswith", "endswith"),
        ("lstrip", "rstrip"),
        ("partition", "rpartition"),
    )
    for name, other in ((one, two), (two, one))
} | {"sorted": "list"}


def changes(node: ast.AST, *, said: bool = False) -> Iterator[Change]:
    """What can be put in the place of this node.

    :param said: whether a text in it is said to HAProxy; else one with blanks is for people, and left alone.
    """
    if isinstance(node, ast.Constant):
        yield from _constants(node, said=said)
    elif isinstance(node, ast.stmt):
        yield from _statements(node)
    else:
        change = _EXPRESSIONS.get(type(node))
        if change:
            yield from change(node)


def negations(test: ast.expr) -> Iterator[Change]:
    """A condition turned round, unless a change of the condition itself does that."""
    if not isinstance(test, (ast.Compare, ast.Constant)) and not _is_not(test):
        yield Change("condition turned round", ast.UnaryOp(ast.Not(), test))


def _is_not(node: ast.AST) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def _compare(node: Any) -> Iterator[Change]:
    for place, operator in enumerate(node.ops):
        for other in _OPPOSITE[type(operator)]:
            ops = [*node.ops[:place], other(), *node.ops[place + 1 :]]
            what = f"{type(operator).__name__} → {other.__name__}"
            yield Change(what, ast.Compare(node.left, ops, node.comparators))


def _bool_op(node: Any) -> Iterator[Change]:
    if isinstance(node.op, ast.And):
        yield Change("and → or", ast.BoolOp(ast.Or(), node.values))
    else:
        yield Change("or → and", ast.BoolOp(ast.And(), node.values))


def _bin_op(node: Any) -> Iterator[Change]:
    # Texts can only be added: the change would fail by itself.
    if any(_is_text(side) for side in (node.left, node.right)) or type(node.op) not in _OTHER:
        return
    other = _OTHER[type(node.op)]
    yield Change(f"{type(node.op).__name__} → {other.__name__}", ast.BinOp(node.left, other(), node.right))


def _is_text(node: ast.AST) -> bool:
    constant = isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))
    return constant or isinstance(node, (ast.JoinedStr, ast.Tuple, ast.List, ast.ListComp))


def _unary_op(node: Any) -> Iterator[Change]:
    if _is_not(node):
        yield Change("not taken away", node.operand)


def _name(node: Any) -> Iterator[Change]:
    if isinstance(node.ctx, ast.Load) and node.id in _RIVALS:
        yield Change(f"{node.id} → {_RIVALS[node.id]}", ast.Name(_RIVALS[node.id], ast.Load()))


def _attribute(node: Any) -> Iterator[Change]:
    if isinstance(node.ctx, ast.Load) and node.attr in _RIVALS:
        yield Change(f"{node.attr} → {_RIVALS[node.attr]}", ast.Attribute(node.value, _RIVALS[node.attr], ast.Load()))


_EXPRESSIONS: Mapping[type[ast.AST], Callable[[Any], Iterator[Change]]] = {
    ast.Compare: _compare,
    ast.BoolOp: _bool_op,
    ast.BinOp: _bin_op,
    ast.UnaryOp: _unary_op,
    ast.Name: _name,
    ast.Attribute: _attribute,
}


def _constants(node: ast.Constant, *, said: bool) -> Iterator[Change]:
    value = node.value
    others: tuple[bool | int | float | str | bytes, ...] = ()
    if isinstance(value, bool):
        others = (not value,)
    elif isinstance(value, int):
        others = (value + 1, value - 1)
    elif isinstance(value, float):
        others = (value + 1,)
    elif value is None:
        others = (True,)
    elif isinstance(value, bytes):
        others = (value + b"X",)
    elif isinstance(value, str) and (said or not any(map(str.isspace, value))):
        others = (value + "X",)
    for other in others:
        yield Change(f"{value!r} → {other!r}", ast.Constant(other))


def _statements(node: ast.stmt) -> Iterator[Change]:
    if isinstance(node, ast.Return):
        if node.value is None:
            yield Change("return dropped", ast.Pass())
        elif not isinstance(node.value, ast.Constant):
            yield Change("returns None", ast.Return(ast.Constant(None)))
    elif isinstance(node, ast.Assign):
        if any(isinstance(target, (ast.Attribute, ast.Subscript)) for target in node.targets):
            yield Change("statement dropped", ast.Pass())
    elif isinstance(node, ast.Break):
        yield Change("break → continue", ast.Continue())
    elif isinstance(node, ast.Continue):
        yield Change("continue → break", ast.Break())
    elif isinstance(node, (ast.Expr, ast.AugAssign, ast.Raise, ast.Delete)):
        yield Change("statement dropped", ast.Pass())
