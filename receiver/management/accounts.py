"""Users, tokens and the trail, as operators manage them.

Must not know: how requests arrive, how a password is kept.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from receiver.decisions import Book, Role, Seal, Token, User
from receiver.decisions.accounts import SHORTEST, hashed, new_secret, new_token
from receiver.event import rfc3339
from receiver.inbox import Inbox
from receiver.inbox.registry import ConflictError
from receiver.management.caller import Caller, Refused, missing, wrong
from receiver.management.native import audited

NAME = re.compile(r"[^\s\x00-\x1f\x7f]{1,64}")
LONGEST_PASSWORD = 1024
USED = "token-used:"
"""Begins the name of the cursor that tells when a token was used last."""


class Accounts:
    """The operations on users, tokens and the trail; the command line uses them, too."""

    def __init__(self, book: Book, seal: Seal, inbox: Inbox) -> None:
        self._book = book
        self._seal = seal
        self._inbox = inbox

    async def list_users(self, caller: Caller) -> dict[str, Any]:
        """All users, without their passwords."""
        return {"users": [_user(user) for user in await self._book.users()]}

    async def create_user(self, caller: Caller, body: Mapping[str, Any]) -> tuple[Any, int]:
        """Make a user."""
        user = await self.enrol(
            body["name"],
            body["password"],
            body["role"],
            id=body.get("id"),
            nodes=tuple(body.get("nodes", ())),
            who=caller.name,
        )
        return _user(user), 201

    async def delete_user(self, caller: Caller, name: str) -> tuple[None, int]:
        """Remove a user, and every token of theirs."""
        if name == caller.name:
            raise Refused(409, "somebody else must remove you")
        await self.dismiss(name, who=caller.name)
        return None, 204

    async def list_tokens(self, caller: Caller) -> dict[str, Any]:
        """The caller's tokens, or everybody's for a superadmin."""
        found = [
            token
            for token in await self._book.tokens()
            if caller.super or token.user == caller.user.name
        ]
        return {"tokens": [await self.told(token) for token in found]}

    async def create_token(self, caller: Caller, body: Mapping[str, Any]) -> tuple[Any, int]:
        """Make a token for the caller; a superadmin makes some for others, too."""
        name = body.get("user", caller.user.name)
        if name != caller.user.name and not caller.super:
            raise Refused(403, "tokens of others are for superadmins to make")
        days = body.get("days")
        token, text = await self.grant(
            name,
            label=body.get("label", ""),
            life=timedelta(days=days) if days else None,
            signing=body.get("signing", False),
            who=caller.name,
        )
        return {**await self.told(token), "secret": text}, 201

    async def delete_token(self, caller: Caller, id: str) -> tuple[None, int]:
        """Revoke a token."""
        token = await self._book.token(id)
        if token is None or not (caller.super or token.user == caller.user.name):
            raise missing("token", id)
        await self.revoke(token, who=caller.name)
        return None, 204

    async def list_audit(
        self, caller: Caller, limit: int = 100, cursor: int | None = None, name: str | None = None
    ) -> dict[str, Any]:
        """The trail, newest first."""
        found = await self._book.audit(before=cursor, name=name, limit=limit)
        more = {"cursor": found[-1].number} if len(found) >= limit else {}
        return {"entries": [audited(entry) for entry in found], **more}

    async def enrol(
        self,
        name: str,
        password: str,
        role: Role,
        *,
        id: str | None = None,
        nodes: tuple[str, ...] = (),
        who: str,
    ) -> User:
        """Make a user; `id` is what events call them, by default their name. Raises Refused."""
        if not NAME.fullmatch(name):
            raise wrong("a name has 1 to 64 characters and no blanks")
        user = User(
            name=name,
            role=role,
            password=await _hashed(password),
            id=id or name,
            nodes=nodes,
            created=self._book.clock(),
        )
        try:
            await self._book.put(user, who=who, action="create user", expect=0)
        except ConflictError as conflict:
            raise Refused(409, str(conflict)) from None
        return user

    async def repass(self, name: str, password: str, *, who: str) -> None:
        """Give a user another password; the tokens of their logins end. Raises Refused."""
        user = await self._found(name)
        fresh = msgspec.structs.replace(user, password=await _hashed(password))
        gone = [t for t in await self._book.tokens() if t.user == name and t.kind == "login"]
        await self._book.change([(fresh, None)], gone=gone, who=who, action="change password")

    async def dismiss(self, name: str, *, who: str) -> None:
        """Remove a user, every token of theirs, and their hooks. Raises Refused."""
        user = await self._found(name)
        tokens = [token for token in await self._book.tokens() if token.user == name]
        hooks = [route for route in await self._book.routes() if route.owner == name]
        await self._book.change([], gone=[user, *tokens, *hooks], who=who, action="remove user")

    async def grant(
        self,
        name: str,
        *,
        label: str = "",
        life: timedelta | None = None,
        signing: bool = False,
        who: str,
    ) -> tuple[Token, str]:
        """A token for a user, and what proves it, which is told this once. Raises Refused."""
        await self._found(name)
        now = self._book.clock()
        expires = now + life if life else None
        token, text = new_token(name, "signing" if signing else "token", now, expires, label)
        if signing:
            text = new_secret()
            token = msgspec.structs.replace(token, digest="", sealed=self._seal.seal(text))
        await self._book.put(token, who=who, action="create token", expect=0)
        return token, text

    async def revoke(self, token: Token, *, who: str) -> None:
        """End a token now."""
        await self._book.change([], gone=[token], who=who, action="revoke token")

    async def told(self, token: Token) -> dict[str, Any]:
        """A token without what proves it."""
        return {
            "id": token.id,
            "user": token.user,
            "kind": token.kind,
            "label": token.label,
            "created": rfc3339(token.created),
            "expires": token.expires and rfc3339(token.expires),
            "last_used": await self._inbox.cursor(USED + token.id),
        }

    async def used(self, token: Token, at: datetime) -> None:
        """Keep that a token was used."""
        await self._inbox.append([], cursor=(USED + token.id, rfc3339(at)))

    async def _found(self, name: str) -> User:
        user = await self._book.user(name)
        if user is None:
            raise missing("user", name)
        return user


async def _hashed(password: str) -> str:
    if len(password) < SHORTEST:
        raise wrong(f"a password has {SHORTEST} characters at least")
    if len(password) > LONGEST_PASSWORD:
        raise wrong(f"a password has {LONGEST_PASSWORD} characters at most")
    return await asyncio.to_thread(hashed, password)


def _user(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "role": user.role,
        "id": user.id,
        "nodes": list(user.nodes),
        "created": rfc3339(user.created),
    }
