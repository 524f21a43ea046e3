"""Who may steer Receiver: users with a role and a password, and the tokens they act by.

Passwords are kept as scrypt hashes (RFC 7914), tokens as SHA-256 of 256 random bits. A token that
signs instead of being sent keeps its secret sealed. Must not know: how a request carries a token,
what a role may do.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime
from typing import Literal

import msgspec

from receiver.patterns import Patterns

Role = Literal["superadmin", "admin", "user"]
Kind = Literal["token", "login", "signing"]
ROLES: tuple[Role, ...] = ("superadmin", "admin", "user")

COST, BLOCK, LANES = 1 << 15, 8, 1
"""scrypt's parameters: 32 MiB and about a tenth of a second for each guess."""
MEMORY = 64 << 20
SHORTEST = 15
"""Characters of a password, at least (NIST SP 800-63B: 8 beside a second factor, 15 without)."""

PREFIX = "rcv_"
"""Begins every token, so that scanners for leaked secrets find it."""
_TOKEN = re.compile(PREFIX + r"([0-9a-f]{16})_[A-Za-z0-9_-]{43}")


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may log in."""

    name: str
    role: Role
    password: str
    """`scrypt$cost$salt$hash`."""
    id: str
    """What events call this user; their own filters and hooks go by it."""
    nodes: tuple[str, ...] = ()
    """Patterns over the nodes that are theirs (receiver.patterns)."""
    created: datetime

    def owns(self, node: str) -> bool:
        """Whether a node is theirs; without patterns, none is."""
        return bool(self.nodes) and Patterns(self.nodes).match(node)


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """One way for a user to prove who they are."""

    id: str
    user: str
    kind: Kind
    """Made to last; made by a login; one whose secret signs requests and is never sent."""
    label: str = ""
    digest: str = ""
    """SHA-256 of the token, in hex."""
    sealed: str = ""
    """The secret of a signing token."""
    created: datetime
    expires: datetime | None = None

    def valid(self, now: datetime) -> bool:
        """Whether it has not expired."""
        return self.expires is None or now < self.expires


def hashed(password: str) -> str:
    """A password as it is kept. Takes about a tenth of a second."""
    salt = secrets.token_bytes(16)
    return f"scrypt${COST}${_text(salt)}${_text(_scrypt(password, salt, COST))}"


def matches(password: str, kept: str) -> bool:
    """Whether a password is the one that was hashed, in constant time."""
    _, cost, salt, digest = kept.split("$")
    found = _scrypt(password, base64.b64decode(salt), int(cost))
    return hmac.compare_digest(found, base64.b64decode(digest))


NOBODY = f"scrypt${COST}${'A' * 22}==${'A' * 43}="
"""A hash that no password has, so that a user who does not exist costs as much time as one."""


def new_token(
    user: str, kind: Kind, now: datetime, expires: datetime | None, label: str = ""
) -> tuple[Token, str]:
    """A token, and the text that proves it: its id and 256 random bits, which are not kept."""
    id = secrets.token_hex(8)
    text = f"{PREFIX}{id}_{secrets.token_urlsafe(32)}"
    token = Token(
        id=id,
        user=user,
        kind=kind,
        label=label,
        digest=digest_of(text),
        created=now,
        expires=expires,
    )
    return token, text


def new_secret() -> str:
    """What a signing token signs with: 256 random bits."""
    return secrets.token_urlsafe(32)


def id_of(text: str) -> str | None:
    """The id within a token's text; None for what is no token."""
    found = _TOKEN.fullmatch(text)
    return found[1] if found else None


def digest_of(text: str) -> str:
    """How a token is kept, and found again."""
    return hashlib.sha256(text.encode()).hexdigest()


def _scrypt(password: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(
        password.encode(), salt=salt, n=cost, r=BLOCK, p=LANES, maxmem=MEMORY, dklen=32
    )


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
