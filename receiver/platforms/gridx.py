"""gridX: its older notification rules, one event type each, and today's webhook subscriptions.

https://github.com/grid-x/example-webhook-receiver, README, today's and that of the older scheme.
Must not know: the command line, where secrets are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from receiver.platforms.api import Api, PlatformError, Told

BASE = "https://api.gridx.de"
RULES = {"accept": "application/vnd.gridx.v2+json"}
"""What the API of the older rules wants to be asked for."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token belongs to."""

    user: str
    account: str


class Gridx:
    """The API, for one token."""

    def __init__(
        self, token: str, base: str = BASE, *, told: Told | None = None, dry: bool = False
    ) -> None:
        headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
        self._api = Api(base, headers, told=told, dry=dry)
        self.dry = dry

    def close(self) -> None:
        """Let go of the connection."""
        self._api.close()

    def whoami(self) -> Identity:
        """Who the token belongs to. Raises PlatformError, as everything here does."""
        found = self._api.ask("GET", "/user")
        if self.dry:
            return Identity("USER", "ACCOUNT")
        user, account = _text(found, "id"), _text(found, "accountID")
        return Identity(user, account)

    # Older: notification rules.

    def rules_path(self, who: Identity) -> str:
        """Where the rules of a user are."""
        return f"/accounts/{who.account}/users/{who.user}/notifications/rules"

    def rules(self, who: Identity) -> list[dict[str, Any]]:
        """Every rule of the user."""
        return _list(self._api.ask("GET", self.rules_path(who), headers=RULES))

    def add_rule(self, who: Identity, event: str, url: str, secret: str) -> dict[str, Any]:
        """Have events of one type sent to a URL, signed with a secret."""
        webhook = {"targetURL": url, "secret": secret}
        body = {"eventType": event, "notificationType": {"webhook": webhook}}
        return _object(self._api.ask("POST", self.rules_path(who), body=body, headers=RULES))

    # Today: webhook subscriptions.

    def subscriptions_path(self, who: Identity) -> str:
        """Where the subscriptions of an account are."""
        return f"/accounts/{who.account}/webhooks"

    def subscriptions(self, who: Identity) -> list[dict[str, Any]]:
        """Every subscription of the account."""
        return _list(self._api.ask("GET", self.subscriptions_path(who)))

    def subscription(self, who: Identity, id: str) -> dict[str, Any]:
        """One subscription of the account."""
        for found in self.subscriptions(who):
            if found.get("id") == id:
                return found
        if self.dry:
            return {"id": id, "eventTypes": [], "targetURL": "<as it is>", "active": True}
        raise PlatformError(f"the account has no subscription {id}")

    def subscribe(self, who: Identity, events: Iterable[str], url: str) -> dict[str, Any]:
        """A new, inactive subscription; its `secret` is answered here and never again."""
        body = {"eventTypes": list(events), "targetURL": url, "active": False}
        return _object(self._api.ask("POST", self.subscriptions_path(who), body=body))

    def update(self, who: Identity, id: str, changed: Mapping[str, Any]) -> dict[str, Any]:
        """Change a subscription: all of `eventTypes`, `targetURL` and `active` are sent."""
        path = f"{self.subscriptions_path(who)}/{id}"
        body = {name: changed[name] for name in ("eventTypes", "targetURL", "active")}
        return _object(self._api.ask("PUT", path, body=body))

    def ping(self, who: Identity, id: str) -> None:
        """Have a `ping` sent, also by a subscription that is inactive."""
        self._api.ask("POST", f"{self.subscriptions_path(who)}/{id}/ping", body={})

    def rotate(self, who: Identity, id: str) -> str:
        """The new secret of a subscription; the old one signs as well for three days."""
        found = self._api.ask("POST", f"{self.subscriptions_path(who)}/{id}/secret", body={})
        return "<secret>" if self.dry else _text(found, "secret")

    # Both.

    def remove(self, path: str) -> None:
        """Remove what is at a path; what is gone already is removed."""
        headers = RULES if "/rules/" in path else None
        try:
            self._api.ask("DELETE", path, headers=headers)
        except PlatformError as error:
            if error.status != 404:
                raise


def _text(found: Any, name: str) -> str:
    value = found.get(name) if isinstance(found, Mapping) else None
    if not isinstance(value, str) or not value:
        raise PlatformError(f"the answer has no {name}")
    return value


def _object(found: Any) -> dict[str, Any]:
    return dict(found) if isinstance(found, Mapping) else {}


def _list(found: Any) -> list[dict[str, Any]]:
    return [_object(one) for one in found] if isinstance(found, list) else []
