# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is found in files of each kind, and what it is taken for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from documented.found import (
    Block,
    blocks,
    in_argument_specs,
    in_guide,
    in_markdown,
    in_playbook,
    in_plugin,
)
from documented.kinds import Kind, commands_of, kind_of, words_of

GUIDE = """\
Title
=====

Text with ``./dev test unit`` and ``name: web1``::

    literal

    more
Text

.. code-block:: yaml+jinja

    # Needs HAProxy 2.6
    - name: One
      command: true

.. code-block:: text
    :caption: haproxy.cfg
    :class: wide

    global

* .. code-block:: console

        $ true

.. captured: the end

.. code-block:: text

    output
.. a comment::

    of no matter
"""
MARKDOWN = """\
Text, `./dev docs` and ``ansible-doc haproxy`` and `socket=PATH`.

    ./dev demo

    ./dev test

1. A list
   that goes on

```yaml
- hosts: app
```
"""
PLAYBOOK = """\
---
# Copyright

# Does things:
#   ansible-playbook one -e a=b
#     -e c=d
#   ansible-playbook two   # the others
# With -e: more.
- hosts: lb
  tasks:  # no line
"""
PLUGIN = '''\
DOCUMENTATION = "none"

EXAMPLES = r"""
- name: One
"""
'''
SPECS = """\
argument_specs:
  main:
    examples: |
      - hosts: app
  other: {}
"""


@pytest.mark.parametrize(
    ("reader", "text", "expected"),
    [
        pytest.param(
            in_guide, GUIDE,
            [
                (4, "inline", "./dev test unit\n", "", ""),
                (6, "", "literal\n\nmore\n", "", ""),
                (13, "yaml+jinja", "# Needs HAProxy 2.6\n- name: One\n  command: true\n", "", ""),
                (21, "text", "global\n", "haproxy.cfg", ""),
                (25, "console", "$ true\n", "", ""),
                (31, "text", "output\n", "", "the end"),
            ],
            id="guide",
        ),
        pytest.param(
            in_markdown, MARKDOWN,
            [
                (1, "inline", "./dev docs\n", "", ""),
                (1, "inline", "ansible-doc haproxy\n", "", ""),
                (3, "", "./dev demo\n\n./dev test\n", "", ""),
                (11, "yaml", "- hosts: app\n", "", ""),
            ],
            id="Markdown",
        ),
        pytest.param(
            in_playbook, PLAYBOOK,
            [(5, "console", "ansible-playbook one -e a=b\n  -e c=d\nansible-playbook two   # the others\n", "", "")],
            id="playbook",
        ),
        pytest.param(in_playbook, "# Does things.\n- hosts: lb\n", [], id="playbook without a line"),
        pytest.param(in_plugin, PLUGIN, [(4, "yaml+jinja", "- name: One\n", "", "")], id="plugin"),
        pytest.param(in_argument_specs, SPECS, [(1, "yaml+jinja", "- hosts: app\n", "", "")], id="role"),
    ],
)  # fmt: skip
def test_what_is_found(
    reader: Callable[[str], Iterator[tuple[object, ...]]], text: str, expected: list[tuple[object, ...]]
) -> None:
    assert [tuple(shown) for shown in reader(text)] == expected


def test_all_places_are_walked(tmp_path: Path) -> None:
    """One file in each, and nothing that is no documentation."""
    texts = {
        "README.md": "`./dev lab`\n",
        "docs/a.md": "`./dev lab`\n",
        "docs/b/c.md": "`./dev lab`\n",
        "docs/docsite/rst/guide.rst": "``./dev lab``\n",
        "roles/one/README.md": "`./dev lab`\n",
        "roles/one/meta/argument_specs.yml": SPECS,
        "playbooks/one.yml": PLAYBOOK,
        "plugins/modules/one.py": PLUGIN,
        "plugins/filter/one.py": PLUGIN,
        "plugins/modules/none.py": "EXAMPLE = ''\n",
        "roles/one/tasks/main.yml": PLAYBOOK,
        "tests/README.md": "`./dev lab`\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert sorted(block.file for block in blocks(tmp_path)) == sorted([*texts][:9])
    (first,) = (block for block in blocks(tmp_path) if block.file == "README.md")
    assert first.place == "README.md:1"


def block(text: str, language: str = "yaml", captured: str = "") -> Block:
    return Block("guide.rst", 7, language, text, captured=captured)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        pytest.param(block("- name: One\n"), Kind.TASKS, id="tasks"),
        pytest.param(block("# Why\n- name: One\n", "yaml+jinja"), Kind.TASKS, id="tasks with a comment"),
        pytest.param(block("- hosts: app\n"), Kind.PLAYS, id="a play"),
        pytest.param(block("- import_playbook: a.b.c\n"), Kind.PLAYS, id="a playbook"),
        pytest.param(block("module_defaults:\n  group/a.b.c: {}\n"), Kind.DEFAULTS, id="module_defaults"),
        pytest.param(block("lb:\n  hosts: {}\n  vars: {}\napp:\n  hosts: {}\n"), Kind.INVENTORY, id="inventory"),
        pytest.param(block("$ true\n", "console"), Kind.COMMANDS, id="commands"),
        pytest.param(block("./dev demo\n", ""), Kind.COMMANDS, id="commands of no language"),
        pytest.param(block("./dev demo\n", "inline"), Kind.COMMANDS, id="a command in a sentence"),
        pytest.param(block("stats socket /a level admin\n", "text"), Kind.CONFIGURATION, id="a line of global"),
        pytest.param(block("backend pool\n    balance roundrobin\n", "text"), Kind.CONFIGURATION, id="a backend"),
        pytest.param(block("TASK [One] ***\nok: [lb1]\n", "text"), Kind.OUTPUT, id="output"),
        pytest.param(block("- name: One\n", captured="one"), Kind.OUTPUT, id="a capture, whatever it looks like"),
    ],
)  # fmt: skip
def test_what_it_is_taken_for(shown: Block, expected: Kind) -> None:
    assert kind_of(shown) is expected


@pytest.mark.parametrize("text", ["a: 1\n", "[1]\n", "[]\n", "lb:\n  vars: {}\n"])
def test_yaml_of_no_known_kind_is_told_with_its_place(text: str) -> None:
    with pytest.raises(ValueError, match=r"^guide\.rst:7 is YAML of no known kind$"):
        kind_of(block(text))


def test_command_lines() -> None:
    (shown,) = in_playbook(PLAYBOOK)
    lines = commands_of(Block("one.yml", *shown))
    assert lines == ["ansible-playbook one -e a=b -e c=d", "ansible-playbook two   # the others"]
    assert words_of(lines[1]) == ["ansible-playbook", "two"]
    assert commands_of(block("# root\n$ a \\\n", "console")) == ["root", "a \\"]
    assert commands_of(block("$ a\n$ b -c 'd  e'\n", "console")) == ["a", "b -c 'd  e'"]
    assert words_of("b -c 'd  e'") == ["b", "-c", "d  e"]
