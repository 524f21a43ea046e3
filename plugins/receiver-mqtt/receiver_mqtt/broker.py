"""Which broker, as whom, and a connection to it.

Must not know: events, what is published or subscribed to.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

from aiomqtt import Client, MqttError, ProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from pydantic import BaseModel, Field, SecretStr, model_validator

from receiver import Retry

TLS_PORT = 8883
PLAIN_PORT = 1883
SECONDS = 10.0
"""Until a broker must have answered."""
FOREVER = 0xFFFFFFFF
"""A session that does not expire (MQTT 5, 3.1.2.11.2)."""

Addresses = Callable[[str, int], Awaitable[list[str]]]

_log = logging.getLogger("receiver_mqtt")
_log.addHandler(logging.NullHandler())


class Access(BaseModel):
    """Which broker, and as whom."""

    host: str = Field(min_length=1, description="The broker.", examples=["mqtt.flespi.io"])
    port: int | None = Field(
        default=None, ge=1, le=65535, description="By default 8883 with TLS, 1883 without."
    )
    tls: bool = Field(
        default=True,
        description="Whether the connection is encrypted and the broker proves itself.",
    )
    ca: Path | None = Field(
        default=None, description="Certificates (PEM) that are trusted instead of the system's."
    )
    certificate: Path | None = Field(
        default=None, description="Our own certificate (PEM), where the broker asks for one."
    )
    key: Path | None = Field(default=None, description="Its private key (PEM).")
    username: SecretStr | None = Field(
        default=None, description="The user; at flespi a token, which is why it is a secret."
    )
    password: SecretStr | None = Field(default=None, description="The user's password.")
    version: str = Field(
        default="3.1.1", pattern=r"^(3\.1\.1|5)$", description='MQTT "3.1.1" or "5".'
    )
    keepalive: int = Field(
        default=60, ge=5, le=3600, description="Seconds after which a silent connection is tried."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("`certificate` and `key` are given together, or neither")
        if not self.tls and (self.ca or self.certificate):
            raise ValueError("`ca`, `certificate` and `key` need tls = true")
        if self.password is not None and self.username is None:
            raise ValueError("`password` needs `username`")
        return self

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or (TLS_PORT if self.tls else PLAIN_PORT)

    def context(self) -> ssl.SSLContext | None:
        """How the connection is encrypted. Raises Retry for files that cannot be used."""
        if not self.tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(str(f) for f in (self.ca, self.certificate, self.key) if f)
            raise Retry(f"a certificate cannot be used ({files}): {error}") from None
        return context


async def connected(
    access: Access,
    addresses: Addresses,
    *,
    client_id: str,
    durable: bool,
) -> Client:
    """A connection; the caller ends it. Raises Retry when there is none.

    `addresses` tells where may be connected to. A `durable` one has a session that the broker keeps
    for `client_id`, and its messages are acknowledged by `acknowledge` only.
    """
    host, port = access.place
    try:
        good = await addresses(host, port)
    except ConnectionError as error:
        raise Retry(str(error)) from None
    context = access.context()
    client = _client(access, client_id, durable, context)
    paho = client._client
    # The name stays what the certificate is compared with; the connection goes to what was judged.
    paho._create_socket_connection = lambda: _opened(good, port)  # type: ignore[method-assign]
    if context is not None:
        paho._ssl_wrap_socket = lambda tcp_sock: _secured(tcp_sock, context, host)  # type: ignore[method-assign]
    if durable:
        paho.manual_ack_set(True)
    try:
        await _entered(client)
    except BaseException as error:
        paho._sock_close()
        if not isinstance(error, MqttError | OSError):
            raise
        raise Retry(f"no connection to {host}:{port}: {error}") from None
    return client


async def _entered(client: Client) -> None:
    """Connect; a broker that hangs up before it has answered is not waited for."""
    loop = asyncio.get_running_loop()
    gone: asyncio.Future[None] = loop.create_future()
    paho = client._client
    told: Any = paho.on_disconnect

    def end() -> None:
        if not gone.done():
            gone.set_result(None)

    def ended(*arguments: Any) -> None:
        loop.call_soon_threadsafe(end)
        told(*arguments)

    paho.on_disconnect = ended
    entering = asyncio.create_task(client.__aenter__())
    either: list[asyncio.Future[Any]] = [entering, gone, client._disconnected]
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if client._connected.done():  # a broker that refuses hangs up right after it has said why
            await asyncio.wait([entering], timeout=SECONDS)
    finally:
        if not entering.done():
            entering.cancel()
            await asyncio.wait([entering])
    if client._disconnected.done():
        client._disconnected.exception()  # looked at, so that asyncio does not complain of it
    if entering.cancelled():
        raise MqttError("the broker hung up: does it ask for a certificate, or TLS?")
    entering.result()


def acknowledge(client: Client, mid: int) -> None:
    """Tell the broker that a message of QoS 1 is ours now."""
    client._client.ack(mid, 1)


async def disconnect(client: Client) -> None:
    """End a connection, whatever has become of it."""
    try:
        await client.__aexit__(None, None, None)
    except (MqttError, OSError) as error:
        _log.debug("it ended before it was ended: %s", error)
    finally:
        client._client._sock_close()


def _client(
    access: Access, client_id: str, durable: bool, context: ssl.SSLContext | None
) -> Client:
    newest = access.version == "5"
    more: dict[str, Any] = {}
    if newest:
        more["clean_start"] = not durable
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = FOREVER if durable else 0
        more["properties"] = properties
    else:
        more["clean_session"] = not durable
    host, port = access.place
    return Client(
        host,
        port,
        identifier=client_id,
        username=_value(access.username),
        password=_value(access.password),
        protocol=ProtocolVersion.V5 if newest else ProtocolVersion.V311,
        keepalive=access.keepalive,
        tls_context=context,
        timeout=SECONDS,
        logger=_log,
        **more,
    )


def _opened(addresses: list[str], port: int) -> socket.socket:
    """A connection to the first address that takes one."""
    failure: OSError | None = None
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=SECONDS)
        except OSError as error:
            failure = error
    raise failure or OSError("it has no address")


def _secured(bare: socket.socket, context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    """The connection, encrypted; closed where that fails, which paho leaves to chance."""
    wrapped = context.wrap_socket(bare, server_hostname=host, do_handshake_on_connect=False)
    try:
        wrapped.settimeout(SECONDS)
        wrapped.do_handshake()
    except BaseException:
        wrapped.close()
        raise
    return wrapped


def _value(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
