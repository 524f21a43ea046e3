"""Which events a command's filters mean, and an event in the columns of a list.

Must not know: what the command does with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from receiver.inbox import Query, Stored

COLUMNS = ("seq", "id", "received", "source", "type", "node", "user")


def chosen(
    types: list[str] | None,
    sources: list[str] | None,
    nodes: list[str] | None,
    users: list[str] | None,
    text: str | None,
) -> Query:
    """The query that a command's filter options mean."""
    from receiver.inbox import Query

    return Query(
        types=tuple(types or ()),
        sources=tuple(sources or ()),
        nodes=tuple(nodes or ()),
        users=tuple(users or ()),
        text=text,
    )


def row(event: Stored) -> tuple[Any, ...]:
    """An event in the columns of a list."""
    return (
        event.seq,
        event.id,
        event.received_at,
        event.source,
        event.type,
        event.node,
        event.user,
    )
