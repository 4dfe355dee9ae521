# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large results are printed as Ansible prints them, and where an option is a secret by Ansible alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ansible.module_utils.common import warnings
from ansible.module_utils.testing import patch_module_args
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils import _runner
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._large_results import exit_with

ROWS = [
    {"name": f's"{n}', "stats": {"scur": n, "rate": n / 3, "text": "é\\\n\ud800"}, "up": n % 2 == 0} for n in range(900)
]
RESULT = {"changed": False, "servers": ROWS, "backends": [None, *ROWS], "few": [1], "msg": "servers"}


def printed(capsys: pytest.CaptureFixture[str], result: Mapping[str, Any], secret: str | None = None) -> Any:
    """What a task prints whose work comes to this."""
    spec = {"secret": {"type": "str", "no_log": True}}
    warnings._global_warnings.clear()
    warnings._global_deprecations.clear()  # which are said once a process
    with patch_module_args({"secret": secret} if secret else {}), pytest.raises(SystemExit) as ended:
        _runner.Task(spec).answer(lambda _task: dict(result))
    assert ended.value.code == 0
    told = json.loads(capsys.readouterr().out)
    told.pop("invocation", None)  # which core 2.19 adds itself, and which has the option `secret`
    return told


def test_a_large_result_is_that_of_ansible(capsys: pytest.CaptureFixture[str]) -> None:
    ours = printed(capsys, RESULT)
    assert ours == printed(capsys, RESULT, secret="what stands nowhere")
    assert ours["servers"] == ROWS


def test_a_secret_is_taken_out_of_a_large_result(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{**row, "name": "hush-hush"} for row in ROWS]
    assert "hush-hush" not in json.dumps(printed(capsys, {**RESULT, "servers": rows}, secret="hush-hush"))


@pytest.mark.parametrize("words", [[], ["one"], ["one"] * 30], ids=len)
def test_warnings_in_a_large_result_are_those_of_ansible(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    ours = printed(capsys, {**RESULT, "warnings": words})
    assert ours == printed(capsys, {**RESULT, "warnings": words}, secret="what stands nowhere")
    assert (ours["servers"], "one" in json.dumps(ours.get("warnings", []))) == (ROWS, bool(words))


def no_marks(**_result: Any) -> str:
    return ""


def no_json(**_result: Any) -> str:
    return "no JSON"


def other_places(**result: Any) -> str:
    return json.dumps([result["servers"], result["backends"], result["few"]])


def twice(**result: Any) -> str:
    return json.dumps({**result, "invocation": result["servers"]})


def with_bytes(**_result: Any) -> str:
    sys.stdout.buffer.write(b"{}")
    return ""


@pytest.mark.parametrize("form", [no_marks, no_json, other_places, twice, with_bytes])
def test_another_form_of_printing_is_left_alone(capsys: pytest.CaptureFixture[str], form: Callable[..., str]) -> None:
    def say(**result: Any) -> None:
        print(form(**result))
        raise SystemExit(0)

    exit_with(say, RESULT)
    assert capsys.readouterr().out == ""
