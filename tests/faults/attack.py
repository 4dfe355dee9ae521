# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One string in one place of one task, and whether all that came of it is what should."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from lab.tasks import Result, run

from .expected import Expected, encode
from .oracles import stored
from .places import Place
from .quoting import Line, Said, UnreadableError, escaped, read
from .tasks import ACL, JUDGED_BY_HAPROXY, MAP, PROCESS, Options
from .witness import Target, Witness

Verdict = Literal["stored", "sent", "nothing", "refused", "by HAProxy"]
"""Read back exactly; sent exactly, and not to be read back; a success that changed nothing; refused before anything was
sent; refused by HAProxy, which alone can judge it."""

# Bytes of a line and of a line with its payload: half a buffer before 3.0, which hangs at more, else 15,000 (with the
# buffer of 16,384 that HAProxy has by default).
LINE_OF_OLD, LONGEST = 8000, 15_000

# Kinds of error that mean "before anything was sent". No kind: Ansible refused the argument.
_BEFORE = (None, "InputError", "ObjectNotFound", "FeatureMissing")
_NO_PROCESS = ("FleetError", "CannotConnect", "TransportError", "NotHAProxy", "TimedOut", "ClosedEarly")
_BY_HAPROXY = ("CommandRefused", "NotFound", "UnknownCommand", "NotConverged", "PartlyApplied")
_ABOUT_SOCKETS = ("socket", "expected_processes", "timeout", "on_unreachable")


class FindingError(AssertionError):
    """What should never happen."""


def attack(target: Target, place: Place, task: Options, text: str) -> Verdict:
    """Put the string into the task and run it.

    :raises FindingError: where anything else came of it than a stored value or a refusal in words.
    """
    text = re.sub(r"witness\.(map|acl)", lambda found: f"{target.files}/{found[0]}", text)
    options = _named(place.filled(task, text, target.folder), target)
    content, filled = _prepared(target, place, options, text)
    target.recorder.clear()
    with _swallowing(target, place):
        result = _result(place, {"timeout": 4.0, **_socket(target, place), **options})
    lines = _lines(target, target.recorder.exchanges)
    files = {"map": target.map, "acl": target.acl}
    expected = Expected(options, place.may_send, files, content)
    wrong = [found for found in (expected.judge(line, own_commands(place, options)) for line in lines) if found]
    if wrong:
        raise FindingError(wrong[0])
    if lines:
        unharmed(target, limited=place.module == "haproxy_global")
    sent = any(not expected.reads(said) for line in lines for said in line.commands[1:])
    try:
        return _verdict(target, place, options, text, result, sent=sent)
    finally:
        if sent or filled:
            target.tidy()


def _flat(witness: Witness) -> list[object]:
    """Its cells; each column of its servers is one."""
    return [*(cell for server in witness.servers for cell in server), *witness[2:]]


def _is_of_ansible(error: Exception) -> bool:
    """Whether it comes out of AnsibleModule before any code of the collection has seen an argument."""
    names = [(Path(frame.filename).name, frame.name) for frame in traceback.extract_tb(error.__traceback__)]
    return ("basic.py", "__init__") in names


def unharmed(target: Target, *, limited: bool = False) -> None:
    """
    :param limited: whether the limits of the process may be others.
    :raises FindingError: when the witness, or the process, is not what it was when it started.
    """
    try:
        now = target.witness()
    except OSError as error:
        raise FindingError(f"HAProxy does not answer any more: {error}") from error
    if limited:
        now = now._replace(limits=target.first.limits)
    if now != target.first:
        changed = [f"{a!r:.600} is {b!r:.600}" for a, b in zip(_flat(target.first), _flat(now), strict=False) if a != b]
        raise FindingError(f"the witness changed: {'; '.join(changed) or 'there is more of it'}")


def _result(place: Place, options: Options) -> Result:
    """What the module prints; a failure without a kind where Ansible's own code does not take an argument, such as lone
    surrogates, which it cannot encode, or ``inf`` for a whole number."""
    try:
        return run(place.module, options)
    except Exception as error:
        if isinstance(error, UnicodeEncodeError) or _is_of_ansible(error):
            return {"failed": True, "msg": f"Ansible takes no such argument: {error}"}
        raise FindingError(f"{type(error).__name__} out of the module: {error}") from error


def overhead(target: Target, place: Place, task: Options) -> Iterator[tuple[int, int]]:
    """Of the lines that carry a string in this place: the bytes beside it, and how many the line may have."""
    sample = "sample-7"
    try:
        attack(target, place, task, sample)
    except FindingError:
        return
    for request, _reply in target.recorder.exchanges:
        head, _end, payload = request.partition(b"\n")
        if sample.encode() in head:
            yield len(head) + 1 - len(sample), _line_bound(target)
        elif sample.encode() in payload:
            yield len(request) - len(sample), LONGEST


def own_commands(place: Place, options: Mapping[str, Any]) -> list[Said]:
    """The items of ``haproxy_command`` that are exactly one command, as HAProxy reads them."""
    found: list[Said] = []
    if place.module != "haproxy_command":
        return found
    given = options["command"]
    for item in given.split(",") if isinstance(given, str) else given:
        parts = item if isinstance(item, dict) else {"command": item}
        text, payload = encode(parts["command"].strip(" \t")), encode(parts.get("payload", "").rstrip("\r\n"))
        try:
            lines = read(text + (b" <<\n" + payload + b"\n\n" if payload else b"\n"))
        except UnreadableError:
            continue
        if len(lines) == 1 and len(lines[0].commands) == 1:
            found.append(lines[0].commands[0])
    return found


def _lines(target: Target, exchanges: Sequence[tuple[bytes, bytes]]) -> list[Line]:
    """All lines that were sent, each of them alone on its connection and within the bounds."""
    found = []
    for request, _reply in exchanges:
        try:
            lines = read(request)
        except UnreadableError as error:
            raise FindingError(f"sent, and read differently by different versions: {error}") from error
        if len(lines) != 1:
            raise FindingError(f"{len(lines)} lines on one connection: {request[:300]!r}")
        if lines[0].size > _line_bound(target) or lines[0].whole > LONGEST:
            raise FindingError(f"a line of {lines[0].size} bytes, with its payload {lines[0].whole}")
        found += lines
    return found


def _line_bound(target: Target) -> int:
    return LONGEST if target.version.number >= (3, 0) else LINE_OF_OLD


def _verdict(target: Target, place: Place, options: Options, text: str, result: Result, *, sent: bool) -> Verdict:
    """
    :raises FindingError: for what is neither a success nor a refusal in words.
    """
    if not result.get("failed"):
        if str(result.get("msg", "")).startswith("Traceback"):
            raise FindingError(f"a success with a traceback: {result['msg']}")
        wrong, seen = stored(target, place, options, text)
        if wrong:
            raise FindingError(wrong)
        return "stored" if seen else "sent" if sent else "nothing"
    kind, words = result.get("error"), str(result.get("msg", ""))
    if "exception" in result or "Traceback" in words or kind == "Fault" or not words.strip():
        raise FindingError(f"no sentence but a fault: {result.get('exception', words)[-1500:]}")
    if kind in _BEFORE or (place.option in _ABOUT_SOCKETS and kind in _NO_PROCESS):
        if sent:
            raise FindingError(f"refused after something was sent: {words[:300]}")
        return "refused"
    if kind in _BY_HAPROXY and place.last in JUDGED_BY_HAPROXY:
        return "by HAProxy"
    raise FindingError(f"{kind}, neither a refusal beforehand nor one of HAProxy's: {words[:300]}")


def _named(value: Any, target: Target) -> Any:
    """The same with the names of this target for those that stand for them."""
    if isinstance(value, str):
        names = {MAP: target.map, ACL: target.acl, PROCESS: target.recorder.path}
        return re.sub(r"\{(map|acl|process)\}", lambda found: names[found[0]], value)
    if isinstance(value, dict):
        return {_named(key, target): _named(one, target) for key, one in value.items()}
    return [_named(one, target) for one in value] if isinstance(value, list) else value


def _socket(target: Target, place: Place) -> Options:
    return {} if place.option == "socket" else {"socket": [target.recorder.path]}


def _prepared(target: Target, place: Place, options: Options, text: str) -> tuple[bytes, bool]:
    """What must be there beforehand: a file to be read, whose content this is, or (then True) an entry to be deleted."""
    if place.last == "entries" and options.get("state") == "absent":
        word, kind = encode(text), place.module.removeprefix("haproxy_")
        if re.fullmatch(rb"[^\x00-\x1f\x7f]{1,1500}", word):
            name, value = (target.map, b" v") if kind == "map" else (target.acl, b"")
            target.ask(f"add {kind} {name} ".encode() + escaped(word) + value)
            return b"", True
    if place.shape == "content":
        path = Path(options[place.option])
        path.write_bytes(encode(text))
        return encode(text), False
    return b"", False


@contextmanager
def _swallowing(target: Target, place: Place) -> Iterator[None]:
    """Keep commands that a user may well send from HAProxy: what counts is that it would be one command."""
    if place.module == "haproxy_command" and place.option == "command" and place.shape != "[{payload}]":
        target.recorder.swallow = lambda request: None if b";show cli level;" in request else b"\n\n"
    try:
        yield
    finally:
        target.recorder.swallow = None
