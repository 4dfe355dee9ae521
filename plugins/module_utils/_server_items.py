# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The items of the option ``servers``: a wish for each server, with values for single processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ._errors import InputError

Params = Mapping[str, Any]
Spec = dict[str, dict[str, Any]]


def parts_of(params: Params, item: Params, spec: Spec) -> tuple[Params, Params, Mapping[str, Params]]:
    """An item: which servers it names, what it says of them, and process → what it says of them there.

    What it does not say is said beside ``servers``. A dictionary is a value for each process.

    :param spec: of what can stand in an item.
    :raises InputError: for a value that its option does not take.
    """
    said = {name: value for name, value in item.items() if value is not None and name in spec}
    apart = {name: value for name, value in said.items() if isinstance(value, dict)}
    alike = {name: value for name, value in said.items() if name not in apart}
    names = {"name": item["name"], "backend": params["backend"] if item["backend"] is None else item["backend"]}
    beside = {name: params[name] for name in spec if params[name] is not None and name not in apart}
    if "wait_timeout" in said and "wait_retries" in said:
        raise InputError("an item of servers: wait_timeout and wait_retries exclude each other")
    if "wait_timeout" in said:
        beside.pop("wait_retries", None)
    values = _typed(spec, beside, alike)
    special = {process: _typed(spec, beside, {**alike, **its}) for process, its in _by_process(apart)}
    return names, values, special


def _by_process(apart: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for process in dict.fromkeys(str(process) for values in apart.values() for process in values):
        yield process, {name: values[process] for name, values in apart.items() if process in values}


def _typed(spec: Spec, beside: Params, said: Params) -> Params:
    """
    :raises InputError: with Ansible's own words for a value that the option does not take.
    """
    try:
        result = ArgumentSpecValidator(spec).validate({**beside, **said})
    except OverflowError as error:  # Ansible's own conversion of "inf" to a whole number
        raise InputError(f"an item of servers: {error}") from error
    if result.error_messages:
        raise InputError(f"an item of servers: {'; '.join(result.error_messages)}")
    typed: Params = result.validated_parameters
    return typed
