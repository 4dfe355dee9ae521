# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large results are printed as Ansible prints them, and where an option is a secret by Ansible alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
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
    with patch_module_args({"secret": secret} if secret else {}), pytest.raises(SystemExit) as ended:
        _runner.Task(spec).answer(lambda _task: dict(result))
    assert ended.value.code == 0
    return json.loads(capsys.readouterr().out)


def test_a_large_result_is_that_of_ansible(capsys: pytest.CaptureFixture[str]) -> None:
    ours = printed(capsys, RESULT)
    assert ours == printed(capsys, RESULT, secret="what stands nowhere")
    assert ours["servers"] == ROWS


def test_a_secret_is_taken_out_of_a_large_result(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{**row, "name": "hush-hush"} for row in ROWS]
    assert "hush-hush" not in json.dumps(printed(capsys, {**RESULT, "servers": rows}, secret="hush-hush"))


@pytest.mark.parametrize("said", ["", "no JSON", '{"servers": 1}'])
def test_another_form_of_printing_is_left_alone(capsys: pytest.CaptureFixture[str], said: str) -> None:
    def say(**_result: Any) -> None:
        print(said)
        raise SystemExit(0)

    exit_with(say, RESULT)
    assert capsys.readouterr().out == ""
