# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of faults, and what is expected of every module in each."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

from lab import fakes
from lab.versions import Version, newest

from . import lies
from .breaks import (
    SHORT,
    beside,
    lying,
    many_connections,
    nothing,
    of_level,
    one_pid,
    reset,
    slow,
    unreadable,
    within,
)
from .busy import waited
from .judged import OK, check_form, check_lists, check_truth, check_untouched, kind_of
from .modules import Deed
from .moments import dying, hanging, reloaded, replaced, reply_lost
from .stage import SLACK, TIMEOUT, Break, Cell, Stage

Kinds = str | Mapping[str, str]
"""The kind of the error, or ``ok``; where modules differ by their names, or by ``reads`` and ``writes``, and ``*``."""


class TooLateError(AssertionError):
    """A task took longer than it may. On a machine that is busy with other things that may happen once."""


class Fault(NamedTuple):
    """A row.

    :param breaks: what happens.
    :param kinds: what comes of it.
    :param fleet: to which processes; ``fresh``: they are of no use afterwards.
    :param lied: HAProxy says that it does what it does not do, so that lists of what was done cannot be true.
    :param later: what comes of it from HAProxy 3.3 on, where that is something else.
    :param only_newest: it makes sense of the newest version only; ``only_writes``: of modules that write.
    """

    breaks: Break
    kinds: Kinds
    fleet: str = "two"
    fresh: bool = False
    lied: bool = False
    only_newest: bool = False
    only_writes: bool = False
    later: Kinds | None = None

    def concerns(self, deed: Deed, haproxy: Version) -> bool:
        """Whether there is such a cell."""
        return (deed.writes or not self.only_writes) and (haproxy == newest() or not self.only_newest)

    def expected(self, deed: Deed, haproxy: Version) -> str:
        """The kind in one cell."""
        kinds = self.later if self.later and haproxy.number >= (3, 3) else self.kinds
        if isinstance(kinds, str):
            return kinds
        group = "writes" if deed.writes else "reads"
        return next(kinds[name] for name in (deed.module, group, "*") if name in kinds)


_DIES = {"haproxy_command": "ClosedEarly", "writes": "PartlyApplied", "reads": "CannotConnect"}
_GONE = {"haproxy_command": "CannotConnect", "writes": "PartlyApplied", "reads": "CannotConnect"}
_NOT_BACK = {"haproxy_command": OK, "writes": "NotConverged", "reads": OK}
_NO_OBJECT = {
    **dict.fromkeys(("haproxy_command", "haproxy_global", "haproxy_info"), OK),
    "*": "ObjectNotFound",
}
# Up to 3.2 HAProxy lets everybody change maps and ACLs, later nobody but an admin even see them.
_NO_RIGHT_LATER = {"haproxy_info": OK, "*": "PermissionDenied"}
_NO_RIGHT = {"haproxy_map": OK, "haproxy_acl": OK, "reads": OK, "writes": "PermissionDenied"}
_NOT_READ = {"haproxy_command": OK, "*": "ReplyNotUnderstood"}
_NOISE = {"haproxy_command": "ClosedEarly", "haproxy_global": "NotHAProxy", "*": "ReplyNotUnderstood"}
_TABLES = {
    **dict.fromkeys(("haproxy_server", "haproxy_backend", "haproxy_frontend", "haproxy_info"), "ReplyNotUnderstood"),
    "*": OK,
}
_STATES = {**_TABLES, "haproxy_frontend": OK}

FAULTS: dict[str, Fault] = {
    "none": Fault(nothing, OK),
    "none, four processes": Fault(nothing, OK, "four"),
    # Something else at one of the addresses
    "dead socket": Fault(beside(fakes.dead_socket), "CannotConnect"),
    "hung": Fault(beside(fakes.hung_listener, timeout=SHORT), "TimedOut"),
    "hung, in a directory": Fault(within(fakes.hung_listener, timeout=SHORT), {"reads": OK, "writes": "TimedOut"}),
    "hung, in a directory, and on_unreachable: warn": Fault(
        within(fakes.hung_listener, timeout=SHORT, on_unreachable="warn"), OK
    ),
    "slow, 1 byte/s": Fault(slow, "TimedOut"),
    "foreign, HTTP": Fault(beside(fakes.web_server), "NotHAProxy"),
    "foreign, SSH": Fault(beside(lambda: fakes.foreign_daemon(b"SSH-2.0-OpenSSH_10.0\r\n")), "NotHAProxy"),
    "foreign, silent": Fault(beside(lambda: fakes.closes_in_silence(0.1)), "ClosedEarly"),
    "foreign, endless": Fault(beside(fakes.endless), "NotHAProxy"),
    "unreadable": Fault(unreadable, "CannotConnect"),
    "all connections taken": Fault(many_connections, "TimedOut", "few connections"),
    # Too few rights
    "level operator": Fault(of_level("operator"), _NO_RIGHT, "levels", later=_NO_RIGHT_LATER),
    "level user": Fault(of_level("user"), _NO_RIGHT, "levels", later=_NO_RIGHT_LATER),
    # Lies
    "refuses, and repeats it": Fault(
        lying(swallow=lambda: lies.refused_aloud), {"reads": OK, "writes": "CommandRefused"}
    ),
    "one refuses": Fault(
        lying(swallow=lambda: lies.refused_aloud, only=1),
        {"haproxy_command": "CommandRefused", "reads": OK, "writes": "PartlyApplied"},
    ),
    "lies: done, without effect": Fault(lying(swallow=lambda: lies.swallowed), _NOT_BACK, lied=True),
    "lies: the old state": Fault(lying(tamper=lies.old_state), _NOT_BACK),
    "lies: other objects": Fault(lying(tamper=lambda: lies.renamed), _NO_OBJECT),
    "lies: another pid": Fault(lying(tamper=lambda: lies.another_pid), {"haproxy_command": OK, "*": "ProcessReplaced"}),
    "lies: the pid of the other": Fault(one_pid, OK),
    "lies: columns reversed": Fault(lying(tamper=lambda: lies.other_order), OK),
    "lies: a column less": Fault(lying(tamper=lambda: lies.lacking_column), _STATES),
    "lies: a title less (statistics)": Fault(lying(tamper=lambda: lies.lacking_title(b",scur,")), _TABLES),
    "lies: a title less (states)": Fault(lying(tamper=lambda: lies.lacking_title(b" srv_op_state ")), _STATES),
    "4.0, more columns": Fault(lying(tamper=lambda: lies.more_columns), OK, only_newest=True),
    "4.0, another format": Fault(
        lying(tamper=lambda: lies.another_format), {"haproxy_global": OK, **_NOT_READ}, only_newest=True
    ),
    # Broken replies
    "garbage": Fault(lying(tamper=lambda: lies.garbage), "NotHAProxy"),
    "garbage, from the right process": Fault(lying(tamper=lambda: lies.before_proof(lies.noise)), _NOISE),
    "zero bytes": Fault(lying(tamper=lambda: lies.before_proof(lies.zeros)), _NOT_READ),
    "a line of 1 MB": Fault(
        lying(tamper=lambda: lies.before_proof(lies.long_line)), {"haproxy_global": OK, **_NOT_READ}
    ),
    "reset in the middle": Fault(reset, "ClosedEarly"),
    # At the worst of moments
    "reloaded": Fault(reloaded, {"haproxy_command": "CommandRefused", "*": OK}, "master"),
    "replaced by another": Fault(replaced, OK, "spare"),
    "one hangs": Fault(hanging, {"haproxy_command": "TimedOut", "writes": "PartlyApplied", "reads": "TimedOut"}),
    "answer lost": Fault(reply_lost, {"haproxy_command": "ClosedEarly", "writes": "PartlyApplied"}, only_writes=True),
    **{
        f"process {number} of 4 dies {how}": Fault(dying(number, how), kinds, "four", fresh=True)
        for number in (1, 2)
        for how, kinds in (("before", _GONE), ("within", _DIES), ("after", _DIES))
    },
}


def met(stage: Stage, breaks: Break, *, lied: bool = False) -> Cell:
    """Run the stage's task with this fault. Raises AssertionError where anything but its kind is not as promised."""
    deed = stage.deed
    with breaks(stage):
        arguments = deed.task(stage.sample.map, stage.sample.acl, socket=stage.addresses, timeout=TIMEOUT)
        began, starved = time.monotonic(), waited(("self", *stage.pids))
        result = stage.run(deed.module, {**arguments, **stage.more})
        seconds = time.monotonic() - began - stage.spent - (waited(("self", *stage.pids)) - starved)
    check_form(result)
    bound = min(stage.more.get("timeout", TIMEOUT), TIMEOUT) + SLACK
    if seconds > bound:
        raise TooLateError(f"{seconds:.2f} s, more than {bound} s")
    seen = stage.seen()
    check_lists(deed, result, seen, stage.refused())
    if lied:
        check_untouched(stage.homes(), stage.now())
    else:
        check_truth(deed, result, stage.homes(), stage.now())
    if kind_of(result) == OK:
        told = {process["name"] for process in result["processes"] if process["worker"] == "current"}
        assert told == set(stage.called), "success, and not of all processes"
        assert not deed.writes or lied or len(seen) == len(told)
    return Cell(result, seconds)
