# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which version can do what: the first that can, the last that cannot, and those between that are broken."""

from __future__ import annotations

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import FeatureMissing
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._features import FEATURES, has, require, version_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._lacking import lacking

# Feature → (version, whether it can), in order, on both sides of each change.
SIDES = {
    "long_lines": [("2.9.99", False), ("3.0.0", True), ("3.4.0", True)],
    "whole_lines": [("3.1.99", False), ("3.2.0", True)],
    "server_ssl": [("2.3.99", False), ("2.4.0", True)],
    "check_address": [("2.3.99", False), ("2.4.0", True), ("3.3.99", True), ("3.4.0", False), ("3.4.7", False),
                      ("3.4.8", True)],
    "agent_port": [("2.3.99", False), ("2.4.0", True)],
    "frontend_stays": [("2.2.99", False), ("2.3.0", True)],
    "frontend_status": [("2.1.99", False), ("2.2.0", True), ("2.2.99", True), ("2.3.0", False), ("2.6.11", False),
                        ("2.6.12", True)],
    "clear_all_counters": [("2.1.99", False), ("2.2.0", True), ("3.3.99", True), ("3.4.0", False), ("3.4.1", True)],
    "set_versions": [("2.3.99", False), ("2.4.0", True)],
    "cookies_of_new_servers": [("2.9.99", False), ("3.0.0", True)],
    "dynamic_backends": [("3.3.99", False), ("3.4.0", True)],
    "sets_by_key": [("2.8.99", False), ("2.9.0", True)],
    "sets_need_admin": [("3.2.99", False), ("3.3.0", True)],
    "dynamic_servers": [("2.5.99", False), ("2.6.0", True)],
}  # fmt: skip


def test_every_feature_is_here() -> None:
    assert set(SIDES) == set(FEATURES)


@pytest.mark.parametrize("feature", SIDES)
def test_both_sides_of_each_change(feature: str) -> None:
    assert [(version, has(version_of(version), feature)) for version, _can in SIDES[feature]] == SIDES[feature]
    assert has(version_of("4.0.0"), feature)


@pytest.mark.parametrize(
    ("feature", "version", "words"),
    [
        ("dynamic_backends", "3.3.99", "needs HAProxy 3.4"),
        ("clear_all_counters", "3.4.0", "does not work with HAProxy 3.4.0"),
        ("check_address", "2.3.99", "needs HAProxy 2.4"),
        ("check_address", "3.4.7", "does not work with HAProxy 3.4.0 to 3.4.7"),
    ],
)
def test_what_a_version_lacks_is_told_with_the_versions_that_have_it(feature: str, version: str, words: str) -> None:
    with pytest.raises(FeatureMissing) as caught:
        require(version_of(version), feature, "p1")
    assert str(caught.value).endswith(f" {words}, process p1 runs {version}")


def test_a_version_that_began_with_what_does_not_work_there_lacks_it_for_that_reason() -> None:
    error = lacking("a thing", (3, 4), ((3, 4, 0), (3, 4, 0)), version_of("3.4.0"), "p1")
    assert str(error) == "a thing does not work with HAProxy 3.4.0, process p1 runs 3.4.0"
