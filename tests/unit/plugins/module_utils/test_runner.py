# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module says at its end, as Ansible reads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import CommandRefused, Fault, InputError
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._failed import failed
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._runner import Task

from unit.plugins.module_utils.support import VERSIONS, reply_of, replying, serving

Result = dict[str, Any]
DONE = {"process": "p1", "command": "set x"}


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[Callable[[Task], Result]], Result]:
    """What a module says that does this work."""

    def run(work: Callable[[Task], Result], **options: Any) -> Result:
        with patch_module_args(options), pytest.raises(SystemExit):
            Task({}).answer(work)
        result: Result = json.loads(capsys.readouterr().out)
        return result

    return run


def test_a_failure_tells_what_was_done_and_what_was_not(said: Callable[..., Result]) -> None:
    def work(task: Task) -> Result:
        task.also_done.append({"process": "p1", "command": "before"})
        error = CommandRefused("no", answer="No such server.", process="p2", command="set y")
        error.done, error.also_done = [DONE], [{"process": "o1", "command": "shutdown session 0x1"}]
        error.not_attempted, error.warnings = [{"process": "p2", "command": "set z"}], ["mind this"]
        raise error

    result = said(work)
    assert (result["failed"], result["changed"], result["error"]) == (True, True, "CommandRefused")
    assert (result["msg"], result["process"], result["command"]) == ("process p2: no", "p2", "set y")
    assert result["commands"] == result["done"] == [DONE]
    assert [line["command"] for line in result["also_done"]] == ["before", "shutdown session 0x1"]
    assert result["not_attempted"] == [{"process": "p2", "command": "set z"}]
    assert "exception" not in result


def test_a_failure_before_anything_was_done_changed_nothing(said: Callable[..., Result]) -> None:
    def work(_task: Task) -> Result:
        raise InputError("not so")

    result = said(work)
    assert (result["failed"], result["changed"], result["msg"], result["commands"]) == (True, False, "not so", [])
    assert (result["processes"], result["also_done"], result["old_workers"]) == ([], [], "unknown")


def test_a_fault_of_the_collection_is_a_sentence(said: Callable[..., Result]) -> None:
    def work(_task: Task) -> Result:
        raise KeyError("oops")

    result = said(work)
    assert (result["failed"], result["error"]) == (True, "Fault")
    assert "KeyError: 'oops'" in result["msg"]


@pytest.mark.parametrize("midst", [False, True])
def test_of_a_fault_the_place_is_told(midst: bool) -> None:
    """Of one in the midst of the work it is that of its cause."""
    fault = Fault("KeyError: 'oops'")
    fault.done = [DONE]
    try:
        try:
            raise KeyError("oops")
        except KeyError as error:
            if midst:
                raise fault from error
            raise
    except (KeyError, Fault) as error:
        _warnings, told = failed(error, {}, [])
    assert (told["error"], told["msg"], told["changed"]) == (
        "Fault",
        "a fault of this collection, please report it: KeyError: 'oops'",
        midst,
    )
    first, *_places, last = told["exception"].splitlines()
    assert (first, last) == ("Traceback (most recent call last):", "KeyError: 'oops'")
    assert told["exception"].endswith("\n")


def test_bytes_that_are_no_text_are_shown_wherever_they_are(said: Callable[..., Result]) -> None:
    def work(_task: Task) -> Result:
        error = InputError("a \udce9")
        error.done = [{"process": "p1", "command": "set \udce9"}]
        raise error

    result = said(work)
    assert result["msg"] == "a \\xe9"
    assert result["commands"] == [{"process": "p1", "command": "set \\xe9"}]


@pytest.mark.parametrize("timeout", [0, 1e7])
def test_a_timeout_that_is_none_is_refused_before_anything_is_asked(
    said: Callable[..., Result], timeout: float
) -> None:
    def work(task: Task) -> Result:
        task.fleet(writes=False)
        return {"changed": False}

    result = said(work, socket=["/nowhere"], timeout=timeout)
    assert (result["failed"], result["msg"]) == (
        True,
        f"timeout is {timeout:g}; it takes seconds from 0.001 to 1000000",
    )


@pytest.mark.parametrize(("expected", "words"), [
    (1, None),
    (2, ", and 2 are expected"),
    (0, "expected_processes is 0; at least one process must answer"),
    (-1, "expected_processes is -1; at least one process must answer"),
])  # fmt: skip
def test_how_many_processes_are_expected(
    said: Callable[..., Result], tmp_path: Path, expected: int, words: str | None
) -> None:
    def work(task: Task) -> Result:
        task.fleet(writes=False)
        return {"changed": False}

    with serving(tmp_path / "s", replying(reply_of(VERSIONS[-1], "facts"))) as path:
        result = said(work, socket=[path], expected_processes=expected)
    assert ("failed" in result) is (words is not None)
    assert words is None or words in result["msg"]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_processes_that_answered_are_told(said: Callable[..., Result], tmp_path: Path, version: str) -> None:
    def work(task: Task) -> Result:
        return {"changed": False, "found": [process.name for process in task.fleet(writes=False).processes]}

    reply = reply_of(version, "facts").replace(b"\nPid: ", b"\ndescription: front\nPid: ", 1)
    with serving(tmp_path / "s", replying(reply)) as path:
        result = said(work, socket=[path])
    (told,) = result["processes"]
    assert (told["name"], told["socket"], told["pid"], told["worker"], told["node"]) == (
        path,
        path,
        4711,
        "current",
        "lb1",
    )
    assert told["version"].startswith(version)
    assert result["found"] == [path]
    assert set(told["info"]) == {"Name", "Release_date", "Nbthread", "Nbproc", "Process_num", "description"}
    assert (told["info"]["Name"], told["info"]["Nbproc"]) == ("HAProxy", "1")
    assert result["old_workers"] == "unknown"
    assert (result["changed"], result["commands"], result["skipped_sockets"]) == (False, [], [])
