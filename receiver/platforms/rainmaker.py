"""ESP RainMaker: its login, webhook integrations and event filters; its topics are on AWS SNS.

https://github.com/espressif/esp-rainmaker-webhooks, README. Must not know: the command line.
"""

from __future__ import annotations

from typing import Any, Literal

from receiver.platforms.api import Api, PlatformError, Told

MIGRATED = 101044
"""The `error_code` of a login that belongs to the newer pool of users."""

Level = Literal["system", "user", "node"]
SPELT: dict[Level, str] = {"system": "System", "user": "USER", "node": "NODE"}
"""The levels as the platform's guide writes them."""


class Rainmaker:
    """The API of one deployment. Everything raises PlatformError."""

    def __init__(
        self, base: str, token: str = "", *, told: Told | None = None, dry: bool = False
    ) -> None:
        """`token` is the access token of a login, and is sent as it is."""
        headers = {"authorization": token} if token else {}
        self._api = Api(base, headers, told=told, dry=dry)
        self.dry = dry

    def close(self) -> None:
        """Let go of the connection."""
        self._api.close()

    def login(self, user: str, password: str) -> str:
        """The access token of a user."""
        body = {"user_name": user, "password": password}
        try:
            found = self._api.ask("POST", "/v1/login", body=body)
        except PlatformError as error:
            if error.code != MIGRATED:
                raise
            found = self._api.ask("POST", "/v1/login2", body=body)
        token = found.get("accesstoken") if isinstance(found, dict) else None
        if self.dry:
            return "<accesstoken>"
        if not isinstance(token, str) or not token:
            raise PlatformError("the answer to the login has no accesstoken")
        return token

    def add_integration(self, service: str, endpoint: str, *, enabled: bool) -> Any:
        """Make a webhook integration known. Super admins only."""
        body = {
            "service_name": service,
            "endpoint_name": endpoint,
            "integration_enabled": enabled,
        }
        return self._api.ask("POST", "/v1/admin/webhook_integration", body=body)

    def integrations(self, service: str | None = None, endpoint: str | None = None) -> Any:
        """The webhook integrations, as the platform answers them."""
        given = {"service_name": service, "endpoint_name": endpoint}
        query = {name: value for name, value in given.items() if value is not None}
        return self._api.ask("GET", "/v1/admin/webhook_integration", query=query)

    def remove_integration(self, service: str, endpoint: str) -> Any:
        """Remove a webhook integration."""
        query = {"service_name": service, "endpoint_name": endpoint}
        return self._api.ask("DELETE", "/v1/admin/webhook_integration", query=query)

    def set_filter(
        self,
        event: str,
        level: Level,
        entity: str,
        *,
        enabled: bool,
        integrations: list[str],
        admin: bool,
    ) -> Any:
        """Enable or disable events of a type for the system, one user or one node."""
        body = {
            "event_type": event,
            "entity_id": entity_id(event, level, entity),
            "entity_type": SPELT[level],
            "enabled": enabled,
            "enabled_for_integrations": integrations,
        }
        return self._api.ask("POST", _filters(admin), body=body)

    def filters(
        self, event: str | None, level: Level | None, entity: str | None, *, admin: bool
    ) -> Any:
        """Event filters, as the platform answers them."""
        given = {
            "event_type": event,
            "entity_type": SPELT[level] if level else None,
            "entity_id": entity,
        }
        query = {name: value for name, value in given.items() if value is not None}
        return self._api.ask("GET", _filters(admin), query=query)


def entity_id(event: str, level: Level, entity: str) -> str:
    """What a filter is about: the system's filter of a type has a name of its own."""
    return f"system.{event}" if level == "system" else entity


def _filters(admin: bool) -> str:
    return "/v1/admin/event_filter" if admin else "/v1/user/event_filter"
