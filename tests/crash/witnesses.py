"""Sinks that note every delivery in a file, and how such a file is read.

A note is one write to a file opened with O_APPEND: it is there whole, whatever is killed next.
Must not know: processes, who is killed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

NOTING = '''
import os, random, time

from receiver import Retry, Sink, hookimpl


class Noting(Sink):
    """Notes each delivery: the sender's key, position, id, attempt, process, moment."""

    class Settings(Sink.Settings):
        path: str
        fail: float = 0.0

    def open(self):
        self.file = os.open(self.settings.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def close(self):
        os.close(self.file)

    def note(self, event):
        if random.random() < self.settings.fail:
            raise Retry("as it was told to")
        line = (event.key, event.seq, event.id, event.attempt, os.getpid(), time.monotonic())
        os.write(self.file, (" ".join(map(str, line)) + "\\n").encode())
'''

EACH = """

class Each(Noting):
    @hookimpl
    async def on_event(self, event):
        self.note(event)
"""

PLAIN = """

class Plain(Noting):
    @hookimpl
    def on_event(self, event):
        self.note(event)
"""

MANY = """

class Many(Noting):
    @hookimpl
    async def on_batch(self, events):
        behind = set()
        return [self.outcome(event, behind) for event in events]

    def outcome(self, event, behind):
        if event.node in behind:
            return Retry("behind one of its node that has failed")
        try:
            self.note(event)
        except Retry as error:
            behind.add(event.node)
            return error
"""

PLUGINS = {"each.py": NOTING + EACH, "plain.py": NOTING + PLAIN, "many.py": NOTING + MANY}


@dataclass(frozen=True, slots=True)
class Route:
    """One route of the harness, and its file."""

    name: str
    sink: str
    isolation: str = "thread"
    concurrency: int = 8

    def toml(self, path: Path, fail: float) -> str:
        return (
            f"[routes.{self.name}]\n"
            f'sink = "{self.sink}"\nisolation = "{self.isolation}"\n'
            f"concurrency = {self.concurrency}\n"
            "retry = { first = 0.1, factor = 1.5, cap = 1, attempts = 1000 }\n"
            f'settings = {{ path = "{path}", fail = {fail} }}\n'
        )


ROUTES = (
    Route("each", "each"),
    Route("many", "many"),
    Route("apart", "plain", isolation="process"),
)


@dataclass(frozen=True, slots=True)
class Note:
    """One delivery."""

    key: str
    node: str
    number: int
    """Of the event among those of its node, as its sender counted."""
    seq: int
    id: str
    attempt: int
    pid: int
    at: float


def read(path: Path) -> list[Note]:
    """The notes of one sink, in the order in which they were made."""
    notes = []
    for line in path.read_text().splitlines() if path.exists() else ():
        key, seq, id, attempt, pid, at = line.split(" ")
        node, _, number = key.partition(".")
        notes.append(Note(key, node, int(number), int(seq), id, int(attempt), int(pid), float(at)))
    return notes


def by_key(notes: list[Note]) -> dict[str, list[int]]:
    """Where in `notes` each event's deliveries stand."""
    found: dict[str, list[int]] = defaultdict(list)
    for place, note in enumerate(notes):
        found[note.key].append(place)
    return found
