# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backends and dynamic cookies, as every version shows them and answers to their commands
(``lab.capture.BACKENDS``)."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.backends import (
    Backend,
    add_backend,
    del_backend,
    parse_backend,
    publish,
    set_key,
    switch_cookie,
    try_to_delete,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    CommandRefused,
    FeatureMissing,
    HAProxyError,
    InputError,
    NotFound,
    ReplyNotUnderstood,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._features import version_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import Command
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._telling import Told, can, tell

from unit.plugins.module_utils.support import VERSIONS, facts, process, reply_of, talk, text_of, words_of

NEW = [version for version in VERSIONS if version_of(version) >= (3, 4)]
ADDING = [version for version in VERSIONS if version_of(version) >= (2, 6)]


def _backend(version: str, when: str, name: str, key: str | None = None) -> Backend:
    return parse_backend(text_of(version, f"{when}_stat"), name, key)


# Reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("when", "name", "key", "cookie", "fits"), [
    pytest.param("backends", "sticky", None, "enabled", None, id="enabled, and nobody asks for a key"),
    pytest.param("backends", "sticky", "secret", "enabled", True, id="the key"),
    pytest.param("backends", "sticky", "k2 x", "enabled", False, id="another key"),
    pytest.param("cookie_key", "sticky", "k2 x", "enabled", True, id="after it was given another key"),
    pytest.param("cookie_key", "sticky", "secret", "enabled", False, id="the former key"),
    pytest.param("cookie_disabled", "sticky", "k2 x", "disabled", None, id="disabled, which tells nothing of the key"),
    pytest.param("backends", "plain", None, "disabled", None, id="never enabled"),
    pytest.param("cookie_keyless", "plain", "k", "disabled", None, id="enabled without a key is without effect"),
    pytest.param("cookie_keyless", "sticky", "k2 x", "enabled", True, id="enabled again"),
    pytest.param("backends", "owned", "secret", None, None, id="a cookie of its own tells nothing"),
    pytest.param("backends", "local", "secret", None, None, id="a UNIX socket tells nothing"),
])  # fmt: skip
@pytest.mark.parametrize("version", VERSIONS)
def test_dynamic_cookies(
    version: str, when: str, name: str, key: str | None, cookie: str | None, fits: bool | None
) -> None:
    backend = _backend(version, when, name, key)
    assert (backend.cookie, backend.fits) == (cookie, fits)
    assert backend.key == ""


@pytest.mark.parametrize("version", ADDING)
def test_a_server_that_is_added_has_its_cookie_but_for_2_6(version: str) -> None:
    """2.6 computes it when cookies are enabled or a key is set the next time."""
    backend = _backend(version, "cookie_added", "sticky", "k" * 64)
    assert backend.servers == 4
    assert (backend.cookie, backend.fits) == (("partly", False) if version == "2.6" else ("enabled", True))


@pytest.mark.parametrize(("cookie", "enabled"), [
    ("5257c60a33986867", "enabled"),
    ("", "disabled"),
    ("5257C60A33986867", None),
    ("5257c60a3398686", None),
    ("5257c60a339868670", None),
    ("s1", None),
])  # fmt: skip
def test_what_a_dynamic_cookie_looks_like(cookie: str, enabled: str | None) -> None:
    table = text_of("3.0", "cookie_keyless_stat").replace(",127.0.0.1:8001,,", f",127.0.0.1:8001,{cookie},")
    assert parse_backend(table, "plain", "k").cookie == enabled


@pytest.mark.parametrize(("place", "cookie", "fits"), [
    pytest.param("127.0.0.1:8001", "enabled", True, id="its place"),
    pytest.param("127.0.0.1:8002", "enabled", False, id="another one"),
    pytest.param("", "enabled", None, id="the level hides addresses"),
    pytest.param("unix", "enabled", None, id="no address"),
])  # fmt: skip
def test_only_an_address_tells_whether_a_cookie_fits(place: str, cookie: str, fits: bool | None) -> None:
    kept = [line for line in text_of("3.0", "backends_stat").splitlines(keepends=True) if ",six," not in line]
    table = "".join(kept).replace("127.0.0.1:8001,5257", f"{place},5257")
    backend = parse_backend(table, "sticky", "secret")
    assert (backend.cookie, backend.fits) == (cookie, fits)


@pytest.mark.parametrize("version", VERSIONS)
def test_backends_of_the_configuration_are_published(version: str) -> None:
    """Also one whose servers are all in maintenance; a frontend is no backend, and one that is disabled has no row."""
    there = {name: _backend(version, "backends", name) for name in ("sticky", "plain", "served", "public", "off")}
    assert {name: (it.present, it.published, it.servers) for name, it in there.items()} == {
        "sticky": (True, True, 3),
        "plain": (True, True, 1),
        "served": (True, True, 1),
        "public": (False, False, 0),
        "off": (False, False, 0),
    }
    assert {name: it.state for name, it in there.items()} == {
        **dict.fromkeys(("sticky", "plain", "served"), "published"),
        **dict.fromkeys(("public", "off"), "absent"),
    }


@pytest.mark.parametrize(("when", "states"), [
    ("backends", {"plain": "published", "served": "published", "fresh": "absent"}),
    ("backend_added", {"plain": "published", "served": "published", "fresh": "unpublished"}),
    ("backend_published", {"plain": "unpublished", "served": "published", "fresh": "published"}),
    ("backend_deleted", {"plain": "unpublished", "served": "unpublished", "fresh": "absent"}),
])  # fmt: skip
@pytest.mark.parametrize("version", NEW)
def test_backends_that_come_and_go(version: str, when: str, states: dict[str, str]) -> None:
    """``served`` is down all the time: ``DOWN (UNPUB)``."""
    assert {name: _backend(version, when, name).state for name in states} == states


@pytest.mark.parametrize(("word", "other"), [("cookie,", "biscuit,"), ("status,", "stat,"), ("# ", "")])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_table_that_says_something_else_is_not_understood(version: str, word: str, other: str) -> None:
    table = text_of(version, "backends_stat").replace(word, other, 1)
    with pytest.raises(ReplyNotUnderstood):
        parse_backend(table, "sticky", None)


# Commands --------------------------------------------------------------------------------------------------------


def _now(name: str, **fields: Any) -> Backend:
    return Backend(name, present=True, published=True)._replace(**fields)


# reply → the command, as the dialect builds it, and its text
COOKIES = {
    "cookie_key": (set_key(_now("sticky", key="k2 x")), "set dynamic-cookie-key backend sticky k2\\ x"),
    "cookie_disable": (switch_cookie(_now("sticky", cookie="disabled")), "disable dynamic-cookie backend sticky"),
    "cookie_disable_again": (switch_cookie(_now("sticky", cookie="disabled")), "disable dynamic-cookie backend sticky"),
    "cookie_enable": (switch_cookie(_now("sticky", cookie="enabled")), "enable dynamic-cookie backend sticky"),
    "cookie_enable_again": (switch_cookie(_now("sticky", cookie="enabled")), "enable dynamic-cookie backend sticky"),
    "cookie_enable_keyless": (switch_cookie(_now("plain", cookie="enabled")), "enable dynamic-cookie backend plain"),
}
_FRESH = _now("fresh", defaults="lab")
CHANGES = {
    "backend_add": (add_backend(_FRESH._replace(mode="http")), "add backend fresh from lab mode http"),
    "backend_publish": (publish(_FRESH), "publish backend fresh"),
    "backend_publish_again": (publish(_FRESH), "publish backend fresh"),
    "backend_unpublish": (publish(_now("plain", published=False)), "unpublish backend plain"),
    "backend_unpublish_again": (publish(_now("plain", published=False)), "unpublish backend plain"),
    "backend_unpublish_fresh": (publish(_now("fresh", published=False)), "unpublish backend fresh"),
    "backend_del": (del_backend(_FRESH), "del backend fresh"),
}
REFUSED = {
    "backend_add_again": (
        add_backend(_FRESH),
        "Error during backend creation : name is already used by other proxy 'backend fresh'.",
    ),
    "backend_add_refused": (add_backend(_now("other", defaults="nowhere")), "Cannot find default proxy 'nowhere'."),
    "backend_publish_refused": (publish(_now("nowhere")), "No such backend."),
    "backend_publish_disabled": (publish(_now("off")), "No effect on a disabled backend."),
    "backend_del_published": (del_backend(_FRESH), "Backend must be unpublished prior to its deletion."),
    "backend_del_needed": (
        del_backend(_now("sticky")),
        "This proxy cannot be removed at runtime due to other configuration elements pointing to it.",
    ),
    "backend_del_nowhere": (del_backend(_now("nowhere")), "No such backend."),
}


def _told(version: str, command: Command, raw: bytes) -> Told:
    told = talk(tell(process(known=facts(f"{version}.0")), [command]), raw)
    assert isinstance(told, Told)
    return told


@pytest.mark.parametrize("name", COOKIES)
@pytest.mark.parametrize("version", VERSIONS)
def test_success_with_cookies_is_silence(version: str, name: str) -> None:
    command, text = COOKIES[name]
    assert command.silent
    assert command.text == text
    assert reply_of(version, name) == b"\n\n"
    assert _told(version, command, reply_of(version, name)) == Told(done=(command,))


@pytest.mark.parametrize(("name", "command"), [
    ("refused_cookie", switch_cookie(_now("nowhere", cookie="enabled"))),
    ("refused_cookie_key", set_key(_now("nowhere", key="k"))),
])  # fmt: skip
@pytest.mark.parametrize("version", VERSIONS)
def test_no_cookies_without_a_backend(version: str, name: str, command: Command) -> None:
    told = _told(version, command, reply_of(version, name))
    assert isinstance(told.error, NotFound)
    assert told.error.answer == "No such backend."


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("version", NEW)
def test_success_with_backends_is_a_notice(version: str, name: str) -> None:
    command, text = CHANGES[name]
    assert not command.silent
    assert command.text == text
    assert reply_of(version, name).startswith(b"\n[6]: ")
    assert _told(version, command, reply_of(version, name))._replace(words={}) == Told(done=(command,))


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("version", NEW)
def test_refusals_are_errors_with_haproxys_words(version: str, name: str) -> None:
    command, words = REFUSED[name]
    told = _told(version, command, reply_of(version, name))
    assert told.refused == (command,)
    assert isinstance(told.error, NotFound if words == "No such backend." else CommandRefused)
    assert told.error.answer == words


def _served(version: str) -> bytes:
    """The reply to the deletion of a backend that has a server, without that to its unpublishing."""
    return b"\n" + reply_of(version, "backend_del_served").split(b"\n\n", 1)[1]


@pytest.mark.parametrize("version", NEW)
def test_a_backend_with_servers_is_not_deleted(version: str) -> None:
    told = _told(version, del_backend(_now("served")), _served(version))
    assert isinstance(told.error, CommandRefused)
    assert told.error.answer == "Only a backend without server can be deleted."


@pytest.mark.parametrize(("name", "may"), [
    pytest.param("backend_del_published", True, id="it is published"),
    pytest.param("backend_del_served", True, id="it has servers"),
    pytest.param("backend_del_needed", False, id="the configuration needs it"),
    pytest.param("backend_del_nowhere", False, id="it is not there"),
])  # fmt: skip
@pytest.mark.parametrize("version", NEW)
def test_asking_tells_what_stands_in_the_way_for_ever_from_what_does_for_now(
    version: str, name: str, may: bool
) -> None:
    command = try_to_delete(_now("sticky"))
    told = _told(version, command, _served(version) if name == "backend_del_served" else reply_of(version, name))
    assert command.text == "del backend sticky"
    assert (told.done, told.refused) == (((command,), ()) if may else ((), (command,)))


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("version", VERSIONS)
def test_what_only_newer_ones_can_is_refused_beforehand(version: str, name: str) -> None:
    one = process(known=facts(f"{version}.0"))
    command, _text = CHANGES[name]
    if version in NEW:
        can(one, [command])
    else:
        with pytest.raises(FeatureMissing, match=r"needs HAProxy 3\.4, process p1 runs"):
            can(one, [command])


@pytest.mark.parametrize("name", [*COOKIES, *CHANGES])
def test_every_command_needs_an_administrator(name: str) -> None:
    command, _text = {**COOKIES, **CHANGES}[name]
    with pytest.raises(HAProxyError, match="needs level admin"):
        can(process(known=facts("3.4.0", level="operator")), [command])


# The key ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["k", "two words", "a;b", "back\\slash", "<<", "ключ", " ", "'\"$#"])
def test_a_key_is_said_as_it_is_and_never_shown(key: str) -> None:
    command = set_key(_now("sticky", key=key))
    assert words_of(command.text) == (["set", "dynamic-cookie-key", "backend", "sticky", key], False)
    assert command.shown == "set dynamic-cookie-key backend sticky ********"
    assert command.kind == set_key(_now("other", key="x")).kind


def test_what_a_task_can_say_of_names_stays_one_word() -> None:
    command = add_backend(_now("fresh", defaults="lab;del backend www"))
    assert words_of(command.text)[0] == ["add", "backend", "fresh", "from", "lab;del backend www"]
    with pytest.raises(InputError):
        add_backend(_now("fresh", defaults=""))


def test_without_a_mode_it_is_that_of_the_defaults() -> None:
    assert add_backend(_FRESH).text == "add backend fresh from lab"
