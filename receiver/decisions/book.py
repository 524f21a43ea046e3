"""The book of decisions: routes, filters, users and tokens, read from and written to the registry.

Every change names who made it and goes onto the audit trail without its secrets.
Must not know: HTTP, what a role may do, how a route is run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias, TypeVar

import msgspec

from receiver.decisions.accounts import Token, User
from receiver.decisions.routes import Flow, ManagedRoute
from receiver.filters import Filter
from receiver.inbox.registry import Audited, Change, Registry

T = TypeVar("T")
Decision: TypeAlias = ManagedRoute | Flow | Filter | User | Token

HIDDEN = "…"
"""What stands for a secret where a record is shown."""
_SECRET = ("password", "digest", "sealed")


def now() -> datetime:
    """The present."""
    return datetime.now(UTC)


class Book:
    """One registry in our words. Methods raise StoreError, changes ConflictError, too."""

    def __init__(self, registry: Registry, clock: Callable[[], datetime] = now) -> None:
        self._registry = registry
        self.clock = clock

    async def revision(self) -> int:
        """Grows with every change."""
        return await self._registry.revision()

    async def routes(self) -> list[ManagedRoute]:
        """All routes that were made here, by name."""
        return await self._all("route", ManagedRoute)

    async def route(self, name: str) -> tuple[ManagedRoute, int] | None:
        """One of them, and its version."""
        return await self._one("route", name, ManagedRoute)

    async def filters(self) -> list[Filter]:
        """All filters."""
        return await self._all("filter", Filter)

    async def filters_at(self, revision: int) -> list[Filter] | None:
        """All filters as they were at a revision, by the trail; None where it does not go back."""
        found = {one.name: one for one in await self._all("filter", Filter)}
        before: int | None = None
        while True:
            page = await self._registry.audit(before=before, limit=1000)
            for entry in page:
                if entry.number <= revision:
                    return list(found.values())
                if entry.kind == "filter":
                    found.pop(entry.name, None)
                    if entry.before is not None:
                        found[entry.name] = msgspec.json.decode(entry.before, type=Filter)
            if len(page) < 1000:
                oldest = page[-1].number if page else (before or 1)
                return list(found.values()) if oldest == 1 else None
            before = page[-1].number

    async def filter(self, name: str) -> tuple[Filter, int] | None:
        """The filter that is called so (`Filter.name`), and its version."""
        return await self._one("filter", name, Filter)

    async def users(self) -> list[User]:
        """All users, by name."""
        return await self._all("user", User)

    async def user(self, name: str) -> User | None:
        """One of them."""
        found = await self._one("user", name, User)
        return found[0] if found else None

    async def tokens(self) -> list[Token]:
        """All tokens, also those that have expired."""
        return await self._all("token", Token)

    async def token(self, id: str) -> Token | None:
        """One of them."""
        found = await self._one("token", id, Token)
        return found[0] if found else None

    async def put(
        self,
        value: Decision,
        *,
        who: str,
        action: str,
        expect: int | None = None,
    ) -> int:
        """Keep a decision instead of what there was; the revision afterwards."""
        return await self.change([(value, expect)], who=who, action=action)

    async def change(
        self,
        values: Sequence[tuple[Decision, int | None]],
        *,
        gone: Sequence[Decision] = (),
        who: str,
        action: str,
    ) -> int:
        """Keep all of the decisions, each with the version that it must have, and drop the `gone`.

        All of it happens, or nothing.
        """
        changes = [
            Change(_kind(value), _name(value), msgspec.json.encode(value), expect)
            for value, expect in values
        ]
        changes += [Change(_kind(value), _name(value), None) for value in gone]
        return await self._registry.change(
            changes, who=who, action=action, at=self.clock(), shown=shown
        )

    async def audit(
        self, *, before: int | None = None, name: str | None = None, limit: int = 100
    ) -> list[Audited]:
        """The trail, newest first."""
        return await self._registry.audit(before=before, name=name, limit=limit)

    async def _all(self, kind: str, type: type[T]) -> list[T]:
        records = await self._registry.records(kind)
        return [msgspec.json.decode(record.body, type=type) for record in records]

    async def _one(self, kind: str, name: str, type: type[T]) -> tuple[T, int] | None:
        record = await self._registry.record(kind, name)
        if record is None:
            return None
        return msgspec.json.decode(record.body, type=type), record.version


def shown(kind: str, body: bytes) -> bytes:
    """A record as the trail may show it."""
    return msgspec.json.encode(_masked(msgspec.json.decode(body)))


def _masked(record: dict[str, Any]) -> dict[str, Any]:
    return {
        key: (dict.fromkeys(value, HIDDEN) if isinstance(value, dict) else HIDDEN)
        if key in _SECRET and value
        else value
        for key, value in record.items()
    }


def _kind(value: Decision) -> str:
    kinds: dict[type, str] = {
        ManagedRoute: "route",
        Flow: "flow",
        Filter: "filter",
        User: "user",
        Token: "token",
    }
    return kinds[type(value)]


def _name(value: Decision) -> str:
    return value.id if isinstance(value, Token) else value.name
