# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments in, result or failure out: the only file that knows AnsibleModule."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ._argspec import FLEET
from ._checks import seconds
from ._discovery import Policy, discover
from ._errors import InputError
from ._fleet import Fleet
from ._process import Process
from ._protocol import printable
from ._transport import converse

Params = Mapping[str, Any]
Result = dict[str, Any]

# Of `show info`, what does not change while a process lives.
_STEADY = ("Name", "Release_date", "Nbthread", "Nbproc", "Process_num", "description")


class Task:
    """One run of a module, and what its result holds whether it succeeds or fails.

    :param rules: what else AnsibleModule takes, such as ``mutually_exclusive``.
    """

    def __init__(self, argument_spec: Mapping[str, Any], **rules: Any) -> None:
        self.module = AnsibleModule(argument_spec={**argument_spec, **FLEET}, supports_check_mode=True, **rules)
        self.params: Params = self.module.params
        self.predicts: bool = self.module.check_mode
        self.shows_diff: bool = self.module._diff
        self.also_done: list[Mapping[str, str]] = []
        self.known: Result = {
            **{key: [] for key in ("processes", "skipped_sockets", "commands", "unconfirmed")},
            "old_workers": "unknown",
            "also_done": self.also_done,
        }

    def answer(self, work: Callable[[Task], Result]) -> None:
        """Exit with the result, or with the failure."""
        try:
            result = work(self)
        except Exception as error:  # noqa: BLE001 an operator gets a sentence, whatever happens
            from ._failed import failed  # most tasks succeed

            warnings, result = failed(error, self.known, self.also_done)
            for warning in warnings:
                self.warn(warning)
            self.module.fail_json(**_readable(result))
        result = {**_readable(self.known), **result}
        if not getattr(self.module, "no_log_values", True) and any(
            isinstance(it, list) and len(it) > 20 for it in result.values()
        ):
            from ._large_results import exit_with  # most are small

            exit_with(self.module.exit_json, result)
        self.module.exit_json(**result)

    def warn(self, sentence: str) -> None:
        self.module.warn(sentence)

    def fleet(self, *, writes: bool) -> Fleet:
        """The processes that the task addresses."""
        expected = self.params["expected_processes"]
        if expected is not None and expected < 1:
            raise InputError(f"expected_processes is {expected}; at least one process must answer")
        policy = Policy(self.params["on_unreachable"], writes, expected)
        timeout = seconds("timeout", self.params["timeout"], least=0.001)
        fleet = discover(_entries(self.params["socket"]), policy, converse, timeout)
        for skipped in fleet.skipped:
            self.warn(f"skipped {skipped.socket}: {skipped.reason}")
        self.known = {
            **self.known,
            "processes": [_process(process) for process in (*fleet.processes, *(fleet.old or ()))],
            "old_workers": "unknown" if fleet.old is None else [process.name for process in fleet.old],
            # Ansible itself gives the key "skipped" a meaning: a task with anything in it counts as not run.
            "skipped_sockets": [skipped._asdict() for skipped in fleet.skipped],
        }
        return fleet


def _readable(value: Any) -> Any:
    """The same without bytes that are not UTF-8, of which Ansible would refuse the whole result."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {key: _readable(one) for key, one in value.items()}
    return [_readable(one) for one in value] if isinstance(value, list) else value


def _entries(option: Sequence[str] | None) -> list[str]:
    """Where the processes are; nothing: in the usual places.

    :raises InputError: when the option is there and empty: whoever wrote it did not mean the usual places.
    """
    if option is None:
        option = os.environ.get("HAPROXY_SOCKET", "").split(",")
    elif not any(entry.strip() for entry in option):
        raise InputError("socket is empty; leave it out to mean HAPROXY_SOCKET or the usual places")
    return [entry.strip() for entry in option if entry.strip()]


def _process(process: Process) -> Result:
    info = process.facts.info
    return {
        "name": process.name,
        "socket": process.address.text,
        "pid": process.facts.pid,
        "version": info["Version"],
        "node": info.get("node", ""),
        "worker": "old" if process.old else "current",
        "info": {name: info[name] for name in _STEADY if name in info},
    }
