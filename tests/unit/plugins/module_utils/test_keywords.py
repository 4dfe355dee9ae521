# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keywords of a server, told from their values."""

from __future__ import annotations

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import InputError
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.keywords import keywords, words_of

# HAProxy's configuration manual, 5.2: those that take no value.
ALONE = (
    *("agent-check", "allow-0rtt", "backup", "check", "check-reuse-pool", "check-send-proxy", "check-ssl"),
    *("check-via-socks4", "disabled", "enabled", "non-stick", "renegotiate", "ssl", "ssl-reuse", "stick"),
    *("strict-maxconn", "tfo", "tls-tickets", "no-check", "force-tlsv12", "send-proxy", "send-proxy-v2"),
)


@pytest.mark.parametrize("keyword", ALONE)
def test_a_keyword_without_a_value(keyword: str) -> None:
    assert keywords([keyword, "weight", "5"]) == {keyword: "", "weight": "5"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param([], {}, id="nothing"),
        pytest.param(["weight"], {"weight": ""}, id="without the value that it takes"),
        pytest.param(["weight", "check", "backup"], {"weight": "check", "backup": ""}, id="a value like a keyword"),
        pytest.param(["check", "no-check"], {"no-check": ""}, id="taken back"),
        pytest.param(["no-check", "check"], {"no-check": "", "check": ""}, id="said after all"),
        pytest.param(["weight", "1", "weight", "2"], {"weight": "2"}, id="the last one counts"),
    ],
)
def test_keywords(words: list[str], expected: dict[str, str]) -> None:
    assert keywords(words) == expected


def test_words_are_those_of_a_configuration_file() -> None:
    assert words_of("check sni 'str(a b)'") == ("check", "sni", "str(a b)")
    assert len(words_of("a " * 60)) == 60


@pytest.mark.parametrize("options", ["check '", "a\nb", "a\x7fb", "a " * 61])
def test_what_is_no_list_of_words(options: str) -> None:
    with pytest.raises(InputError):
        words_of(options)
