"""Kills processes of the receiver at random moments while it works, and writes down which, when.

Must not know: what is sent, what is checked.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from served import Found, Served

CHOICES = {"worker": 40, "workers": 8, "backstage": 18, "sink": 18, "arbiter": 12, "all": 4}
"""What is killed, by how often: one worker or all of them, …, everything at once."""
WAIT = 30.0
"""Seconds to wait for a victim that is not there, having been killed a moment ago."""


@dataclass(frozen=True, slots=True)
class Kill:
    """One moment of killing."""

    what: str
    before: float
    after: float
    dead: dict[int, str]
    """The processes that were sent SIGKILL, by kind."""
    children: frozenset[int]
    """Their children that are sinks: they end when their parent is gone."""


@dataclass
class Killer(threading.Thread):
    """Kills `count` times, spread over the progress of the work from 0 to 1."""

    served: Served
    count: int
    seed: int
    progress: Callable[[], float]
    kills: list[Kill] = field(default_factory=list)
    missed: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.stopped = threading.Event()
        self._chance = random.Random(self.seed)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        for number, what in enumerate(self._plan()):
            moment = (number + self._chance.random()) / self.count * 0.97
            pause = self._chance.random() * 0.05
            while self.progress() < moment:
                if self.stopped.wait(0.01):
                    return
            time.sleep(pause)
            self._kill(what)

    def _plan(self) -> list[str]:
        """What to kill, each kind once at least, in a random order."""
        kinds, weights = list(CHOICES), list(CHOICES.values())
        more = max(0, self.count - len(kinds))
        plan = (kinds + self._chance.choices(kinds, weights, k=more))[: self.count]
        self._chance.shuffle(plan)
        return plan

    def _kill(self, what: str) -> None:
        end = time.monotonic() + WAIT
        while not (victims := self._victims(what)):
            if time.monotonic() > end:
                self.missed[what] += 1
                return
            time.sleep(0.02)
        everything = self.served.processes()
        before = time.monotonic()
        dead = {}
        for victim in victims:
            with suppress(ProcessLookupError):
                os.kill(victim.pid, signal.SIGKILL)
                dead[victim.pid] = victim.kind
        after = time.monotonic()
        children = {
            each.pid for each in everything if each.kind == "sink" and each.parent in dead
        } - set(dead)
        self.kills.append(Kill(what, before, after, dead, frozenset(children)))

    def _victims(self, what: str) -> list[Found]:
        if what == "all":
            return self.served.processes()
        found = self.served.of(what.removesuffix("s"))
        if what == "worker" and found:
            return [self._chance.choice(found)]
        return found
