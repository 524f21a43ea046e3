"""Sends batches of events as packets; each has an outcome of its own.

Must not know: anything of Receiver but its public names.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from receiver import Event, Reject, Retry, Sink, hookimpl
from receiver_wialon.connection import Connection
from receiver_wialon.message import message
from receiver_wialon.packet import Block, packet

Outcome = bool | Exception | None


class Wialon(Sink):
    """Send messages of trackers by Wialon Retranslator 1.0."""

    class Settings(Sink.Settings):
        """Where to, and what of a message is sent."""

        host: str = Field(min_length=1, description="The retranslation server.")
        port: int = Field(default=20163, ge=1, le=65535, description="Its TCP port.")
        parameters: tuple[str, ...] = Field(
            default=("*",), description="Which values of a payload are sent: globs over names."
        )
        wialon_names: bool = Field(
            default=False,
            description="Whether `din`, `dout` and `external.powersource.voltage` are sent as"
            " `avl_inputs`, `avl_outputs` and `pwr_ext`.",
        )
        without_position: bool = Field(
            default=True,
            description="Whether messages without a position are sent; else they are passed over,"
            " for servers that refuse them.",
        )
        default_ident: str | None = Field(
            default=None,
            description="The ident of events that have no node; else they are rejected.",
        )
        id_parameter: str | None = Field(
            default=None,
            description="A parameter that carries the event's id, so that a server can tell one"
            " that comes again.",
        )
        acknowledged: bool = Field(
            default=True,
            description="Whether the server answers 0x11 to each packet, and an event is delivered"
            " only then.",
        )
        timeout: float = Field(
            default=10.0, gt=0, le=300, description="Seconds for a batch and its answers."
        )

    settings: Settings

    async def open(self) -> None:
        """Connect. Raises Retry where that cannot be done now."""
        settings = self.settings
        self._connection = Connection(
            settings.host,
            settings.port,
            settings.timeout,
            settings.acknowledged,
            self.addresses,
        )
        try:
            await self._connection.connect()
        except OSError as error:
            raise Retry(f"no connection: {str(error) or type(error).__name__}") from None

    async def close(self) -> None:
        """Disconnect."""
        await self._connection.close()

    @hookimpl
    async def on_batch(self, events: list[Event[Any]]) -> list[Outcome]:
        """Send the events, and return when the server has answered for them, or failed to."""
        outcomes: list[Outcome] = [True] * len(events)
        packets: list[tuple[int, bytes]] = []
        for number, event in enumerate(events):
            try:
                made = self._packet(event)
            except ValueError as error:
                outcomes[number] = Reject(f"it cannot be sent: {error}")
                continue
            if made is not None:
                packets.append((number, made))
        taken, why = await self._connection.send([made for _, made in packets])
        for number, _ in packets[taken:]:
            outcomes[number] = Retry(why)
        return outcomes

    def _packet(self, event: Event[Any]) -> bytes | None:
        """One event's packet; None where it is to be passed over. Raises ValueError."""
        settings = self.settings
        ident = event.node or settings.default_ident
        if ident is None:
            raise ValueError("it has no node")
        found = message(
            event.json(), parameters=settings.parameters, wialon_names=settings.wialon_names
        )
        if not found.placed and not settings.without_position:
            return None
        blocks = found.blocks
        if settings.id_parameter is not None:
            blocks = (*blocks, Block(settings.id_parameter, event.id))
        return packet(ident, int(event.time.timestamp() // 1), found.mask, blocks)
