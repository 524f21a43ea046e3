"""The gate of the management API: who asks is proved, and may, before anything else is looked at.

An ASGI application around connexion's. A token stands in `Authorization`, plain or after `Bearer`;
a signing token signs instead (SNWS2). Must not know: what an operation does.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from receiver import strictjson
from receiver.decisions import Book, Seal, Token
from receiver.decisions.accounts import digest_of, id_of
from receiver.errors import ConfigError, JsonError, SignatureError, StoreError
from receiver.management.caller import Caller, Refused
from receiver.management.dialects import Dialect, failure
from receiver.management.rules import Rule, Rules
from receiver.signature import snws2

CALLER = "receiver.caller"
"""The key of a request's scope that holds its Caller."""
LARGEST = 256 * 1024
"""Bytes of a body, at most."""
BODY_SECONDS = 10.0
DEPTH, KEYS = 32, 1_000
"""What the JSON of a body may nest and hold, at most."""
USED = timedelta(minutes=1)
"""A token's last use is kept to about so much."""

_log = logging.getLogger("receiver.management")

Used = Callable[[Token, datetime], None]
"""Is told that a token was used."""


def unnoticed(token: Token, at: datetime) -> None:
    """The default for what is told of a token's use."""


class Gate:
    """Lets through what may pass, with its body read and its caller in the scope."""

    def __init__(
        self, app: ASGIApp, rules: Rules, book: Book, seal: Seal, used: Used = unnoticed
    ) -> None:
        self._app = app
        self._rules = rules
        self._book = book
        self._seal = seal
        self._used = used

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        rule = self._rules.find(scope["method"], path)
        try:
            if rule is None:
                allowed = self._rules.allows(path)
                status = 405 if allowed else 404
                raise Refused(status, "there is no such operation", allow=allowed)
            async with asyncio.timeout(BODY_SECONDS):
                body = await _body(receive)
            if rule.access is not None:
                scope[CALLER] = await self._caller(rule, scope, body)
            scope["headers"] = _plain(scope["headers"], body)
        except Refused as refused:
            await answer(send, self._rules.dialect(path), refused)
            return
        except TimeoutError:
            late = Refused(408, f"the body did not come whole in {BODY_SECONDS:g} s")
            await answer(send, self._rules.dialect(path), late)
            return
        except (StoreError, ConfigError) as error:
            _log.warning("%s %s: %s", scope["method"], path, error)
            await answer(send, self._rules.dialect(path), Refused(503, str(error)))
            return
        await self._app(scope, _again(body, receive), send)

    async def _caller(self, rule: Rule, scope: Scope, body: bytes) -> Caller:
        assert rule.access is not None
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        said = headers.get("authorization", "").strip()
        if not said:
            raise Refused(401, "a token is needed in the Authorization header")
        signing = said.startswith(f"{snws2.SCHEME} ")
        token = await (self._signer(scope, headers, body) if signing else self._holder(said))
        now = self._book.clock()
        user = await self._book.user(token.user) if token and token.valid(now) else None
        if token is None or user is None:
            raise Refused(401, "the token is unknown, revoked or expired")
        if user.role not in rule.access:
            raise Refused(403, f"the role {user.role} may not do this")
        self._used(token, now)
        return Caller(user, token)

    async def _holder(self, said: str) -> Token | None:
        """The token that was sent, if it is one of ours."""
        text = said[7:].strip() if said[:7].lower() == "bearer " else said
        id = id_of(text)
        token = await self._book.token(id) if id else None
        if token is None or token.kind == "signing":
            return None
        return token if hmac.compare_digest(token.digest, digest_of(text)) else None

    async def _signer(self, scope: Scope, headers: dict[str, str], body: bytes) -> Token | None:
        """The token that signed the request."""
        request = snws2.Request(
            scope["method"],
            scope.get("raw_path", b"").decode("latin-1") or quote(scope["path"]),
            scope["query_string"].decode("latin-1"),
            headers,
            body,
        )
        signing = {t.id: t for t in await self._book.tokens() if t.kind == "signing"}

        def secret(id: str) -> str | None:
            token = signing.get(id)
            return None if token is None else self._seal.open(token.sealed)

        try:
            return signing[snws2.verify(request, secret, self._book.clock())]
        except SignatureError as error:
            raise Refused(401, f"the signature does not hold: {error.reason}") from None


async def answer(send: Send, dialect: Dialect, refused: Refused) -> None:
    """Tell that a request was refused."""
    body, media_type = failure(dialect, refused.status, str(refused))
    headers = [
        (b"content-type", media_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    if refused.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if refused.allow:
        headers.append((b"allow", refused.allow.encode()))
    if refused.retry_after is not None:
        headers.append((b"retry-after", str(refused.retry_after).encode()))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _body(receive: Receive) -> bytes:
    """The whole body. Raises Refused for one that is too large, or does not come."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "the body did not come whole")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST:
            raise Refused(413, f"a body has {LARGEST} bytes at most")
    return bytes(body)


def _plain(headers: list[tuple[bytes, bytes]], body: bytes) -> list[tuple[bytes, bytes]]:
    """The headers of a request whose JSON connexion can read without a fault of its own.

    It answers 500 to bytes that are no UTF-8, to deep nesting and to endless numbers. Raises
    Refused for a body of type JSON that is none.
    """
    if not any(name == b"content-type" and _is_json(value) for name, value in headers):
        return headers
    try:
        strictjson.decode(body, depth=DEPTH, keys=KEYS)
    except JsonError as error:
        raise Refused(400, f"the body is no JSON: {error}") from None
    others = [(name, value) for name, value in headers if name != b"content-type"]
    return [*others, (b"content-type", b"application/json")]


def _is_json(content_type: bytes) -> bool:
    return content_type.partition(b";")[0].strip().lower() == b"application/json"


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives the body that was read, then what the connection says."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
