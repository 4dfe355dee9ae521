# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backend as a resource: the servers that it is to have, and what it has as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from .._dialect import backends
from .._dialect.backends import Backend
from .._dialect.servers import Key, Server
from .._errors import InputError
from .._features import has, require
from .._fleet import PerProcess
from .._plan import Goal, Part, Step
from .._process import Process
from .._shapes import Aimed, Field, merged_view, missed, route
from .._transport import Conversation
from .goals import Observed, goals_of
from .membership import Slots, in_backend
from .server import Servers
from .values import Values

FIELDS = (
    Field[Backend]("deletable", lambda it: it.asked, lambda _now, it: backends.try_to_delete(it), lasts=False),
    Field[Backend](
        "present",
        lambda it: it.present,
        lambda _now, it: backends.add_backend(it) if it.present else backends.del_backend(it),
    ),
    Field[Backend]("dynamic_cookie", lambda it: it.cookie, lambda _now, it: backends.switch_cookie(it)),
    Field[Backend]("dynamic_cookie_key", lambda it: it.fits, lambda _now, it: backends.set_key(it)),
    Field[Backend]("published", lambda it: it.published, lambda _now, it: backends.publish(it)),
)


class BackendWish(NamedTuple):
    """What is asked of the backend itself; None: leave alone."""

    name: str
    state: str | None = None
    cookie: str | None = None
    key: str | None = None
    defaults: str | None = None
    mode: str | None = None

    @property
    def makes(self) -> bool:
        """Whether a backend that is missing is made."""
        return self.state in ("present", "published", "unpublished") and self.defaults is not None

    @property
    def own(self) -> Key:
        """What stands for the backend itself among its servers."""
        return (self.name, "")


@dataclass(frozen=True)
class Backends(Servers):
    """One backend and its servers.

    :param slots: the servers as addresses in slots; None: by name.
    """

    wish: BackendWish
    slots: Slots | None = None

    def observe(self, process: Process) -> Conversation[Observed]:
        observed = yield from super().observe(process)
        table = yield from process.ask(backends.SHOW)
        late = not has(process.facts.version, "cookies_of_new_servers")
        record = backends.parse_backend(table, self.wish.name, self.wish.key)._replace(late=late)
        if not record.present and self.wish.name in observed.backends:
            record = record._replace(present=True, published=None)
        if record.present:
            return observed._replace(backend=record)
        if self.wish.makes:
            require(process.facts.version, "dynamic_backends", process.name)
            from .creation import missing  # few tasks make a backend

            keys = [(self.wish.name, name) for wish in self.wishes.wishes for name in sorted(wish.names.names)]
            observed = observed._replace(
                backends=[*observed.backends, self.wish.name], servers={key: missing(key) for key in keys}
            )
        return observed._replace(backend=record)

    def _assigned(self, now: PerProcess[Observed]) -> PerProcess[dict[Key, Values]]:
        if self.slots is None:
            return super()._assigned(now)
        here = {process: in_backend(self.wish.name, seen.servers) for process, seen in now.items()}
        wished = self.slots.assigned({process: those for process, those in here.items() if those})
        return PerProcess(
            {
                p: {(self.wish.name, name): it for name, it in wished.items() if name in those}
                for p, those in here.items()
            }
        )

    def aim(self, now: PerProcess[Observed], origin: PerProcess[Observed]) -> Sequence[Goal[Observed]]:
        if self.wish.state == "absent" and not any(seen.backend.present for seen in now.values()):
            return []
        self._is_there(now)
        wished = self._assigned(now)
        self.wishes.all_found(now, wished)
        leaving = {
            p: {key: it for key, it in those.items() if _leaves(now[p].servers[key], it)} for p, those in wished.items()
        }
        joining = {p: {key: it for key, it in those.items() if key not in leaving[p]} for p, those in wished.items()}
        if any(it.min_up is not None for those in wished.values() for it in those.values()):
            from .min_up import refuse_too_few  # not every task guards

            if refuse_too_few(now, wished, joined_first=True):
                joining = {p: {key: _sure(it) for key, it in those.items()} for p, those in joining.items()}
        return [
            *self._own(now, "first"),
            *goals_of(now, origin, joining),
            *self._own(now, "between"),
            *self._going_back(goals_of(now, origin, leaving), now),
            *self._own(now, "last"),
        ]

    def _is_there(self, now: PerProcess[Observed]) -> None:
        """
        :raises HAProxyError: when the backend is missing and is not to be made.
        """
        for process, seen in now.items():
            if seen.backend.published is None and self.wish.state in ("published", "unpublished"):
                raise InputError(f"{seen.backend.called} is disabled by the configuration", process=process)
            if seen.backend.present or self.wish.state == "absent":
                continue
            if not self.wish.makes and self.wish.state in ("present", "published", "unpublished"):
                raise InputError(
                    f"process {process} has no backend {self.wish.name}; to create one, say defaults", process=process
                )
        if (
            self.wish.state != "absent"
            and not self.wish.makes
            and not any(seen.backend.present for seen in now.values())
        ):
            from .not_found import nowhere  # needed after failures only
            from .selection import names_of

            names = {name for seen in now.values() for name in seen.backends}
            raise nowhere("backend", names_of("name", [self.wish.name]), names)

    def _own(self, now: PerProcess[Observed], when: str) -> Sequence[Goal[Observed]]:
        """What happens to the backend itself before, between and after what happens to its servers."""
        aimed = {process: self._aimed(seen.backend, when) for process, seen in now.items()}
        those = {process: {self.wish.own: it} for process, it in aimed.items() if it is not None}
        if not those:
            return ()
        former = PerProcess[Mapping[Key, Any]]({}) if self.wish.state == "absent" else None
        return self._going_back([Goal(PerProcess(those), former=former)], now)

    def _going_back(self, goals: Sequence[Goal[Observed]], now: PerProcess[Observed]) -> Sequence[Goal[Observed]]:
        """With a backend that cannot be deleted as published as it was, where its servers get their former state."""
        if self.wish.state != "absent":
            return goals
        own = {
            process: {self.wish.own: Aimed(seen.backend, frozenset({"published"}))}
            for process, seen in now.items()
            if seen.backend.present
        }
        return [
            replace(
                goal,
                former=PerProcess({p: {**goal.former.get(p, {}), **own.get(p, {})} for p in {**goal.former, **own}}),
            )
            if goal.former is not None
            else goal
            for goal in goals
        ]

    def _aimed(self, now: Backend, when: str) -> Aimed[Backend] | None:
        wish = self.wish
        if wish.state == "absent":
            return self._going(now, when)
        there = now._replace(present=True, defaults=wish.defaults, mode=wish.mode)
        if when == "first" and not now.present and wish.makes:
            return Aimed(there, frozenset({"present"}))
        if not (now.present or wish.makes):
            return None
        if when == "first" and wish.state == "unpublished" and now.present:
            return Aimed(there._replace(published=False), frozenset({"published"}))
        if when == "last" and wish.state == "published":
            return Aimed(there._replace(published=True), frozenset({"published"}))
        if when == "between" and (wish.cookie or wish.key):
            return self._with_cookies(there)
        return None

    def _with_cookies(self, there: Backend) -> Aimed[Backend]:
        wish, fields, deeds = self.wish, set(), {}
        target = there._replace(key=wish.key or "", cookie=wish.cookie or there.cookie)
        if wish.cookie and there.cookie is None:
            deeds["dynamic_cookie"] = self._deed(backends.switch_cookie(target))
        elif wish.cookie:
            fields.add("dynamic_cookie")
        # What the cookies come from is seen as long as there are any.
        if wish.key and "disabled" not in (target.cookie, wish.cookie) and there.cookie is not None:
            fields.add("dynamic_cookie_key")
            target = target._replace(fits=True)
        elif wish.key:
            deeds["dynamic_cookie_key"] = self._deed(backends.set_key(target))
        return Aimed(target, frozenset(fields), deeds)

    def _deed(self, command: Any) -> Step:
        return Step((self.wish.own, command.kind), command, seen=False)

    def _going(self, now: Backend, when: str) -> Aimed[Backend] | None:
        if not now.present:
            return None
        if when == "first":
            asked = frozenset({"deletable"}) if now.published or now.servers else frozenset()
            return Aimed(now._replace(asked=True, published=False), asked | {"published"})
        return Aimed(now._replace(present=False, published=False), frozenset({"present"})) if when == "last" else None

    def route(self, now: Observed, aimed: Mapping[Key, Any]) -> Iterable[Step]:
        own, rest = self._split(aimed)
        yield from route(FIELDS, {self.wish.own: now.backend}, own)
        yield from super().route(now, rest)

    def predicted(self, now: Observed, aimed: Mapping[Key, Any]) -> Observed:
        own, rest = self._split(aimed)
        made = any(it.record.present and not now.servers[key].present for key, it in rest.items() if key in now.servers)
        if made and now.backend.late and now.backend.cookie == "enabled":
            now = now._replace(backend=now.backend._replace(cookie="partly", fits=False))
        now = super().predicted(now, rest)
        return now._replace(backend=own[self.wish.own].record._replace(asked=False)) if own else now

    def missed(self, now: Observed, aimed: Mapping[Key, Any]) -> dict[Part, str]:
        own, rest = self._split(aimed)
        there = {self.wish.own: now.backend}
        wrong = missed(FIELDS, there, own, lambda it: it.called)
        if (self.wish.own, "dynamic_cookie") in wrong and not self.wish.key:
            wrong[self.wish.own, "dynamic_cookie"] += "; HAProxy seems to have no key for it: say dynamic_cookie_key"
        return {**wrong, **super().missed(now, rest)}

    def _split(self, aimed: Mapping[Key, Any]) -> tuple[dict[Key, Any], dict[Key, Any]]:
        """What is aimed at for the backend itself, and for its servers."""
        own = {key: it for key, it in aimed.items() if key == self.wish.own}
        return own, {key: it for key, it in aimed.items() if key not in own}

    def view(self, now: PerProcess[Observed], keys: Sequence[Key]) -> dict[str, object]:
        servers = super().view(now, [key for key in keys if key != self.wish.own])
        return {self.wish.name: self._record(now), **servers} if self.wish.own in keys else servers

    def _record(self, now: PerProcess[Observed]) -> dict[str, object]:
        """The backend itself over all processes."""
        return {
            "name": self.wish.name,
            **merged_view({process: self._values(seen.backend) for process, seen in now.items()}),
        }

    def _values(self, backend: Backend) -> dict[str, object]:
        """What can be read of it; of cookies only where the task is about them."""
        speaks = backend.present and (self.wish.cookie or self.wish.key) and backend.cookie
        return {"state": backend.state, **({"dynamic_cookie": backend.cookie} if speaks else {})}

    def answer(self, before: PerProcess[Observed], after: PerProcess[Observed], waited: float) -> dict[str, object]:
        views = [self._values(seen.backend) for seen in after.values()]
        backend = {
            "name": self.wish.name,
            "before": self._record(before),
            "after": self._record(after),
            "consistent": all(view == views[0] for view in views),
        }
        return {"backend": backend, **super().answer(before, after, waited)}


def _leaves(server: Server, values: Values) -> bool:
    """Whether the server goes out of service, and so has to wait for those that come."""
    weight = values.settings.get("weight")
    down = any(values.settings.get(name) in ("down", "stopping") for name in ("health_status", "agent_status"))
    out = server.present and (down or (weight is not None and not weight.number))
    return values.state in ("absent", "maint", "drain") or out


def _sure(values: Values) -> Values:
    """The same, waited for until it is so: nobody goes before."""
    return values._replace(wait=True, terms=values.terms._replace(on_timeout="fail"))
