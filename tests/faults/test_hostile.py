# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise 6: nothing a user types can become another command.

Each string of a corpus goes into every option of every module that takes one, against a real HAProxy. It ends there
exactly, or is refused in words before anything was sent; a witness in the same HAProxy never changes; and what passes
the socket is read by a parser of its own, which knows each command that the option may send.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from .attack import FindingError, attack, overhead, unharmed
from .choice import all_places, chosen, chosen_versions, free_places
from .corpus import CORE, corpus
from .places import NUMBERS, Place, modules, walked
from .tasks import TASKS
from .witness import Target

# So many findings of one place are told; there is rarely more to learn from the hundredth.
_TOLD = 8


def test_the_corpus_is_large_and_the_same_in_each_run() -> None:
    assert len(corpus()) >= 1000
    assert corpus() == corpus()
    assert len(CORE) >= 60
    assert len(set(CORE)) == len(CORE)


def test_every_module_has_a_task_to_put_strings_in() -> None:
    assert modules() == sorted(TASKS), "a new module needs a row in tests/faults/tasks.py"


def test_an_option_that_is_new_is_found_by_itself() -> None:
    new: dict[str, dict[str, Any]] = {
        "text": {},
        "file": {"type": "path"},
        "many": {"type": "list", "elements": "str"},
        "pairs": {"type": "dict"},
        "any": {"type": "raw"},
        "items": {
            "type": "list",
            "elements": "dict",
            "options": {"inner": {"type": "str"}, "deep": {"options": {"it": {}}}},
        },
        "number": {"type": "int"},
    }
    assert [option + shape for option, shape, _kind in walked(new)] == [
        *(
            "text",
            "file",
            "many",
            "many[]",
            "pairs",
            "pairs{key}",
            "pairs{value}",
            "any",
            "any[]",
            "any{key}",
            "any{value}",
        ),
        *("items", "items.inner", "items.deep", "items.deep.it", "number"),
    ]


def test_every_string_is_used_and_every_option_sees_the_core() -> None:
    used: set[str] = set()
    seen: dict[tuple[str, str], set[str]] = {}
    for place in all_places():
        texts = {text for version in chosen_versions() for _task, text in chosen(place, version)}
        used |= texts
        seen.setdefault((place.module, place.option), set()).update(texts if place.kind not in NUMBERS else CORE)
    assert set(corpus()) <= used
    assert [option for option, texts in seen.items() if not set(CORE) <= texts] == []


@pytest.mark.parametrize("place", all_places(), ids=lambda place: place.name)
def test_a_string_is_stored_exactly_or_refused_in_words(
    target: Target, place: Place, record_property: Callable[[str, object], None]
) -> None:
    verdicts: Counter[str] = Counter()
    findings = []
    tasks = place.tasks()
    for number, text in chosen(place, target.version):
        try:
            verdicts[attack(target, place, tasks[number], text)] += 1
        except FindingError as finding:
            findings.append(f"{_short(text)} in task {number}: {finding}")
    unharmed(target)
    counts = [f"{verdict}={count}" for verdict, count in sorted(verdicts.items())]
    record_property("hostile", "|".join([place.module, place.option, place.shape, *counts]))
    assert not findings, f"{len(findings)} findings\n" + "\n".join(findings[:_TOLD])
    assert verdicts


# Place → what it takes, from which version on. Were all tasks refused for another reason, the strings would prove nothing.
GOOD: dict[str, tuple[str, tuple[int, int]]] = {
    "haproxy_acl-entries[]": ("a;b <<", (2, 2)),
    "haproxy_backend-defaults": ("models", (3, 4)),
    "haproxy_backend-dynamic_cookie_key": ("a;b \\", (2, 2)),
    "haproxy_backend-name": ("fresh", (3, 4)),
    "haproxy_backend-servers.agent_send{value}": ("a;b <<", (2, 2)),
    "haproxy_backend-servers.name": ("fresh", (2, 6)),
    "haproxy_backend-servers.options": ("weight 7", (2, 6)),
    "haproxy_backend-servers.weight{value}": ("7", (2, 2)),
    "haproxy_backend-weights{key}": ("named", (2, 2)),
    "haproxy_backend-weights{value}": ("7", (2, 2)),
    "haproxy_backend-slot_prefix": ("srv", (2, 2)),
    "haproxy_command-command[]": ("clear counters", (2, 2)),
    "haproxy_command-command[{payload}]": ("k v", (2, 2)),
    "haproxy_frontend-name[]": ("edge", (2, 2)),
    "haproxy_frontend-state": ("disabled", (2, 2)),
    "haproxy_map-entries[{key}]": ("a;b\\", (2, 2)),
    "haproxy_map-entries{value}": ("a;b <<", (2, 2)),
    "haproxy_server-address": ("127.0.0.2", (2, 2)),
    "haproxy_server-agent_address": ("127.0.0.2", (2, 2)),
    "haproxy_server-agent_send": ("a;b <<", (2, 2)),
    "haproxy_server-fqdn": ("b.example.test", (2, 2)),
    "haproxy_server-min_up": ("0", (2, 2)),
    "haproxy_server-name[]": ("probe", (2, 2)),
    "haproxy_server-options": ("weight 7", (2, 6)),
    "haproxy_server-servers.backend": ("lab", (2, 2)),
    "haproxy_server-servers.agent_send": ("a;b <<", (2, 2)),
    "haproxy_server-servers.options{value}": ("weight 7", (2, 6)),
    "haproxy_server-servers.weight": ("7", (2, 2)),
    "haproxy_server-state": ("drain", (2, 2)),
    "haproxy_server-state_dir": ("here", (2, 2)),
    "haproxy_server-weight": ("7", (2, 2)),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_meant_well_gets_through(target: Target, name: str) -> None:
    text, since = GOOD[name]
    place = next(place for place in all_places() if place.name == name)
    verdict = attack(target, place, place.tasks()[0], text)
    assert (verdict in ("stored", "sent")) == (target.version.number >= since)


def test_every_option_that_takes_free_text_is_among_them() -> None:
    options = {name.removesuffix("[]").partition("{")[0].removesuffix("[") for name in GOOD}
    of_sets = {"haproxy_acl-src", "haproxy_map-src", "haproxy_acl_info-value", "haproxy_map_info-key"}
    missing = {f"{place.module}-{place.option}" for place in free_places()} - options - of_sets
    assert missing == set()


@pytest.mark.parametrize("place", free_places(), ids=lambda place: place.name)
def test_a_line_is_never_longer_than_its_bound(target: Target, place: Place) -> None:
    """One byte less than fits, exactly as much, and one more; of characters that take a backslash or two bytes as well."""
    for task in place.tasks():
        for beside, bound in overhead(target, place, task):
            size = bound - beside
            for text in ("a" * (size - 1), "a" * size, "a" * (size + 1), *(f"{each * (size // 2)}a" for each in "\\é")):
                attack(target, place, task, text)
    unharmed(target)


def test_files_stay_in_their_folder(target: Target) -> None:
    root = target.files.parent
    assert {path.name for path in root.iterdir()} == {"sets", "scratch"}
    assert {path.name.partition(".")[0] for path in target.files.iterdir()} == {"target", "witness"}
    assert (target.files / "witness.map").read_text(encoding="utf-8") == "fixed old\n"
    assert (target.files / "witness.acl").read_text(encoding="utf-8") == "fixed\n"


def _short(text: str) -> str:
    return repr(text) if len(text) < 80 else f"{text[:40]!r}… ({len(text)} characters)"
