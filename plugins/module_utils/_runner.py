# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments in, result or failure out: the only file that knows AnsibleModule."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from ansible.module_utils.basic import AnsibleModule

from ._argspec import FLEET
from ._checks import seconds
from ._discovery import Policy, discover
from ._errors import Fault, HAProxyError, InputError, Overtaken, ProcessReplaced
from ._fleet import Fleet, PerProcess
from ._plan import Plan
from ._planning import plan
from ._process import Process
from ._protocol import printable
from ._transport import converse

if TYPE_CHECKING:
    from ._contracts import Resource

S = TypeVar("S")
C = TypeVar("C")

Params = Mapping[str, Any]
Result = dict[str, Any]

# Of `show info`, what does not change while a process lives.
_STEADY = ("Name", "Release_date", "Nbthread", "Nbproc", "Process_num", "description")


def run(argument_spec: Mapping[str, Any], resource_of: Callable[[Params], Resource[S]], **rules: Any) -> None:
    """Be a module that changes something, with these options beside those of every module.

    :param rules: what else AnsibleModule takes, such as ``mutually_exclusive``.
    """
    _Task(argument_spec, **rules).answer(lambda task: task.change(resource_of(task.module.params)))


def run_info(argument_spec: Mapping[str, Any], gather_of: Callable[[Params], Callable[[Fleet], Result]]) -> None:
    """Be a module that only reads.

    :param gather_of: judges the options, before any process is asked for, and says what to ask the fleet.
    """
    _Task(argument_spec).answer(lambda task: task.gather(gather_of(task.module.params)))


def run_commands(
    argument_spec: Mapping[str, Any], commands_of: Callable[[Any], C], send: Callable[[Fleet, C, bool], Result]
) -> None:
    """Be a module that sends what the user writes in its option ``command``.

    :param commands_of: judges it, before any process is asked for.
    :param send: does it; when its last argument is False, only what reads.
    """

    def work(task: _Task) -> Result:
        commands = commands_of(task.module.params["command"])
        return send(task.fleet(writes=True), commands, not task.predicts)

    _Task(argument_spec).answer(work)


class _Task:
    """One run of a module, and what its result holds whether it succeeds or fails."""

    def __init__(self, argument_spec: Mapping[str, Any], **rules: Any) -> None:
        self.module = AnsibleModule(argument_spec={**argument_spec, **FLEET}, supports_check_mode=True, **rules)
        self.predicts: bool = self.module.check_mode
        self._also_done: list[Mapping[str, str]] = []
        self._known: Result = {
            **{key: [] for key in ("processes", "skipped_sockets", "commands", "unconfirmed")},
            "old_workers": "unknown",
            "also_done": self._also_done,
        }
        self._first: tuple[Fleet, Plan[Any]] | None = None

    def answer(self, work: Callable[[_Task], Result]) -> None:
        """Exit with the result, or with the failure."""
        try:
            result = work(self)
        except HAProxyError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 an operator gets a sentence, whatever happens
            fault = Fault(f"{type(error).__name__}: {error}")
            fault.__cause__ = error
            self._fail(fault)
        self.module.exit_json(**{**_readable(self._known), **result})

    def _fail(self, error: HAProxyError) -> None:
        cause = error.__cause__
        self._also_done += error.also_done
        for warning in error.warnings:
            self.module.warn(warning)
        more = {}
        if isinstance(error, Fault) and cause is not None:
            more["exception"] = "".join(traceback.format_exception(type(cause), cause, cause.__traceback__))
        touched = bool(error.done or error.unconfirmed or self._also_done)
        self.module.fail_json(
            changed=touched,
            **_readable({"msg": str(error), **self._known, "commands": error.done, **error.as_result()}),
            **more,
        )

    def gather(self, ask: Callable[[Fleet], Result]) -> Result:
        """Read; when HAProxy is reloaded meanwhile, look again, once."""
        try:
            return {"changed": False, **ask(self.fleet(writes=False))}
        except ProcessReplaced as error:
            self.module.warn(f"read again: {error}")
            return {"changed": False, **ask(self.fleet(writes=False))}

    def change(self, resource: Resource[S]) -> Result:
        """Do it; when HAProxy is reloaded or somebody else changes the same meanwhile, plan again, once."""
        try:
            return self._once(resource, {})
        except (Overtaken, ProcessReplaced) as error:
            self.module.warn(f"planned again: {error}")
            self._also_done += [*error.done, *error.also_done]
            return self._once(resource, error.found if isinstance(error, Overtaken) else {})

    def _once(self, resource: Resource[S], found: Mapping[str, Any]) -> Result:
        """
        :param found: what processes had immediately before this task changed it.
        """
        fleet = self.fleet(writes=True)
        before = fleet.each(resource.observe)
        origin = before
        if self._first:
            from ._aftermath import origin_of  # needed after a reload only

            origin = PerProcess({**origin_of(*self._first, fleet, before), **found})
        planned = plan(fleet, resource, before, origin)
        changes = planned.changes
        if self._first:
            changes = tuple(sorted({*self._first[1].changes, *changes}))
        told = replace(planned, before=origin, changes=changes)
        self._first = (fleet, told)
        self._known.update(resource.known(origin))
        for warning in resource.warnings(before):
            self.module.warn(warning)
        file = resource.file(told.before, told.after)
        if planned.counts_old and fleet.old is None:
            self.module.warn(
                "old workers are unknown: add the master socket, so that their sessions are waited for, too"
            )
        after, waited, commands = planned.after, 0.0, planned.commands()
        if not self.predicts:
            after, waited, commands = before, 0.0, []
            if file is not None:
                file.begin()
            if planned.does_something:
                after, waited, commands = self._carry_out(fleet, resource, planned)
        result = {
            "changed": bool(commands or self._also_done or file),
            "commands": commands,
            "unconfirmed": planned.deeds(),
            **resource.answer(told.before, after, waited),
        }
        diffs = resource.diff(told.before, told.after, told.changes) if self.module._diff else []
        if file is not None:
            result.update(
                file.result(self.module.backup_local, self.module.atomic_move, commands, writes=not self.predicts)
            )
            diffs += [file.diff] if self.module._diff else []
        if self.module._diff:
            result["diff"] = diffs[0] if len(diffs) == 1 else diffs
        return result

    def _carry_out(
        self, fleet: Fleet, resource: Resource[S], planned: Plan[S]
    ) -> tuple[PerProcess[S], float, list[dict[str, str]]]:
        """What is read afterwards, the seconds that it waited, and the commands of the plan that were sent."""
        from ._engine import carry_out  # most runs find everything as wished

        outcome = carry_out(fleet, resource, planned)
        self._also_done += outcome.ledger.also
        for warning in outcome.ledger.warnings:
            self.module.warn(warning)
        return outcome.after, outcome.waited, outcome.ledger.lines()

    def fleet(self, *, writes: bool) -> Fleet:
        """The processes that the task addresses."""
        params = self.module.params
        expected = params["expected_processes"]
        if expected is not None and expected < 1:
            raise InputError(f"expected_processes is {expected}; at least one process must answer")
        policy = Policy(params["on_unreachable"], writes, expected)
        fleet = discover(
            _entries(params["socket"]), policy, converse, seconds("timeout", params["timeout"], least=0.001)
        )
        for skipped in fleet.skipped:
            self.module.warn(f"skipped {skipped.socket}: {skipped.reason}")
        self._known = {
            **self._known,
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
