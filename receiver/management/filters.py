"""Filters that callers set, look at and remove.

Must not know: dialects, HTTP, what a filter makes of an event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from receiver.contract import Contract
from receiver.decisions import Book, User
from receiver.filters import Decision, Filter, Filters, fault, levels_of
from receiver.inbox.registry import ConflictError
from receiver.management.caller import Caller, Refused, forbidden, missing, wrong

LONGEST = 256
"""Characters of an entity or of a route's name, at most."""
ROUTES = 100
"""Routes that one filter lists, at most."""


class FilterBook:
    """All filters, as far as a caller may see or set them."""

    def __init__(self, contract: Contract, book: Book, *, default: Callable[[], bool]) -> None:
        """`default`: what holds where no filter speaks."""
        self.levels = levels_of(contract.events)
        self._book = book
        self._default = default

    async def all(
        self,
        caller: Caller,
        *,
        own: bool = False,
        level: str | None = None,
        type: str | None = None,
        entity: str | None = None,
    ) -> list[Filter]:
        """The filters that a caller may see; with `own`, those of their own user and nodes only."""
        return [
            one
            for one in await self._book.filters()
            if ((caller.operator and not own) or _is_own(caller.user, one.level, one.entity))
            and level in (None, one.level)
            and type in (None, one.type)
            and entity in (None, one.entity)
        ]

    async def set(self, caller: Caller, wanted: Filter, *, new: bool | None = None) -> Filter:
        """Keep a filter. `new`: it must not exist, or must. Raises Refused."""
        reason = fault(wanted.level, wanted.type, self.levels)
        if reason is not None:
            raise wrong(reason)
        if (wanted.level == "system") != (not wanted.entity):
            raise wrong(f"a filter at the {wanted.level} level needs its user or node, and only it")
        if len(wanted.entity) > LONGEST or len(wanted.routes) > ROUTES:
            raise wrong(f"an entity has {LONGEST} characters, a list {ROUTES} names at most")
        self._may(caller, wanted.level, wanted.entity)
        before = await self._book.filter(wanted.name)
        if new is True and before is not None:
            raise Refused(409, f"there is a filter {wanted.name} already")
        if new is False and before is None:
            raise missing("filter", wanted.name)
        try:
            await self._book.put(
                wanted, who=caller.name, action="set filter", expect=before[1] if before else 0
            )
        except ConflictError as conflict:
            raise Refused(409, str(conflict)) from None
        return wanted

    async def remove(self, caller: Caller, level: str, type: str, entity: str) -> None:
        """Remove a filter. Raises Refused."""
        self._may(caller, level, entity)
        named = Filter(level, type, entity, False, frozenset())
        found = await self._book.filter(named.name)
        if found is None:
            raise missing("filter", named.name)
        await self._book.change([], gone=[found[0]], who=caller.name, action="remove filter")

    async def test(
        self, routes: Sequence[tuple[str, bool]], type: str, user: str | None, node: str | None
    ) -> list[tuple[str, Decision]]:
        """What the filters make of an event on each route: its name, whether it is strict."""
        found = Filters(await self._book.filters(), self.levels, default=self._default())
        return [(name, found.decide(name, strict, type, user, node)) for name, strict in routes]

    async def unknown(self, wanted: Filter, known: Iterable[str]) -> list[str]:
        """The names of a filter's list that no route has; they are kept."""
        return sorted(wanted.routes - set(known))

    def _may(self, caller: Caller, level: str, entity: str) -> None:
        """Raise Refused unless the caller may decide at a level for an entity."""
        if level == "system":
            if not caller.super:
                raise forbidden("System filters are for superadmins to set")
        elif not caller.operator and not _is_own(caller.user, level, entity):
            raise forbidden(f"{entity!r} is not yours")


def _is_own(user: User, level: str, entity: str) -> bool:
    if level == "user":
        return entity == user.id
    return level == "node" and user.owns(entity)
