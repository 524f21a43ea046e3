"""`receiver events tail`: follow events as they come in; on a terminal, keys look into them.

Must not know: how the inbox keeps events, or how a terminal reads keys.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from receiver.cli import opening, options, output
from receiver.cli.keyboard import Keyboard
from receiver.cli.selecting import chosen, row

if TYPE_CHECKING:
    from receiver.inbox import Query, Stored
    from receiver.inbox.sqlite import SqliteInbox
    from receiver.settings import Configuration

SECONDS = 1.0
"""After so many it looks again although nobody woke it."""
PAGE = 500
REMEMBERED = 500
"""Events that keys can go back to."""
HELP = (
    "space: pause   j k (or arrows): choose   d (or enter): details   r: replay it   "
    "?: this   q: end"
)


def tail(
    types: options.Types = None,
    source: options.Sources = None,
    node: options.Nodes = None,
    user: options.Users = None,
    text: options.Text = None,
    last: Annotated[
        int, typer.Option("--last", "-n", min=0, help="First print so many that are there.")
    ] = 0,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Follow events as they come in, until Ctrl-C.

    On a terminal: space pauses, j and k choose one of those shown, d shows all of it, r has its
    routes deliver it again, q ends. In a pipe, --json gives one line of JSON each.

    \b
    Examples:
      receiver events tail
      receiver events tail --type '*_connected' --json | jq .node
    """
    query = chosen(types, source, node, user, text)
    found = opening.configuration(config, store_dir=store_dir)
    keyed = sys.stdin.isatty() and sys.stdout.isatty() and not as_json
    try:
        opening.with_inbox(found, lambda inbox: _run(inbox, found, query, last, as_json, keyed))
    except KeyboardInterrupt:
        return


async def _run(
    inbox: SqliteInbox, found: Configuration, query: Query, last: int, as_json: bool, keyed: bool
) -> None:
    tailing = Tail(inbox, found, as_json)
    if not keyed:
        await tailing.follow(query, last)
        return
    output.tell(HELP)
    with Keyboard() as keyboard:
        following = asyncio.create_task(tailing.follow(query, last))
        reading = asyncio.create_task(tailing.obey(keyboard))
        both = (following, reading)
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.wait(both)
    for task in done:
        task.result()  # raises what went wrong


class Tail:
    """What is shown, what is held back while paused, and which event is chosen."""

    def __init__(self, inbox: SqliteInbox, found: Configuration, as_json: bool) -> None:
        self._inbox = inbox
        self._found = found
        self._json = as_json
        self._shown: deque[Stored] = deque(maxlen=REMEMBERED)
        self._chosen: int | None = None
        """How many of what is shown came after it; None: none was chosen."""
        self._going = asyncio.Event()
        self._going.set()

    async def follow(self, query: Query, last: int) -> None:
        """Show `last` events that are there, then what comes, for ever."""
        # The end is fixed before the old events are read, so that none falls between the two.
        seen = await self._inbox.wait(0, 0)
        if last:
            latest = await self._inbox.read(replace(query, newest_first=True, limit=last))
            self._show([event for event in reversed(latest) if (event.seq or 0) <= seen])
        while True:
            newest = await self._inbox.wait(seen, SECONDS)
            await self._going.wait()  # what comes meanwhile stays in the inbox, and is read then
            while page := await self._inbox.read(replace(query, after=seen, limit=PAGE)):
                self._show(page)
                seen = max(event.seq or 0 for event in page)
                await self._going.wait()
            seen = max(seen, newest)
            await asyncio.sleep(0)

    async def obey(self, keyboard: Keyboard) -> None:
        """Do what keys say, until one says to end."""
        while (key := await keyboard.key()) != "q":
            match key:
                case " ":
                    self._pause()
                case "k" | "up":
                    self._choose(1)
                case "j" | "down":
                    self._choose(-1)
                case "d" | "enter":
                    await self._details()
                case "r":
                    await self._replay(keyboard)
                case _:
                    output.tell(HELP)

    def _show(self, events: Sequence[Stored]) -> None:
        for event in events:
            if self._json:
                from receiver.cli.dossier import summary

                output.record(summary(event))
                continue
            self._shown.append(event)
            self._chosen = None
            output.line(_line(event))

    def _pause(self) -> None:
        if self._going.is_set():
            self._going.clear()
            output.tell("paused; space goes on, with what came meanwhile")
        else:
            output.tell("going on")
            self._going.set()

    def _choose(self, back: int) -> None:
        """Choose an earlier event, or a later one, and pause: else it would scroll away."""
        if not self._shown:
            return
        if self._going.is_set():
            self._pause()
        before = 0 if self._chosen is None else self._chosen + back
        self._chosen = min(max(before, 0), len(self._shown) - 1)
        output.line(f"> {_line(self._current())}")

    def _current(self) -> Stored:
        """The chosen event, else the last."""
        return self._shown[-1 - (self._chosen or 0)]

    async def _details(self) -> None:
        from receiver.cli.dossier import collect, print_dossier

        if not self._shown:
            return
        catalogue = opening.catalogue(self._found)
        folder = self._found.store_path.parent
        print_dossier(await collect(self._inbox, self._current().id, catalogue, folder))

    async def _replay(self, keyboard: Keyboard) -> None:
        """Have every route that has passed the chosen event deliver it again, if it wants it."""
        from receiver.cli.replaying import Plan, ask
        from receiver.inbox import Query

        if not self._shown:
            return
        event = self._current()
        seq = event.seq or 0
        live = {each.route for each in await self._inbox.flows() if each.removed_at is None}
        places = [each for each in await self._inbox.places() if each.route in live]
        query = Query(ids=(event.id,))
        planned = [Plan(each.route, query, seq - 1, seq) for each in places if each.position >= seq]
        if not planned:
            output.tell(f"no route has passed event {seq} yet")
            return
        names = ", ".join(plan.route for plan in planned)
        output.tell(f"deliver event {seq} again to {names}? [y/N]")
        if await keyboard.key() != "y":
            output.tell("no")
            return
        numbers = await ask(self._inbox, planned)
        asked = ", ".join(map(str, numbers))
        output.tell(f"asked for, as replay {asked}; see: receiver events replay --list")


def _line(event: Stored) -> str:
    return "  ".join(output.cell(value) for value in row(event))
