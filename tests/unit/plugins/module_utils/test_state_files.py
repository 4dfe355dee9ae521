# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that keep what servers were: their parts, their places, and how they are written."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import InputError
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.state_files import (
    Former,
    StateFiles,
    folders,
    part_of,
    parts_of,
    put,
    refuse_unwritable,
    text_of,
    with_part,
)

from unit.plugins.module_utils.users import common_folder, unprivileged
from unit.plugins.module_utils.wished import WEB1

READY, DRAIN, LIGHT = (
    {"state": "ready", "weight": 100},
    {"state": "drain", "weight": 100},
    {"state": "ready", "weight": 7},
)
P1: Former = {"p1": READY}
OTHERS: Former = {"q1": DRAIN, "q2": LIGHT}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A directory for all users."""
    with common_folder() as made:
        yield made


# Parts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "processes", "found"),
    [
        pytest.param([], ["p1"], {}, id="nothing kept"),
        pytest.param([P1], ["p1"], P1, id="this fleet"),
        pytest.param([OTHERS], ["p1"], {}, id="another fleet"),
        pytest.param([OTHERS, P1], ["p1"], P1, id="one of several fleets"),
        pytest.param([OTHERS], ["q1", "q3"], OTHERS, id="a process vanished and one joined"),
        pytest.param([OTHERS], ["q2"], OTHERS, id="only one is left"),
        pytest.param([P1, OTHERS], ["p1", "q1"], {**P1, **OTHERS}, id="kept by two tasks, asked for by one"),
        pytest.param([P1], [], {}, id="no process"),
    ],
)
def test_the_part_of_a_fleet(parts: Sequence[Former], processes: Sequence[str], found: Former) -> None:
    assert part_of(parts, processes) == found


@pytest.mark.parametrize(
    ("parts", "processes", "part", "after"),
    [
        pytest.param([], ["p1"], P1, [P1], id="the first"),
        pytest.param([], ["p1"], {}, [], id="nothing of nothing"),
        pytest.param([OTHERS], ["p1"], P1, [OTHERS, P1], id="beside another fleet"),
        pytest.param([P1, OTHERS], ["p1"], {"p1": LIGHT}, [OTHERS, {"p1": LIGHT}], id="another than before"),
        pytest.param([P1, OTHERS], ["q2"], {}, [P1], id="gone, with what vanished"),
        pytest.param([P1], ["p1"], {}, [], id="gone, and nothing is left"),
        pytest.param([P1, OTHERS], ["p1", "q1"], {}, [], id="two parts at once"),
    ],
)
def test_with_another_part(
    parts: Sequence[Former], processes: Sequence[str], part: Former, after: Sequence[Former]
) -> None:
    assert with_part(parts, processes, part) == after


# Texts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parts", [[P1], [OTHERS, P1], [{"p1": {"state": "maint"}}], [{"p1": {"state": "drain", "weight": 0}}]]
)
def test_what_is_written_is_read(parts: Sequence[Former]) -> None:
    text = text_of(WEB1, parts)
    assert parts_of(text) == parts
    assert text.endswith("}\n")
    assert (json.loads(text)["backend"], json.loads(text)["name"]) == WEB1


def test_of_nothing_there_is_no_file() -> None:
    assert text_of(WEB1, []) == ""


def _with(**former: Any) -> bytes:
    return json.dumps({"fleets": [{"p1": former}]}).encode()


BROKEN = {
    "empty": b"",
    "cut short": text_of(WEB1, [P1]).encode()[:40],
    "no JSON": b"web1 was ready\n",
    "no UTF-8": b'{"fleets": [{"p\xff": {"state": "ready"}}]}',
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "another object": b'{"backend": "www"}',
    "no parts": b'{"fleets": null}',
    "parts that are none": b'{"fleets": ["ready"]}',
    "parts by name": b'{"fleets": {"p1": {"state": "ready"}}}',
    "a process that is none": b'{"fleets": [{"p1": "ready"}]}',
    "no state": _with(weight=7),
    "another state": _with(state="stopped"),
    "absent": _with(state="absent"),
    "a list of states": _with(state=["ready"]),
    "a weight too many": _with(state="ready", weight=257),
    "a weight too few": _with(state="ready", weight=-1),
    "half a weight": _with(state="ready", weight=0.5),
    "a weight in words": _with(state="ready", weight="7"),
    "a true weight": _with(state="ready", weight=True),
    "no weight": _with(state="ready", weight=None),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_file_that_holds_something_else_is_named(folder: Path, data: bytes) -> None:
    path = folder / "www@web1.json"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        StateFiles((str(folder),)).read(WEB1)
    assert str(caught.value).startswith(
        f"{path} does not hold the former state of www/web1; remove it when it is not needed ("
    )


def test_what_a_text_says_beside_is_passed_over() -> None:
    """What a later version of the collection may add."""
    assert parts_of('{"fleets": [{"p1": {"state": "maint", "since": 5}}], "more": 1}') == [
        {"p1": {"state": "maint", "since": 5}}
    ]


# Places ------------------------------------------------------------------------------------------------------------


def test_the_usual_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/operator")
    assert folders(None) == ("/var/lib/haproxyadmin", "/home/operator/.local/state/haproxyadmin")
    assert folders("/srv/state") == ("/srv/state",)


@pytest.fixture
def two(folder: Path) -> tuple[Path, Path]:
    """A place for all users that one user cannot write to, and that user's own; neither is there."""
    (folder / "system").mkdir(mode=0o755)
    return folder / "system" / "haproxyadmin", folder / "home" / "haproxyadmin"


def _path(two: tuple[Path, Path]) -> Path:
    return Path(StateFiles((str(two[0]), str(two[1]))).path(WEB1))


def test_a_new_file_is_where_all_users_look(two: tuple[Path, Path]) -> None:
    assert _path(two) == two[0] / "www@web1.json"
    assert not two[0].exists(), "looking makes nothing"


def test_a_new_file_of_a_user_who_cannot_write_there_is_below_the_home(two: tuple[Path, Path]) -> None:
    two[0].parent.chmod(0o555)
    with unprivileged():
        assert _path(two) == two[1] / "www@web1.json"


@pytest.mark.parametrize("which", [0, 1])
def test_a_file_that_is_there_is_taken(two: tuple[Path, Path], which: int) -> None:
    put(str(two[which] / "www@web1.json"), text_of(WEB1, [P1]))
    assert _path(two) == two[which] / "www@web1.json"
    assert StateFiles((str(two[0]), str(two[1]))).read(WEB1) == [P1]


def test_of_two_files_the_first_is_taken(two: tuple[Path, Path]) -> None:
    put(str(two[0] / "www@web1.json"), text_of(WEB1, [OTHERS]))
    put(str(two[1] / "www@web1.json"), text_of(WEB1, [P1]))
    assert StateFiles((str(two[0]), str(two[1]))).read(WEB1) == [OTHERS]


def test_where_nothing_can_be_written_the_first_place_is_named(two: tuple[Path, Path], folder: Path) -> None:
    for place in (two[0].parent, folder):
        place.chmod(0o555)
    with unprivileged():
        path = _path(two)
        assert path == two[0] / "www@web1.json"
        with pytest.raises(InputError, match=f"cannot be kept: nothing can be written in {two[0]}$"):
            refuse_unwritable(str(path))


def test_a_place_that_is_no_directory(folder: Path) -> None:
    (folder / "file").write_text("")
    for path in (folder / "file" / "www@web1.json", folder / "file" / "below" / "www@web1.json"):
        with pytest.raises(InputError, match="nothing can be written in"):
            refuse_unwritable(str(path))


def test_a_relative_place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    path = StateFiles(folders("state")).path(WEB1)
    refuse_unwritable(path)
    put(path, text_of(WEB1, [P1]))
    assert StateFiles(folders("state")).read(WEB1) == [P1]


# Reading -----------------------------------------------------------------------------------------------------------


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    path = folder / "www@web1.json"
    path.mkdir()
    with pytest.raises(InputError, match=f"of www/web1 cannot be read: {path}: Is a directory"):
        StateFiles((str(folder),)).read(WEB1)
    path.rmdir()
    put(str(path), text_of(WEB1, [P1]))
    path.chmod(0)
    with unprivileged(), pytest.raises(InputError, match=f"of www/web1 cannot be read: {path}: Permission denied"):
        StateFiles((str(folder),)).read(WEB1)


def test_a_task_reads_a_file_once(folder: Path) -> None:
    """Else what a task predicts and what it does could be about different files."""
    put(str(folder / "www@web1.json"), text_of(WEB1, [P1]))
    files = StateFiles((str(folder),))
    assert files.read(WEB1) == [P1]
    put(str(folder / "www@web1.json"), text_of(WEB1, [OTHERS]))
    assert files.read(WEB1) == [P1]
    assert StateFiles((str(folder),)).read(WEB1) == [OTHERS]


def test_each_server_has_its_file(folder: Path) -> None:
    keys = [("www", "web1"), ("api", "web1"), ("www", "a.b:c-d_e"), ("www.web1", "x")]
    for number, key in enumerate(keys):
        put(StateFiles((str(folder),)).path(key), text_of(key, [{"p1": {"state": "ready", "weight": number}}]))
    found = [StateFiles((str(folder),)).read(key) for key in keys]
    assert found == [[{"p1": {"state": "ready", "weight": number}}] for number in range(4)]


# Writing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_file_can_be_read_by_all_and_written_by_its_owner(folder: Path, umask: int) -> None:
    path, former = folder / "new" / "www@web1.json", os.umask(umask)
    try:
        put(str(path), "a\n")
        put(str(path), "b\n")
    finally:
        os.umask(former)
    assert path.read_text() == "b\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o755 & ~umask
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_what_was_written_or_taken_away_is_on_the_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its content, and its name in the directory: a machine that fails a moment later has them, or has not."""
    kinds: list[str] = []
    real = os.fsync

    def fsync(number: int) -> None:
        kinds.append("directory" if stat.S_ISDIR(os.fstat(number).st_mode) else "file")
        real(number)

    monkeypatch.setattr(os, "fsync", fsync)
    opened = len(list(Path("/proc/self/fd").iterdir()))
    put(str(folder / "www@web1.json"), "a\n")
    assert kinds == ["file", "directory"]
    put(str(folder / "www@web1.json"), "")
    assert kinds == ["file", "directory", "directory"]
    assert len(list(Path("/proc/self/fd").iterdir())) == opened, "nothing is left open"


def test_a_file_is_another_one_or_the_same(folder: Path) -> None:
    """Whoever has it open reads on what it was, whole."""
    path = folder / "www@web1.json"
    put(str(path), "old\n")
    with path.open() as reader:
        put(str(path), "new\n")
        assert reader.read() == "old\n"
    assert path.read_text() == "new\n"


def test_nothing_takes_a_file_away_and_may_do_so_twice(folder: Path) -> None:
    path = folder / "www@web1.json"
    put(str(path), "old\n")
    for _time in range(2):
        put(str(path), "")
        assert list(folder.iterdir()) == []
    put(str(folder / "nowhere" / "www@web1.json"), "")
    assert list(folder.iterdir()) == []


def test_what_cannot_be_written_leaves_what_was_there(folder: Path) -> None:
    path = folder / "www@web1.json"
    put(str(path), "old\n")
    folder.chmod(0o555)
    with unprivileged():
        for text in ("new\n", ""):
            with pytest.raises(PermissionError):
                put(str(path), text)
    assert path.read_text() == "old\n"
    assert [one.name for one in folder.iterdir()] == [path.name]


def test_a_full_disk_leaves_what_was_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "www@web1.json"
    put(str(path), "old\n")

    def full(_number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        put(str(path), "new\n")
    assert path.read_text() == "old\n"
    assert [one.name for one in folder.iterdir()] == [path.name]
