# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example is run by exactly one test, and commands of ``./dev`` are those that it has."""

from __future__ import annotations

import pytest

from benchmark.cases import TITLES
from captures import GUIDES, WALKED
from captures.blocks import captured
from captures.walk import Commands, File, Shown, steps
from documented.claims import EXCEPTED, RST, Runner, claimed, unclaimed
from documented.found import Block, blocks
from documented.kinds import Kind, commands_of, kind_of, words_of
from suite.__main__ import COMMANDS, HELP
from suite.areas import AREAS, LONG, LONG_AREAS
from suite.paths import ROOT

LONGEST = 5
"""So many lines at most stand in the list of what cannot run here."""
OWN = Runner.SUITE.value
FENCED = "- name: One\n  ansible.builtin.ping:\n"


def test_every_block_is_run_by_exactly_one_test() -> None:
    assert list(unclaimed(blocks(ROOT))) == []


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (Block("SECURITY.md", 3, "yaml", FENCED), "SECURITY.md:3 (tasks of a play) is run by nothing"),
        (Block("docs/a.md", 4, "console", "$ rm -r /\n"), "docs/a.md:4 (command lines) is run by nothing"),
        (Block("README.md", 5, "inline", "sudo true\n"), "README.md:5 (command lines) is run by nothing"),
        (Block(f"{RST}inside.rst", 6, "text", "what\n"), f"{RST}inside.rst:6 (what is printed) is run by nothing"),
        (
            Block(f"{RST}maps.rst", 7, "text", "one\n", captured="one"),
            f"{RST}maps.rst:7 (what is printed) is run by nothing",
        ),
        (
            Block(f"{RST}from_haproxyadmin.rst", 8, "inline", "./dev test\n"),
            f"{RST}from_haproxyadmin.rst:8 (command lines) is run by {Runner.FROM_HAPROXYADMIN.value} and by {OWN}",
        ),
    ],
    ids=lambda value: value.place if isinstance(value, Block) else "",
)  # fmt: skip
def test_a_block_that_nothing_runs_is_told(block: Block, expected: str) -> None:
    assert list(unclaimed([block])) == [expected]


def test_the_list_of_what_cannot_run_is_short_and_not_stale() -> None:
    assert len(EXCEPTED) <= LONGEST
    commands = [block for block in blocks(ROOT) if kind_of(block) is Kind.COMMANDS]
    shown = [(block.file, line) for block in commands for line in commands_of(block)]
    assert {each: shown.count(each) for each in EXCEPTED} == dict.fromkeys(EXCEPTED, 1)
    assert all(EXCEPTED.values())


@pytest.mark.parametrize("runner", Runner, ids=lambda runner: runner.name)
def test_who_claims_blocks_runs_them(runner: Runner) -> None:
    assert claimed(runner)
    if runner is not Runner.CAPTURES:  # which has a walk of its own, see below
        assert f"claimed(Runner.{runner.name})" in (ROOT / runner.value).read_text(encoding="utf-8")


def test_the_walk_of_getting_started_takes_what_is_claimed_for_it() -> None:
    ours = [block for block in claimed(Runner.CAPTURES) if block.file == f"{RST}{WALKED}.rst"]
    theirs = list(steps((GUIDES / f"{WALKED}.rst").read_text(encoding="utf-8")))
    files = [File(block.caption, block.text) for block in ours if block.caption]
    assert files == [step for step in theirs if isinstance(step, File)]
    assert [block.captured for block in ours if block.captured] == [
        step.name for step in theirs if isinstance(step, Shown)
    ]
    lines = [line for step in theirs if isinstance(step, Commands) for line in step.lines]
    typed = [line for block in ours if block.language == "console" for line in commands_of(block)]
    assert typed == lines[-len(typed) :]


def test_the_captures_are_those_that_are_made_anew() -> None:
    ours = [(block.file, block.captured) for block in claimed(Runner.CAPTURES) if block.captured]
    theirs = [(f"{RST}{path.name}", name) for path in GUIDES.glob("*.rst") for name in captured(path.read_text())]
    assert sorted(ours) == sorted(theirs)


def test_commands_of_dev_are_those_that_it_has() -> None:
    """``./dev test`` runs this test, and in its area demo what ``./dev demo`` does; the others have their own."""
    known = {
        "test": {*AREAS, *LONG_AREAS, LONG},
        "bench": {*TITLES, "CASE", "--check"},
        "docs": {"--captures"},
    }
    lines = [line for block in claimed(Runner.SUITE) for line in commands_of(block)]
    for line in lines:
        dev, command, *words = words_of(line)
        assert dev == "./dev"
        assert command in COMMANDS, line
        assert {*words} <= known.get(command, set()), line
    assert f"  {'docs':<9}" in HELP
    assert "--captures" in HELP
    assert "--check" in HELP
