# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of commands that run as processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.measured import Cost, Running, above

SECONDS = 0.2


def running(code: str, folder: Path) -> Running:
    return Running([sys.executable, "-c", code], folder)


def test_seconds_and_memory_are_those_of_the_process(tmp_path: Path) -> None:
    large = running(f"import time; b'x' * 200_000_000; time.sleep({SECONDS}); print('{{\"a\": 1}}')", tmp_path).ended()
    assert large.result == {"a": 1}
    assert large.seconds >= SECONDS
    assert large.megabytes >= 190


@pytest.mark.parametrize(("code", "fails"), [(1, False), (0, True)], ids=["fails", "does not fail"])
def test_an_end_that_was_not_expected_is_an_error(tmp_path: Path, code: int, fails: bool) -> None:
    with pytest.raises(subprocess.CalledProcessError, match=f"exit status {code}") as caught:
        running(f"print('words'); raise SystemExit({code})", tmp_path).ended(fails=fails)
    assert caught.value.stdout == "words\n"


def test_a_failure_that_was_expected_is_told(tmp_path: Path) -> None:
    cost = running("print('words'); raise SystemExit(1)", tmp_path).ended(fails=True)
    assert isinstance(cost, Cost)
    assert cost.printed == "words\n"


def test_each_round_has_its_own_floor() -> None:
    assert above([3.0, 5.0], [1.0, 2.0]) == [2.0, 3.0]
