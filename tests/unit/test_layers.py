# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of the target's side: imports point downwards only, and what only one file may do, only that one does."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"

# File or folder below plugins/ → level. A file that is not here has no place yet, and the test fails.
LEVELS = {
    "module_utils/_errors.py": 0,
    "module_utils/_features.py": 0,
    "module_utils/_checks.py": 0,
    "module_utils/_lacking.py": 0,
    "module_utils/_address.py": 1,
    "module_utils/_hosts.py": 1,
    "module_utils/_transport.py": 1,
    "module_utils/_unreachable.py": 1,
    "module_utils/_lookup.py": 1,
    "module_utils/_protocol.py": 2,
    "module_utils/_lines.py": 2,
    "module_utils/_witnessed.py": 2,
    "module_utils/_refusals.py": 2,
    "module_utils/_dialect/": 3,
    "module_utils/_process.py": 4,
    "module_utils/_telling.py": 4,
    "module_utils/_probe.py": 5,
    "module_utils/_master.py": 5,
    "module_utils/_nbproc.py": 5,
    "module_utils/_discovery.py": 5,
    "module_utils/_folders.py": 5,
    "module_utils/_distinct.py": 5,
    "module_utils/_unanswered.py": 5,
    "module_utils/_fleet.py": 5,
    "module_utils/_metrics.py": 5,
    "module_utils/_plan.py": 6,
    "module_utils/_terms.py": 6,
    "module_utils/_promises.py": 6,
    "module_utils/_contracts.py": 6,
    "module_utils/_shapes.py": 6,
    "module_utils/_missed.py": 6,
    "module_utils/_records.py": 6,
    "module_utils/_planning.py": 6,
    "module_utils/_sending.py": 6,
    "module_utils/_sessionless.py": 6,
    "module_utils/_listing.py": 6,
    "module_utils/_keyed.py": 6,
    "module_utils/_comparing.py": 6,
    "module_utils/_repeated.py": 6,
    "module_utils/_merging.py": 6,
    "module_utils/_drafts.py": 6,
    "module_utils/_engine.py": 6,
    "module_utils/_waiting.py": 6,
    "module_utils/_aftermath.py": 6,
    "module_utils/_resources/": 7,
    "module_utils/_argspec.py": 8,
    "module_utils/_server_spec.py": 8,
    "module_utils/_server_options.py": 8,
    "module_utils/_server_items.py": 8,
    "module_utils/_pattern_options.py": 8,
    "module_utils/_backend_options.py": 8,
    "module_utils/_backend_items.py": 8,
    "module_utils/_backend_slots.py": 8,
    "module_utils/_runner.py": 8,
    "module_utils/_failed.py": 8,
    "module_utils/_large_results.py": 8,
    "module_utils/_changing.py": 8,
    "module_utils/_gathering.py": 8,
    "modules/": 9,
}
ANSIBLE = 8
"""The level from which on Ansible may be imported; modules leave it to the runner."""
TRANSPORT, RUNNER = "module_utils/_transport.py", "module_utils/_runner.py"
LOOKUP = "module_utils/_lookup.py"
# Part of every Python since 3.9; sys.stdlib_module_names tells from 3.10 on.
STANDARD = getattr(sys, "stdlib_module_names", None) or frozenset(
    """
    __future__ abc argparse ast base64 binascii bisect collections contextlib copy csv dataclasses datetime difflib enum
    errno fnmatch functools gc glob hashlib heapq hmac io ipaddress itertools json math operator os pathlib queue random re
    secrets selectors shlex shutil signal socket ssl stat string struct subprocess sys tempfile textwrap threading time
    traceback types typing unicodedata uuid zlib
    """.split()  # noqa: SIM905 a list of 50 quoted words reads worse
)

Source = Mapping[str, str]
"""Path below plugins/ → text."""


class Import(NamedTuple):
    """One import: by which file, of which file of ours or module of others, in which line, and only for its types."""

    by: str
    of: str
    ours: bool
    line: int
    types_only: bool


def _sources() -> dict[str, str]:
    paths = sorted([*(PLUGINS / "module_utils").rglob("*.py"), *(PLUGINS / "modules").rglob("*.py")])
    return {path.relative_to(PLUGINS).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def _level(file: str) -> int | None:
    return next(
        (level for place, level in LEVELS.items() if file == place or file.startswith(place.rstrip("/") + "/")), None
    )


def _imports(sources: Source) -> Iterator[Import]:
    for file, text in sources.items():
        tree = ast.parse(text)
        for_types = {id(node) for branch in ast.walk(tree) if _is_for_types(branch) for node in ast.walk(branch)}
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                yield from _imported(file, node, sources, id(node) in for_types)


def _is_for_types(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.If)
        and not node.orelse
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


def _imported(file: str, node: ast.Import | ast.ImportFrom, sources: Source, types_only: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(file, alias.name, False, node.lineno, types_only)
    elif not node.level:
        for alias in node.names:
            yield Import(file, f"{node.module}.{alias.name}", False, node.lineno, types_only)
    else:
        folder = file.split("/")[: -node.level] + (node.module.split(".") if node.module else [])
        own = "/".join(folder) + ".py"
        for alias in node.names:
            # `from .x import y`: the file x, or the file y in the folder x
            target = own if own in sources else "/".join([*folder, alias.name]) + ".py"
            yield Import(file, target, True, node.lineno, types_only)


def without_a_level(sources: Source) -> list[str]:
    return [file for file in sources if _level(file) is None]


def upward(sources: Source) -> list[str]:
    """Imports of a higher level; of another file of the same level, those that make a circle."""
    found = []
    for each in _imports(sources):
        by, of = _level(each.by), _level(each.of)
        if each.ours and (by is None or of is None or of > by):
            found.append(f"{each.by}:{each.line} imports {each.of}")
    return found


def circles(sources: Source) -> list[str]:
    """Files that are reached from themselves by imports, wherever these stand."""
    graph: dict[str, set[str]] = {file: set() for file in sources}
    for each in _imports(sources):
        if each.ours:
            graph[each.by].add(each.of)
    found = []
    for start, imported in graph.items():
        seen: set[str] = set()
        waiting = list(imported)
        while waiting:
            file = waiting.pop()
            if file not in seen:
                seen.add(file)
                waiting += graph.get(file, ())
        if start in seen:
            found.append(start)
    return found


def missing(sources: Source) -> list[str]:
    """Imports of files that are not there."""
    return [
        f"{each.by}:{each.line} imports {each.of}" for each in _imports(sources) if each.ours and each.of not in sources
    ]


def foreign(sources: Source) -> list[str]:
    """Imports of anything but the standard library and our own; of Ansible below its level."""
    found = []
    for each in _imports(sources):
        if each.ours or each.of.split(".")[0] in STANDARD:
            continue
        level = _level(each.by)
        if not (level == ANSIBLE and each.of.startswith("ansible.module_utils.")):
            found.append(f"{each.by}:{each.line} imports {each.of}")
    return found


def _named(node: ast.AST) -> str:
    """What a name, an attribute, a parameter, a keyword or a string says."""
    for field in ("id", "attr", "arg", "value"):
        text = getattr(node, field, None)
        if isinstance(text, str):
            return text
    return ""


def beyond_their_file(sources: Source) -> list[str]:
    """What one file only may do, done by another."""
    found = []
    for each in _imports(sources):
        if each.of.split(".")[0] == "socket" and each.by not in (TRANSPORT, LOOKUP):
            found.append(f"{each.by}:{each.line} imports socket")
        if "AnsibleModule" in each.of.split(".") and each.by != RUNNER:
            found.append(f"{each.by}:{each.line} imports AnsibleModule")
    for file, text in sources.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                found.append(f"{file}:{node.lineno} prints")
            if isinstance(node, (ast.Attribute, ast.Name)) and file != RUNNER:
                named = _named(node)
                if named in ("fail_json", "exit_json"):
                    found.append(f"{file}:{node.lineno} speaks of {named}")
    return found


def mentions_of_check_mode(sources: Source) -> list[str]:
    """Lines of code that mention check mode: as a name, an attribute or a string that is no documentation."""
    found: dict[str, None] = {}
    for file, text in sources.items():
        tree = ast.parse(text)
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        prose |= {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id in _DOCUMENTATION for target in node.targets)
        }
        for node in ast.walk(tree):
            named = _named(node).replace("supports_check_mode", "")
            if "check_mode" in named and id(node) not in prose:
                found[f"{file}:{getattr(node, 'lineno', 0)}"] = None
    return list(found)


_DOCUMENTATION = ("DOCUMENTATION", "EXAMPLES", "RETURN")
CHECKS = (without_a_level, upward, circles, missing, foreign, beyond_their_file)


# The code as it is -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_layers_hold(check: object) -> None:
    assert callable(check)
    assert check(_sources()) == []


def test_one_line_mentions_check_mode() -> None:
    (line,) = mentions_of_check_mode(_sources())
    assert line.startswith(f"{RUNNER}:")


def test_all_that_has_a_level_is_there() -> None:
    sources = _sources()
    for place in LEVELS:
        assert any(file == place or file.startswith(place) for file in sources), place


def test_no_task_loads_the_contracts() -> None:
    assert all(each.types_only for each in _imports(_sources()) if each.of == "module_utils/_contracts.py")


def test_the_walk_sees_the_imports_that_there_are() -> None:
    """A walk that sees nothing finds nothing wrong."""
    seen = {(each.by, each.of) for each in _imports(_sources()) if each.ours}
    assert {
        ("module_utils/_process.py", "module_utils/_dialect/info.py"),
        ("module_utils/_dialect/info.py", "module_utils/_errors.py"),
        ("module_utils/_resources/server_read.py", "module_utils/_dialect/stat.py"),
        ("module_utils/_resources/server.py", "module_utils/_resources/goals.py"),
        ("module_utils/_resources/goals.py", "module_utils/_resources/until.py"),  # within a function
        ("module_utils/_discovery.py", "module_utils/_fleet.py"),
        ("module_utils/_discovery.py", "module_utils/_distinct.py"),  # within a function
        ("module_utils/_probe.py", "module_utils/_master.py"),
        ("module_utils/_engine.py", "module_utils/_aftermath.py"),
        ("modules/haproxy_server.py", "module_utils/_changing.py"),
    } <= seen
    assert {file for file, _of in seen} >= set(_sources()) - {
        f"module_utils/{name}.py"
        for name in (
            *("_errors", "_argspec", "_pattern_options", "_lookup", "_terms", "_folders", "_keyed"),
            *("_dialect/pattern_files", "_dialect/plain_lines", "_dialect/cookies"),
            *("_resources/files", "_resources/states", "_large_results"),
        )
    }


# The checks themselves -------------------------------------------------------------------------------------------

SOUND: Source = {
    "module_utils/_errors.py": "class E(Exception): pass\n",
    "module_utils/_transport.py": "import socket\nfrom ._errors import E\n",
    "module_utils/_dialect/info.py": "from .._errors import E\n",
    "module_utils/_dialect/stat.py": "from .._dialect.info import X\nfrom . import info\n",
    "module_utils/_fleet.py": "from ._dialect import info\n",
    "module_utils/_discovery.py": "from ._fleet import Fleet\n",
    "module_utils/_plan.py": "from ._fleet import Fleet\n",
    "module_utils/_contracts.py": "from ._plan import Goal\n",
    "module_utils/_argspec.py": "from ansible.module_utils.basic import env_fallback\n",
    "module_utils/_runner.py": (
        "from ansible.module_utils.basic import AnsibleModule\nm = AnsibleModule(supports_check_mode=True)\n"
        "if m.check_mode:\n    m.fail_json()\n"
    ),
    "modules/haproxy_x.py": "DOCUMENTATION = 'check_mode'\nfrom ..module_utils._runner import run\n",
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_sound_code_passes(check: object) -> None:
    assert callable(check)
    assert check(SOUND) == []
    assert mentions_of_check_mode(SOUND) == ["module_utils/_runner.py:3"]


@pytest.mark.parametrize(
    ("check", "file", "text", "expected"),
    [
        pytest.param(
            upward, "module_utils/_errors.py", "from ._transport import x\n",
            ["module_utils/_errors.py:1 imports module_utils/_transport.py"], id="upward",
        ),
        pytest.param(
            upward, "module_utils/_dialect/info.py", "from .._fleet import x\n",
            ["module_utils/_dialect/info.py:1 imports module_utils/_fleet.py"], id="upward from a folder",
        ),
        pytest.param(
            upward, "module_utils/_errors.py", "from ._dialect import info, stat\n",
            ["module_utils/_errors.py:1 imports module_utils/_dialect/info.py",
             "module_utils/_errors.py:1 imports module_utils/_dialect/stat.py"], id="upward, whole files",
        ),
        pytest.param(
            upward, "module_utils/_fleet.py", "def f():\n    from ._runner import x\n",
            ["module_utils/_fleet.py:2 imports module_utils/_runner.py"], id="upward within a function",
        ),
        pytest.param(
            upward, "module_utils/_fleet.py", "if TYPE_CHECKING:\n    from ..modules.haproxy_x import x\n",
            ["module_utils/_fleet.py:2 imports modules/haproxy_x.py"], id="upward for types only",
        ),
        pytest.param(
            circles, "module_utils/_dialect/info.py", "from .stat import x\n",
            ["module_utils/_dialect/info.py", "module_utils/_dialect/stat.py"], id="circle within a level",
        ),
        pytest.param(
            circles, "module_utils/_dialect/info.py", "def f():\n    from .stat import x\n",
            ["module_utils/_dialect/info.py", "module_utils/_dialect/stat.py"], id="circle through a function",
        ),
        pytest.param(
            circles, "module_utils/_dialect/info.py", "if TYPE_CHECKING:\n    from .stat import x\n",
            ["module_utils/_dialect/info.py", "module_utils/_dialect/stat.py"], id="circle for types",
        ),
        pytest.param(
            without_a_level, "module_utils/_new.py", "", ["module_utils/_new.py"], id="a file without a level"
        ),
        pytest.param(
            without_a_level, "module_utils/_new/x.py", "", ["module_utils/_new/x.py"], id="a folder without a level"
        ),
        pytest.param(
            missing, "module_utils/_fleet.py", "from ._gone import x\n",
            ["module_utils/_fleet.py:1 imports module_utils/_gone/x.py"], id="a file that is not there",
        ),
        pytest.param(
            foreign, "module_utils/_fleet.py", "import yaml.nodes\n",
            ["module_utils/_fleet.py:1 imports yaml.nodes"], id="not the standard library",
        ),
        pytest.param(
            foreign, "module_utils/_fleet.py", "from ansible.module_utils.basic import env_fallback\n",
            ["module_utils/_fleet.py:1 imports ansible.module_utils.basic.env_fallback"], id="Ansible in the core",
        ),
        pytest.param(
            foreign, "modules/haproxy_x.py", "from ansible.module_utils.basic import AnsibleModule\n",
            ["modules/haproxy_x.py:1 imports ansible.module_utils.basic.AnsibleModule"], id="Ansible in a module",
        ),
        pytest.param(
            foreign, "module_utils/_runner.py", "from ansible.plugins.loader import x\n",
            ["module_utils/_runner.py:1 imports ansible.plugins.loader.x"], id="Ansible's other side",
        ),
        pytest.param(
            foreign, "module_utils/_fleet.py", "from ansible_collections.a.b.plugins.module_utils import x\n",
            ["module_utils/_fleet.py:1 imports ansible_collections.a.b.plugins.module_utils.x"],
            id="another collection",
        ),
        pytest.param(
            beyond_their_file, "module_utils/_fleet.py", "import socket\n",
            ["module_utils/_fleet.py:1 imports socket"], id="a socket elsewhere",
        ),
        pytest.param(
            beyond_their_file, "module_utils/_fleet.py", "from socket import AF_UNIX\n",
            ["module_utils/_fleet.py:1 imports socket"], id="a part of socket elsewhere",
        ),
        pytest.param(
            beyond_their_file, "module_utils/_argspec.py", "from ansible.module_utils.basic import AnsibleModule\n",
            ["module_utils/_argspec.py:1 imports AnsibleModule"], id="AnsibleModule elsewhere",
        ),
        pytest.param(
            beyond_their_file, "module_utils/_fleet.py", "x = 1\nprint(x)\n",
            ["module_utils/_fleet.py:2 prints"], id="print",
        ),
        pytest.param(
            beyond_their_file, "modules/haproxy_x.py", "def f(m):\n    m.fail_json(msg='')\n",
            ["modules/haproxy_x.py:2 speaks of fail_json"], id="fail_json elsewhere",
        ),
        pytest.param(
            mentions_of_check_mode, "module_utils/_fleet.py", "def f(check_mode):\n    pass\n",
            ["module_utils/_runner.py:3", "module_utils/_fleet.py:1"], id="check mode as a parameter",
        ),
        pytest.param(
            mentions_of_check_mode, "module_utils/_fleet.py", "x = getattr(m, 'check_mode')\n",
            ["module_utils/_runner.py:3", "module_utils/_fleet.py:1"], id="check mode as a string",
        ),
        pytest.param(
            mentions_of_check_mode, "module_utils/_fleet.py", '"""About check_mode."""\n',
            ["module_utils/_runner.py:3"], id="check mode in prose is none",
        ),
    ],
)  # fmt: skip
def test_the_checks_can_fail(check: object, file: str, text: str, expected: Sequence[str]) -> None:
    assert callable(check)
    assert sorted(check({**SOUND, file: text})) == sorted(expected)
