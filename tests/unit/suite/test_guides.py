# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guides are whole: each is found from the first page, nothing is left to do, every error has its section."""

from __future__ import annotations

import ast
import re
import zlib
from pathlib import Path

import pytest
import yaml
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils import _errors

from captures.blocks import NoBlockError, captured, first_tasks, renewed
from captures.failures import SCENES, kind_of
from captures.walk import Commands, File, Shown, steps
from suite.diagrams import stale, stamp
from suite.docs import inventory
from suite.paths import ROOT

DOCSITE = ROOT / "docs" / "docsite"
RST = DOCSITE / "rst"
GUIDES = sorted(path.stem for path in RST.glob("*.rst"))
LABEL = "ansible_collections.haproxyadmin.haproxy.docsite."
# Roots of the tree of errors, which no task fails with.
ROOTS = {"HAProxyError", "TransportError"}
# A title: a line with a line of one sign below it that is as long.
TITLE = re.compile(r"^(\S.*)\n([=\-^])\2+$", re.MULTILINE)


def text_of(guide: str) -> str:
    return (RST / f"{guide}.rst").read_text(encoding="utf-8")


def kinds() -> set[str]:
    """The errors that a task may fail with."""
    tree = ast.parse((ROOT / "plugins" / "module_utils" / "_errors.py").read_text(encoding="utf-8"))
    named = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    assert all(issubclass(getattr(_errors, name), _errors.HAProxyError) for name in named)
    return named - ROOTS


def paragraphs(guide: str) -> list[str]:
    """What a guide says in more than a few words; blocks of code and tables apart."""
    return [each for each in text_of(guide).split("\n\n") if len(each) > 120 and not each.startswith((" ", "..", ".."))]


def test_every_kind_of_error_has_its_section() -> None:
    titles = [title for title, _sign in TITLE.findall(text_of("troubleshooting"))]
    assert {title.strip("`") for title in titles if title.startswith("``")} == kinds()


def test_every_section_of_an_error_shows_it() -> None:
    shown = captured(text_of("troubleshooting"))
    assert {kind_of(name) for name in shown} == kinds()
    assert set(shown) == set(SCENES)
    _before, *pairs = re.split(r"^``(\w+)``\n\^+$", text_of("troubleshooting"), flags=re.MULTILINE)
    for kind, section in zip(pairs[::2], pairs[1::2], strict=True):
        assert {kind_of(name) for name in captured(section)} == {kind}


def test_roots_are_raised_nowhere() -> None:
    for path in (ROOT / "plugins").rglob("*.py"):
        raised = [
            node.exc.func.id
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name)
        ]
        assert not ROOTS & set(raised), path


def test_every_guide_is_in_one_section_of_the_first_page() -> None:
    sections = yaml.safe_load((DOCSITE / "extra-docs.yml").read_text(encoding="utf-8"))["sections"]
    assert sorted(name for section in sections for name in section["toctree"]) == GUIDES


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_is_whole(guide: str) -> None:
    text = text_of(guide)
    assert f".. _{LABEL}{guide}:\n" in text
    assert len(text.splitlines()) > 40
    assert not re.search(r"\b(TODO|FIXME|XXX|TBD|lorem)\b", text, re.IGNORECASE)
    assert not re.search(r"/work/|/tmp/", text)
    for label in re.findall(rf":ref:`[^<`]+<{re.escape(LABEL)}(\w+)>`", text):
        assert f".. _{LABEL}{label}:\n" in text_of(label.partition("_")[0] if label not in GUIDES else label)
    for image in re.findall(r"^\.\. image:: (\S+)", text, re.MULTILINE):
        assert (RST / image).is_file()
    assert text.count(".. image::") == text.count("   :alt: ")


def test_no_guide_repeats_another() -> None:
    seen: dict[str, str] = {}
    for guide in GUIDES:
        for paragraph in paragraphs(guide):
            assert paragraph not in seen, f"{guide} repeats {seen[paragraph]}: {paragraph[:60]}"
            seen[paragraph] = guide
    assert len(seen) > 100


def test_diagrams_are_those_of_their_texts() -> None:
    assert stale() == []


def test_a_diagram_of_another_text_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("# Licence\n--->\n")
    assert stale(tmp_path) == ["a"]
    (tmp_path / "a.svg").write_text(stamp("# Licence\n--->\n") + "<svg/>")
    assert stale(tmp_path) == []
    (tmp_path / "a.txt").write_text("# Licence\n<---\n")
    (tmp_path / "b.svg").write_text("<svg/>")
    assert stale(tmp_path) == ["a", "b"]


GUIDE = """\
Text

.. code-block:: text
    :caption: a.cfg

    one

      two

.. code-block:: console

    $ one
    output
    $ two

.. captured: the end

.. code-block:: text
    :class: one

    old

    text

More

.. code-block:: yaml+jinja

    no: tasks

.. code-block:: yaml+jinja

    - name: One
"""


def test_the_steps_of_a_guide_are_its_files_commands_and_captures() -> None:
    assert list(steps(GUIDE)) == [File("a.cfg", "one\n\n  two\n"), Commands(["one", "two"]), Shown("the end")]


def test_a_capture_is_found_and_renewed_in_its_place() -> None:
    assert captured(GUIDE) == {"the end": "old\n\ntext"}
    renewed_once = renewed(GUIDE, {"the end": "new\n\n  lines"})
    assert captured(renewed_once) == {"the end": "new\n\n  lines"}
    assert renewed(renewed_once, {"the end": "old\n\ntext"}) == GUIDE


@pytest.mark.parametrize(
    "guide",
    [
        pytest.param(".. captured: one\n\nText\n", id="without a block"),
        pytest.param(GUIDE + GUIDE, id="twice"),
    ],
)
def test_a_capture_without_a_place_is_an_error(guide: str) -> None:
    with pytest.raises(NoBlockError):
        captured(guide)


def test_a_capture_that_nobody_makes_is_an_error() -> None:
    with pytest.raises(KeyError):
        renewed(GUIDE, {})


def test_the_first_tasks_are_the_first_list() -> None:
    assert first_tasks(GUIDE) == [{"name": "One"}]


def test_the_inventory_has_one_line_for_each_label() -> None:
    raw = inventory({"a": "b.html#c"})
    head, body = raw[: raw.index(b"zlib.\n") + 6], raw[raw.index(b"zlib.\n") + 6 :]
    assert head.startswith(b"# Sphinx inventory version 2\n")
    assert zlib.decompress(body) == b"a std:label -1 b.html#c a\n"
