# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers as a resource: any number of them at once, each with a wish of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._dialect import servers, stat
from .._dialect.servers import Key, Server
from .._errors import ReplyNotUnderstood
from .._features import has
from .._fleet import PerProcess
from .._plan import Goal, Part, Place, Step
from .._process import Process
from .._shapes import Aimed, Field, merged_view, missed, route, two_views
from .._transport import Conversation
from . import rows
from .goals import Observed, goals_of
from .readings import NEEDED, WANTED, Reading, completed, reading_of
from .wishes import Wishes

if TYPE_CHECKING:
    from .values import Values


@dataclass(frozen=True)
class Servers:
    """The servers that these wishes are about, as a resource."""

    wishes: Wishes

    # Reading ---------------------------------------------------------------------------------------------------------

    def observe(self, process: Process) -> Conversation[Observed]:
        names, table = yield from process.ask_tables((servers.SHOW_BACKENDS, servers.SHOW_STATE))
        state = servers.parse_state(table, self.wishes.look_at)
        backends = servers.parse_backends(names)
        found: dict[Key, Server] = {}
        readings: dict[Key, Reading] = {}
        algorithms: dict[str, str] = {}
        for command in stat.show_stat_of({server.backend_id for server in state.wanted.values()}):
            table = yield from process.ask(command)
            for cells in stat.parse_stat(table, NEEDED, WANTED):
                key = (cells["pxname"], cells["svname"])
                if cells["type"] == stat.SERVER and key in state.wanted:
                    found[key] = completed(state.wanted[key], cells)
                    readings[key] = reading_of(cells, found[key])
                elif cells["type"] == stat.BACKEND:
                    algorithms[key[0]] = cells.get("algo", "")
        for key, server in state.wanted.items():
            # A backend that the configuration disables has servers but no statistics, and takes no command.
            if key not in readings and server.backend in algorithms:
                raise ReplyNotUnderstood(f"show stat has no row for {server.called}", process=process.name)
        dynamic = has(process.facts.version, "dynamic_servers")
        could_be = self.wishes.could_be(backends, new=dynamic)
        if could_be:
            from .creation import missing  # most tasks are about servers that are there

            found.update({key: missing(key) for key in sorted(could_be) if key not in state.wanted})
            for cells in stat.parse_stat((yield from process.ask(stat.SHOW_BACKENDS)), NEEDED, WANTED):
                algorithms[cells["pxname"]] = cells.get("algo", "")
        tracked: dict[str, str] = {}
        if self.wishes.delete:
            for cells in stat.parse_stat((yield from process.ask(stat.SHOW_SERVERS)), NEEDED, WANTED):
                tracked.setdefault(cells.get("tracked", ""), f"{cells['pxname']}/{cells['svname']}")
        return Observed(state.keys, backends, found, readings, algorithms, dynamic, tracked)

    def remains(self, process: Process) -> Conversation[Mapping[Key, int]]:
        from .._dialect.connections import SHOW_CONNECTIONS, parse_connections  # where there are old workers only

        (table,) = yield from process.ask_tables((SHOW_CONNECTIONS,))
        return {key: count for key, count in parse_connections(table).items() if self.wishes.means(key)}

    def sweep(self, process: Process, keys: AbstractSet[Key]) -> Conversation[Sequence[Step]]:
        from .._dialect.sessions import SHOW_SESSIONS, parse_sessions, shutdown_session  # for old workers only

        table = yield from process.ask(SHOW_SESSIONS)
        return [
            Step((session.key, "sessions"), shutdown_session(session), seen=False)
            for session in parse_sessions(table)
            if session.key in keys
        ]

    # Aiming ----------------------------------------------------------------------------------------------------------

    def aim(self, now: PerProcess[Observed], origin: PerProcess[Observed]) -> Sequence[Goal[Observed]]:
        wished = self._assigned(now)
        self.wishes.all_found(now, wished)
        if any(values.min_up is not None for each in wished.values() for values in each.values()):
            from .min_up import looked_after, refuse_too_few  # not every task guards

            refuse_too_few(now, wished)
            return list(looked_after(goals_of(now, origin, wished), now, wished))
        return goals_of(now, origin, wished)

    def _assigned(self, now: PerProcess[Observed]) -> PerProcess[dict[Key, Values]]:
        """What is asked of each server there is, or could be."""
        return PerProcess({name: dict(self.wishes.assigned(name, observed.servers)) for name, observed in now.items()})

    def last_resort(self, now: PerProcess[Observed], places: Sequence[Place]) -> Goal[Observed]:
        ended = set(places)
        keys = frozenset(key for _process, key in places if key is not None)
        aimed = {
            process: {
                key: Aimed(server._replace(sessions=0), frozenset({"sessions"}))
                for key, server in observed.servers.items()
                if (process, key) in ended
            }
            for process, observed in now.items()
        }
        return Goal(PerProcess(aimed), sweep=keys)

    # Going -----------------------------------------------------------------------------------------------------------

    @property
    def _fields(self) -> Sequence[Field[Server]]:
        if not self.wishes.settings <= {"weight"}:
            from .settings import FIELDS  # not every task gives a server something

            return FIELDS
        return rows.FIELDS

    def route(self, now: Observed, aimed: Mapping[Key, Aimed[Server]]) -> Iterable[Step]:
        # What was read of a server that is gone does not make it again.
        return route(
            self._fields, now.servers, {key: it for key, it in aimed.items() if _may(now.servers.get(key), it)}
        )

    def predicted(self, now: Observed, aimed: Mapping[Key, Aimed[Server]]) -> Observed:
        return now._replace(servers={**now.servers, **{key: target.record for key, target in aimed.items()}})

    def missed(self, now: Observed, aimed: Mapping[Key, Aimed[Server]]) -> dict[Part, str]:
        there = {key: target for key, target in aimed.items() if target.record.present or key in now.servers}
        wrong = missed(self._fields, now.servers, there, lambda server: server.called)
        for key, field in wrong:
            reading = now.readings.get(key)
            if field in ("state", "weight", "maxconn") and reading is not None and reading.agent_runs:
                wrong[key, field] += f" (its agent check may have said so; its last word: {reading.agent})"
        return wrong

    # Telling ---------------------------------------------------------------------------------------------------------

    def warnings(self, before: PerProcess[Observed]) -> Iterable[str]:
        from .advice import advice  # loaded late: a failure before it needs none

        return advice(before, self._assigned(before))

    def view(self, now: PerProcess[Observed], keys: Sequence[Key]) -> dict[str, object]:
        return {"/".join(key): self._item(now, key) for key in keys}

    def diff(
        self, before: PerProcess[Observed], after: PerProcess[Observed], keys: Sequence[Key]
    ) -> list[dict[str, object]]:
        return [two_views(self.view(before, keys), self.view(after, keys))]

    def file(self, before: PerProcess[Observed], after: PerProcess[Observed]) -> Any:
        return None

    def known(self, before: PerProcess[Observed]) -> dict[str, object]:
        keys = sorted({key for each in self._assigned(before).values() for key in each})
        return {"servers": [{"backend": key[0], "name": key[1], "before": self._item(before, key)} for key in keys]}

    def answer(self, before: PerProcess[Observed], after: PerProcess[Observed], waited: float) -> dict[str, object]:
        wished = self._assigned(before)
        keys = sorted({key for each in wished.values() for key in each})
        after = PerProcess({process: _since(before[process], it) for process, it in after.items()})
        answer: dict[str, object] = {"servers": [self._result(key, before, after) for key in keys]}
        if any(
            values.waits_for_sessions and before[p].servers[key].present
            for p, it in wished.items()
            for key, values in it.items()
        ):
            answer["drained_seconds"] = round(waited, 3)
        return answer

    def _item(self, now: PerProcess[Observed], key: Key) -> dict[str, object]:
        """A server as an item of the option ``servers``."""
        spoken = self.wishes.spoken(key)
        values = {process: rows.settable(server, spoken) for process, server in _having(now, key)}
        if self.wishes.delete:
            from .creation import with_options  # few tasks delete servers

            values = {process: with_options(its, now[process].servers[key]) for process, its in values.items()}
        if values:  # where it could be and is not, it is absent: what is fed back does not make it there
            lack = [name for name, it in now.items() if name not in values and it.dynamic and key[0] in it.backends]
            values.update({name: {"state": "absent"} for name in lack})
        return {"name": key[1], "backend": key[0], **merged_view(values)}

    def _result(self, key: Key, before: PerProcess[Observed], after: PerProcess[Observed]) -> dict[str, object]:
        here = {process: server for process, server in _having(after, key) if server.present}
        there = here or {process: server for process, server in _having(before, key) if server.present}
        initial = PerProcess({process: server.initial_weight for process, server in there.items()})
        views = [rows.settable(server, self.wishes.spoken(key)) for _process, server in _having(after, key)]
        return {
            "backend": key[0],
            "name": key[1],
            "before": self._item(before, key),
            "after": self._item(after, key),
            "initial_weight": initial.merged() if initial else None,
            "consistent": initial.same and all(view == views[0] for view in views),
            "processes": list(there),
            "readings": {name: after[name].readings[key].as_result() for name in here if key in after[name].readings},
        }


def _may(now: Server | None, target: Aimed[Server]) -> bool:
    return now is not None and (now.present or target.record.made)


def _since(before: Observed, after: Observed) -> Observed:
    """With servers that are gone as absent ones."""
    gone = [key for key in before.servers if key not in after.servers]
    if not gone:
        return after
    from .creation import missing  # most servers stay

    return after._replace(servers={**after.servers, **{key: missing(key) for key in gone}})


def _having(now: PerProcess[Observed], key: Key) -> Iterator[tuple[str, Server]]:
    return ((process, observed.servers[key]) for process, observed in now.items() if key in observed.servers)
