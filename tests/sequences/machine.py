# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine: any task of any module, any outside change or reload, in any order; each task is judged."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, assume, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from . import backends, processes, readers, servers, sets
from .law import Options, judged
from .outside import OUTSIDE
from .rules import Rules, words
from .world import World

LONG = os.environ.get("LONG") == "1"

RULES: dict[str, Rules] = {
    "haproxy_server": servers.RULES,
    "haproxy_backend": backends.RULES,
    "haproxy_frontend": processes.FRONTENDS,
    "haproxy_global": processes.LIMITS,
    "haproxy_command": processes.COMMANDS,
    "haproxy_info": readers.RULES,
    **sets.RULES,
}
"""Module → its rules. A module without fails the tests."""

OUTSIDE_CHANGE, RELOAD = "outside change", "reload"
FEED_BACK = "feed back"
_PROCESS = st.integers(0, 3)

# Those with most to say come more often.
_OFTEN = {"haproxy_server": 4, "haproxy_backend": 3, "haproxy_map": 2}

Step = tuple[str, Any]
"""What is done, and how."""


def tasks_of(module: str) -> st.SearchStrategy[Step]:
    """Tasks of this module."""
    return st.tuples(words(module), RULES[module].tasks())


STEPS: st.SearchStrategy[Step] = st.one_of(
    *(tasks_of(module) for module in RULES for _time in range(_OFTEN.get(module, 1))),
    st.tuples(words(FEED_BACK), st.integers(0, 20)),
    *(st.tuples(words(OUTSIDE_CHANGE), st.tuples(_PROCESS, commands)) for commands in OUTSIDE.values()),
    st.tuples(words(RELOAD), _PROCESS),
)


class Sequence(RuleBasedStateMachine):
    """Starts with everything as configured."""

    world: ClassVar[World]

    @initialize(number=st.integers(0, 2**64))
    def as_configured(self, number: int) -> None:
        """The number makes no difference but one: the simplest sequence, which hypothesis tries first, is one step again
        and again."""
        assume(number)
        self.world.reset()

    def do(self, what: str, how: Any) -> None:
        """A task, which is judged, or what somebody else does."""
        verdict = ""
        if what == OUTSIDE_CHANGE:
            process, command = how
            self.world.tell(process, self.world.filled(command))
        elif what == RELOAD:
            self.world.restart(how)
        elif what == FEED_BACK:
            items = self.world.kept[how % len(self.world.kept)] if self.world.kept else []
            if not items:
                return
            what = "haproxy_server"
            verdict = self._judged(what, {"servers": items, "wait_timeout": 5.0, "wait_interval": 0.05})
        else:
            verdict = self._judged(what, how)
        self.world.steps[what, verdict] += 1

    def _judged(self, module: str, options: Options) -> str:
        rules = RULES[module]
        verdict, _result = judged(self.world, module, options, rules.law, rules.touched)
        return verdict


def machine(world: World, steps: st.SearchStrategy[Step]) -> type[Sequence]:
    """The machine for one world. It has one rule for all that can be done: of several, hypothesis would leave out half in
    each sequence."""

    @rule(step=steps)
    def step(self: Sequence, step: Step) -> None:
        self.do(*step)

    return type("Sequence", (Sequence,), {"world": world, "step": step})


BASE = settings(
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


def run_sequences(world: World, count: int, length: int, number: int) -> None:
    """Run `count` sequences of `length` steps.

    :param number: seeds them, unless LONG=1: then they are others each time.
    """
    wanted = machine(world, STEPS)
    run_state_machine_as_test(
        wanted if LONG else seed(number)(wanted),
        # To become as configured is a step, too.
        settings=settings(BASE, max_examples=count, stateful_step_count=length + 1, derandomize=not LONG),
    )
