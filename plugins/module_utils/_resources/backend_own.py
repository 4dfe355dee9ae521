# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backend as a whole is to be, and how that is said: whether it is there, published, and has cookies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .._dialect import backends
from .._dialect.backends import Backend
from .._dialect.servers import Key
from .._plan import Part, Step
from .._protocol import Command
from .._shapes import Aimed, Field, route
from .backend_wish import BackendWish

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


def aimed(wish: BackendWish, now: Backend, when: str) -> Aimed[Backend] | None:
    """What the backend is to be ``first``, ``between`` the servers that come and those that go, and ``last``."""
    if wish.state == "absent":
        return _going(now, when)
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
        return _with_cookies(wish, there)
    return None


def _with_cookies(wish: BackendWish, there: Backend) -> Aimed[Backend]:
    fields: set[str] = set()
    deeds: dict[str, Step] = {}
    target = there._replace(key=wish.key or "", cookie=wish.cookie or there.cookie)
    if wish.cookie and there.cookie is None:
        deeds["dynamic_cookie"] = _deed(wish, backends.switch_cookie(target))
    elif wish.cookie:
        fields.add("dynamic_cookie")
    # What the cookies come from is seen as long as there are any.
    if wish.key and "disabled" not in (target.cookie, wish.cookie) and there.cookie is not None:
        fields.add("dynamic_cookie_key")
        target = target._replace(fits=True)
    elif wish.key:
        deeds["dynamic_cookie_key"] = _deed(wish, backends.set_key(target))
    return Aimed(target, frozenset(fields), deeds)


def _deed(wish: BackendWish, command: Command) -> Step:
    return Step((wish.own, command.kind), command, seen=False)


def _going(now: Backend, when: str) -> Aimed[Backend] | None:
    if not now.present:
        return None
    if when == "first":
        asked = frozenset({"deletable"}) if now.published or now.servers else frozenset()
        return Aimed(now._replace(asked=True, published=False), asked | {"published"})
    return Aimed(now._replace(present=False, published=False), frozenset({"present"})) if when == "last" else None


def steps_of(now: Backend, own: Mapping[Key, Aimed[Backend]]) -> Iterable[Step]:
    """The commands for the backend itself.

    :param own: what it is to be, under the key that stands for it.
    """
    return route(FIELDS, dict.fromkeys(own, now), own)


def missed_of(wish: BackendWish, now: Backend, own: Mapping[Key, Aimed[Backend]]) -> dict[Part, str]:
    """What of the backend itself is not as it should be, each with a sentence."""
    from .._missed import missed  # once commands were sent

    wrong = missed(FIELDS, dict.fromkeys(own, now), own, lambda it: it.called)
    if (wish.own, "dynamic_cookie") in wrong and not wish.key:
        wrong[wish.own, "dynamic_cookie"] += "; HAProxy seems to have no key for it: say dynamic_cookie_key"
    return wrong
