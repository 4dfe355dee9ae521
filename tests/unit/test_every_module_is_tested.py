# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module without tests, examples, a place in the action group or true documentation fails the suite."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "haproxyadmin.haproxy"
PYTHON = "ansible_collections.haproxyadmin.haproxy.plugins"
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
# What an option's documentation and its specification both say.
SAID_TWICE = ("type", "elements", "choices", "aliases", "required")

Options = dict[str, dict[str, Any]]


def _module(name: str) -> Any:
    return importlib.import_module(f"{PYTHON}.modules.{name}")


def _documentation(name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.safe_load(_module(name).DOCUMENTATION))


def _fragment(name: str) -> dict[str, Any]:
    """``haproxyadmin.haproxy.fleet.wait``: the text WAIT of the file fleet."""
    collection, _dot, rest = name.removeprefix(f"{COLLECTION}.").partition(".")
    assert name.startswith(f"{COLLECTION}.")
    texts = importlib.import_module(f"{PYTHON}.doc_fragments.{collection}").ModuleDocFragment
    return cast("dict[str, Any]", yaml.safe_load(getattr(texts, (rest or "documentation").upper())))


def _documented(name: str) -> Options:
    documentation = _documentation(name)
    options: Options = {}
    for fragment in documentation.get("extends_documentation_fragment", []):
        options.update(_fragment(fragment).get("options", {}))
    options.update(documentation["options"])
    return options


def _specified(name: str) -> Options:
    return {**_module(name).ARGUMENTS, **importlib.import_module(f"{PYTHON}.module_utils._argspec").FLEET}


def _tasks(name: str) -> list[dict[str, Any]]:
    return list(_flat(yaml.safe_load(_module(name).EXAMPLES)))


def _flat(tasks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The tasks, and those in blocks."""
    for task in tasks:
        yield task
        for part in ("block", "rescue", "always"):
            yield from _flat(task.get(part, []))


def _agree(documented: Options, specified: Options) -> None:
    """Assert that options, and what can stand in them, are documented as they are."""
    assert set(documented) == set(specified)
    for option, said in documented.items():
        spec = specified[option]
        assert said.get("default") == spec.get("default"), option
        assert type(said.get("default")) is type(spec.get("default")), option
        assert said["description"], option
        for key in SAID_TWICE:
            assert said.get(key) == spec.get(key), f"{key} of {option}"
        _agree(said.get("suboptions", {}), spec.get("options", {}))


def test_there_are_modules() -> None:
    assert "haproxy_server" in MODULES


def test_the_action_group_is_all_modules_and_nothing_else() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert sorted(runtime["action_groups"]["haproxy"]) == MODULES


@pytest.mark.parametrize("name", MODULES)
class TestModule:
    def test_it_has_an_integration_test(self, name: str) -> None:
        text = (ROOT / "tests" / "integration" / f"test_{name}.py").read_text(encoding="utf-8")
        assert "def test_" in text

    def test_its_documentation_is_its_own(self, name: str) -> None:
        documentation = _documentation(name)
        assert documentation["module"] == name
        assert documentation["short_description"]
        assert documentation["version_added"]

    def test_options_are_documented_as_they_are(self, name: str) -> None:
        _agree(_documented(name), _specified(name))

    def test_its_examples_are_tasks_that_use_it_by_its_full_name_with_options_that_exist(self, name: str) -> None:
        tasks = _tasks(name)
        assert tasks
        specified = _specified(name)
        known = {*specified, *(alias for spec in specified.values() for alias in spec.get("aliases", ()))}
        used = [task[f"{COLLECTION}.{name}"] for task in tasks if f"{COLLECTION}.{name}" in task]
        assert used
        for options in used:
            assert set(options or ()) <= known
        for task in tasks:
            assert task["name"][0].isupper()
            assert not {key for key in task if key.startswith("haproxy_")}, "a short name"

    def test_its_results_are_described(self, name: str) -> None:
        results = yaml.safe_load(_module(name).RETURN)
        for key, result in results.items():
            assert result["description"], key
            assert result["returned"], key
            assert result["type"], key

    def test_it_is_a_declaration(self, name: str) -> None:
        """The module's own code: the specification, and a main() that names the resource."""
        module = _module(name)
        assert callable(module.main)
        assert isinstance(module.ARGUMENTS, dict)
        source = (ROOT / "plugins" / "modules" / f"{name}.py").read_text(encoding="utf-8")
        code = source.rpartition('"""')[2]
        assert len(code.splitlines()) < 60
