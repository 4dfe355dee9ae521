# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cells of the matrix can be red: each of these breaks the collection as a careless change would."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils import (
    _aftermath,
    _discovery,
    _engine,
    _errors,
    _fleet,
    _lines,
    _process,
    _protocol,
    _sending,
    _telling,
    _transport,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources import raw

from lab.tasks import MODULES
from lab.versions import newest

from .judged import kind_of
from .matrix import FAULTS, met
from .modules import DEEDS
from .stage import Stages

_WHOLE = _protocol.read_data

Patch = Callable[[pytest.MonkeyPatch], None]


def _sets(target: Any, name: str, value: Any) -> Patch:
    return lambda patch: patch.setattr(target, name, value)


def _well(answers: dict[str, Any]) -> dict[str, Any]:
    """The answers, without those that are errors."""
    return {name: answer for name, answer in answers.items() if not isinstance(answer, _errors.HAProxyError)}


def _forgotten(name: str) -> Patch:
    """The failure of several processes, with a list that is empty."""
    real = _aftermath.failure

    def failure(*arguments: Any) -> _errors.HAProxyError:
        error = real(*arguments)
        setattr(error, name, [])
        return error

    return _sets(_aftermath, "failure", failure)


def _raises(*_arguments: Any, **_more: Any) -> Any:
    raise KeyError("srv_name")


def _shown(patch: pytest.MonkeyPatch) -> None:
    """The key is not marked as a secret, and commands are shown as they are."""
    module = importlib.import_module(f"{MODULES}.haproxy_backend")
    patch.setitem(module.ARGUMENTS["dynamic_cookie_key"], "no_log", False)
    patch.setattr(_protocol.Command, "shown", property(lambda command: command.text))


def _twice(patch: pytest.MonkeyPatch) -> None:
    """A silent process costs the double time."""
    real = _transport.converse
    module = importlib.import_module(f"{MODULES.removesuffix('.modules')}.module_utils._runner")
    patch.setattr(module, "converse", lambda conversations, timeout: real(conversations, 3 * timeout))


# What is broken: the fault and the module whose cell shows it, and how it is broken.
CARELESS: dict[str, tuple[str, str, Patch]] = {
    "a line's refusal is swallowed": (
        "one refuses", "haproxy_server", _sets(_telling, "read_joined", lambda _raw, count, _route: _lines.Joined(count, None)),
    ),
    "a raw command's refusal is swallowed": (
        "one refuses", "haproxy_command", _sets(raw, "judge", lambda _command, _reply: None),
    ),
    "nothing is confirmed": ("lies: done, without effect", "haproxy_server", _sets(_engine, "_confirm", lambda *_: None)),
    "the old state is believed": ("lies: the old state", "haproxy_map", _sets(_engine, "_confirm", lambda *_: None)),
    "processes with errors are left out": ("process 2 of 4 dies within", "haproxy_info", _sets(_fleet, "all_well", _well)),
    "sockets that fail are passed over": ("hung", "haproxy_server", _sets(_discovery, "_skip", lambda *_: [])),
    "unconfirmed commands are forgotten": ("process 1 of 4 dies after", "haproxy_frontend", _forgotten("unconfirmed")),
    "what was not attempted is forgotten": ("process 1 of 4 dies before", "haproxy_acl", _forgotten("not_attempted")),
    "refused commands are forgotten": ("one refuses", "haproxy_global", _forgotten("refused")),
    "what was done is forgotten": ("one refuses", "haproxy_server", _sets(_sending.Ledger, "lines", lambda _ledger: [])),
    "another pid is believed": ("lies: another pid", "haproxy_info", _sets(_process, "parse_info", lambda _table: _any_pid())),
    "a reply cut short is taken for whole": (
        "reset in the middle", "haproxy_info", _sets(_process, "read_data", lambda raw, route: _WHOLE(raw + b"\n\n", route)),
    ),
    "a fault of our own": ("none", "haproxy_info", _sets(_fleet.Fleet, "each", _raises)),
    "a silent process costs three timeouts": ("hung", "haproxy_map_info", _twice),
    "a secret is shown": ("refuses, and repeats it", "haproxy_backend", _shown),
}  # fmt: skip


class _AnyPid(dict[str, str]):
    def get(self, name: str, default: Any = None) -> Any:
        return _Equal() if name == "Pid" else super().get(name, default)


class _Equal(str):
    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False


def _any_pid() -> dict[str, str]:
    return _AnyPid({"Name": "HAProxy", "Version": "3.0.0"})


@pytest.fixture(scope="module")
def stages() -> Iterator[Stages]:
    """The fleets of the newest version."""
    running = Stages(newest())
    yield running
    running.close()


@pytest.mark.parametrize("careless", CARELESS)
def test_a_careless_change_makes_a_cell_red(stages: Stages, monkeypatch: pytest.MonkeyPatch, careless: str) -> None:
    fault, module, change = CARELESS[careless]
    row, deed = FAULTS[fault], DEEDS[module]

    def is_green() -> bool:
        with stages.stage(row.fleet, deed, fresh=row.fresh) as stage:
            try:
                return kind_of(met(stage, row.breaks, lied=row.lied).result) == row.expected(deed, newest())
            except AssertionError:
                return False

    assert is_green(), "it is red without a change"
    change(monkeypatch)
    assert not is_green()
