# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task asks of a server, parsed once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .._checks import seconds
from .._errors import InputError
from .._terms import Terms
from .states import STATES

# Options that give a server something, beside its state and its weight.
SETTINGS = (
    *("address", "fqdn", "port", "ssl", "maxconn", "check_address", "check_port"),
    *("agent_address", "agent_port", "agent_send", "health_check", "agent_check", "health_status", "agent_status"),
)


class Values(NamedTuple):
    """What is asked of one server; None: leave alone.

    :param settings: option → value of what it is to be given.
    :param soft: of these, what is passed over in silence where there is no such check.
    :param options: keywords of a server that this task creates.
    """

    state: str | None
    settings: Mapping[str, Any]
    soft: frozenset[str]
    options: tuple[str, ...]
    drain: bool
    wait: bool
    terms: Terms
    interval: float
    shutdown_sessions: bool
    min_up: str | None

    @property
    def waits_for_sessions(self) -> bool:
        return (self.wait and self.state == "drain") or self.drains_first or self.state == "absent"

    @property
    def drains_first(self) -> bool:
        return self.drain and self.state in ("maint", "absent")

    @property
    def kills_first(self) -> bool:
        """Whether the sessions of a server that goes are ended instead of waited for."""
        return self.shutdown_sessions and self.state == "absent" and not self.drain

    @property
    def at_once(self) -> bool:
        """Whether no more is asked than a state and a weight, to be said in one go, with nothing to wait for."""
        return (
            self.state in (None, "ready", "drain", "maint")
            and not (self.wait or self.drains_first or self.shutdown_sessions)
            and self.settings.keys() <= {"weight"}
            # It gets traffic only with the weight that it is to have.
            and not (self.state == "ready" and self.settings)
        )

    @property
    def creates(self) -> bool:
        """Whether a server that is missing is made."""
        return self.state == "present" or (self.state != "absent" and bool(self.state) and "address" in self.settings)


def values_of(params: Mapping[str, Any]) -> Values:
    """
    :param params: options of the module, of their types; an option that is not there is as one that is None.
    :raises InputError: for a value that nothing can be meant by.
    """
    state = STATES[params["state"]] if params.get("state") else None
    settings = {name: params[name] for name in SETTINGS if params.get(name) is not None}
    soft: frozenset[str] = frozenset()
    if settings or params.get("health") or params.get("agent"):
        from .settings import settings_of  # not every task gives a server something

        settings, soft = settings_of(settings, params, state)
    if params.get("weight") is not None:
        from .weight import parse_weight  # not every task sets one

        settings["weight"] = parse_weight(params["weight"])
    if state == "absent":  # a server that goes is given nothing any more, but its agent must not bring it back
        settings = {name: value for name, value in settings.items() if (name, value) == ("agent_check", "disabled")}
    if params.get("shutdown_sessions") and state in ("ready", "present"):
        raise InputError("shutdown_sessions is for servers that are taken out; state=ready lets new sessions in")
    interval = seconds("wait_interval", params["wait_interval"], least=0.01)
    return Values(
        state=state,
        settings=settings,
        soft=soft,
        options=_words(params.get("options")),
        drain=bool(params.get("drain")),
        wait=bool(params.get("wait")),
        terms=Terms(_timeout(params, interval), params["on_timeout"]),
        interval=interval,
        shutdown_sessions=bool(params.get("shutdown_sessions")),
        min_up=params.get("min_up"),
    )


def _words(options: str | None) -> tuple[str, ...]:
    if not options:
        return ()
    from .keywords import words_of  # few tasks make a server

    return words_of(options)


def _timeout(params: Mapping[str, Any], interval: float) -> float:
    retries = params.get("wait_retries")
    if retries is None:
        return seconds("wait_timeout", params["wait_timeout"], least=0.0)
    if retries < 1:
        raise InputError(f"wait_retries is {retries}; at least one reading is always made")
    # No more than can be told from what is too long anyway: of larger numbers there is no float.
    return seconds("wait_retries times wait_interval", min(retries, 10**18) * interval, least=0.0)
