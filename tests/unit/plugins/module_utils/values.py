# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest kind of thing that can be changed: named values, in processes that exist in memory only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._engine import Clock
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import CannotConnect, ClosedEarly, TimedOut
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import Fleet, PerProcess
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._plan import (
    Goal,
    Part,
    Remains,
    Step,
    Until,
    Verdict,
    verdict,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._process import Process
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import DIRECT, Command
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._transport import Conversation, Exchange

from unit.plugins.module_utils.support import (
    Answer,
    ScriptedConverse,
    commands_of,
    facts,
    fleet_of,
    line_of,
    process,
    said,
    words_of,
)

State = dict[str, str]
SHOW = Command("show")


def set_value(name: str, value: str, *, level: str = "admin", feature: str | None = None) -> Command:
    return Command(f"set {name} {value}", kind="set …", level=level, feature=feature, silent=True)


@dataclass
class Memory:
    """A process that has values.

    :param values: what it has now.
    :param refuses: commands that it answers with words.
    :param ignores: commands that it answers as if they were carried out.
    :param fails: what happens instead of an answer, by the number of the writing line, from 0.
    :param carries_out: whether a line that ``fails`` is carried out all the same.
    :param replaced: HAProxy was reloaded, and the process is gone.
    :param cut: of the answer to a writing line, so many bytes are heard and no more.
    """

    values: State
    refuses: frozenset[str] = frozenset()
    ignores: frozenset[str] = frozenset()
    fails: Mapping[int, CannotConnect | TimedOut | ClosedEarly] = field(default_factory=dict)
    carries_out: bool = True
    cut: int | None = None
    dead: bool = False
    replaced: bool = False
    lines: list[str] = field(default_factory=list)
    reads: int = 0
    pid: int = 0

    def answer(self, line: str) -> Answer:
        if self.dead:
            return CannotConnect("gone", errno=111)
        if self.replaced:
            return b"Can't find the target PID matching the prefix '@!1'\n"
        if line == f"{SHOW.text};show info":
            self.reads += 1
            table = "".join(f"{name} {value}\n" for name, value in self.values.items())
            return said(f"\n{table}# end\n\n".encode(), self.pid)
        self.lines.append(line)
        failure = self.fails.get(len(self.lines) - 1)
        if failure is not None and not self.carries_out:
            return failure
        reply = "\n" + "".join(self._said(command) for command in commands_of(line))
        return failure if failure is not None else reply.encode()[: self.cut]

    def _said(self, command: str) -> str:
        if command in self.refuses:
            return "[3]: No such value.\n\n"
        if command not in self.ignores:
            _set, name, value = words_of(command)[0]
            self.values[name] = value
        return "\n"


@dataclass
class World:
    """Processes and the fleet of them.

    :param one_line_each: give them buffers so small that no two commands share a line.
    """

    memories: dict[str, Memory]
    levels: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    one_line_each: bool = False

    def __post_init__(self) -> None:
        size = 1384 + len(DIRECT.start) + len(SHOW.text) + len(";show info") + 1 if self.one_line_each else 16384
        self.converse = ScriptedConverse(self._answer)
        self.processes = [
            process(
                name,
                facts(
                    self.versions.get(name, "3.0.11"), level=self.levels.get(name, "admin"), pid=pid, buffer_size=size
                ),
            )
            for pid, name in enumerate(sorted(self.memories))
        ]
        for one in self.processes:
            self.memories[one.name].pid = one.facts.pid

    @property
    def fleet(self) -> Fleet:
        return fleet_of(self.processes, self.converse)

    @property
    def written(self) -> list[str]:
        return [line for memory in self.memories.values() for line in memory.lines]

    def values(self) -> dict[str, State]:
        return {name: dict(memory.values) for name, memory in self.memories.items()}

    def _answer(self, exchange: Exchange) -> Answer:
        return self.memories[exchange.address.text].answer(line_of(exchange))


@dataclass(frozen=True)
class Values:
    """The resource: on each process, values as wished, in one or several goals."""

    goals: Sequence[Mapping[str, Mapping[str, str]]]
    until: Until[State] | None = None
    level: str = "admin"
    features: Mapping[str, str] = field(default_factory=dict)

    def observe(self, process: Process) -> Conversation[State]:
        text = yield from process.ask(SHOW)
        lines = (line.partition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: value for name, _blank, value in lines}

    def aim(self, now: PerProcess[State]) -> Sequence[Goal[State]]:
        wanted = [PerProcess({name: goal[name] for name in now if name in goal}) for goal in self.goals]
        return [
            Goal(aimed, self.until if number == len(wanted) else None) for number, aimed in enumerate(wanted, start=1)
        ]

    def route(self, now: State, aimed: Mapping[Any, Any]) -> Iterable[Step]:
        for name, value in aimed.items():
            if now.get(name) != value:
                yield Step((name, "value"), set_value(name, value, level=self.level, feature=self.features.get(name)))

    def predicted(self, now: State, aimed: Mapping[Any, Any]) -> State:
        return {**now, **aimed}

    def missed(self, now: State, aimed: Mapping[Any, Any]) -> dict[Part, str]:
        return {
            (name, "value"): f"{name} is {now.get(name)}, not {value}"
            for name, value in aimed.items()
            if now.get(name) != value
        }

    def view(self, now: PerProcess[State], keys: Sequence[Any]) -> dict[str, object]:
        return {key: {process: state.get(key) for process, state in now.items()} for key in keys}

    def remains(self, process: Process) -> Conversation[Mapping[Any, int]]:
        text = yield from process.ask(SHOW)
        return {"sessions": text.count("session")}

    def answer(self, before: PerProcess[State], after: PerProcess[State], waited: float) -> dict[str, object]:
        return {"before": dict(before), "after": dict(after), "waited": waited}


@dataclass
class FakeClock:
    """Time that passes by sleeping only.

    :param events: what happens once so many seconds have passed.
    """

    events: dict[float, Any] = field(default_factory=dict)
    seconds: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        assert len(self.slept) < 10_000, "this wait has no end"
        self.slept.append(seconds)
        self.seconds += seconds
        for due in [due for due in self.events if due <= self.passed]:
            self.events.pop(due)()

    @property
    def passed(self) -> float:
        return sum(self.slept)

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.seconds, self.sleep)


@dataclass(frozen=True)
class UntilValue:
    """Until a value is there on every process."""

    name: str
    value: str
    counts_old: bool = False

    def judge(self, now: PerProcess[State], old: Remains, seconds: float, memory: Mapping[Any, Any]) -> Verdict:
        assert seconds >= 0
        assert dict(old) == {}
        left = (
            f"{self.name} of {process} is {state.get(self.name)}"
            for process, state in now.items()
            if state.get(self.name) != self.value
        )
        return verdict(left, memory)
