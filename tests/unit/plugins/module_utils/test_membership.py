# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers a backend is to have: all but some names, and addresses in slots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.servers import Server
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import InputError
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.membership import (
    Slots,
    Tenant,
    in_backend,
    tenant_of,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.others import others
from hypothesis import given
from hypothesis import strategies as st

from unit.plugins.module_utils.wished import FLAGS, asked, server

LEAVING = asked(state="maint")

Held = Mapping[str, str]
"""Slot → what it holds: ``STATE ADDRESS[:PORT]``, for short ``ready 1`` for 192.0.2.1:80."""


def _slot(name: str, held: str) -> Server:
    state, _blank, place = held.partition(" ")
    number, _colon, port = place.partition(":")
    return server("tpl", name, state, address=f"192.0.2.{number}", port=int(port or 80))


def _process(held: Held) -> dict[str, Server]:
    return {name: _slot(name, what) for name, what in held.items()}


def _tenant(said: str, **options: Any) -> Tenant:
    """``1`` or ``1:80``, which is no more, ``1:-`` without a port, ``1@s2`` in this slot."""
    place, _at, slot = said.partition("@")
    number, _colon, port = place.partition(":")
    values = asked(**{"state": "ready", "address": f"192.0.2.{number}", **options})
    return Tenant(f"192.0.2.{number}", None if port == "-" else int(port or 80), slot, values)


def _assigned(said: Sequence[str], *processes: Held, prefix: str | None = None, purge: bool = False) -> dict[str, str]:
    """Slot → the tenant as it was written; what leaves as ``-``."""
    tenants = tuple(_tenant(one) for one in said)
    slots = Slots(prefix, tenants, LEAVING if purge else None)
    wished = slots.assigned({f"p{number}": _process(held) for number, held in enumerate(processes, 1)})
    written = {id(tenant.values): said[place] for place, tenant in enumerate(tenants)}
    return {name: written.get(id(values), "-") for name, values in wished.items()}


# All but some --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("but", "meant"), [
    ((), ["web1", "web2", "s.1"]),
    (("web1",), ["web2", "s.1"]),
    (("web1", "web2", "s.1"), []),
    (("web",), ["web1", "web2", "s.1"]),
    (("nowhere",), ["web1", "web2", "s.1"]),
])  # fmt: skip
def test_others(but: Sequence[str], meant: Sequence[str]) -> None:
    names = others(but)
    assert [name for name in ("web1", "web2", "s.1") if names.match(name)] == meant
    assert names.unmatched([]) == []
    assert not names.names  # nothing that could be made
    assert names.globs  # each server has to be looked at


def test_servers_of_one_backend_that_are_there() -> None:
    here, gone, elsewhere = server("tpl", "s1"), server("tpl", "s2", present=False), server("www", "s1")
    assert in_backend("tpl", {(one.backend, one.name): one for one in (here, gone, elsewhere)}) == {"s1": here}


# Slots -----------------------------------------------------------------------------------------------------------

FREE = {"s1": "maint 9", "s2": "maint 9", "s3": "maint 9"}


@pytest.mark.parametrize(("said", "processes", "found"), [
    pytest.param(["1", "2"], [FREE], {"s1": "1", "s2": "2"}, id="free slots in their order"),
    pytest.param([], [FREE], {}, id="nobody"),
    pytest.param(
        ["1", "2"], [{"s1": "ready 2", "s2": "maint 9", "s3": "maint 9"}], {"s1": "2", "s2": "1"}, id="who is in stays"
    ),
    pytest.param(
        ["2"], [{"s1": "maint 9", "s2": "maint 2", "s3": "maint 9"}], {"s2": "2"}, id="who was in comes back"
    ),
    pytest.param(
        ["2"], [{"s1": "maint 2", "s2": "ready 2", "s3": "maint 9"}], {"s2": "2"}, id="in service rather than out of it"
    ),
    pytest.param(["2"], [{"s1": "maint 9", "s2": "drain 2"}], {"s2": "2"}, id="who drains is in"),
    pytest.param(["1"], [{"s1": "drain 9", "s2": "maint 9"}], {"s2": "1"}, id="a slot that drains is not free"),
    pytest.param(["1"], [{"s1": "ready 9", "s2": "maint 9"}], {"s2": "1"}, id="a slot that is ready is not free"),
    pytest.param(["1"], [{"s10": "maint 9", "s9": "maint 9"}], {"s9": "1"}, id="by number and not by text"),
    pytest.param(["1"], [{"s01": "maint 9", "s1": "maint 9"}], {"s01": "1"}, id="of one number by text"),
    pytest.param(["1:81"], [{"s1": "maint 1:80", "s2": "maint 1:81"}], {"s2": "1:81"}, id="the port counts"),
    pytest.param(["1:-"], [{"s1": "maint 9", "s2": "ready 1:81"}], {"s2": "1:-"}, id="no port is any port"),
    pytest.param(["1@s3"], [FREE], {"s3": "1@s3"}, id="a slot that is said"),
    pytest.param(["1@s2"], [{"s1": "ready 1", "s2": "ready 9"}], {"s2": "1@s2"}, id="it is said and not free"),
    pytest.param(
        ["1", "2@s1"], [{"s1": "ready 1", "s2": "maint 9"}], {"s1": "2@s1", "s2": "1"},
        id="who is in a slot that another one has to have moves",
    ),
    pytest.param(["1", "2@s1"], [FREE], {"s1": "2@s1", "s2": "1"}, id="a slot that is said is not given away"),
    pytest.param(
        ["1"], [{"s1": "maint 9", "s2": "maint 9"}, {"s1": "ready 8", "s2": "maint 9"}], {"s2": "1"},
        id="free is what is free on every process",
    ),
    pytest.param(
        ["1"], [{"s1": "ready 1", "s2": "ready 9"}, {"s1": "ready 9", "s2": "ready 1"},
                {"s1": "ready 9", "s2": "ready 1"}], {"s2": "1"},
        id="processes that disagree: where most have it",
    ),
    pytest.param(
        ["1"], [{"s1": "ready 1", "s2": "ready 9"}, {"s1": "ready 9", "s2": "ready 1"}], {"s1": "1"},
        id="as many of each: the first",
    ),
    pytest.param(
        ["1"], [{"s1": "ready 1", "s2": "maint 1"}, *[{"s1": "ready 9", "s2": "maint 1"}] * 2], {"s2": "1"},
        id="out of service on three rather than in service on one",
    ),
    pytest.param(
        ["1"], [{"s1": "ready 1", "s2": "maint 1"}, {"s1": "ready 9", "s2": "maint 1"}], {"s1": "1"},
        id="in service on one is as good as out of it on two",
    ),
    pytest.param(
        ["1"], [{"s1": "ready 1", "s2": "maint 9"}, {"s2": "maint 9"}], {"s2": "1"},
        id="a slot that one process lacks takes nobody",
    ),
])  # fmt: skip
def test_slots(said: Sequence[str], processes: Sequence[Held], found: Mapping[str, str]) -> None:
    assert _assigned(said, *processes) == found


def test_with_purge_all_other_slots_are_emptied() -> None:
    held = {"s1": "ready 9", "s2": "maint 9", "s3": "maint 9", "s10": "drain 8"}
    assert _assigned(["1"], held, purge=True) == {"s1": "-", "s2": "1", "s3": "-", "s10": "-"}
    assert _assigned([], held, purge=True) == dict.fromkeys(held, "-")
    assert _assigned([], {"s1": "ready 9"}, {"s1": "ready 9", "s2": "ready 8"}, purge=True) == {"s1": "-", "s2": "-"}


@pytest.mark.parametrize(("prefix", "found"), [
    ("s", {"s1": "1"}),
    ("s1-", {"s1-1": "1"}),
    ("n1", {"n11": "1"}),
    ("s.", {"s.1": "1"}),
])  # fmt: skip
def test_a_prefix_is_what_stands_before_the_number(prefix: str, found: Mapping[str, str]) -> None:
    held = dict.fromkeys(("s1", "s2", "s1-1", "s.1", "n11", "n2", "other", "as1"), "maint 9")
    assert _assigned(["1"], held, prefix=prefix) == found


@pytest.mark.parametrize("names", [["s1", "s2"], ["s1", "s2", "spare"], ["1", "2"], ["srv-1"]])
def test_without_a_prefix_it_is_the_only_one_of_numbered_servers(names: Sequence[str]) -> None:
    assert _assigned(["1"], dict.fromkeys(names, "maint 9")) == {names[0]: "1"}


@pytest.mark.parametrize(("said", "held", "prefix", "message"), [
    pytest.param(
        ["1", "2"], {"s1": "maint 9"}, None, "2 servers are wanted, 0 of them have a slot, and of 1 slots 1 are free", id="too few"
    ),
    pytest.param(
        ["1"], {"s1": "ready 9", "s2": "drain 8"}, None, "1 servers are wanted, 0 of them have a slot, and of 2 slots 0 are free",
        id="none is free",
    ),
    pytest.param(["1"], {"s1": "maint 9"}, "t", "1 servers are wanted, .* of 0 slots 0 are free", id="another prefix"),
    pytest.param(["1"], {"s1": "maint 9", "t1": "maint 9"}, None, "slot_prefix must say .*; there are s, t", id="two"),
    pytest.param(["1"], {"spare": "maint 9"}, None, "slot_prefix must say .*; there are none with a number", id="none"),
    pytest.param(["1@s7"], {"s1": "maint 9"}, None, "there is no slot s7", id="no such slot"),
    pytest.param(["1@t1"], {"s1": "maint 9", "t1": "maint 9"}, "s", "there is no slot t1", id="a slot elsewhere"),
])  # fmt: skip
def test_what_cannot_be_assigned_is_refused(said: Sequence[str], held: Held, prefix: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        _assigned(said, held, prefix=prefix)


def test_a_slot_that_is_said_and_only_one_process_has_is_none() -> None:
    with pytest.raises(InputError, match="there is no slot s2"):
        _assigned(["1@s2"], {"s1": "maint 9", "s2": "maint 9"}, {"s1": "maint 9"})


# Whatever there is -----------------------------------------------------------------------------------------------

# Of items with one address, all say a port or there is only one: here those with an odd number say none.
_PLACE = st.one_of(
    st.builds("{}:{}".format, st.sampled_from([2, 4, 6, 8]), st.sampled_from([80, 81])),
    st.builds("{}:-".format, st.sampled_from([1, 3, 5, 7])),
)
_HELD = st.builds("{} {}:{}".format, st.sampled_from(sorted(FLAGS)), st.integers(1, 5), st.sampled_from([80, 81]))


@st.composite
def _situations(draw: st.DrawFn) -> tuple[list[str], list[dict[str, str]]]:
    """Tenants, some with a slot of their own, and up to three processes that may disagree."""
    names = [f"s{number}" for number in range(1, draw(st.integers(1, 7)) + 1)]
    processes = [{name: draw(_HELD) for name in names} for _number in range(draw(st.integers(1, 3)))]
    places = draw(st.lists(_PLACE, unique=True, max_size=len(names)))
    own = draw(st.permutations(names))
    said = [f"{place}@{own[number]}" if draw(st.booleans()) else place for number, place in enumerate(places)]
    return said, processes


def _after(said: Mapping[str, str], held: Held) -> dict[str, str]:
    """What a process has when it has got what is assigned."""
    now = dict(held)
    for slot, tenant in said.items():
        place, _at, _slot = tenant.partition("@")
        if tenant == "-":
            now[slot] = f"maint {held[slot].partition(' ')[2]}"
        else:
            number, _colon, port = place.partition(":")
            now[slot] = f"ready {number}:{held[slot].partition(':')[2] if port == '-' else port}"
    return now


def _found(said: list[str], processes: list[dict[str, str]], *, purge: bool = False) -> dict[str, str] | None:
    try:
        return _assigned(said, *processes, prefix="s", purge=purge)
    except InputError as error:
        if "servers are wanted" not in error.message:
            raise
        return None


@given(_situations(), st.booleans())
def test_every_tenant_gets_one_slot_of_its_own(situation: tuple[list[str], list[dict[str, str]]], purge: bool) -> None:
    said, processes = situation
    found = _found(said, processes, purge=purge)
    if found is None:
        return
    tenants = [tenant for tenant in found.values() if tenant != "-"]
    assert sorted(tenants) == sorted(said)
    assert set(found) == set(processes[0]) if purge else len(found) == len(said)
    assert all(slot == tenant.partition("@")[2] for slot, tenant in found.items() if "@" in tenant)


@given(_situations(), st.booleans())
def test_what_is_assigned_stays(situation: tuple[list[str], list[dict[str, str]]], purge: bool) -> None:
    """On every process it is the same, and assigning it again changes nothing."""
    said, processes = situation
    found = _found(said, processes, purge=purge)
    if found is None:
        return
    then = [_after(found, held) for held in processes]
    assert _found(said, then, purge=purge) == found
    assert [_after(found, held) for held in then] == then


@given(_situations())
def test_the_order_of_processes_does_not_matter(situation: tuple[list[str], list[dict[str, str]]]) -> None:
    said, processes = situation
    assert _found(said, processes) == _found(said, processes[::-1])


@given(_situations())
def test_who_has_a_slot_keeps_it_and_nobody_in_service_is_put_out(
    situation: tuple[list[str], list[dict[str, str]]],
) -> None:
    """But by somebody who has to have that slot."""
    said, (held, *_others) = situation
    found = _found(said, [held])
    if found is None:
        return
    said_slots = {tenant.partition("@")[2] for tenant in said if "@" in tenant}
    for slot, tenant in found.items():
        place = tenant.partition("@")[0]
        state, _blank, holds = held[slot].partition(" ")
        if slot not in said_slots and not _same(place, holds):
            assert state == "maint"
            assert not any(_same(place, held[name].partition(" ")[2]) for name in set(held) - set(found))


@given(_situations())
def test_it_is_refused_only_when_there_are_too_few(situation: tuple[list[str], list[dict[str, str]]]) -> None:
    said, processes = situation
    free = {name for name in processes[0] if all(held[name].startswith("maint") for held in processes)}
    if len(free) >= len(said):
        assert _found(said, processes) is not None


def _same(place: str, holds: str) -> bool:
    return place.replace(":-", "") == holds.partition(":")[0] if place.endswith(":-") else place == holds


# Items -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("item", "options", "tenant"), [
    ({"name": None}, {"address": "192.0.2.1", "port": 80}, ("192.0.2.1", 80, "")),
    ({"name": "s2"}, {"address": "192.0.2.1"}, ("192.0.2.1", None, "s2")),
    ({"name": None}, {"address": "2001:DB8:0::1", "port": 0}, ("2001:db8::1", 0, "")),
])  # fmt: skip
def test_tenant_of(item: Mapping[str, Any], options: Mapping[str, Any], tenant: tuple[Any, ...]) -> None:
    values = asked(state="ready", **options)
    assert tenant_of(item, values, 1) == (*tenant, values)


def test_an_item_without_an_address_is_named() -> None:
    with pytest.raises(InputError, match="item 3 of servers: with slots each needs an address"):
        tenant_of({"name": "s1"}, asked(state="ready", port=80), 3)
