# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers whose former state is kept, and servers that get it back: what is asked of them, told and written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.servers import CONFIGURED
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import InputError, PartlyApplied
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import PerProcess
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.former import (
    Keeping,
    Restoring,
    StateFilesOf,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.observed import Observed
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.server import Servers
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.state_files import put, text_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._server_options import servers_of

from unit.plugins.module_utils.users import common_folder, unprivileged
from unit.plugins.module_utils.wished import API1, CHECKED, DEFAULTS, WEB1, WEB2, commands, item, seen, server

Now = Mapping[str, Observed]
Kept = Mapping[str, Mapping[str, Any]]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the files are; the directory is not made yet."""
    return tmp_path / "state"


def _resource(place: Path, former: str, **options: Any) -> Servers:
    whom = {} if "servers" in options else {"name": ["web1"]}
    return servers_of({**DEFAULTS, **whom, "state_dir": str(place), "former": former, **options})


def _now(**states: tuple[str, int]) -> PerProcess[Observed]:
    """Process → state and weight of www/web1."""
    return PerProcess({name: seen(server(state=state, weight=weight)) for name, (state, weight) in states.items()})


def _was(state: str, weight: int | None = None) -> dict[str, Any]:
    return {"state": state} if weight is None else {"state": state, "weight": weight}


def _write(place: Path, *parts: Kept, key: tuple[str, str] = WEB1) -> Path:
    path = place / f"{key[0]}@{key[1]}.json"
    put(str(path), text_of(key, parts))
    return path


def _parts(path: Path) -> Any:
    return json.loads(path.read_text())["fleets"]


def _file(of: Servers, now: PerProcess[Observed]) -> StateFilesOf | None:
    made = of.file(now, now)
    assert made is None or isinstance(made, StateFilesOf)
    return made


def _asked(of: Servers, now: PerProcess[Observed]) -> dict[str, list[str]]:
    """Process → the commands for www/web1, in short."""
    return {
        name: [line.replace("set server www/web1 ", "") for line in lines] for name, lines in commands(of, now).items()
    }


# Options -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("former", "kind"), [(None, Servers), ("keep", Keeping), ("replace", Keeping), ("restore", Restoring)]
)
def test_what_a_task_remembers(place: Path, former: Any, kind: type[Servers]) -> None:
    made = _resource(place, former)
    assert made.__class__ == kind
    assert not isinstance(made, Keeping) or made.anew == (former == "replace")


@pytest.mark.parametrize("share", [0, -1, 101])
def test_a_share_that_nothing_can_be_meant_by(place: Path, share: int) -> None:
    with pytest.raises(InputError, match=f"former_share is {share}; it is a percentage from 1 to 100"):
        _resource(place, "restore", former_share=share)


# Keeping -----------------------------------------------------------------------------------------------------------

MANY = {"p1": ("ready", 100), "p2": ("maint", 7)}
IN_PARTS = {"p1": _was("ready", 100), "p2": _was("maint", 7)}
OTHERS: Kept = {"q1": _was("drain", 3)}


@pytest.mark.parametrize(
    ("before", "anew", "after"),
    [
        pytest.param((), False, (IN_PARTS,), id="nothing kept"),
        pytest.param((OTHERS,), False, (OTHERS, IN_PARTS), id="another fleet's"),
        pytest.param((IN_PARTS,), False, None, id="the same"),
        pytest.param(({"p1": _was("drain", 1), "p2": _was("ready")},), False, None, id="what is kept stays"),
        pytest.param(({"p1": _was("drain", 1)},), False, ({"p1": _was("drain", 1), "p2": _was("maint", 7)},), id="joined"),
        pytest.param(
            ({"p1": _was("drain", 1), "p2": _was("maint", 7), "p3": _was("ready")},), False, None, id="vanished"
        ),
        pytest.param(
            ({"p1": _was("drain", 1)}, OTHERS, {"p2": _was("ready", 2)}), False, None, id="kept by two tasks"
        ),
        pytest.param(({"p1": _was("drain", 1)},), True, (IN_PARTS,), id="anew"),
        pytest.param((OTHERS, {"p1": _was("drain", 1), "p3": _was("ready")}), True, (OTHERS, IN_PARTS), id="anew, vanished"),
        pytest.param((IN_PARTS,), True, None, id="anew, the same"),
    ],
)  # fmt: skip
def test_what_is_kept(place: Path, before: tuple[Kept, ...], anew: bool, after: tuple[Kept, ...] | None) -> None:
    if before:
        _write(place, *before)
    path, now = place / "www@web1.json", _now(**MANY)
    file = _file(_resource(place, "replace" if anew else "keep", state="drain"), now)
    assert (file is None) == (after is None)
    if file is not None:
        text = path.read_text() if before else ""
        file.begin()
        assert _parts(path) == list(after or ())
        assert file.diff == {
            "before": text,
            "after": path.read_text(),
            "before_header": str(path),
            "after_header": str(path),
        }
        assert file.result(_never, _never, [], writes=True) == {}
        assert _parts(path) == list(after or ()), "it was written first"
    again = _file(_resource(place, "keep", state="drain"), _now(p1=("drain", 100), p2=("drain", 7)))
    assert again is None, "what was drained meanwhile is not its former state"


@pytest.mark.parametrize("wait", [False, True])
def test_a_server_in_maintenance_is_not_drained_but_stays_so(place: Path, wait: bool) -> None:
    """Drain would let bound clients in again."""
    of, now = _resource(place, "keep", state="drain", wait=wait), _now(p1=("maint", 7), p2=("ready", 7))
    assert _asked(of, now) == {"p1": [], "p2": ["state drain"]}
    answer = cast("dict[str, Any]", of.answer(now, now, 0.0))
    assert [it["state"] for it in answer["former"]] == [{"p1": "maint", "p2": "ready"}]


def test_the_diff_of_several_files_is_one_text(place: Path) -> None:
    _write(place, {"p1": _was("ready", 9)}, key=WEB2)
    now = PerProcess({"p1": seen(server(weight=5), server(name="web2", weight=3))})
    file = _file(_resource(place, "replace", name=["web*"], state="drain"), now)
    assert file is not None
    before = (place / "www@web2.json").read_text()
    file.begin()
    after = [(place / f"www@{name}.json").read_text() for name in ("web1", "web2")]
    assert (file.diff["before"], file.diff["after"]) == (before, "".join(after))


def _never(*_arguments: str) -> Any:
    raise AssertionError("files of states have no backup, and no owner to keep")


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        pytest.param({}, _was("ready", 1), id="no agent"),
        pytest.param({"agent_state": CHECKED}, _was("ready"), id="its agent sets the weight"),
        pytest.param({"agent_state": CONFIGURED}, _was("ready", 1), id="its agent is disabled"),
        pytest.param({"check_state": CHECKED}, _was("ready", 1), id="its check does not"),
    ],
)
def test_the_weight_of_an_agent_is_not_kept(place: Path, fields: dict[str, Any], kept: dict[str, Any]) -> None:
    now = PerProcess({"p1": seen(server(**fields))})
    file = _file(_resource(place, "keep"), now)
    assert file is not None
    file.begin()
    assert _parts(place / "www@web1.json") == [{"p1": kept}]


def test_a_server_that_is_not_everywhere_is_kept_where_it_is(place: Path) -> None:
    now = PerProcess({"p1": seen(server(weight=5)), "p2": seen(server(name="web2"))})
    file = _file(_resource(place, "keep", state="drain"), now)
    assert file is not None
    file.begin()
    assert _parts(place / "www@web1.json") == [{"p1": _was("ready", 5)}]
    assert [path.name for path in place.iterdir()] == ["www@web1.json"]


def test_a_server_that_is_nowhere_keeps_nothing(place: Path) -> None:
    now = PerProcess({"p1": seen(server(name="web2"))})
    of = _resource(place, "keep", state="drain", fail_on_not_found=False)
    assert _file(of, now) is None
    assert of.answer(now, now, 0.0)["former"] == []


def test_each_server_has_a_file_and_all_are_told(place: Path) -> None:
    _write(place, {"p1": _was("maint", 9)}, key=API1)
    now = PerProcess({"p1": seen(server(), server(name="web2", weight=2), server("api", "web1", "drain"))})
    of = _resource(place, "keep", name=["web*"], state="drain")
    file = _file(of, now)
    told = [
        {"backend": "api", "name": "web1", "state": "maint", "weight": 9},
        {"backend": "www", "name": "web1", "state": "ready", "weight": 1},
        {"backend": "www", "name": "web2", "state": "ready", "weight": 2},
    ]
    assert of.answer(now, now, 0.0)["former"] == of.known(now)["former"] == told
    assert file is not None
    assert list(file.texts) == [f"{place}/www@web1.json", f"{place}/www@web2.json"]
    assert file.diff["before_header"] == f"{place}/www@web1.json, {place}/www@web2.json"
    assert str(file.diff["after"]).count('"backend": "www"') == 2


def test_items_of_servers_are_kept_too(place: Path) -> None:
    now = PerProcess({"p1": seen(server(), server(name="web2", weight=2))})
    file = _file(
        _resource(place, "keep", name=None, servers=[item("web1", state="drain"), item("web2", weight="9")]), now
    )
    assert file is not None
    assert len(file.texts) == 2


def test_processes_that_disagree_are_told_apart(place: Path) -> None:
    now = _now(p1=("ready", 5), p2=("drain", 5))
    told = {"backend": "www", "name": "web1", "state": {"p1": "ready", "p2": "drain"}, "weight": 5}
    assert _resource(place, "keep").answer(now, now, 0.0)["former"] == [told]


@pytest.mark.parametrize(
    ("states", "kept", "warned"),
    [
        pytest.param({"p1": ("ready", 1)}, {"p1": _was("drain")}, True, id="ready, and kept is another"),
        pytest.param({"p1": ("ready", 1)}, {"p1": _was("ready")}, False, id="ready both times"),
        pytest.param({"p1": ("drain", 1)}, {"p1": _was("ready")}, False, id="a deploy that was broken off"),
        pytest.param({"p1": ("drain", 1)}, {"p1": _was("maint")}, False, id="another one"),
        pytest.param({"p1": ("ready", 1), "p2": ("drain", 1)}, {"p1": _was("drain")}, False, id="broken off half-way"),
        pytest.param({"p1": ("ready", 1)}, None, False, id="nothing kept"),
    ],
)
def test_a_former_state_that_is_surprising_is_said(
    place: Path, states: dict[str, tuple[str, int]], kept: Kept | None, warned: bool
) -> None:
    if kept:
        _write(place, kept)
    warnings = [text for text in _resource(place, "keep", state="drain").warnings(_now(**states)) if "former" in text]
    expected = f"www/web1 is ready, and what {place}/www@web1.json keeps of an earlier task is not: that stays its former state"
    assert warnings == ([expected] if warned else [])


# Restoring ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kept", "share", "expected"),
    [
        pytest.param({"p1": _was("ready", 100)}, 100, ["state ready", "weight 100"], id="whole"),
        pytest.param({"p1": _was("ready", 100)}, 25, ["state ready", "weight 25"], id="a quarter"),
        pytest.param({"p1": _was("ready", 10)}, 25, ["state ready"], id="rounded down to what it has"),
        pytest.param({"p1": _was("ready", 19)}, 5, ["state ready", "weight 1"], id="at least 1"),
        pytest.param({"p1": _was("ready", 1)}, 5, ["state ready", "weight 1"], id="of 1 at least 1"),
        pytest.param({"p1": _was("ready", 0)}, 5, ["state ready", "weight 0"], id="of nothing nothing"),
        pytest.param({"p1": _was("ready", 256)}, 1, ["state ready"], id="the most"),
        pytest.param({"p1": _was("ready")}, 5, ["state ready"], id="no weight of its own"),
        pytest.param({"p1": _was("drain", 2)}, 100, [], id="it was draining"),
        pytest.param({"p1": _was("maint", 7)}, 100, ["state maint", "weight 7"], id="it was in maintenance"),
        pytest.param({"q1": _was("maint", 7)}, 100, ["state ready"], id="another fleet's: what the task says"),
        pytest.param(None, 5, ["state ready"], id="nothing kept: what the task says, all at once"),
    ],
)
def test_what_a_server_is_given(place: Path, kept: Kept | None, share: int, expected: list[str]) -> None:
    if kept:
        _write(place, kept)
    of = _resource(place, "restore", state="ready", former_share=share)
    assert sorted(_asked(of, _now(p1=("drain", 2)))["p1"]) == expected


def test_each_process_gets_what_it_had(place: Path) -> None:
    _write(place, {"p1": _was("ready", 10), "p2": _was("maint", 7), "gone": _was("drain")})
    now = _now(p1=("drain", 10), p2=("drain", 10), p3=("drain", 10))
    of = _resource(place, "restore", state="ready")
    asked = {name: sorted(lines) for name, lines in _asked(of, now).items()}
    assert asked == {"p1": ["state ready"], "p2": ["state maint", "weight 7"], "p3": ["state ready"]}
    file = _file(of, now)
    assert file is not None
    file.begin()
    assert (place / "www@web1.json").exists(), "it goes last"
    file.result(_never, _never, [], writes=True)
    assert list(place.iterdir()) == []


def test_what_the_task_says_is_for_servers_of_which_nothing_is_kept(place: Path) -> None:
    _write(place, {"p1": _was("ready", 10)})
    now = PerProcess({"p1": seen(server(state="drain"), server(name="web2", state="drain"))})
    asked = commands(_resource(place, "restore", name=["web*"], state="maint", weight="50"), now)["p1"]
    assert sorted(asked) == [
        "set server www/web1 state ready",
        "set server www/web1 weight 10",
        "set server www/web2 state maint",
        "set server www/web2 weight 50",
    ]


@pytest.mark.parametrize(("state", "waits"), [("ready", True), ("drain", False), ("maint", False)])
def test_only_what_was_ready_is_waited_for(place: Path, state: str, waits: bool) -> None:
    _write(place, {"p1": _was(state)})
    of = _resource(place, "restore", state="ready", wait=True)
    assert isinstance(of, Restoring)
    assert of._assigned(_now(p1=("drain", 1)))["p1"][WEB1].wait == waits


@pytest.mark.parametrize(
    ("parts", "share", "after"),
    [
        pytest.param(({"p1": _was("ready", 1)},), 100, "", id="gone"),
        pytest.param(({"p1": _was("ready", 1)}, OTHERS), 100, text_of(WEB1, [OTHERS]), id="another fleet's stays"),
        pytest.param(({"p1": _was("ready", 1)}, OTHERS, {"p2": _was("ready")}), 100, text_of(WEB1, [OTHERS]), id="two parts"),
        pytest.param(({"p1": _was("ready", 1)},), 99, None, id="not the whole yet"),
        pytest.param((OTHERS,), 100, None, id="not ours"),
        pytest.param((), 100, None, id="nothing kept"),
    ],
)  # fmt: skip
def test_the_file_goes_when_everything_came_true(
    place: Path, parts: tuple[Kept, ...], share: int, after: str | None
) -> None:
    path = _write(place, *parts)
    text = path.read_text() if parts else ""
    now = _now(p1=("drain", 1), p2=("drain", 1))
    file = _file(_resource(place, "restore", state="ready", former_share=share), now)
    assert (file.diff["before"], file.diff["after"]) == (text, after) if file else after is None
    if file:
        for writes, left in ((False, text), (True, after)):
            file.begin()
            assert file.result(_never, _never, [], writes=writes) == {}
            assert (path.read_text() if path.exists() else "") == left


# Files that cannot be written ----------------------------------------------------------------------------------------


def test_what_cannot_be_kept_is_said_before_anything_is_sent(place: Path) -> None:
    place.write_text("no directory")
    with pytest.raises(
        InputError, match=rf"^the former state of www/web1 cannot be read: {place}/.*: Not a directory$"
    ):
        _file(_resource(place, "keep", state="drain"), _now(p1=("ready", 1)))
    words = "^the former state cannot be kept: nothing can be written in "
    with common_folder() as folder:
        folder.chmod(0o555)
        with unprivileged(), pytest.raises(InputError, match=f"{words}{folder}$"):
            _file(_resource(folder, "keep", state="drain"), _now(p1=("ready", 1)))


def test_of_several_files_all_are_written_or_none(place: Path) -> None:
    """As when the disk is full: what was written first is what it was again."""
    _write(place, OTHERS)
    before = (place / "www@web1.json").read_text()
    now = PerProcess({"p1": seen(server(), server(name="web2"), server("api", "web1"))})
    file = _file(_resource(place, "keep", name=["web*"], state="drain"), now)
    assert file is not None
    assert list(file.texts)[-1] == f"{place}/{WEB2[0]}@{WEB2[1]}.json"
    (place / "www@web2.json").mkdir()  # found by nobody beforehand
    with pytest.raises(InputError, match=f"^the former state cannot be kept: {place}/www@web2.json: Is a directory$"):
        file.begin()
    assert sorted(path.name for path in place.iterdir()) == ["www@web1.json", "www@web2.json"]
    assert (place / "www@web1.json").read_text() == before


def test_a_file_that_stays_is_said_with_what_was_done(place: Path) -> None:
    path = _write(place, {"p1": _was("ready", 1)})
    file = _file(_resource(place, "restore", state="ready"), _now(p1=("drain", 1)))
    assert file is not None
    path.unlink()
    path.mkdir()
    done = [{"process": "p1", "command": "set server www/web1 state ready"}]
    with pytest.raises(
        PartlyApplied, match="the servers are as they were, but the file that kept that stays: "
    ) as caught:
        file.result(_never, _never, done, writes=True)
    assert caught.value.done == done


@pytest.mark.parametrize("former", ["keep", "restore"])
def test_a_file_that_holds_something_else_stops_the_task(place: Path, former: str) -> None:
    place.mkdir()
    (place / "www@web1.json").write_text("{}")
    with pytest.raises(InputError, match="does not hold the former state of www/web1"):
        _file(_resource(place, former, state="drain"), _now(p1=("ready", 1)))
    (place / "www@web1.json").unlink()
    (place / "api@web1.json").write_text("{}")
    _file(_resource(place, former, state="drain"), _now(p1=("ready", 1)))
