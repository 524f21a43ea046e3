"""Who asks, and how a request of theirs is refused.

Must not know: what is asked for, how it is answered on the wire.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from receiver.decisions import Token, User
from receiver.errors import ReceiverError


@dataclass(frozen=True, slots=True)
class Caller:
    """A user who has proved who they are."""

    user: User
    token: Token

    @property
    def name(self) -> str:
        """What the audit trail calls them."""
        return self.user.name

    @property
    def operator(self) -> bool:
        """Whether they see what is everybody's: an admin or a superadmin."""
        return self.user.role != "user"

    @property
    def super(self) -> bool:
        """Whether they may do everything."""
        return self.user.role == "superadmin"


def at_terminal(name: str, now: datetime) -> Caller:
    """Who has a shell on this machine may do everything; the trail tells who it was."""
    who = f"receiver [{name}]"
    user = User(name=who, role="superadmin", password="", id=who, created=now)
    return Caller(user, Token(id="", user=who, kind="token", created=now))


class Refused(ReceiverError):
    """A request that is not granted: the status, and the reason in words for who asked."""

    def __init__(
        self, status: int, reason: str, *, retry_after: int | None = None, allow: str = ""
    ) -> None:
        self.status = status
        self.retry_after = retry_after
        self.allow = allow
        super().__init__(reason)


def missing(what: str, name: str) -> Refused:
    """There is no such thing; also said of what somebody may not see."""
    return Refused(404, f"there is no {what} {name!r}")


def wrong(reason: str) -> Refused:
    """What was sent cannot be used."""
    return Refused(400, reason)


def forbidden(reason: str) -> Refused:
    """The caller may not do this."""
    return Refused(403, reason)
