"""Takes messages from topics: each is acknowledged once it is on disk, and not before.

Must not know: how messages become events, where they are kept.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import aiomqtt
from aiomqtt import Client, MqttError
from pydantic import Field, field_validator

from receiver import Batch, Message, Retry, Transport
from receiver_mqtt.broker import TLS_PORT, Access, acknowledge, connected, disconnect

REFUSED = 0x80
"""From here on a return code of a subscription is a refusal (MQTT 3.1.1, 3.9.3)."""


class MqttPull(Transport):
    """Subscribe to topics of an MQTT broker, with a session that outlives a restart."""

    class Settings(Access, Transport.Settings):
        """Which broker, and which topics."""

        topics: tuple[str, ...] = Field(
            min_length=1,
            description="Topic filters; `$share/GROUP/…` shares them among several receivers,"
            " where the broker has that.",
            examples=[["flespi/message/gw/channels/+/+"]],
        )
        client_id: str = Field(
            min_length=1,
            max_length=128,
            description="The name of the session that the broker keeps for this receiver; no other"
            " client may have it.",
            examples=["receiver-1"],
        )
        durable: bool = Field(
            default=True,
            description="Whether the broker keeps the session, and messages in it, while this is"
            " away (clean session off).",
        )
        batch: int = Field(default=1000, ge=1, description="Messages kept at once, at most.")
        wait: float = Field(
            default=20.0, gt=0, le=60, description="Seconds that an empty pull takes."
        )

        @field_validator("topics")
        @classmethod
        def _are_filters(cls, topics: tuple[str, ...]) -> tuple[str, ...]:
            for topic in topics:
                _check(topic)
            return topics

    scheme = "mqtt"

    async def open(self) -> None:
        """Connect and subscribe. Raises Retry for a topic that the broker does not grant."""
        self._client: Client | None = None
        settings = self.settings
        client = await connected(
            settings, self.addresses, client_id=settings.client_id, durable=settings.durable
        )
        self._client = client
        try:
            granted = await client.subscribe([(topic, 1) for topic in settings.topics])
        except MqttError as error:
            raise Retry(f"the broker does not subscribe us: {error}") from None
        for topic, code in zip(settings.topics, granted, strict=False):
            number = int(str(getattr(code, "value", code)))
            if number >= REFUSED:
                raise Retry(f"the broker refuses the topic {topic}")
            if number < 1:
                raise Retry(f"the broker grants {topic} without acknowledgements (QoS 0) only")

    async def pull(self, cursor: str | None) -> Batch:
        """What has come; waits for the first message. Raises Retry when the connection is gone."""
        assert self._client is not None
        messages = self._client.messages
        try:
            async with asyncio.timeout(self.settings.wait):
                found = [await anext(messages)]
        except TimeoutError:
            return Batch()
        except MqttError as error:
            raise Retry(f"the connection ended: {error}") from None
        while len(messages) and len(found) < self.settings.batch:
            found.append(await anext(messages))
        return Batch(
            messages=tuple(Message(_bytes(each)) for each in found),
            receipt=[each.mid for each in found if each.qos == 1],
        )

    async def acknowledge(self, batch: Batch) -> None:
        """Have the broker forget the messages; in their order, as MQTT asks for (4.6.0)."""
        assert self._client is not None
        if self.settings.durable:  # otherwise it was done when they came
            for mid in batch.receipt:
                acknowledge(self._client, mid)

    async def close(self) -> None:
        """Disconnect; the session stays with the broker, and what was not acknowledged in it."""
        client = getattr(self, "_client", None)
        if client is not None:
            await disconnect(client)

    @classmethod
    def looking(cls, url: str) -> Mapping[str, Any]:
        """`mqtt://HOST[:PORT]/TOPIC`: a session of its own, gone afterwards; TLS on port 8883."""
        parts = urlsplit(url)
        topic = unquote(parts.path[1:] + (f"#{parts.fragment}" if url.endswith("#") else ""))
        if not parts.hostname or not topic:
            raise ValueError("write mqtt://HOST/TOPIC, such as mqtt://localhost/sensors/#")
        return {
            "host": parts.hostname,
            "port": parts.port,
            "tls": parts.port == TLS_PORT,
            "topics": [topic],
            "client_id": f"receiver-dev-{secrets.token_hex(6)}",
            "durable": False,
        }


def _check(topic: str) -> None:
    """Raise ValueError for what is no topic filter (MQTT 3.1.1, 4.7)."""
    inner = topic
    if topic.startswith("$share/"):
        _, group, *rest = topic.split("/", 2)
        inner = rest[0] if rest else ""
        if not group or "+" in group or "#" in group:
            raise ValueError(f"{topic!r}: write $share/GROUP/TOPIC")
    levels = inner.split("/")
    if not inner or "\0" in inner or len(inner.encode()) > 65_535:
        raise ValueError(f"{topic!r} is no topic")
    for number, level in enumerate(levels):
        if "#" in level and (level != "#" or number != len(levels) - 1):
            raise ValueError(f"{topic!r}: `#` stands alone, and last")
        if "+" in level and level != "+":
            raise ValueError(f"{topic!r}: `+` stands alone between slashes")


def _bytes(message: aiomqtt.Message) -> bytes:
    payload = message.payload
    return bytes(payload) if isinstance(payload, bytes | bytearray) else str(payload).encode()
