# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every place of a task in which a string can stand, found by walking the modules' argument specifications.

A new option is a new place with nobody remembering. A new module needs one row in ``tasks.py``.
"""

from __future__ import annotations

import copy
import importlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from lab.tasks import MODULES

from .tasks import BESIDE_ITEM, COMPANIONS, DROP, FORMS, LOOKUPS, MAY_SEND, PROCESS, SERVERS, TASKS, Options

Spec = Mapping[str, Mapping[str, Any]]

FOLDER = Path(__file__).resolve().parents[2] / "plugins" / "modules"

# Types of Ansible that a string comes through as it is; "raw" may be anything.
_TEXTS = ("str", "path", "raw", "json", "jsonarg", "bytes", "bits")
# Of the types of numbers a string is turned into one, or refused by Ansible.
NUMBERS = ("int", "float", "bool")
# What can stand where anything may, beside a string.
_OF_RAW = ("", "[]", "{key}", "{value}")


class Place(NamedTuple):
    """Where a string stands.

    :param option: dotted from suboption to suboption: ``servers.weight``.
    :param shape: of what the string is a part: ``""`` itself, ``[]`` the item of a list, ``{key}`` or ``{value}`` of a
        dictionary; ``path``: a file or folder of this name, in the test's own folder.
    :param kind: Ansible's type of it; ``choices`` where it is one of some words.
    """

    module: str
    option: str
    shape: str
    kind: str

    @property
    def name(self) -> str:
        """As an id of a test."""
        return f"{self.module}-{self.option}{self.shape}"

    @property
    def last(self) -> str:
        """The option's own name."""
        return self.option.rpartition(".")[2]

    def filled(self, task: Options, text: str, folder: Path) -> Options:
        """The options of a task with this string in this place; `folder` is where paths are."""
        options = copy.deepcopy(task)
        target, *inner = self.option.split(".")
        holder: Any = options
        for name in inner:
            holder = holder.setdefault(target, [{}])
            holder = holder[0] if isinstance(holder, list) else holder
            target = name
        holder[target] = self._shaped(holder.get(target), text, folder)
        return options

    def _shaped(self, there: Any, text: str, folder: Path) -> Any:
        """What stands in the place; what the task says there itself tells the other half of a pair."""
        if self.kind == "path":
            text = f"{folder}/{text}"
        if self.shape == "[]":
            return [text]
        if self.shape == "{key}":
            return {text: next(iter(there.values())) if isinstance(there, dict) else "v"}
        if self.shape == "{value}":
            return {next(iter(there)) if isinstance(there, dict) else PROCESS: text}
        if self.shape:
            return [{**self.beside, self.shape.strip("[{}]"): text}]
        return text

    @property
    def may_send(self) -> tuple[str, ...]:
        """The commands that a task with a string in this place may send; none: it may only read."""
        of_module = MAY_SEND.get(self.module, {})
        return of_module.get(self.option, of_module.get(self.last, ()))

    @property
    def looks_up(self) -> bool:
        """Whether HAProxy is asked what it finds for the string."""
        return (self.module, self.option) in LOOKUPS

    def tasks(self) -> list[Options]:
        """The tasks in which a string is put in this place."""
        task = TASKS[self.module]
        if not self.option.startswith("servers"):
            beside = COMPANIONS.get(self.module, {}).get(self.option, ({},))
            return [_with(task, more) for more in beside]
        item = SERVERS[self.module]["servers"][0]
        more = BESIDE_ITEM.get(self.last, {})
        more = {name: [value] if isinstance(item.get(name), list) else value for name, value in more.items()}
        return [_with(task, {**SERVERS[self.module], "servers": [{**item, **more}]})]

    @property
    def beside(self) -> Options:
        """What stands in the same dictionary."""
        return FORMS[self.module, self.option][self.shape]


def _with(task: Options, more: Options) -> Options:
    return copy.deepcopy({name: value for name, value in {**task, **more}.items() if value is not DROP})


def modules() -> list[str]:
    """All modules of the collection, by their files."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def specification(module: str) -> Spec:
    """The options of a module, those of every module included."""
    own = importlib.import_module(f"{MODULES}.{module}").ARGUMENTS
    common = importlib.import_module(f"{MODULES.removesuffix('.modules')}.module_utils._argspec").FLEET
    return {**own, **common}


def places(module: str) -> list[Place]:
    """All places of a module, in the order of its options."""
    forms = {option: shapes for (of, option), shapes in FORMS.items() if of == module}
    return [Place(module, *found) for found in walked(specification(module), "", forms)]


def walked(
    spec: Spec, above: str = "", forms: Mapping[str, Iterable[str]] = MappingProxyType({})
) -> Iterator[tuple[str, str, str]]:
    """Option, shape and type of each place; `above` is the option in which these are, `forms` the shapes that some take."""
    for name, option in spec.items():
        dotted = above + name
        kind = option.get("type", "str")
        kind = kind if isinstance(kind, str) else "raw"  # a function of the module's own
        yield from ((dotted, shape, "raw") for shape in forms.get(dotted, ()))
        if "options" in option:
            yield dotted, "", "raw"  # Ansible makes a dictionary of a string
            yield from walked(option["options"], f"{dotted}.")
        elif kind == "list":
            yield dotted, "", "list"  # Ansible splits a string at its commas
            of = option.get("elements", "raw")
            if of not in NUMBERS:
                yield dotted, "[]", of
        elif kind == "dict":
            yield from ((dotted, shape, "raw") for shape in ("", "{key}", "{value}"))
        elif kind == "raw":
            yield from ((dotted, shape, "raw") for shape in _OF_RAW)
        else:
            assert kind in (*_TEXTS, *NUMBERS), f"{dotted} is of type {kind}, of which nothing is known here"
            yield dotted, "", "choices" if option.get("choices") else kind
