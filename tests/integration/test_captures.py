# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guides show is what the collection prints now, and getting started works word by word.

``./dev docs --captures`` writes it anew.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from captures import FAILS, GUIDES, WALKED, comparable
from captures.blocks import captured
from captures.failures import failures
from captures.plays import plays
from captures.walk import walk
from lab.sharing import is_long
from lab.versions import Version, newest, oldest


def shown(guide: str) -> dict[str, str]:
    """What a guide shows."""
    return captured((GUIDES / f"{guide}.rst").read_text(encoding="utf-8"))


def same(found: Mapping[str, str]) -> dict[str, str]:
    """These without what may be different tomorrow."""
    return {name: comparable(text) for name, text in found.items()}


def changes(text: str) -> list[str]:
    """The lines of a diff that go and come, and what became of each host."""
    return [line for line in text.splitlines() if line.startswith(("-", "+", "ok:", "changed:", "localhost"))]


@pytest.mark.target
@pytest.mark.parametrize(
    "haproxy", [oldest(), newest()] if is_long() else [newest()], ids=lambda version: f"haproxy={version}"
)
def test_getting_started_works_word_by_word(haproxy: Version) -> None:
    guide = (GUIDES / f"{WALKED}.rst").read_text(encoding="utf-8")
    walked = walk(guide, haproxy, fails=FAILS)
    found, told = same(walked), same(shown(WALKED))
    if haproxy == newest():
        assert found == told
    else:  # it tells less of a server, so only what changes is the same
        assert {name: changes(text) for name, text in found.items()} == {
            name: changes(text) for name, text in told.items()
        }
        assert any(map(changes, told.values()))


@pytest.mark.target
@pytest.mark.parametrize("haproxy", [newest()], ids=lambda version: f"haproxy={version}")
def test_what_playbooks_print_is_what_guides_show(haproxy: Version) -> None:
    assert haproxy == newest()
    ran = same(plays())
    assert {**same(shown("plans")), **same(shown("rolling"))} == ran


@pytest.mark.parametrize("haproxy", [newest()], ids=lambda version: f"haproxy={version}")
def test_what_failed_tasks_say_is_what_troubleshooting_shows(haproxy: Version) -> None:
    assert haproxy == newest()
    assert same(failures()) == same(shown("troubleshooting"))
