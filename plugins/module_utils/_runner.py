# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments in, result or failure out: the only file that knows AnsibleModule."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ansible.module_utils.basic import AnsibleModule

from ._argspec import FLEET, seconds
from ._discovery import Policy, discover
from ._engine import Patience, carry_out
from ._errors import HAProxyError, InputError
from ._fleet import Fleet
from ._plan import Plan, Resource, plan
from ._process import Process
from ._transport import converse

S = TypeVar("S")

# Of `show info`, what does not change while a process lives.
_STEADY = ("Name", "Release_date", "Nbthread", "Nbproc", "Process_num", "description")


def run(argument_spec: Mapping[str, Any], resource_of: Callable[[Mapping[str, Any]], Resource[S]]) -> None:
    """Be a stateful module.

    :param argument_spec: the module's own options; those of every module are added.
    :param resource_of: from valid parameters to the resource; raises InputError.
    """
    module = AnsibleModule(argument_spec={**argument_spec, **FLEET}, supports_check_mode=True)
    try:
        result = _stateful(module, resource_of(module.params))
    except HAProxyError as error:
        module.fail_json(msg=str(error), changed=bool(error.done), **error.as_result())
    except Exception as error:  # noqa: BLE001 an operator gets a sentence; the traceback goes where Ansible keeps it
        module.fail_json(
            msg=f"a fault of this collection, please report it: {type(error).__name__}: {error}",
            exception=traceback.format_exc(),
            **HAProxyError("").as_result(),
        )
    module.exit_json(**result)


def _stateful(module: AnsibleModule, resource: Resource[S]) -> dict[str, Any]:
    patience = _patience(module.params)
    fleet = _fleet(module, writes=True)
    planned = plan(fleet, resource, fleet.each(resource.observe))
    after = planned.after if module.check_mode else carry_out(fleet, resource, planned, patience)
    result = {
        "changed": planned.changed,
        "commands": planned.commands(),
        "also_done": [],
        "unconfirmed": [],
        **_told_of(fleet),
        **resource.answer(planned.before, after),
    }
    return {**result, "diff": _diff(resource, planned)} if module._diff else result


def _patience(params: Mapping[str, Any]) -> Patience:
    if "wait" not in params:
        return Patience(0.0, 1.0)
    return Patience(seconds(params, "wait_timeout", least=0.0), seconds(params, "wait_interval", least=0.01))


def _fleet(module: AnsibleModule, *, writes: bool) -> Fleet:
    params = module.params
    expected = params["expected_processes"]
    if expected is not None and expected < 1:
        raise InputError(f"expected_processes is {expected}; at least one process must answer")
    policy = Policy(params["on_unreachable"], writes, expected)
    entries = [entry.strip() for entry in params["socket"] or () if entry.strip()]
    fleet = discover(entries, policy, converse, seconds(params, "timeout", least=0.001))
    for skipped in fleet.skipped:
        module.warn(f"skipped {skipped.socket}: {skipped.reason}")
    return fleet


def _told_of(fleet: Fleet) -> dict[str, Any]:
    return {
        "processes": [_process(process) for process in fleet.processes],
        "old_workers": "unknown",
        "skipped_sockets": [skipped._asdict() for skipped in fleet.skipped],
    }


def _process(process: Process) -> dict[str, Any]:
    info = process.facts.info
    return {
        "name": process.name,
        "socket": process.address.text,
        "pid": process.facts.pid,
        "version": info["Version"],
        "node": info.get("node", ""),
        "worker": "current",
        "info": {name: info[name] for name in _STEADY if name in info},
    }


def _diff(resource: Resource[S], planned: Plan[S]) -> dict[str, Any]:
    return {
        "before_header": "running",
        "after_header": "wished",
        "before": resource.view(planned.before, planned.changes),
        "after": resource.view(planned.after, planned.changes),
    }
