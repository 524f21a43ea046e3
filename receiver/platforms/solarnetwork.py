"""SolarUser's event hook API, signed with SNWS2.

Format: SolarNetwork's wiki, "SolarUser Event Hook API"; SNWS2 in receiver.signature.snws2.
Must not know: where secrets come from, who asks.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from receiver.platforms.api import Api, PlatformError, Told
from receiver.signature.snws2 import Request, authorization, http_date

BASE = "https://data.solarnetwork.net"
PATH = "/solaruser/api/v1/sec/user/event"
TOPIC = "datum/agg/update"
SQS = "net.solarnetwork.central.user.datum.event.dest.sqs.SqsUserNodeEventHookService"
"""The service that writes to an SQS queue, as of 2026; `services` tells the one of today."""
_PORTS = {"https": 443, "http": 80}


def _now() -> datetime:
    return datetime.now(UTC)


class SolarUser:
    """The API, for one security token."""

    def __init__(
        self,
        token: str,
        secret: str,
        base: str = BASE,
        *,
        told: Told | None = None,
        dry: bool = False,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._token = token
        self._secret = secret
        self._clock = clock
        self._api = Api(base, {}, told=told, dry=dry, sign=self.signed)
        self.dry = dry

    def close(self) -> None:
        """Let go of the connection."""
        self._api.close()

    def topics(self) -> list[dict[str, Any]]:
        """What hooks may be made for."""
        return self._listed("/node/topics")

    def services(self) -> list[dict[str, Any]]:
        """Where hooks may send to, with the settings that each needs."""
        return self._listed("/node/hook/services")

    def hooks(self) -> list[dict[str, Any]]:
        """The hooks of the token's user; secrets of them are digests."""
        return self._listed("/node/hooks")

    def queue_service(self) -> str:
        """The id of the service that writes to an SQS queue."""
        ids = [str(each.get("id", "")) for each in self.services()]
        return next((each for each in ids if ".sqs." in each.lower()), SQS)

    def save(
        self,
        *,
        name: str,
        topic: str,
        service: str,
        properties: Mapping[str, str],
        nodes: Sequence[int] = (),
        sources: Sequence[str] = (),
        number: int | None = None,
    ) -> dict[str, Any] | None:
        """Make a hook, or replace the one that has a number; None in a dry run.

        No nodes: all of the user's. `sources` are Ant-style patterns, such as `/power/**`.
        """
        wanted: dict[str, Any] = {
            "name": name,
            "topic": topic,
            "serviceIdentifier": service,
            "serviceProperties": dict(properties),
        }
        if number is not None:
            wanted["id"] = number
        if nodes:
            wanted["nodeIds"] = list(nodes)
        if sources:
            wanted["sourceIds"] = list(sources)
        made = self._asked("POST", "/node/hooks", wanted)
        return made if isinstance(made, dict) else None

    def remove(self, number: int) -> None:
        """Delete a hook."""
        self._asked("DELETE", f"/node/hooks/{number}")

    def signed(self, request: httpx.Request) -> dict[str, str]:
        """The headers that prove a request."""
        at = self._clock()
        url = request.url
        # The server adds the port of its proxy to a host without one before it verifies.
        host = f"{url.host}:{url.port or _PORTS[url.scheme]}"
        headers = {"x-sn-date": http_date(at)}
        if request.content:
            digest = base64.b64encode(hashlib.sha256(request.content).digest()).decode()
            headers |= {"content-type": "application/json", "digest": f"sha-256={digest}"}
        told = Request(
            request.method,
            url.path,
            url.query.decode("ascii"),
            {**headers, "host": host},
            request.content,
        )
        return {**headers, "authorization": authorization(told, self._token, self._secret, at)}

    def _listed(self, path: str) -> list[dict[str, Any]]:
        found = self._asked("GET", path)
        return [each for each in found or [] if isinstance(each, dict)]

    def _asked(self, method: str, path: str, body: Any = None) -> Any:
        """What an answer holds. Raises PlatformError unless it says that it went well."""
        answer = self._api.ask(method, f"{PATH}{path}", body=body)
        if self.dry or answer is None:
            return None
        if not isinstance(answer, dict) or answer.get("success") is not True:
            said = answer.get("message", answer) if isinstance(answer, dict) else answer
            raise PlatformError(f"it did not go well: {str(said)[:300]}")
        return answer.get("data")
