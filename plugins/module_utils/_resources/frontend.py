# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frontends as a resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._checks import whole
from .._dialect import frontends
from .._dialect.frontends import Frontend
from .._errors import InputError
from .._features import has
from .._fleet import PerProcess
from .._plan import Goal, Part, Step, named
from .._process import Process
from .._records import Records, Seen
from .._shapes import Aimed, Field
from .._transport import Conversation
from .selection import Names, names_of

Now = PerProcess[Seen[Frontend]]

# HAProxy keeps it in an unsigned number of 32 bits. With 0 it would refuse every connection.
_LEAST, _MOST = 1, 2**31 - 1


def frontends_of(params: Mapping[str, Any]) -> Frontends:
    """
    :raises InputError: for a value that nothing can be meant by.
    """
    if params["state"] == "shutdown" and not params["force"]:
        raise InputError(
            "state=shutdown cannot be undone without a restart of HAProxy; force=true says that it is meant"
        )
    if params["state"] == "shutdown" and params["maxconn"] is not None:
        raise InputError("a frontend that is shut down has no limit; maxconn goes with the other states only")
    if params["maxconn"] is not None:
        whole("maxconn", params["maxconn"], least=_LEAST, most=_MOST)
    return Frontends(names_of("name", params["name"]), params["state"], params["maxconn"])


@dataclass(frozen=True)
class Frontends(Records[Frontend]):
    """The frontends that a task is about; None: leave alone."""

    names: Names
    state: str | None
    maxconn: int | None

    fields = (
        Field[Frontend]("maxconn", lambda it: it.maxconn, lambda _now, it: frontends.set_frontend_maxconn(it)),
        Field[Frontend](
            "state", lambda it: it.state, lambda now, it: frontends.set_frontend_state(now, it.state or "")
        ),
    )

    def observe(self, process: Process) -> Conversation[Seen[Frontend]]:
        table = yield from process.ask(frontends.SHOW_FRONTENDS)
        found = frontends.parse_frontends(table, process.facts.version)
        return Seen({frontend.name: frontend for frontend in found}, process.facts)

    def aim(self, now: Now, origin: Now) -> Sequence[Goal[Seen[Frontend]]]:
        self._all_found(now)
        aimed = {
            process: {key: self._aimed(record, process) for key, record in self._meant(seen).items()}
            for process, seen in now.items()
        }
        return [Goal(PerProcess(aimed))]

    def _meant(self, seen: Seen[Frontend]) -> dict[str, Frontend]:
        return {name: record for name, record in seen.records.items() if self.names.match(name)}

    def _aimed(self, frontend: Frontend, process: str) -> Aimed[Frontend]:
        if frontend.state == "shutdown" and (self.state not in (None, "shutdown") or self.maxconn is not None):
            raise InputError(
                f"{frontend.called} was shut down: only a restart or a reload of HAProxy brings it back",
                process=process,
            )
        fields = set()
        target = frontend
        if self.maxconn is not None:
            fields.add("maxconn")
            target = target._replace(maxconn=self.maxconn)
        if self.state is None:
            return Aimed(target, frozenset(fields))
        if frontend.state is None and self.state != "shutdown":
            deed = Step((frontend.name, "state"), frontends.set_frontend_state(frontend, self.state), seen=False)
            return Aimed(target, frozenset(fields), {"state": deed})
        return Aimed(target._replace(state=self.state), frozenset({*fields, "state"}))

    def _all_found(self, now: Now) -> None:
        """
        :raises ObjectNotFound: for the first name that matches nothing anywhere.
        """
        names = {name for seen in now.values() for name in seen.records}
        lost = self.names.unmatched(names)
        if lost and not self._forgotten(now):
            from .not_found import nowhere  # needed after failures only

            raise nowhere("frontend", self.names, names)

    def _forgotten(self, now: Now) -> bool:
        """Whether a frontend that is not there may be one that was shut down, as is wished (2.2)."""
        forget = any(not has(seen.facts.version, "frontend_stays") for seen in now.values())
        return forget and self.state == "shutdown"

    def predicted(self, now: Seen[Frontend], aimed: Mapping[str, Aimed[Frontend]]) -> Seen[Frontend]:
        later = super().predicted(now, aimed)
        if has(now.facts.version, "frontend_stays"):
            return later
        return Seen({name: it for name, it in later.records.items() if it.state != "shutdown"}, now.facts)

    def missed(self, now: Seen[Frontend], aimed: Mapping[str, Aimed[Frontend]]) -> dict[Part, str]:
        if has(now.facts.version, "frontend_stays"):
            return super().missed(now, aimed)
        there = {name: it for name, it in aimed.items() if name in now.records or it.record.state != "shutdown"}
        return super().missed(now, there)

    def warnings(self, before: Now) -> Iterable[str]:
        names = {name for seen in before.values() for name in seen.records}
        lost = self.names.unmatched(names)
        if lost:
            yield f"no frontend {named(lost)} is there; HAProxy 2.2 forgets a frontend that was shut down, so it may be that"
        if self.state in ("enabled", "disabled") and any(seen.facts.nbproc > 1 for seen in before.values()):
            yield (
                "several processes of an nbproc: where they share one 'bind' line, disabling a frontend in one of them closes "
                "its port for all, and enabling it again may leave it broken, whatever HAProxy says; only 'bind … process N' "
                "is safe"
            )

    def answer(self, before: Now, after: Now, waited: float) -> dict[str, object]:
        keys = sorted({name for seen in before.values() for name in self._meant(seen)})
        return {"frontends": [self._row(key, before, after) for key in keys]}

    def _row(self, key: str, before: Now, after: Now) -> dict[str, object]:
        there = {process: seen.records[key] for process, seen in after.items() if key in seen.records}
        values = [self.values(record) for record in there.values()]
        return {
            "name": key,
            "before": {"name": key, **self.item(before, key)},
            "after": {"name": key, **(self.item(after, key) if there else {"state": "shutdown"})},
            "consistent": all(value == values[0] for value in values),
            "processes": [process for process, seen in before.items() if key in seen.records],
            "readings": {process: {"status": record.status} for process, record in there.items()},
        }
