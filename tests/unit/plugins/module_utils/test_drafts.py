# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was loaded is read on every process before anything is committed, and what is wrong is told once."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._drafts import inspect
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    CannotConnect,
    ClosedEarly,
    CommandRefused,
    HAProxyError,
    InputError,
    TimedOut,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._process import Process
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._telling import Told
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._transport import Conversation

from unit.plugins.module_utils.support import ScriptedConverse, fleet_of, process

REFUSED = "regex '^(a' is invalid"


def _refused() -> CommandRefused:
    return CommandRefused(f"HAProxy refused 'add map': {REFUSED}", answer=REFUSED, command="add map")


def _inspected(
    told: Mapping[str, Told], found: Mapping[str, HAProxyError | None]
) -> tuple[HAProxyError | None, list[tuple[str, str]]]:
    """What is raised, and which versions of which processes were looked at."""
    looked = []

    def look(one: Process, version: str) -> Conversation[None]:
        yield from ()
        looked.append((one.name, version))
        error = found.get(one.name)
        if error is not None:
            raise error

    fleet = fleet_of([process(name) for name in told], ScriptedConverse(lambda _exchange: b""))
    try:
        inspect(fleet, look, told)
    except HAProxyError as error:
        return error, looked
    return None, looked


def test_every_process_is_looked_at_in_its_own_version() -> None:
    error, looked = _inspected({"p1": Told(version="3"), "p2": Told(version="17")}, {})
    assert error is None
    assert looked == [("p1", "3"), ("p2", "17")]


@pytest.mark.parametrize(
    ("told", "found", "message", "looked"),
    [
        pytest.param(
            {"p1": Told(version="1"), "p2": Told(version="1")},
            {"p2": InputError("it did not take entry 3, 'x'")},
            "process p2: it did not take entry 3, 'x'; nothing was changed",
            ["p1", "p2"],
            id="HAProxy said nothing, and yet one is missing",
        ),
        pytest.param(
            {"p1": Told(version="1", error=_refused())},
            {"p1": InputError("it did not take entry 3, '^(a'")},
            f"process p1: it did not take entry 3, '^(a': {REFUSED}; nothing was changed",
            ["p1"],
            id="what is missing is named with HAProxy's words",
        ),
        pytest.param(
            {"p1": Told(version="1", error=_refused())},
            {},
            f"process p1: HAProxy refused 'add map': {REFUSED}; nothing was changed",
            ["p1"],
            id="a refusal is one, whatever is there",
        ),
        pytest.param(
            {"p1": Told(error=_refused()), "p2": Told(version="1")},
            {},
            f"process p1: HAProxy refused 'add map': {REFUSED}; nothing was changed",
            ["p2"],
            id="no number, no version to look at",
        ),
        pytest.param(
            {"p1": Told(version="1", error=TimedOut("p1 hangs")), "p2": Told(version="1")},
            {},
            "p1 hangs; nothing was changed",
            ["p2"],
            id="one that hangs is not asked again",
        ),
        pytest.param(
            {"p1": Told(version="1", error=_refused())},
            {"p1": ClosedEarly("gone")},
            f"process p1: HAProxy refused 'add map': {REFUSED}; nothing was changed",
            ["p1"],
            id="the first error counts",
        ),
        pytest.param(
            {
                "p1": Told(version="1"),
                "p2": Told(version="1", error=_refused()),
                "p3": Told(error=CannotConnect("no connection")),
            },
            {"p1": InputError("first")},
            "process p1: first (and 2 more of 3 processes); nothing was changed",
            ["p1", "p2"],
            id="several",
        ),
    ],
)
def test_what_is_told(told: dict[str, Told], found: dict[str, HAProxyError], message: str, looked: list[str]) -> None:
    error, seen = _inspected(told, found)
    assert str(error) == message
    assert [name for name, _version in seen] == looked
    assert error is not None
    assert error.done == ()


def test_haproxys_refusal_stands_behind_what_is_said_of_the_entry() -> None:
    refusal = _refused()
    error, _looked = _inspected({"p1": Told(version="1", error=refusal)}, {"p1": InputError("entry 1")})
    assert isinstance(error, InputError)
    assert error.__cause__ is refusal
