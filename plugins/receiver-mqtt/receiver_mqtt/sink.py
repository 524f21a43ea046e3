"""Publishes each event, and returns when the broker has acknowledged it.

Must not know: anything of Receiver but its public names.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping
from typing import Any, Literal

from aiomqtt import Client, MqttError
from pydantic import Field, field_validator, model_validator

from receiver import BodySettings, Event, Reject, Retry, Sink, hookimpl
from receiver_mqtt.broker import Access, connected, disconnect

FIELDS = ("source", "type", "node", "user", "id")
AWS_IOT: Mapping[str, Any] = {"topic": "{node}", "body": "raw", "tls": True, "port": 8883}
"""As flespi's own receiver published to AWS IoT: each message to the topic of its ident."""
LONGEST_TOPIC = 65_535
"""Bytes (MQTT 3.1.1, 1.5.3)."""

_FIELD = re.compile(r"\{([^{}]*)\}")
_WILD = re.compile("[+#\x00-\x1f\x7f-\x9f]")


class Mqtt(Sink):
    """Publish each event to a topic of an MQTT broker, with QoS 1."""

    class Settings(Access, BodySettings):
        """Which broker, which topic, and what of an event is sent."""

        preset: Literal["aws-iot"] | None = Field(
            default=None,
            description="`aws-iot`: TLS on port 8883 with `ca`, `certificate` and `key`, topic"
            " `{node}`, body `raw`, unless they are set; `host` is the endpoint.",
        )
        topic: str = Field(
            default="receiver/{source}/{type}/{node}",
            min_length=1,
            description="The topic; {source}, {type}, {node}, {user} and {id} are the event's.",
        )
        retain: bool = Field(
            default=False, description="Whether the broker keeps the last message of a topic."
        )
        client_id: str | None = Field(
            default=None, min_length=1, max_length=128, description="By default one made up."
        )
        timeout: float = Field(
            default=10.0, gt=0, le=300, description="Seconds until the broker must have confirmed."
        )

        @model_validator(mode="before")
        @classmethod
        def _is_preset(cls, given: Any) -> Any:
            if isinstance(given, Mapping) and given.get("preset") == "aws-iot":
                missing = [name for name in ("certificate", "key") if not given.get(name)]
                if missing:
                    raise ValueError(f"preset aws-iot needs {' and '.join(missing)}")
                return {**AWS_IOT, **given}
            return given

        @field_validator("topic")
        @classmethod
        def _is_topic(cls, topic: str) -> str:
            for name in _FIELD.findall(topic):
                if name not in FIELDS:
                    known = ", ".join(f"{{{field}}}" for field in FIELDS)
                    raise ValueError(f"{{{name}}} is nothing of an event; there are {known}")
            rest = _FIELD.sub("", topic)
            if _WILD.search(rest) or "{" in rest or "}" in rest:
                raise ValueError("a topic to publish to has no +, #, control characters or braces")
            return topic

    settings: Settings

    async def open(self) -> None:
        """Connect. Raises Retry when the broker is not there."""
        self._lock = asyncio.Lock()
        self._client: Client | None = None
        self._body = self.settings.shape()
        self._client_id = self.settings.client_id or f"receiver-{secrets.token_hex(8)}"
        await self._connected()

    async def close(self) -> None:
        """Disconnect."""
        client, self._client = getattr(self, "_client", None), None
        if client is not None:
            await disconnect(client)

    @hookimpl
    async def on_event(self, event: Event[Any]) -> None:
        """Publish one event; return when the broker has confirmed it."""
        topic = topic_of(self.settings.topic, event)
        payload = self._body.render(event)
        client = await self._connected()
        try:
            await client.publish(
                topic,
                payload,
                qos=1,
                retain=self.settings.retain,
                timeout=self.settings.timeout,
            )
        except (MqttError, OSError, RuntimeError) as error:
            await self._drop(client)
            raise Retry(f"the broker has not confirmed it: {error}") from None

    async def _connected(self) -> Client:
        """The connection; a new one where there is none."""
        async with self._lock:
            client = self._client
            if client is not None and client._disconnected.done():
                self._client = None
                await disconnect(client)
            if self._client is None:
                self._client = await connected(
                    self.settings, self.addresses, client_id=self._client_id, durable=False
                )
            return self._client

    async def _drop(self, client: Client) -> None:
        """Use this connection no more."""
        async with self._lock:
            if self._client is client:
                self._client = None
                await disconnect(client)


def topic_of(template: str, event: Event[Any]) -> str:
    """Where an event is published to; what a topic cannot hold becomes `_`.

    Raises Reject where the event lacks something that the topic is made of.
    """

    def value(found: re.Match[str]) -> str:
        text = getattr(event, found[1])
        if not text:
            raise Reject(f"the topic {template} needs its {found[1]}, and it has none")
        return _WILD.sub("_", str(text))

    topic = _FIELD.sub(value, template)
    if len(topic.encode("utf-8", "surrogatepass")) > LONGEST_TOPIC:
        raise Reject(f"its topic has more than {LONGEST_TOPIC} bytes")
    return topic
