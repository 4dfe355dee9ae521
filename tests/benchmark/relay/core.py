# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module's own ``main()`` on the controller: what stands in for AnsibleModule, and for the places where the core
takes for granted that it runs where the sockets are. There are seven, all replaced here.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any, NoReturn
from unittest.mock import patch

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils import _discovery, _nbproc, _runner, _unreachable
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._address import Address, address_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.info import FACTS
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._process import CAUTIOUS_LINE
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import DIRECT, line_of

from .program import Row
from .transport import Relay

Result = dict[str, Any]
FIRST = line_of(FACTS, CAUTIOUS_LINE, DIRECT)


class Ended(Exception):  # noqa: N818 it is no error
    """The module has its result."""

    def __init__(self, result: Result) -> None:
        super().__init__()
        self.result = result


class StandIn:
    """What the core uses of AnsibleModule."""

    def __init__(
        self,
        given: Mapping[str, Any],
        *,
        check_mode: bool,
        diff: bool,
        name: str,
        argument_spec: Mapping[str, Any],
        supports_check_mode: bool,
        **rules: Any,
    ) -> None:
        assert supports_check_mode
        self.check_mode = check_mode
        self._diff = diff
        # Of no option of a server; secrets are what the modules' own would have to strike out.
        self.no_log_values: frozenset[str] = frozenset()
        self._warnings: list[str] = []
        judged = ArgumentSpecValidator(argument_spec, **rules).validate(dict(given))
        self.params: Mapping[str, Any] = judged.validated_parameters
        if judged.error_messages:
            unsupported = isinstance(judged.errors[0], UnsupportedError)
            begin = f"Unsupported parameters for ({name}) module: " if unsupported else ""
            self.fail_json(begin + judged.errors.msg)

    def warn(self, sentence: str) -> None:
        if sentence not in self._warnings:
            self._warnings.append(sentence)

    def exit_json(self, **result: Any) -> NoReturn:
        raise Ended({"changed": False, **result, **self._beside()})

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        raise Ended({**result, "failed": True, "msg": msg, **self._beside()})

    def _beside(self) -> Result:
        told: Result = {"invocation": {"module_args": dict(self.params)}}
        return {**told, "warnings": self._warnings} if self._warnings else told


def result_of(
    main: Callable[[], None], name: str, given: Mapping[str, Any], relay: Relay | None, *, check: bool, diff: bool
) -> Result:
    """What a module comes to on the controller.

    :param main: of the module with this name; `given`: its options.
    :param relay: the way to the target; None: the controller reaches the sockets itself.
    """
    stand_in = partial(StandIn, given, check_mode=check, diff=diff, name=name)
    with patch.object(_runner, "AnsibleModule", stand_in), elsewhere(relay, _seconds(given)):
        try:
            main()
        except Ended as ended:
            return ended.result
    raise AssertionError(f"{name} ended without a result")


@contextmanager
def elsewhere(relay: Relay | None, timeout: float) -> Iterator[None]:
    """Let the core's sockets and files be over there."""
    if relay is None:
        yield
        return
    rows: dict[str, list[Row]] = {}
    effective = _runner._entries

    def entries(option: Sequence[str] | None) -> list[str]:
        """Looks, too: one run of the relay tells what the entries mean and what answers there."""
        found = relay.look([] if option is None else effective(option), FIRST, timeout)
        rows.clear()
        for row in found.rows:
            rows.setdefault(row.entry, []).append(row)
        return found.said

    with ExitStack() as stack:
        for module, name, there in (
            (_runner, "converse", relay.converse),
            (_runner, "_entries", entries),
            (_discovery, "_candidates", partial(_found, rows=rows)),
            (_discovery, "_usual", partial(_usual, rows)),
            (_nbproc, "_same", partial(_same, relay)),
            (_unreachable, "_reason", partial(_reason, relay)),
        ):
            stack.enter_context(patch.object(module, name, there))
        yield


def _found(entry: str, rows: Mapping[str, list[Row]]) -> list[_discovery._Candidate]:
    """What an entry means over there.

    :raises InputError: when it is no address.
    """
    address = address_of(entry)
    places = ((row.named, Address(row.text, row.path) if row.path else address) for row in rows.get(entry, ()))
    return [_discovery._Candidate(entry, place, named) for named, place in places]


def _usual(rows: Mapping[str, list[Row]]) -> list[_discovery._Candidate]:
    return [_discovery._Candidate("", Address(row.text, row.path), False) for row in rows.get("", ())]


def _same(relay: Relay, one: Address, other: Address) -> bool:
    if one.path and other.path:
        return relay.real_path(one.path) == relay.real_path(other.path)
    return one[1:] == other[1:]


def _reason(relay: Relay, address: Address, number: int) -> int:
    return errno.ENOTSOCK if number == errno.ECONNREFUSED and not relay.is_socket(address.path) else number


def _seconds(given: Mapping[str, Any]) -> float:
    """Of the option `timeout`; what is none is refused by the core."""
    with suppress(TypeError, ValueError):
        return float(given.get("timeout", 10.0))
    return 10.0
