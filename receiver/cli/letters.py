"""Which dead letters a command means, and what it does with them, some at a time.

Must not know: how the inbox keeps them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from receiver.cli import choice, moments, output
from receiver.cli.progress import Progress
from receiver.cli.replaying import hindrances
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.inbox import DeadLetter, Inbox, Query
    from receiver.inbox.letters import Letter
    from receiver.settings import Configuration

PAGE = 500
"""Dead letters read or changed at once: a few milliseconds' work."""


class Letters(Enum):
    """What becomes of dead letters: what is asked, what was done."""

    RETRY = ("try {} again?", "tried again")
    DROP = ("let go of {}?", "let go of")


@dataclass(frozen=True, slots=True)
class Filters:
    """Which dead letters; times are those when a route gave up."""

    query: Query
    route: str | None
    why: str | None
    since: datetime | None
    until: datetime | None

    def narrow(self, with_ids: bool) -> bool:
        """Whether a filter was given, of those that are not said beside ids."""
        query = self.query
        return bool(
            (self.route is not None and not with_ids)
            or self.why
            or self.since
            or self.until
            or query.types
            or query.sources
            or query.nodes
            or query.users
            or query.text
        )

    def test(self) -> Callable[[DeadLetter], bool]:
        """Whether a dead letter is one of them."""
        from receiver.cli.dossier import wording
        from receiver.inbox.rules import selects

        selected = selects(self.query)
        said = (self.why or "").lower()

        def test(letter: DeadLetter) -> bool:
            return (
                (self.since is None or letter.buried_at >= self.since)
                and (self.until is None or letter.buried_at < self.until)
                and said in wording(letter.failure).lower()
                and selected(letter.event)
            )

        return test


def filters(
    route: str | None,
    types: list[str] | None,
    sources: list[str] | None,
    nodes: list[str] | None,
    users: list[str] | None,
    since: str | None,
    until: str | None,
    text: str | None,
    why: str | None,
) -> Filters:
    """The filters that a command's options mean. Raises ReceiverError for a time that is none."""
    from receiver.cli.selecting import chosen

    now = datetime.now(UTC)
    query = chosen(types, sources, nodes, users, text)
    return Filters(query, route, why, moments.read(since, now), moments.read(until, now))


async def chosen(
    inbox: Inbox, wanted: Filters, found: Configuration, limit: int
) -> list[DeadLetter]:
    """The first `limit` dead letters that are meant; ReceiverError for an unknown route."""
    letters: list[DeadLetter] = []
    async for letter in _walk(inbox, wanted, found):
        letters.append(letter)
        if len(letters) == limit:
            break
    return letters


async def _walk(inbox: Inbox, wanted: Filters, found: Configuration) -> AsyncIterator[DeadLetter]:
    """The dead letters that are meant, a page in memory; ReceiverError for an unknown route."""
    if wanted.route is not None:
        known = {place.route for place in await inbox.places()} | set(found.settings.routes)
        _check_known(wanted.route, sorted(known))
    test = wanted.test()
    after = 0
    while page := await inbox.dead_letters(route=wanted.route, after=after, limit=PAGE):
        for letter in filter(test, page):
            yield letter
        after = page[-1].event.seq or 0


@dataclass(slots=True)
class Done:
    """What was done with dead letters."""

    what: Letters
    meant: int
    done: int = 0
    dry: bool = False
    interrupted: bool = False
    routes: set[str] = field(default_factory=set)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "meant": self.meant,
            "done": self.done,
            "dry_run": self.dry,
            "interrupted": self.interrupted,
            "routes": sorted(self.routes),
        }

    def said(self) -> str:
        """For a person."""
        meant = output.count(self.meant, "dead letter")
        if self.dry:
            return f"{meant} of {', '.join(sorted(self.routes)) or 'no route'}; nothing was done"
        told = f"{self.what.value[1]}: {self.done} of {meant}"
        return told + ("; interrupted, the rest is as it was" if self.interrupted else "")


async def change(
    inbox: Inbox,
    what: Letters,
    found: Configuration,
    ids: list[str],
    wanted: Filters,
    *,
    yes: bool,
    dry: bool,
) -> Done:
    """Retry or let go of what is meant, a page at a time; Ctrl-C ends it between two pages."""
    letters = await _meant(inbox, found, ids, wanted)
    done = Done(what, len(letters), dry=dry, routes={route for route, _ in letters})
    question = what.value[0].format(output.count(len(letters), "dead letter"))
    if dry or not letters or not choice.agreed(question, yes):
        return done
    act = inbox.requeue if what is Letters.RETRY else inbox.discard
    try:
        with Progress() as progress:
            for first in range(0, len(letters), PAGE):
                done.done += await act(letters[first : first + PAGE])
                progress.show(f"{done.done} of {len(letters)}")
        if what is Letters.RETRY:
            await hindrances(inbox, done.routes, found.store_path.parent)
    except asyncio.CancelledError:
        done.interrupted = True
    return done


async def _meant(
    inbox: Inbox, found: Configuration, ids: list[str], wanted: Filters
) -> list[Letter]:
    from receiver.cli.dossier import find

    if not ids:
        every = _walk(inbox, wanted, found)
        return [(letter.route, letter.event.seq or 0) async for letter in every]
    letters: list[Letter] = []
    for each in ids:
        event = await find(inbox, each)
        near = await inbox.dead_letters(after=(event.seq or 1) - 1, limit=1)
        mine = [(letter.route, event.seq or 0) for letter in near if letter.event.id == event.id]
        mine = [letter for letter in mine if wanted.route in (None, letter[0])]
        if not mine:
            where = f" of route {wanted.route!r}" if wanted.route else ""
            raise ReceiverError(f"event {each} is no dead letter{where}; see: receiver dead list")
        letters += mine
    return list(dict.fromkeys(letters))


def _check_known(route: str, known: list[str]) -> None:
    """Raise ReceiverError for a route that neither the inbox nor the configuration knows."""
    from receiver.settings import nearest_of

    if route not in known:
        raise ReceiverError(f"there is no route {route!r}; {nearest_of(route, known, 'routes:')}")
