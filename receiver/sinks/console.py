"""Prints events: for people on a terminal, as JSON lines into anything else.

Must not know: anything of Receiver but its porch, and how text is made printable.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from receiver import Event, Sink, hookimpl
from receiver.printable import printable
from receiver.sinks.text import indented, line

if TYPE_CHECKING:
    from rich.console import Console as Terminal

LONGEST = 20_000
"""Characters of a payload that are shown to a person."""


class Console(Sink):
    """Print every event: readable on a terminal, JSON lines otherwise."""

    prints = True

    class Settings(Sink.Settings):
        """How events are printed."""

        format: Literal["auto", "pretty", "json"] = Field(
            default="auto",
            description="`pretty` for people, `json` for one line of JSON per event; `auto` is"
            " pretty on a terminal and JSON otherwise.",
        )

    def open(self) -> None:
        """Look at what standard output is."""
        from rich.console import Console as Terminal  # here: only who prints needs it

        choice = self.settings.format
        pretty = choice == "pretty" or (choice == "auto" and sys.stdout.isatty())
        self._lock = threading.Lock()
        self._terminal = Terminal(soft_wrap=True, highlight=False) if pretty else None

    @hookimpl
    def on_event(self, event: Event[Any]) -> None:
        """Print one event."""
        with self._lock:
            if self._terminal is None:
                sys.stdout.write(f"{line(event)}\n")
                sys.stdout.flush()
            else:
                show(self._terminal, event)


def show(terminal: Terminal, event: Event[Any]) -> None:
    """Print one event for people: a line about it, and its payload below."""
    from rich.text import Text  # not markup: what a sender wrote stays what it is

    when = event.time.astimezone()
    head = Text.assemble(
        (when.strftime("%H:%M:%S"), "dim"),
        "  ",
        (printable(event.source), "cyan"),
        "  ",
        (printable(event.type), "bold green"),
    )
    if event.node:
        head.append(f"  {printable(event.node)}", "yellow")
    if event.attempt > 1:
        head.append(f"  attempt {event.attempt}", "red")
    if event.replay or event.released:
        head.append("  replay" if event.replay else "  released", "magenta")
    payload = indented(event)
    if len(payload) > LONGEST:
        payload = f"{payload[:LONGEST]}\n… {len(payload) - LONGEST} more characters"
    body = "\n".join(f"    {part}" for part in payload.split("\n"))
    terminal.print(head)
    terminal.print(Text(body, "dim" if terminal.is_terminal else ""))
