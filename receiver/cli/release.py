"""Letting quarantined events in, a page at a time, and what became of them.

Must not know: options, how events are judged or kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from receiver.cli import output
from receiver.cli.progress import Progress
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.cli.shapes import Shape
    from receiver.inbox import Inbox, Query, Stored
    from receiver.rejudgement import Rejudgement

PAGE = 200
"""Events that are read or released at once: a commit that holds up nobody."""


@dataclass(slots=True)
class Done:
    """What became of quarantined events."""

    dry: bool
    released: int = 0
    gone: int = 0
    interrupted: bool = False
    wrong: dict[Any, Shape] = field(default_factory=dict)
    stays: int = 0

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "dry_run": self.dry,
            "released": self.released,
            "still_wrong": self.stays,
            "no_longer_there": self.gone,
            "interrupted": self.interrupted,
            "problems": [shape.plain() for shape in self.wrong.values()],
        }

    def said(self) -> str:
        """For a person."""
        did = "would be released" if self.dry else "released"
        parts = [f"{did}: {self.released}", f"still wrong: {self.stays}"]
        if self.gone:
            parts.append(f"released by somebody else meanwhile: {self.gone}")
        if self.interrupted:
            parts.append("interrupted: run it again for the rest")
        worst = sorted(self.wrong.values(), key=lambda shape: -shape.count)[:5]
        lines = [f"  {each.count} times {each.type} {each.field} {each.problem}" for each in worst]
        return output.printable("\n".join(["; ".join(parts), *lines]), keep="\n")


async def let_in(
    inbox: Inbox, events: AsyncIterator[list[Stored]], rejudgement: Rejudgement, dry: bool
) -> Done:
    from receiver.cli.shapes import shapes

    done = Done(dry=dry)
    try:
        with Progress() as progress:
            async for page in events:
                judged = [rejudgement.of(event) for event in page]
                fit = sum(not each.problems for each in judged)
                given = [None] * len(judged) if dry else await inbox.readmit(judged)
                released = fit if dry else sum(seq is not None for seq in given)
                done.released += released
                done.gone += fit - released
                done.stays += len(judged) - fit
                restated = [
                    replace(event, type=each.type, problems=each.problems)
                    for event, each in zip(page, judged, strict=True)
                ]
                shapes(restated, done.wrong)
                progress.show(f"{done.released} released, {done.stays} still wrong")
    except asyncio.CancelledError:
        done.interrupted = True
    return done


async def named(inbox: Inbox, ids: list[str]) -> AsyncIterator[list[Stored]]:
    """The events of these ids, as one page. Raises ReceiverError for one not in quarantine."""
    from receiver.cli.dossier import find

    events = [await find(inbox, each) for each in ids]
    for each, event in zip(ids, events, strict=True):
        if event.seq is not None:
            raise ReceiverError(f"event {each} is not in quarantine; see: receiver events show")

    async def page() -> AsyncIterator[list[Stored]]:
        yield events

    return page()


async def pages(inbox: Inbox, query: Query) -> AsyncIterator[list[Stored]]:
    """What a query finds in quarantine, a page in memory; what is added meanwhile is left out."""
    newest = await inbox.read(replace(query, newest_first=True, limit=1))
    last = newest[0].place or 0 if newest else 0
    after = 0
    while page := await inbox.read(
        replace(query, after=after, before=last + 1, limit=PAGE, newest_first=False)
    ):
        yield page
        after = page[-1].place or last
