# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms of an address, as users and HAProxy write them, and what is none."""

from __future__ import annotations

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._address import Address, address_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import InputError
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "path"),
    [
        pytest.param("/run/haproxy/admin.sock", "/run/haproxy/admin.sock", id="a path"),
        pytest.param("unix@/run/haproxy/admin.sock", "/run/haproxy/admin.sock", id="as HAProxy writes it"),
        pytest.param("/run/host:9999", "/run/host:9999", id="a path that looks like a port at its end"),
        pytest.param("/run/with blank/ü", "/run/with blank/ü", id="blanks and umlauts"),
        pytest.param("/run/*.sock", "/run/*.sock", id="a glob is a path as well"),
        pytest.param("~/admin.sock", "/users/op/admin.sock", id="home"),
        pytest.param("unix@~/admin.sock", "/users/op/admin.sock", id="home, with its kind"),
    ],
)
def test_a_path(monkeypatch: pytest.MonkeyPatch, text: str, path: str) -> None:
    monkeypatch.setenv("HOME", "/users/op")
    assert address_of(text) == Address(text, path=path)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        pytest.param("tcp://lb1.example.org:9999", "lb1.example.org", 9999, id="a URL"),
        pytest.param("lb1:9999", "lb1", 9999, id="a host"),
        pytest.param("localhost:1", "localhost", 1, id="the first port"),
        pytest.param("192.0.2.1:65535", "192.0.2.1", 65535, id="IPv4, the last port"),
        pytest.param("tcp://192.0.2.1:80", "192.0.2.1", 80, id="a URL with IPv4"),
        pytest.param("ipv4@192.0.2.1:80", "192.0.2.1", 80, id="IPv4 as HAProxy writes it"),
        pytest.param("[::1]:9999", "::1", 9999, id="IPv6"),
        pytest.param("tcp://[2001:db8::1]:9999", "2001:db8::1", 9999, id="a URL with IPv6"),
        pytest.param("ipv6@::1:9999", "::1", 9999, id="IPv6 as HAProxy writes it, without brackets"),
        pytest.param("ipv6@[::1]:9999", "::1", 9999, id="IPv6 as HAProxy takes it"),
        pytest.param("ipv6@2001:db8::1:80", "2001:db8::1", 80, id="IPv6, the port behind the last colon"),
    ],
)
def test_a_host_and_a_port(text: str, host: str, port: int) -> None:
    assert address_of(text) == Address(text, host=host, port=port)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("admin.sock", id="a relative path"),
        pytest.param("./admin.sock", id="a relative path with a dot"),
        pytest.param("run/haproxy/admin.sock:1", id="a relative path with a number"),
        pytest.param("~nobody-of-this-name/admin.sock", id="nobody's home"),
        pytest.param("unix@", id="a kind alone"),
        pytest.param("unix@admin.sock", id="a relative path with its kind"),
        pytest.param("/run/a\0b", id="NUL in a path"),
        pytest.param("~a\0/b", id="NUL in a user's name"),
        pytest.param("abns@haproxy", id="an abstract socket"),
        pytest.param("fd@3", id="a file descriptor"),
        pytest.param("sockpair@5", id="a pair of sockets"),
        pytest.param("lb1", id="a host alone"),
        pytest.param("lb1:", id="no port"),
        pytest.param(":9999", id="no host"),
        pytest.param("*:9999", id="any host"),
        pytest.param("tcp://", id="a scheme alone"),
        pytest.param("http://lb1:80", id="another scheme"),
        pytest.param("lb1:0", id="port 0"),
        pytest.param("lb1:65536", id="a port too high"),
        pytest.param("lb1:999999999999", id="a port far too high"),
        pytest.param("lb1:-1", id="a port below 0"),
        pytest.param("lb1:+80", id="a port with a sign"),
        pytest.param("lb1:\u0968\u0968", id="a port in other digits"),
        pytest.param("lb1:80 ", id="a blank behind"),
        pytest.param("lb1:80\n", id="a line end behind"),
        pytest.param("lb 1:80", id="a blank in a host"),
        pytest.param("-lb1:80", id="a host that begins with a dash"),
        pytest.param("lb1-:80", id="a host that ends with a dash"),
        pytest.param("user@lb1:80", id="a user"),
        pytest.param("lb1/path:80", id="a path in a host"),
        pytest.param("-lb1:80", id="no name of a host"),
        pytest.param("h\u00f6st:80", id="no ASCII in a host"),
        pytest.param("::1:9999", id="IPv6 without brackets"),
        pytest.param("tcp://::1:9999", id="a URL with IPv6 without brackets"),
        pytest.param("[192.0.2.1]:80", id="IPv4 in brackets"),
        pytest.param("[lb1]:80", id="a host in brackets"),
        pytest.param("[::1:80", id="half a pair of brackets"),
        pytest.param("tcp://ipv4@192.0.2.1:80", id="two kinds"),
        pytest.param("ipv4@lb1:80", id="a name where HAProxy writes IPv4"),
        pytest.param("ipv4@::1:80", id="IPv6 under ipv4"),
        pytest.param("ipv4@[::1]:80", id="IPv6 in brackets under ipv4"),
        pytest.param("ipv6@192.0.2.1:80", id="IPv4 under ipv6"),
        pytest.param("ipv6@lb1:80", id="a name where HAProxy writes IPv6"),
    ],
)
def test_what_is_no_address_is_refused_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(InputError) as caught:
        address_of(text)
    assert str(caught.value).startswith(f"socket {text!r} is neither an absolute path nor one of unix@PATH, ")
    assert "[IPV6]:PORT" in str(caught.value)


@given(st.one_of(st.text(max_size=40), st.text(st.sampled_from("tcp:/ipv46@[]unix~.-1a \n"), max_size=40)))
def test_any_text_is_one_place_or_refused(text: str) -> None:
    try:
        address = address_of(text)
    except InputError:
        return
    assert address.text == text
    assert bool(address.path) != bool(address.host)
    assert bool(address.host) == (0 < address.port < 65536)
