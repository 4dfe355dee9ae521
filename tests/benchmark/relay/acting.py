# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action plugins of the experiment have in common. One for each module would stand in `action`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from .core import FIRST, result_of
from .program import Step
from .transport import Relay

VIA = "haproxy_via"
"""The variable of a host that says how its sockets are reached: by the `relay`, or from the `controller` itself."""
LOG = "HAPROXY_RELAY_LOG"
"""The environment variable that names a file for what each task cost: a line of JSON each."""

# Options whose files are on the target: the experiment leaves them to the module.
_FILES = ("former", "state_dir")


class Relayed(ActionBase):  # type: ignore[misc]  # Ansible has no types
    """A module's main() on the controller."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    name: ClassVar[str]
    main: ClassVar[Callable[[], None]]
    foreseen: ClassVar[Callable[[Mapping[str, Any]], tuple[Step, ...]]]

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The module's result."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        given: dict[str, Any] = self._task.args
        if files := [name for name in _FILES if name in given]:
            raise AnsibleActionFail(f"{', '.join(files)}: files are on the target; use the module itself")
        relay = None
        if variables.get(VIA, "relay") == "relay":
            relay = Relay(self._over_there, _python(variables), {FIRST: type(self).foreseen(given)})
        task, name = self._task, type(self).name
        told = result_of(type(self).main, name, given, relay, check=task.check_mode, diff=task.diff)
        result.update(json.loads(json.dumps(told)))  # as a module's result comes: lists, no tuples
        if relay is not None and LOG in os.environ:
            said = {"runs": relay.runs, "bytes_there": relay.bytes_there, "bytes_back": relay.bytes_back}
            with Path(os.environ[LOG]).open("a", encoding="ascii") as log:
                log.write(f"{json.dumps(said)}\n")
        return result

    def _over_there(self, line: str, data: bytes | None) -> str:
        """What a command line prints on the target, with the task's become and environment."""
        words = " ".join(part for part in (self._compute_environment_string(), line) if part)
        done = self._low_level_execute_command(words, sudoable=True, in_data=data)
        if done["rc"]:
            raise AnsibleConnectionFailure(
                f"the relay ended with code {done['rc']}: {done['stderr'] or done['stdout']}"
            )
        printed: str = done["stdout"]
        return printed


def _python(variables: Mapping[str, Any]) -> str:
    facts = variables.get("ansible_facts", {})
    return str(
        variables.get("ansible_python_interpreter") or facts.get("discovered_interpreter_python") or "/usr/bin/python3"
    )
