# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest kind of thing that can be changed: named values, in processes that exist in memory only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._contracts import Resource
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import CannotConnect, ClosedEarly, TimedOut
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import Fleet, PerProcess
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._plan import (
    Goal,
    Part,
    Plan,
    Step,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._planning import plan
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._process import Process
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._promises import Remains, Until, Verdict
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import DIRECT, Command
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._sending import Clock
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._shapes import Aimed
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._terms import Place, Terms
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

S = TypeVar("S")

State = dict[str, str]
SHOW = Command("show")
NOT_YET = "Not yet"


def set_value(
    name: str, value: str, *, level: str = "admin", feature: str | None = None, silent: bool = True
) -> Command:
    return Command(f"set {name} {value}", "set …", level, feature, silent, not_yet="" if silent else NOT_YET)


def kick(name: str) -> Command:
    """A deed: nothing shows that it was done."""
    return Command(f"kick {name}", "kick …", "admin", silent=True)


def end(name: str) -> Command:
    """End a session, which is a value that goes away."""
    return Command(f"end {name}", "end …", "admin", as_good="No such session")


@dataclass
class Memory:
    """A process that has values.

    :param values: what it has now.
    :param refuses: commands that it answers with words.
    :param ignores: commands that it answers as if they were carried out.
    :param not_yet: commands that it refuses so many times, with words that say that one may ask again.
    :param notices: command → words that it gives beside a success.
    :param fails: what happens instead of an answer, by the number of the writing line, from 0.
    :param carries_out: whether a line that ``fails`` is carried out all the same.
    :param replaced: HAProxy was reloaded, and the process is gone.
    :param cut: of the answer to a writing line, so many bytes are heard and no more.
    """

    values: State
    refuses: frozenset[str] = frozenset()
    ignores: frozenset[str] = frozenset()
    not_yet: dict[str, int] = field(default_factory=dict)
    notices: Mapping[str, str] = field(default_factory=dict)
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
        if self.not_yet.get(command):
            self.not_yet[command] -= 1
            return f"[3]: {NOT_YET}, there is somebody.\n\n"
        verb, name, *value = words_of(command)[0]
        if verb == "end" and self.values.pop(name, None) is None:
            return "[3]: No such session (use 'show sess').\n\n"
        if verb == "set" and command not in self.ignores:
            (self.values[name],) = value
        notice = self.notices.get(command)
        return "\n" if notice is None else f"[4]: {notice}\n\n"


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
    """The resource: on each process, values as wished, in one or several goals.

    :param until: of the last goal.
    :param deeds: value → a deed that goes with it.
    :param swept: sessions of old workers that the last goal ends.
    :param retry: of the last goal.
    :param goes_back: whether a failure brings back what was there before.
    :param resort: value → what it is set to when its time is over.
    :param resort_sweeps: sessions of old workers that are ended then.
    :param silent: whether the commands are said to be silent.
    """

    goals: Sequence[Mapping[str, Mapping[str, str]]]
    until: Until[State] | None = None
    level: str = "admin"
    features: Mapping[str, str] = field(default_factory=dict)
    deeds: frozenset[str] = frozenset()
    swept: frozenset[str] = frozenset()
    retry: tuple[float, float] = (0.0, 0.0)
    goes_back: bool = False
    resort: Mapping[str, str] = field(default_factory=dict)
    resort_sweeps: frozenset[str] = frozenset()
    silent: bool = True

    def observe(self, process: Process) -> Conversation[State]:
        text = yield from process.ask(SHOW)
        lines = (line.partition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: value for name, _blank, value in lines}

    def aim(self, now: PerProcess[State], origin: PerProcess[State]) -> Sequence[Goal[State]]:
        wanted = [PerProcess({name: self._aimed(goal[name]) for name in now if name in goal}) for goal in self.goals]
        former = PerProcess({name: self._former(state) for name, state in origin.items()}) if self.goes_back else None
        return [
            Goal(aimed, self.until, self.swept, self.retry, former)
            if number == len(wanted)
            else Goal(aimed, former=former)
            for number, aimed in enumerate(wanted, start=1)
        ]

    def _aimed(self, wish: Mapping[str, str]) -> dict[str, Aimed[str]]:
        def deeds(name: str) -> dict[str, Step]:
            return {"kick": Step((name, "kick"), kick(name), seen=False)} if name in self.deeds else {}

        return {name: Aimed(value, frozenset({"value"}), deeds(name)) for name, value in wish.items()}

    def _former(self, state: State) -> dict[str, Aimed[str]]:
        return {name: Aimed(value, frozenset({"value"})) for name, value in state.items()}

    def route(self, now: State, aimed: Mapping[Any, Any]) -> Iterable[Step]:
        for name, target in aimed.items():
            if now.get(name) != target.record:
                feature = self.features.get(name)
                command = set_value(name, target.record, level=self.level, feature=feature, silent=self.silent)
                yield Step((name, "value"), command)
            yield from target.deeds.values()

    def predicted(self, now: State, aimed: Mapping[Any, Any]) -> State:
        return {**now, **{name: target.record for name, target in aimed.items()}}

    def missed(self, now: State, aimed: Mapping[Any, Any]) -> dict[Part, str]:
        return {
            (name, "value"): f"{name} is {now.get(name)}, not {target.record}"
            for name, target in aimed.items()
            if now.get(name) != target.record
        }

    def diff(self, before: PerProcess[State], after: PerProcess[State], keys: Sequence[Any]) -> list[dict[str, object]]:
        sides = {"before": before, "after": after}
        return [
            {
                side: {key: {process: state.get(key) for process, state in now.items()} for key in keys}
                for side, now in sides.items()
            }
        ]

    def file(self, _before: PerProcess[State], _after: PerProcess[State]) -> None:
        return None

    def remains(self, process: Process) -> Conversation[Mapping[Any, int]]:
        text = yield from process.ask(SHOW)
        return {"sessions": text.count("session")}

    def sweep(self, process: Process, keys: AbstractSet[Any]) -> Conversation[Sequence[Step]]:
        state = yield from self.observe(process)
        return [Step((name, "sessions"), end(name)) for name in state if name in keys]

    def last_resort(self, now: PerProcess[State], places: Sequence[Place]) -> Goal[State]:
        aimed = {
            process: self._aimed({name: self.resort[name] for place, name in places if place == process and name})
            for process in now
        }
        return Goal(PerProcess(aimed), sweep=self.resort_sweeps)

    def warnings(self, before: PerProcess[State]) -> Iterable[str]:
        return (f"{process} may change" for process in before)

    def known(self, before: PerProcess[State]) -> dict[str, object]:
        return {"before": dict(before)}

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


def plan_of(fleet: Fleet, resource: Resource[S]) -> Plan[S]:
    """What a task would do that has done nothing yet."""
    before = fleet.each(resource.observe)
    return plan(fleet, resource, before, before)


class Patient:
    """What any kind of waiting says of itself, for kinds that only judge."""

    empties: frozenset[Any] = frozenset()
    interval = 1.0

    def terms(self, place: Place) -> Terms:
        assert len(place) == 2
        return Terms(10.0)


@dataclass(frozen=True)
class UntilValue:
    """Until a value is there on every process.

    :param limits: how long that may take, on every process that is not among the special ones.
    """

    name: str
    value: str
    empties: frozenset[Any] = frozenset()
    interval: float = 1.0
    limits: Terms = Terms(10.0)  # noqa: RUF009 a tuple that nobody can change
    special: Mapping[str, Terms] = field(default_factory=dict)

    def terms(self, place: Place) -> Terms:
        return self.special.get(place[0], self.limits)

    def judge(self, now: PerProcess[State], old: Remains, seconds: float, memory: Mapping[Any, Any]) -> Verdict:
        assert seconds >= 0
        left: dict[Place, str] = {
            (process, self.name): f"{self.name} of {process} is {state.get(self.name)}"
            for process, state in now.items()
            if state.get(self.name) != self.value
        }
        for worker, sessions in old.items():
            if sessions != {"sessions": 0}:
                left[worker, None if sessions is None else self.name] = f"{worker} says {sessions}"
        return Verdict(left, memory)
