# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of a task's wishes is about which server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

from .._errors import InputError

if TYPE_CHECKING:
    from .._dialect.servers import Key, Server
    from .observed import Observed
    from .values import Values
    from .wish import Wish


class Wishes:
    """All wishes of a task."""

    def __init__(self, wishes: tuple[Wish, ...]) -> None:
        self.wishes = wishes

    @cached_property
    def settings(self) -> frozenset[str]:
        """The settings that the task speaks of."""
        return frozenset(name for wish in self.wishes for values in wish.everywhere for name in values.settings)

    def spoken(self, key: Key) -> frozenset[str]:
        """The settings that the task speaks of for this server."""
        return frozenset(name for wish in self.of(key) for values in wish.everywhere for name in values.settings)

    @cached_property
    def delete(self) -> bool:
        """Whether any server is to be deleted."""
        return any(values.state == "absent" for wish in self.wishes for values in wish.everywhere)

    @cached_property
    def _exact(self) -> dict[Key, list[Wish]]:
        """(backend, server) → wishes that name just these."""
        exact: dict[Key, list[Wish]] = {}
        for wish in self.wishes:
            if not wish.loose and wish.backends is not None:
                for key in product(wish.backends.names, wish.names.names):
                    exact.setdefault(key, []).append(wish)
        return exact

    @cached_property
    def _loose(self) -> list[Wish]:
        """The wishes that have to be looked at for every server."""
        return [wish for wish in self.wishes if wish.loose]

    @cached_property
    def _guarding(self) -> list[Wish]:
        return [wish for wish in self.wishes if any(values.min_up is not None for values in wish.everywhere)]

    def of(self, key: Key) -> list[Wish]:
        """The wishes that are about this server: at most one, if the task is sound."""
        return self._exact.get(key, []) + [wish for wish in self._loose if wish.means(key)]

    def means(self, key: Key) -> bool:
        return bool(self.of(key))

    def look_at(self, backend: str, name: str) -> bool:
        """Whether the server has to be read whole: the task is about it, or about how many are left beside it."""
        return self.means((backend, name)) or any(wish.in_backend(backend) for wish in self._guarding)

    def could_be(self, backends: Sequence[str], *, new: bool) -> set[Key]:
        """The servers that the task would make or does not want, whether they are there or not.

        :param backends: those that a process has.
        :param new: whether it can make a server.
        """
        if not any(values.state == "absent" or values.creates for wish in self.wishes for values in wish.everywhere):
            return set()
        from .makings import could_be  # most tasks are about servers that are there

        return could_be(self.wishes, backends, new=new)

    def assigned(self, process: str, servers: Mapping[Key, Server]) -> Iterator[tuple[Key, Values]]:
        """What is asked of each of these servers.

        :raises InputError: when two wishes are about one.
        """
        for key, server in servers.items():
            wishes = self.of(key)
            if len(wishes) > 1:
                raise InputError(f"two items of servers are about {server.called}")
            for wish in wishes:
                values = wish.at(process)
                if server.present or values.creates or values.state == "absent":
                    yield key, values

    def all_found(self, now: Mapping[str, Observed], assigned: Mapping[str, Mapping[Key, Values]]) -> None:
        """
        :raises ObjectNotFound: for the first name that matches nothing anywhere.
        :raises InputError: for a process that is not there.
        """
        backends = {name for seen in now.values() for name in seen.backends}
        found: dict[int, set[str]] = {}
        for key in {key for those in assigned.values() for key in those}:
            for wish in self.of(key):
                found.setdefault(id(wish), set()).add(key[1])
        # Those in backends that the configuration disables take no command.
        locked = {key for name, seen in now.items() for key in seen.keys if key not in assigned[name] and self.of(key)}
        for wish in self.wishes:
            strange = sorted(set(wish.special) - set(now))
            if strange:
                raise InputError(f"a value is for process {strange[0]}, and there are only {', '.join(now)}")
            if any(values.state == "present" for values in wish.everywhere):
                from .makings import needs_backend  # most tasks are about servers that are there

                needs_backend(wish, now, assigned)
            gone = any(values.state == "absent" for values in wish.everywhere) and not any(map(wish.means, locked))
            wanted = wish.fail_on_not_found and not gone
            lost = wish.backends.unmatched(backends) if wish.backends else []
            if lost or (wanted and wish.names.unmatched(found.get(id(wish), ()))):
                from .not_found import not_found  # needed after failures only

                keys = {key for seen in now.values() for key in seen.keys}
                raise not_found(wish.names, wish.backends, keys, backends, found.get(id(wish), set()))
