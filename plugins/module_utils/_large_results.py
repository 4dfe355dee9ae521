# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of many values, past Ansible's walk over each of them.

Before it prints a result, Ansible looks into every value for secrets of the task's options: several µs each, ten times what
HAProxy, this collection and JSON take together. Where no option is a secret there is nothing to find.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from typing import Any, Callable

# Items whose JSON is made before it is written: the next ones are made in the same memory.
_AT_ONCE = 100
# Keys that Ansible takes for itself.
_ANSIBLES = ("warnings", "deprecations")


def exit_with(say: Callable[..., Any], result: Mapping[str, Any]) -> None:
    """Exit with the result as Ansible prints it, its lists put in by this.

    Returns, and has printed nothing, when Ansible did not print JSON in which each has its place, once.

    :param say: Ansible's own exit.
    :param result: its lists are plain JSON: no bytes, no keys but texts.
    """
    marks = {
        key: f"{key} {os.urandom(16).hex()}"
        for key, value in result.items()
        if isinstance(value, list) and key not in _ANSIBLES
    }
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            say(**{**result, **marks})
    except SystemExit:
        rest = printed.getvalue()
        if any(rest.count(mark) != 1 or f'"{key}": "{mark}"' not in rest for key, mark in marks.items()):
            return
        parts = []
        for key, mark in sorted(marks.items(), key=lambda it: rest.find(it[1])):
            before, _mark, rest = rest.partition(f'"{mark}"')
            parts.append((before, result[key]))
        for before, items in parts:
            sys.stdout.write(f"{before}[")
            for begin in range(0, len(items), _AT_ONCE):
                sys.stdout.write(", " if begin else "")
                sys.stdout.write(json.dumps(items[begin : begin + _AT_ONCE])[1:-1])
            sys.stdout.write("]")
        sys.stdout.write(rest)
        raise
    except Exception:  # noqa: BLE001 what is wrong with the result itself, Ansible says when it is asked alone
        return
