# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module of the collection as a task does, in this process: arguments in, its JSON out, about 5 ms a run."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from collections.abc import Iterator
from typing import Any

from ansible.module_utils import _internal
from ansible.module_utils.common import warnings
from ansible.module_utils.common.json import Direction, get_module_decoder
from ansible.module_utils.testing import patch_module_args

MODULES = "ansible_collections.haproxyadmin.haproxy.plugins.modules"

Result = dict[str, Any]

_CONTROLLER = get_module_decoder("legacy", Direction.MODULE_TO_CONTROLLER)


def run(module: str, arguments: dict[str, Any], *, check: bool = False, diff: bool = True) -> Result:
    """What the module prints: a result, or with ``failed`` a failure.

    `arguments` are the task's options, `check` and `diff` its modes. An exception of the module is an exception here.
    """
    main = importlib.import_module(f"{MODULES}.{module}").main
    output = io.StringIO()
    modes = {"_ansible_check_mode": check, "_ansible_diff": diff}
    with (
        _as_on_a_target(),
        patch_module_args({**arguments, **modes}),
        contextlib.redirect_stdout(output),
        contextlib.suppress(SystemExit),
    ):
        main()
    text = output.getvalue()
    result: Result = json.loads(text)
    json.loads(text, cls=_CONTROLLER)  # which raises where the controller would refuse the result
    if "\\ud" in text:  # Ansible refuses a result with bytes that are not UTF-8
        json.dumps(result, ensure_ascii=False).encode()
    return result


@contextlib.contextmanager
def _as_on_a_target() -> Iterator[None]:
    """Warnings go into the result, as they do where no controller is, and none is left from the last run."""
    was = _internal.is_controller
    _internal.is_controller = False
    warnings._global_warnings.clear()
    try:
        yield
    finally:
        _internal.is_controller = was
