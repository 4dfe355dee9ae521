# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process as a whole can be given, as a resource. Every value is for each process, never a sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._checks import whole
from .._dialect import limits
from .._dialect.info import SHOW_INFO, parse_info
from .._dialect.limits import Limits
from .._errors import InputError
from .._fleet import PerProcess
from .._plan import Goal, Step
from .._process import Process
from .._records import Records, Seen
from .._shapes import Aimed, Field
from .._transport import Conversation

Now = PerProcess[Seen[Limits]]

# The one object of a process.
_ALL = "global"
# HAProxy's unsigned numbers of 32 bits, of which compression keeps bytes.
_MOST = {"rate_limit_http_compression": 2**22 - 1}
_RATES = {
    "rate_limit_connections": "connections",
    "rate_limit_sessions": "sessions",
    "rate_limit_ssl_sessions": "ssl-sessions",
    "rate_limit_http_compression": "http-compression",
}
OPTIONS = ("maxconn", *_RATES)


def _rate(name: str, word: str) -> Field[Limits]:
    return Field(
        name, lambda it: getattr(it, name), lambda _now, target: limits.set_rate_limit(word, getattr(target, name))
    )


def limits_of(params: Mapping[str, Any]) -> ProcessLimits:
    """
    :raises InputError: for what is no number from 0 on.
    """
    wished = {}
    for option in OPTIONS:
        if params[option] is not None:
            wished[option] = whole(option, params[option], most=_MOST.get(option, 2**31 - 1))
    return ProcessLimits(wished, params["clear_counters"])


@dataclass(frozen=True)
class ProcessLimits(Records[Limits]):
    """The limits that a task sets.

    :param wished: option → value.
    :param clear: counters that are to begin anew: ``max`` or ``all``.
    """

    wished: Mapping[str, int]
    clear: str | None

    fields = (
        Field[Limits]("maxconn", lambda it: it.maxconn, lambda _now, target: limits.set_maxconn(target)),
        *(_rate(name, word) for name, word in _RATES.items()),
        Field[Limits]("clear_counters", lambda _it: None, lambda _now, _target: limits.CLEAR["max"]),
    )

    def observe(self, process: Process) -> Conversation[Seen[Limits]]:
        table = yield from process.ask(SHOW_INFO)
        return Seen({_ALL: limits.limits_of(parse_info(table))}, process.facts)

    def aim(self, now: Now, origin: Now) -> Sequence[Goal[Seen[Limits]]]:
        clear = (
            {"clear_counters": Step((_ALL, "clear_counters"), limits.CLEAR[self.clear], seen=False)}
            if self.clear
            else {}
        )
        aimed = {
            process: {_ALL: Aimed(self._target(process, seen.records[_ALL]), frozenset(self.wished), clear)}
            for process, seen in now.items()
        }
        return [Goal(PerProcess(aimed))]

    def _target(self, process: str, now: Limits) -> Limits:
        """
        :raises InputError: for what the process would refuse.
        """
        if self.wished.get("maxconn", 0) > now.configured_maxconn:
            raise InputError(
                f"maxconn {self.wished['maxconn']} is more than the {now.configured_maxconn} that process {process} started "
                "with; HAProxy takes no more without a reload",
                process=process,
            )
        for option in self.wished:
            if getattr(now, option) is None:
                raise InputError(f"{option}: process {process} was built without what it limits", process=process)
        target = now._replace(**self.wished)
        return target if target.maxconn else target._replace(maxconn=now.configured_maxconn)

    def answer(self, before: Now, after: Now, waited: float) -> dict[str, object]:
        return {"before": self._each(before), "after": self._each(after)}

    def _each(self, now: Now) -> dict[str, dict[str, object]]:
        return {process: self.values(seen.records[_ALL]) for process, seen in now.items()}
