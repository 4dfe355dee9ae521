# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""persist: the file from which HAProxy loads a map or an ACL gets the content that runs, and nothing else of it changes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.fleet import master_worker
from lab.raw import ask
from lab.tasks import run
from lab.versions import Version

from .conftest import has_prefixes, on
from .patterns import (
    ACL,
    INLINE,
    LAYOUTS,
    MAP,
    Sets,
    fails,
    holds,
    keys_of,
    layout_id,
    nothing_sent,
    pairs,
    started,
    well,
)

WISHED = {"a": "v1", "b": "v 2", "c": "v3"}


@pytest.fixture(scope="module", params=LAYOUTS, ids=layout_id)
def sets(request: pytest.FixtureRequest) -> Iterator[Sets]:
    """Each version, as one process and as four."""
    with started(*request.param) as running:
        yield running


@pytest.fixture
def clean(sets: Sets) -> Iterator[Sets]:
    """The same; nothing but the sets' own files lies about afterwards."""
    before = sorted(sets.files.iterdir())
    yield sets
    assert sorted(sets.files.iterdir()) == before
    sets.write("str.map", "")


def in_file(path: Path, kind: str = MAP) -> list[bytes]:
    """The entries of a file, as HAProxy reads a plain one."""
    lines = [line for line in path.read_bytes().split(b"\n") if line.strip() and not line.startswith(b"#")]
    return [b" ".join(line.split(None, 1)) if kind == MAP else line.lstrip() for line in lines]


def files_of(result: dict[str, Any]) -> list[dict[str, str]]:
    """The diffs of files in a result."""
    parts = result["diff"] if isinstance(result["diff"], list) else [result["diff"]]
    return [part for part in parts if part["before_header"] == result.get("file")]


WISHES: dict[str, dict[str, Any]] = {
    "present": {"entries": WISHED},
    "exclusive": {"entries": WISHED, "exclusive": True},
    "absent": {"entries": ["a", "d"], "state": "absent"},
    "empty": {"state": "empty"},
}
FILES = {
    "as it runs": "a other\nd v4\n",
    "in another order": "c v3\nb other\na other\n",
    "edited by hand": "# comment\nhand made\na v1\n",
    "empty": "",
    "missing": None,
}


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("file", FILES)
def test_prophecy_of_map_and_file(sets: Sets, file: str, wish: str) -> None:
    """Afterwards both hold the same; the second run writes neither."""
    path = sets.files / "str.map"
    content = FILES[file]
    if content is None:
        path.unlink()
    else:
        sets.write("str.map", content)
    sets.put(MAP, "str.map", ["a other", "d v4"])
    before = path.read_bytes() if path.exists() else None
    result = holds(sets, MAP, "str.map", persist=True, **WISHES[wish])
    assert result["changed"]
    running = sorted(sets.shown(0, MAP, "str.map"))
    assert (sorted(in_file(path)) if path.exists() else []) == running, "a file that is missing says nothing, too"
    assert before is None or (path.read_bytes() != before) == ("file" in result)
    assert bool(files_of(result)) == ("file" in result)
    path.touch()


@pytest.mark.parametrize("name", ["reg.map", "int.map"])
def test_prophecy_where_the_order_counts(sets: Sets, name: str) -> None:
    """The file has the same order, so that the next start searches in the same order."""
    keys = keys_of(name)
    sets.write(name, "".join(f"{key} v\n" for key in keys[::-1]))
    sets.put(MAP, name, [f"{key} v" for key in keys[::-1]])
    holds(sets, MAP, name, entries=pairs(keys, "v" * 5), exclusive=True, persist=True)
    assert in_file(sets.files / name) == sets.shown(0, MAP, name) == [f"{key} v".encode() for key in keys]


def test_prophecy_of_an_acl(sets: Sets) -> None:
    sets.put(ACL, "ip.acl", ["10.0.0.1", "10.0.0.2"])
    sets.write("ip.acl", "# who is not welcome\n10.0.0.1\n10.0.0.9\n")
    for options in ({"entries": ["10.0.0.3"]}, {"entries": ["10.0.0.1"], "state": "absent"}, {"state": "empty"}):
        holds(sets, ACL, "ip.acl", persist=True, **options)
        assert sorted(in_file(sets.files / "ip.acl", ACL)) == sorted(sets.shown(0, ACL, "ip.acl"))
    assert (sets.files / "ip.acl").read_bytes() == b"# who is not welcome\n"


def test_owner_mode_comments_and_inode(clean: Sets) -> None:
    """D13: the file is another one, with the mode and the owner of the former; comments stay with what they stand before;
    no temporary file is left (the fixture looks)."""
    path = clean.write("str.map", "# the head\n\n# about a\na v1\n# about b\n  b v 2\n\n# about z\nz gone\n# the end\n")
    clean.put(MAP, "str.map", ["a v1", "b v 2", "z gone"])
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 4711, 4712)
    before = path.stat()
    result = well(clean, MAP, "str.map", entries={"a": "new", "b": "v 2", "c": "v3"}, exclusive=True, persist=True)
    after = path.stat()
    assert result["file"] == str(path)
    assert after.st_ino != before.st_ino
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    lines = path.read_text().splitlines()
    for comment in ("# the head", "# about a", "# about b", "# about z", "# the end"):
        assert lines.count(comment) == 1
    assert lines[0] == "# the head"
    assert lines[lines.index("# about a") + 1] == "a new"
    assert lines[lines.index("# about b") + 1] == "  b v 2", "a line that stays is left as it was"
    assert sorted(in_file(path)) == [b"a new", b"b v 2", b"c v3"]


@pytest.mark.parametrize("backup", [True, False])
def test_a_backup_is_what_there_was(sets: Sets, backup: bool) -> None:
    path = sets.write("str.map", "# head\na v1\n")
    sets.put(MAP, "str.map", ["a v1"])
    before = sorted(sets.files.iterdir())
    arguments: dict[str, Any] = {"entries": {"b": "v2"}, "persist": True, "backup": backup}
    assert "backup_file" not in well(sets, MAP, "str.map", check=True, **arguments)
    assert sorted(sets.files.iterdir()) == before
    result = well(sets, MAP, "str.map", **arguments)
    assert path.read_text() == "# head\na v1\nb v2\n"
    assert ("backup_file" in result) == backup
    again = well(sets, MAP, "str.map", **arguments)
    assert not again["changed"]
    assert "backup_file" not in again
    if backup:
        copy = Path(result["backup_file"])
        assert copy.read_text() == "# head\na v1\n"
        copy.unlink()
    assert sorted(sets.files.iterdir()) == before


def test_d02_drift_by_hand_is_told_and_repaired_while_nothing_is_sent(clean: Sets) -> None:
    path = clean.write("str.map", "a v1\nhand made\n")
    clean.put(MAP, "str.map", ["a v1"])
    arguments: dict[str, Any] = {"entries": {"a": "v1"}, "persist": True}
    predicted = well(clean, MAP, "str.map", check=True, **arguments)
    assert path.read_text() == "a v1\nhand made\n", "check mode wrote"
    clean.recorders.clear()
    result = well(clean, MAP, "str.map", **arguments)
    assert nothing_sent(clean)
    assert predicted["changed"] is result["changed"] is True
    assert result["commands"] == []
    (part,) = files_of(result)
    assert (part["before"], part["after"], part["after_header"]) == ("hand made\n", "", str(path))
    assert files_of(predicted) == [part]
    assert path.read_text() == "a v1\n"


@pytest.mark.parametrize(
    "wish", [{"entries": {"^(bad": "v"}}, {"entries": {"^/a": "v", "^(bad": "v"}, "exclusive": True}]
)
def test_nothing_is_written_when_haproxy_refuses(clean: Sets, wish: dict[str, Any]) -> None:
    path = clean.write("reg.map", "^/x v\n")
    clean.put(MAP, "reg.map", ["^/x v"])
    inode = path.stat().st_ino
    failure = run(
        "haproxy_map",
        {"socket": clean.sockets, "map": str(path), "persist": True, "backup": True, **wish},
    )
    assert failure.get("failed")
    assert (path.read_text(), path.stat().st_ino) == ("^/x v\n", inode)
    clean.write("reg.map", "")


def test_a_symbolic_link_stays_one(sets: Sets, tmp_path: Path) -> None:
    """The file behind it is replaced, where it is."""
    path = sets.files / "str.map"
    target = tmp_path / "target.map"
    target.write_text("a v1\n")
    target.chmod(0o604)
    path.unlink()
    path.symlink_to(target)
    try:
        sets.put(MAP, "str.map", ["a v1"])
        well(sets, MAP, "str.map", entries={"b": "v2"}, persist=True)
        assert path.is_symlink()
        assert target.read_text() == "a v1\nb v2\n"
        assert stat.S_IMODE(target.stat().st_mode) == 0o604
        assert [each.name for each in tmp_path.iterdir()] == ["target.map"]
    finally:
        path.unlink()
        path.touch()


def test_a_missing_file_is_made(clean: Sets) -> None:
    path = clean.files / "str.map"
    path.unlink()
    clean.put(MAP, "str.map", ["a v1"])
    result = well(clean, MAP, "str.map", entries={"b": "v2"}, persist=True, backup=True)
    assert result["file"] == str(path)
    assert "backup_file" not in result
    assert sorted(in_file(path)) == [b"a v1", b"b v2"]


@on(has_prefixes)
def test_an_optional_file_is_made_by_its_name_without_prefix(sets: Sets) -> None:
    path = sets.files / "opt.map"
    path.unlink(missing_ok=True)
    sets.put(MAP, "opt.map", [])
    try:
        well(sets, MAP, f"opt@{path}", entries={"a": "v"}, persist=True)
        assert path.read_text() == "a v\n"
    finally:
        path.unlink(missing_ok=True)


def test_what_has_no_file_is_refused_before_anything_is_sent(sets: Sets) -> None:
    number = sets.number(0, ACL, INLINE)
    if sets.count == 1 or sets.version.has_nbproc:
        failure = fails(sets, ACL, number, entries=["10.0.0.7"], persist=True)
        assert "is no file" in failure["msg"]
        assert nothing_sent(sets)
    if sets.version.number >= (3, 0):
        failure = fails(sets, MAP, "virt@hosts", entries={"a": "v"}, persist=True)
        assert "persist: virt@hosts is no file" in failure["msg"]
        assert nothing_sent(sets)


def test_a_file_that_cannot_be_read_is_refused_before_anything_is_sent(sets: Sets) -> None:
    path = sets.files / "str.map"
    path.unlink()
    path.mkdir()
    try:
        sets.put(MAP, "str.map", [])
        failure = fails(sets, MAP, "str.map", entries={"a": "v"}, persist=True)
        assert f"persist: {path} cannot be read: Is a directory" in failure["msg"]
        assert nothing_sent(sets)
    finally:
        path.rmdir()
        path.touch()


def test_a_value_that_no_file_can_hold_is_refused_before_anything_is_sent(sets: Sets) -> None:
    """HAProxy drops a value's trailing blanks when it loads a file."""
    sets.put(MAP, "str.map", [])
    failure = fails(sets, MAP, "str.map", entries={"a": "v", "b": "v "}, persist=True)
    assert "entry 2, 'b v '" in failure["msg"]
    assert nothing_sent(sets)
    assert well(sets, MAP, "str.map", entries={"a": "v", "b": "v "})["changed"]


@on(lambda _haproxy, count: count > 1)
def test_processes_that_hold_other_entries_have_no_common_file(sets: Sets) -> None:
    path = sets.write("str.map", "a v1\n")
    sets.put(MAP, "str.map", ["x 1"], ["y 1"])
    failure = fails(sets, MAP, "str.map", entries={"a": "v1"}, persist=True)
    assert "exclusive makes them the same" in failure["msg"]
    assert nothing_sent(sets)
    assert path.read_text() == "a v1\n"
    result = well(sets, MAP, "str.map", entries={"a": "v1"}, exclusive=True, persist=True)
    assert "file" not in result, "the file was right already"


def test_a_key_that_begins_like_a_comment_is_still_an_entry_in_the_file(clean: Sets) -> None:
    """Behind a blank it is none."""
    clean.write("str.map", "#comment\n")
    clean.put(MAP, "str.map", [])
    arguments: dict[str, Any] = {"entries": {"#key": "v"}, "persist": True}
    well(clean, MAP, "str.map", **arguments)
    assert (clean.files / "str.map").read_text() == "#comment\n #key v\n"
    assert not well(clean, MAP, "str.map", **arguments)["changed"]


def test_a_long_diff_of_a_file_is_cut(clean: Sets) -> None:
    clean.write("str.map", "".join(f"old{n} v\n" for n in range(300)))
    clean.put(MAP, "str.map", ["a v"])
    result = well(clean, MAP, "str.map", entries={"a": "v"}, exclusive=True, persist=True)
    (part,) = files_of(result)
    before = part["before"].splitlines()
    assert len(before) == 201
    assert before[-1] == "… 300 lines change in all"
    assert part["after"] == "a v\n"


def test_d10_an_acl_matches_at_once_and_is_in_the_file(sets: Sets) -> None:
    sets.write("str.acl", "# blocked\n/old\n")
    sets.put(ACL, "str.acl", ["/old"])
    try:
        well(sets, ACL, "str.acl", entries=["/page"], persist=True)
        assert sets.get("/page").status == 403
        assert (sets.files / "str.acl").read_text() == "# blocked\n/old\n/page\n"
    finally:
        sets.put(ACL, "str.acl", [])
        sets.write("str.acl", "")


@pytest.mark.parametrize("persist", [True, False], ids=["persist", "without"])
def test_d01_a_reload_keeps_what_was_persisted_and_nothing_else(
    haproxy: Version, persist: bool, tmp_path: Path
) -> None:
    """The file was replaced before the task returned."""
    file = tmp_path / "reload.map"
    file.write_text("# head\nk v1\nm v2\n")
    body = f"frontend public\n    http-request set-header X %[path,map({file})]\n"
    with master_worker(haproxy, body) as fleet:
        arguments = {"socket": [fleet.master], "map": str(file), "persist": persist}
        gone = run("haproxy_map", {**arguments, "state": "absent", "entries": ["k"]})
        assert gone["changed"], gone
        added = run("haproxy_map", {**arguments, "entries": {"new": "two words"}})
        assert added["changed"], added
        fleet.reload()
        loaded = ask(fleet.sockets[0], f"show map {file}").decode().splitlines()
        entries = sorted(line.partition(" ")[2] for line in loaded if line)
        assert entries == (["m v2", "new two words"] if persist else ["k v1", "m v2"])
        again = run("haproxy_map", {**arguments, "entries": {"new": "two words"}})
        assert again["changed"] is not persist
