# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many servers of a backend must stay in service."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.servers import (
    RUNNING,
    STARTING,
    STOPPED,
    STOPPING,
    Server,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import InputError
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import PerProcess
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.min_up import (
    in_service,
    least,
    refuse_too_few,
)

from unit.plugins.module_utils.wished import asked, commands, goals_of, item, resource, seen, server


@pytest.mark.parametrize(
    ("written", "servers", "number"),
    [
        ("0", 4, 0),
        ("2", 4, 2),
        ("9", 4, 9),
        ("007", 4, 7),
        ("0%", 4, 0),
        ("1%", 4, 1),
        ("25%", 4, 1),
        ("26%", 4, 2),
        ("50%", 3, 2),
        ("50%", 4, 2),
        ("99%", 100, 99),
        ("100%", 3, 3),
        ("100%", 0, 0),
        ("50%", 1, 1),
    ],
)
def test_least(written: str, servers: int, number: int) -> None:
    assert least(written, servers) == number


@pytest.mark.parametrize(
    "written", ["", " ", "-1", "+1", "1.5", "101%", "%", "50 %", "50%%", "x", "५", "1\n", "1000000000"]
)
def test_what_is_no_least_number_is_refused(written: str) -> None:
    with pytest.raises(InputError, match="is neither a whole number nor a percentage up to 100%"):
        least(written, 4)


@pytest.mark.parametrize(
    ("one", "serves"),
    [
        pytest.param(server(), True, id="running, not checked"),
        pytest.param(server(check_state=6), True, id="running, checked"),
        pytest.param(server(op_state=STARTING), True, id="slow start"),
        pytest.param(server(op_state=STOPPED), False, id="down"),
        pytest.param(server(op_state=STOPPING), False, id="stopping"),
        pytest.param(server(state="drain"), False, id="draining"),
        pytest.param(server(state="maint"), False, id="maintenance"),
        pytest.param(server(admin_state=2), False, id="inherited maintenance"),
        pytest.param(server(admin_state=16), False, id="inherited drain"),
        pytest.param(server(admin_state=32), False, id="no address"),
        pytest.param(server(admin_state=4), True, id="disabled by configuration, enabled since"),
        pytest.param(server(weight=0), False, id="weight 0"),
        pytest.param(server(backup=True), True, id="backup"),
    ],
)
def test_in_service(one: Server, serves: bool) -> None:
    assert in_service(one) is serves
    assert RUNNING == 2


def _four(**changes: dict[str, Any]) -> list[Server]:
    return [server(name=name, **changes.get(name, {})) for name in ("web1", "web2", "web3", "web4")]


@pytest.mark.parametrize(
    ("servers", "wish", "refused"),
    [
        pytest.param(_four(), {"name": ["web1"], "state": "drain", "min_up": "3"}, False, id="enough are left"),
        pytest.param(_four(), {"name": ["web1"], "state": "drain", "min_up": "4"}, True, id="one too few"),
        pytest.param(_four(), {"name": ["web*"], "state": "drain", "min_up": "1"}, True, id="all go"),
        pytest.param(_four(), {"name": ["web*"], "state": "drain", "min_up": "0"}, False, id="all may go"),
        pytest.param(_four(), {"name": ["web1"], "state": "maint", "min_up": "100%"}, True, id="maintenance"),
        pytest.param(_four(), {"name": ["web1"], "state": "absent", "min_up": "100%"}, True, id="absent"),
        pytest.param(_four(), {"name": ["web1"], "weight": "0", "min_up": "100%"}, True, id="weight 0"),
        pytest.param(_four(), {"name": ["web1"], "weight": "0%", "min_up": "100%"}, True, id="weight 0%"),
        pytest.param(_four(), {"name": ["web1"], "weight": "7", "min_up": "100%"}, False, id="another weight"),
        pytest.param(_four(), {"name": ["web1"], "state": "ready", "min_up": "100%"}, False, id="ready"),
        pytest.param(_four(), {"name": ["web1"], "health_status": "down", "min_up": "4"}, True, id="forced down"),
        pytest.param(_four(), {"name": ["web1"], "health_status": "stopping", "min_up": "4"}, True, id="stopping"),
        pytest.param(_four(), {"name": ["web1"], "health_status": "up", "min_up": "4"}, False, id="forced up"),
        pytest.param(_four(), {"name": ["web1", "web2"], "state": "drain", "min_up": "75%"}, True, id="75% of 4 is 3"),
        pytest.param(_four(), {"name": ["web1"], "state": "drain", "min_up": "75%"}, False, id="3 are left"),
        pytest.param(
            _four(web2={"op_state": STOPPED}),
            {"name": ["web1"], "state": "drain", "min_up": "3"}, True, id="another is down",
        ),
        pytest.param(
            _four(web1={"op_state": STOPPED}),
            {"name": ["web1"], "state": "drain", "min_up": "4"}, False, id="who is down takes nothing away",
        ),
        pytest.param(
            _four(web1={"state": "drain"}),
            {"name": ["web1"], "state": "maint", "min_up": "4"}, False, id="who is out already takes nothing away",
        ),
        pytest.param(
            _four(web3={"backup": True}, web4={"backup": True}),
            {"name": ["web1"], "state": "drain", "min_up": "2"}, True, id="backups do not count beside active ones",
        ),
        pytest.param(
            _four(**{name: {"backup": True} for name in ("web1", "web2", "web3", "web4")}),
            {"name": ["web1"], "state": "drain", "min_up": "3"}, False, id="backups count where there are no others",
        ),
        pytest.param(
            _four(web3={"backup": True}),
            {"name": ["web3"], "state": "drain", "min_up": "3"}, False, id="a backup takes nothing away",
        ),
        pytest.param(
            [*_four(), server(name="web5", present=False)],
            {"name": ["web1"], "state": "drain", "min_up": "100%"}, True, id="one that is not there is not counted",
        ),
        pytest.param(
            [*_four(), server("api", "web1")],
            {"name": ["web1"], "backend": ["www"], "state": "drain", "min_up": "3"}, False, id="another backend",
        ),
        pytest.param(
            [*_four(), server("api", "web1")],
            {"name": ["web1"], "state": "drain", "min_up": "1"}, True, id="each backend by itself",
        ),
    ],
)  # fmt: skip
def test_refuse_too_few(servers: list[Server], wish: dict[str, Any], refused: bool) -> None:
    now = {"p1": seen(*servers)}
    if refused:
        with pytest.raises(InputError, match=r"^min_up is "):
            commands(resource(**wish), now)
    else:
        commands(resource(**wish), now)


def test_the_sentence_says_where_and_how_many() -> None:
    now = {"p1": seen(*_four()), "p2": seen(*_four(web3={"op_state": STOPPED}))}
    with pytest.raises(InputError) as caught:
        commands(resource(name=["web1", "web2"], state="drain", min_up="50%"), now)
    assert str(caught.value) == (
        "min_up is 50% of the 4 servers of www, that is 2; on process p2 3 are in service, and without web1, web2 "
        "only 1 would be"
    )


def test_a_server_that_another_item_brings_back_is_not_counted_beforehand() -> None:
    items = [item("web1", state="drain", min_up="3"), item("web2", state="ready")]
    with pytest.raises(InputError):
        commands(resource(servers=items), {"p1": seen(*_four(web2={"state": "drain"}))})


def test_items_without_a_guard_count_where_another_item_of_the_backend_has_one() -> None:
    items = [item("web1", state="drain", min_up="3"), item("web2", state="drain")]
    with pytest.raises(InputError):
        commands(resource(servers=items), {"p1": seen(*_four())})


@pytest.mark.parametrize(("written", "refused"), [(("3", "0"), True), (("0", "3"), True), (("2", "1"), False)])
def test_of_several_guards_of_a_backend_each_counts(written: tuple[str, str], refused: bool) -> None:
    items = [item(f"web{number}", state="drain", min_up=text) for number, text in enumerate(written, 1)]
    if refused:
        with pytest.raises(InputError):
            commands(resource(servers=items), {"p1": seen(*_four())})
    else:
        commands(resource(servers=items), {"p1": seen(*_four())})


@pytest.mark.parametrize("chain", [["www/web1"], ["www/web1", "www/web2"]])
def test_who_tracks_one_that_goes_goes_too(chain: list[str]) -> None:
    followers = {f"web{number}": {"tracks": tracked} for number, tracked in enumerate(chain, 2)}
    left = 3 - len(chain)
    commands(resource(name=["web1"], state="maint", min_up=str(left)), {"p1": seen(*_four(**followers))})
    with pytest.raises(InputError, match=f"only {left} would be"):
        commands(resource(name=["web1"], state="maint", min_up=str(left + 1)), {"p1": seen(*_four(**followers))})


def test_a_weight_of_0_does_not_touch_who_tracks_it() -> None:
    now = {"p1": seen(*_four(web2={"tracks": "www/web1"}))}
    commands(resource(name=["web1"], weight="0", min_up="3"), now)


def test_nothing_is_refused_where_nobody_guards() -> None:
    assert goals_of(resource(state="maint"), {"p1": seen(*_four())})


@pytest.mark.parametrize("written", ["x", "101%"])
def test_what_is_no_number_is_refused_before_anything_is_sent(written: str) -> None:
    with pytest.raises(InputError, match="min_up"):
        goals_of(resource(state="ready", min_up=written), {"p1": seen(*_four())})


# Where those that come may count ---------------------------------------------------------------------------------

_NEW = {"address": "192.0.2.9", "state": "present"}
_OUT, _BACK = {"state": "maint"}, {"state": "ready"}


def _absent(name: str) -> Server:
    return server(name=name, present=False, op_state=STOPPED)


def _needs(servers: list[Server], wished: dict[str, dict[str, Any]], min_up: str, *, joined_first: bool) -> bool:
    values = {("www", name): asked(min_up=min_up, **options) for name, options in wished.items()}
    return refuse_too_few(PerProcess({"p1": seen(*servers)}), {"p1": values}, joined_first=joined_first)


@pytest.mark.parametrize(("servers", "wished", "min_up", "needed"), [
    pytest.param(_four(), {"web1": _OUT}, "3", False, id="enough are left without them"),
    pytest.param(
        [*_four(), _absent("web5")], {"web1": _OUT, "web5": _NEW}, "3", False, id="enough are left, and one comes"
    ),
    pytest.param([*_four(), _absent("web5")], {"web1": _OUT, "web5": _NEW}, "4", True, id="one that is made"),
    pytest.param(
        [*_four(), _absent("web5")], {"web1": _OUT, "web5": {**_NEW, "state": "ready"}}, "4", True,
        id="one that is made ready",
    ),
    pytest.param(_four(web2={"state": "maint"}), {"web1": _OUT, "web2": _BACK}, "3", True, id="one that comes back"),
    pytest.param(_four(web2={"op_state": STOPPED}), {"web1": _OUT, "web2": _BACK}, "3", True, id="one that is down"),
    pytest.param([*_four(), _absent("web5")], {"web5": _NEW}, "5", False, id="nobody goes"),
    pytest.param(
        [*_four(web1={"op_state": STOPPED}), _absent("web5")], {"web1": _OUT, "web5": _NEW}, "4", False,
        id="who goes was not in service",
    ),
    pytest.param(
        [*_four(), _absent("web5")], {"web1": {"weight": "0"}, "web5": _NEW}, "4", True, id="weight 0 takes out, too"
    ),
    pytest.param(
        [server(name="web1"), _absent("web5")], {"web1": {"state": "absent"}, "web5": _NEW}, "100%", True,
        id="a percentage is of those that are there",
    ),
])  # fmt: skip
def test_who_has_to_be_up_before_others_go(
    servers: list[Server], wished: dict[str, dict[str, Any]], min_up: str, needed: bool
) -> None:
    assert _needs(servers, wished, min_up, joined_first=True) is needed
    if needed:
        with pytest.raises(InputError, match=r"^min_up is "):
            _needs(servers, wished, min_up, joined_first=False)
    else:
        assert not _needs(servers, wished, min_up, joined_first=False)


@pytest.mark.parametrize(("servers", "wished", "min_up", "left"), [
    pytest.param([*_four(), _absent("web5")], {"web1": _OUT, "web2": _OUT, "web5": _NEW}, "4", 3, id="one too few"),
    pytest.param(_four(), {"web1": _OUT, "web2": _BACK}, "4", 3, id="one in service already does not come"),
    pytest.param(
        _four(web2={"state": "maint"}), {"web1": _OUT, "web2": {"state": "present"}}, "3", 2,
        id="present leaves one in maintenance there",
    ),
    pytest.param(
        _four(web2={"state": "maint"}), {"web1": _OUT, "web2": {"weight": "9"}}, "3", 2, id="a weight brings nobody back"
    ),
    pytest.param(
        [*_four(), _absent("web5")], {"web1": _OUT, "web5": {"address": "192.0.2.9", "state": "drain"}}, "4", 3,
        id="one that is made and drains",
    ),
    pytest.param(
        [*_four(), _absent("web5")], {"web1": _OUT, "web5": {**_NEW, "options": "weight 5 backup"}}, "4", 3,
        id="a backup that is made",
    ),
    pytest.param(
        [*_four(), _absent("web5")], {"web1": _OUT, "web5": {**_NEW, "options": "weight 0"}}, "4", 3,
        id="one that is made without a weight",
    ),
    pytest.param(
        _four(web2={"state": "maint", "backup": True}), {"web1": _OUT, "web2": _BACK}, "3", 2, id="a backup that comes back"
    ),
])  # fmt: skip
def test_too_few_even_with_those_that_come(
    servers: list[Server], wished: dict[str, dict[str, Any]], min_up: str, left: int
) -> None:
    with pytest.raises(InputError, match=rf"^min_up is .*, and without web1.* only {left} would be$"):
        _needs(servers, wished, min_up, joined_first=True)


def test_who_comes_to_another_backend_does_not_count() -> None:
    wished = {("www", "web1"): asked(min_up="4", **_OUT), ("api", "web9"): asked(min_up="4", **_NEW)}
    now = PerProcess({"p1": seen(*_four(), server("api", "web9", present=False))})
    with pytest.raises(InputError, match="only 3 would be"):
        refuse_too_few(now, {"p1": wished}, joined_first=True)


def test_it_is_needed_where_one_process_needs_it() -> None:
    wished = {("www", "web1"): asked(min_up="3", **_OUT), ("www", "web5"): asked(min_up="3", **_NEW)}
    four, three = seen(*_four(), _absent("web5")), seen(*_four(web2={"op_state": STOPPED}), _absent("web5"))
    assert refuse_too_few(PerProcess({"p1": three, "p2": four}), dict.fromkeys(("p1", "p2"), wished), joined_first=True)
    assert not refuse_too_few(PerProcess({"p1": four}), {"p1": wished}, joined_first=True)
