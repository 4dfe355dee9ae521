# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dynamic cookies, as they are published and as every version computes them (``lab.capture.BACKENDS``)."""

from __future__ import annotations

import re

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.cookies import dynamic_cookie, xxh64
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.stat import SERVER, parse_stat

from unit.plugins.module_utils.support import VERSIONS, reply_of, text_of

PLACES = {"four": ("127.0.0.1", 8001), "six": ("::1", 8003)}
# Bytes of the keys of cookies_of_keys.txt. What is hashed is 8 or 20 bytes longer, for IPv4 and IPv6.
KEY_LENGTHS = (1, 23, 24, 31, 32, 33, 63, 64)


@pytest.mark.parametrize(("text", "number"), [
    ("", 0xEF46DB3751D8E999),
    ("a", 0xD24EC4F1A98C6E5B),
    ("as", 0x1C330FB2D66BE179),
    ("asd", 0x631C37CE72A97393),
    ("asdf", 0x415872F599CEA71E),
    ("abc", 0x44BC2CF5AD770999),
    ("Call me Ishmael. Some years ago--never mind how long precisely-", 0x02A2E85470D6FD96),
    ("Nobody inspects the spammish repetition", 0xFBCEA83C8A378BF1),
])  # fmt: skip
def test_published_hashes(text: str, number: int) -> None:
    """From the tests of other implementations of XXH64 with seed 0; the one before the last has 63 bytes."""
    assert xxh64(text.encode()) == number


@pytest.mark.parametrize(("key", "server", "cookie"), [
    ("secret", "four", "5257c60a33986867"),
    ("secret", "six", "832a840384538f8b"),
    ("k2 x", "four", "577599f22a2a81ae"),
    ("k2 x", "six", "314dbcb2bf978e32"),
])  # fmt: skip
@pytest.mark.parametrize("version", VERSIONS)
def test_cookies_that_haproxy_shows(version: str, key: str, server: str, cookie: str) -> None:
    assert dynamic_cookie(key.encode(), *PLACES[server]) == cookie
    assert _cookies(text_of(version, "backends_stat" if key == "secret" else "cookie_key_stat"))[server] == cookie


@pytest.mark.parametrize("version", VERSIONS)
def test_keys_of_every_length(version: str) -> None:
    """With 32 bytes and more, the hash takes another way, and then one for each remainder by 8 and by 4."""
    tables = re.findall(r"# pxname(?:.+\n)+", reply_of(version, "cookies_of_keys").decode())
    shown = [{name: _cookies(table)[name] for name in PLACES} for table in tables]
    assert shown == [
        {name: dynamic_cookie(b"k" * length, *place) for name, place in PLACES.items()} for length in KEY_LENGTHS
    ]
    assert len({cookie for cookies in shown for cookie in cookies.values()}) == 2 * len(KEY_LENGTHS)


@pytest.mark.parametrize(
    "other",
    [("secre", "127.0.0.1", 8001), ("secret", "127.0.0.2", 8001), ("secret", "127.0.0.1", 8002)],
    ids=["key", "address", "port"],
)
def test_each_part_counts(other: tuple[str, str, int]) -> None:
    key, address, port = other
    assert dynamic_cookie(key.encode(), address, port) != dynamic_cookie(b"secret", "127.0.0.1", 8001)


def test_an_address_counts_by_its_bytes_and_not_by_its_text() -> None:
    assert dynamic_cookie(b"secret", "0:0:0:0:0:0:0:1", 8003) == "832a840384538f8b"


def test_leading_zeros_are_shown() -> None:
    cookies = [dynamic_cookie(b"secret", "127.0.0.1", port) for port in range(1000)]
    assert {len(cookie) for cookie in cookies} == {16}
    assert any(cookie.startswith("0") for cookie in cookies)


@pytest.mark.parametrize("address", ["unix", "", "localhost", "127.0.0.300"])
def test_what_is_no_address_has_no_cookie(address: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be an IPv4 or IPv6 address"):
        dynamic_cookie(b"secret", address, 80)


def _cookies(table: str) -> dict[str, str]:
    """Server of ``sticky`` → its cookie."""
    rows = parse_stat(table, ("pxname", "svname", "type", "cookie"))
    return {row["svname"]: row["cookie"] for row in rows if row["pxname"] == "sticky" and row["type"] == SERVER}
