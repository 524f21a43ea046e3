"""What became of one event on each route, why, and what happens next: put together from facts.

Whether a route wanted it is judged by the versions of route and filters that were in force when the
route came to it. Must not know: how facts are kept, how they are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from receiver import bulletin
from receiver.cli import output
from receiver.cli.filtersthen import filters_of
from receiver.cli.wanting import head

if TYPE_CHECKING:
    from pathlib import Path

    from receiver.catalogue import Catalogue
    from receiver.filters import Filters
    from receiver.inbox import Attempt, Inbox, Standing, Stored
    from receiver.inbox.facts import Closing, Definition, Passage
    from receiver.inbox.replays import Replay
    from receiver.inbox.sqlite import SqliteInbox
    from receiver.inbox.steering import RouteFlow


_HELD_BACK = ("held", "beyond")


@dataclass(slots=True, kw_only=True)
class Explanation:
    """One event on one route."""

    route: str
    wanted: bool | None
    """Whether patterns and hooks let it in; None: nobody knows any more."""
    by: str
    """The pattern that let it in, or what kept it out."""
    filter: str | None = None
    """What the filters said; None: they were not asked, or there were none."""
    state: str
    """Of receiver.inbox.Standing; `quarantined`; or, where it is passed, `delivered`, `dropped`,
    `filtered`, `unwanted`, `discarded`, `older`, or `passed` where its definition is not kept."""
    made: str
    """The same in words."""
    next: str = "nothing"
    """What happens by itself."""
    next_at: datetime | None = None
    remedy: str = ""
    """What a person can do."""
    version: int | None = None
    """Of the route's definition that was asked."""
    version_since: datetime | None = None
    attempts: list[Attempt] = field(default_factory=list)
    """Those that failed."""
    replays: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the store says of one event."""

    standings: list[Standing]
    passages: dict[str, Passage]
    closings: dict[str, Closing]
    definitions: list[Definition]
    attempts: list[Attempt]
    flows: dict[str, RouteFlow]
    replays: list[Replay]
    filters: dict[int, Filters]
    """The filters by the version of their definition, as far as the trail goes back."""
    live: dict[str, dict[str, Any]] | None
    """What the process that delivers says; None: there is none."""


async def explain(
    inbox: SqliteInbox, event: Stored, catalogue: Catalogue, folder: Path
) -> list[Explanation]:
    """What became of an event on each route that the store knows, by name."""
    if event.seq is None:
        places = await inbox.places()
        return [_quarantined(place.route) for place in places]
    told = bulletin.read(folder, datetime.now(UTC))
    passages = {each.route: each for each in await inbox.passages(event.seq)}
    definitions = await inbox.definitions()
    versions = {each.regime.filters for each in passages.values()}
    facts = _Facts(
        standings=await inbox.standings(event.seq),
        passages=passages,
        closings={each.route: each for each in await inbox.closings(event.seq)},
        definitions=definitions,
        filters=await filters_of(inbox.registry, definitions, versions, catalogue.contract),
        attempts=await inbox.attempts(event.id),
        flows={each.route: each for each in await inbox.flows()},
        replays=await inbox.replays(),
        live=told.routes if told else None,
    )
    found = [_of_route(standing, event, facts, catalogue) for standing in facts.standings]
    await _look_ahead(inbox, event, found)
    return found


def _quarantined(route: str) -> Explanation:
    return Explanation(
        route=route,
        wanted=None,
        by="",
        state="quarantined",
        made="quarantined: no route sees it",
        remedy="receiver quarantine release, once the spec knows it",
    )


def _of_route(
    standing: Standing, event: Stored, facts: _Facts, catalogue: Catalogue
) -> Explanation:
    from receiver.dispatch.definition import judge, read

    name = standing.route
    passage = facts.passages.get(name)
    definition = _definition(facts.definitions, name, passage)
    made = Explanation(
        route=name,
        wanted=None,
        by="its definition of then is not kept",
        state=standing.state,
        made="",
        attempts=[each for each in facts.attempts if each.route == name],
        replays=_replayed(name, event, facts),
    )
    if definition is not None:
        made.version, made.version_since = definition.version, definition.since
        verdict = judge(read(definition.text), head(event), catalogue.contract)
        made.wanted, made.by = verdict.wanted, verdict.by
        if made.wanted and passage is not None and passage.regime.filters:
            strict = read(definition.text).strict
            _tell_of_filters(made, event, strict, facts.filters.get(passage.regime.filters))
    _tell(made, standing, event, facts, passage)
    return made


def _definition(
    definitions: Sequence[Definition], name: str, passage: Passage | None
) -> Definition | None:
    """The version of a route that decided; the newest one where it has not come to the event."""
    mine = [each for each in definitions if (each.kind, each.name) == ("route", name)]
    if passage is not None and passage.regime.version:
        return next((each for each in mine if each.version == passage.regime.version), None)
    return mine[-1] if mine else None


def _tell_of_filters(
    made: Explanation, event: Stored, strict: bool, filters: Filters | None
) -> None:
    """Fill in what the filters of then made of it."""
    if filters is None:
        made.filter = "the filters of then are not kept"
        return
    decision = filters.decide(made.route, strict, event.type, event.user, event.node)
    made.filter = decision.why
    if not decision.delivered:
        made.state = "filtered"


def _tell(
    made: Explanation,
    standing: Standing,
    event: Stored,
    facts: _Facts,
    passage: Passage | None,
) -> None:
    """Fill in what became of it, in words, and what comes next."""
    failures = len(made.attempts)
    after = f", after {output.count(failures, 'failed attempt')}" if failures else ""
    if made.state == "filtered":
        made.made = f"kept back: {made.filter}"
        made.remedy = f"receiver events replay {event.seq} --route {made.route}"
        return
    match standing.state:
        case "dead":
            made.made, made.remedy = "dead letter", f"receiver dead retry {event.seq}"
        case "requeued":
            made.made = f"to be tried again as soon as its route runs{after}"
            made.next = "attempt 1 again, within a second"
        case "held":
            made.made = f"held back behind an earlier event of its node{after}"
            made.next = "an attempt, once that is delivered or given up"
        case "waiting" if standing.due:
            made.made = f"tried again from {output.moment(standing.due)} on{after}"
            made.next, made.next_at = f"attempt {failures + 1}", standing.due
        case "beyond" | "open":
            _tell_of_future(made, after)
        case _:
            _tell_of_past(made, event, facts, passage, after)
    if made.next != "nothing":
        _tell_of_hindrances(made, facts)


def _tell_of_future(made: Explanation, after: str) -> None:
    if made.wanted is False:
        made.made = "not wanted; its turn has not come"
    else:
        made.made = f"not yet: in flight, or its turn has not come{after}"
        made.next = f"attempt {len(made.attempts) + 1}, at its turn"


def _tell_of_past(
    made: Explanation, event: Stored, facts: _Facts, passage: Passage | None, after: str
) -> None:
    closing = facts.closings.get(made.route)
    again = f"receiver events replay {event.seq} --route {made.route}"
    if closing is not None and closing.kind == "dropped":
        made.state, made.made = "dropped", f"dropped: {closing.why}"
    elif closing is not None and closing.kind == "dead":
        made.state = "discarded"
        made.made = f"given up{after}; its dead letter was let go of, or was too old"
        made.remedy = again
    elif passage is None and closing is None:
        made.state, made.made = "older", "older than the route, or than what is kept of it"
        made.wanted, made.by, made.remedy = None, "the route began after it", again
    elif made.wanted is False:
        made.state, made.made = "unwanted", "not wanted"
    elif made.wanted is None and closing is None and not made.attempts:
        made.state, made.made = "passed", "delivered, or not wanted"
    else:
        at = closing.at if closing is not None else passage.at if passage is not None else None
        when = f" by {output.moment(at)}" if at else ""
        made.state, made.made = "delivered", f"delivered{when}{after}"
        if made.attempts and made.attempts[-1].next_at is None and closing is None:
            made.state = "discarded"
            made.made = f"given up{after}; its dead letter was let go of, or was too old"
            made.remedy = again


def _tell_of_hindrances(made: Explanation, facts: _Facts) -> None:
    """What keeps that from happening."""
    flow = facts.flows.get(made.route)
    live = (facts.live or {}).get(made.route, {})
    if facts.live is None:
        made.next += "; but nobody delivers from this store just now"
        made.remedy = "receiver serve"
    elif flow is not None and flow.flow != "running":
        made.next += f"; but the route is {flow.flow}"
        made.remedy = f"receiver routes resume {made.route}"
    elif live.get("state") in ("stuck", "broken", "starting"):
        why = live.get("last_error") or "see the log"
        made.next += f"; but the route is {live['state']}: {why}"
        made.remedy = "receiver status"
    elif live.get("breaker", "closed") != "closed":
        until = live.get("breaker_until")
        made.next += f"; but its breaker is {live['breaker']}, until {until or 'it is tried'}"
        made.remedy = f"receiver routes test {made.route}"


def _replayed(name: str, event: Stored, facts: _Facts) -> list[str]:
    """The replays that cover an event, in words."""
    from dataclasses import replace

    from receiver.cli.replaying import said
    from receiver.inbox.rules import selects

    return [
        said(each)
        for each in facts.replays
        if each.route == name
        and each.low < (event.seq or 0) <= each.high
        and selects(replace(each.query, after=None, before=None))(event)
    ]


async def _look_ahead(inbox: Inbox, event: Stored, every: Sequence[Explanation]) -> None:
    """Say of each route that holds an event back which earlier event of its node it waits for.

    What a route has not passed yet is held back in its memory only; the store says it by the
    earlier event.
    """
    from receiver.inbox import Query

    waiting = [each for each in every if each.state in _HELD_BACK and each.wanted is not False]
    if event.node is None or not waiting:
        return
    query = Query(
        state="waiting", nodes=(event.node,), sources=(event.source,), before=event.seq, limit=1
    )
    for earlier in await inbox.read(query):
        states = {each.route: each.state for each in await inbox.standings(earlier.seq or 0)}
        for each in waiting:
            if states[each.route] in ("waiting", "held", "open"):
                each.state = "held"
                each.made = f"held back behind event {earlier.seq} of its node, {earlier.id}"
                each.next = "an attempt, once that is delivered or given up"
                each.remedy = each.remedy or f"receiver events explain {earlier.seq}"
