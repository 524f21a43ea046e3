"""The class that authors subclass to bring events in from where Receiver has to ask for them.

Must not know: how transports are found and run, how a message becomes an event, which sources there
are. Importing it opens nothing and loads no HTTP client.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from receiver.redaction import Redaction
from receiver.sink import API, logger, secrets

if TYPE_CHECKING:
    import httpx


class TransportSettings(BaseModel):
    """What every transport's settings have; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    allow_private: bool = Field(
        default=False,
        description="Whether its HTTP client may connect to private, loopback and link-local "
        "addresses.",
    )


class Message(msgspec.Struct, frozen=True):
    """One message as the other side keeps it: one event, or an array of events."""

    body: bytes
    """The platform's own JSON, byte for byte."""
    key: str | None = None
    """The other side's id of this message, the same each time that it is handed out, else None.

    It tells a second sending where the payload has no id of its own."""
    envelope: Mapping[str, str] | None = None
    """What a wrapping that was taken off said of the event, by its own names; the spec may look
    there (`{envelope: MessageId}`)."""


class Batch(msgspec.Struct, frozen=True):
    """What one `pull` has brought; empty when nothing came."""

    messages: tuple[Message, ...] = ()
    cursor: str | None = None
    """Where the next `pull` goes on, kept in one transaction with the messages; None: as before."""
    receipt: Any = None
    """What `acknowledge` needs to know; nobody else looks at it."""


class Transport:
    """Brings messages in from somewhere. One instance per `[sources.SOURCE.pull.NAME]`.

    Its methods are called one after the other, on one event loop in a thread of its own, each with
    a deadline: `open`, then again and again `pull` and, once what it brought is on disk,
    `acknowledge`. Whatever one of them raises ends in `close`, a pause and a new instance; Retry
    names the least pause. So nothing may be told the other side before `acknowledge`.
    """

    Settings: TypeAlias = TransportSettings

    api: ClassVar[int] = API
    """The version of the plugin API that it was written for."""
    source: ClassVar[str | None] = None
    """The source whose messages it brings, where there is only one; `receiver dev --from` uses it.
    """
    scheme: ClassVar[str | None] = None
    """What `receiver dev --from SCHEME://…` calls it; None: it cannot be used so."""

    def __init__(self, settings: Any = None, *, name: str = "") -> None:
        self.settings: Any = self.Settings() if settings is None else settings
        """An instance of the class's `Settings`."""
        self.name = name
        """`SOURCE.NAME` of the configuration."""
        self.redaction = Redaction(secrets(self.settings))
        """Takes the values of secret settings out of a text."""

    @property
    def stream(self) -> str:
        """What a cursor counts in, such as the channel: one of another stream is not used."""
        return ""

    async def open(self) -> None:
        """Connect to what needs connecting. Raise to say "not now": it is tried again later."""

    async def pull(self, cursor: str | None) -> Batch:
        """The next messages after `cursor`; wait for some seconds while there are none.

        `cursor` is that of the last batch that was kept, before a restart, too; None at first.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement pull")

    async def acknowledge(self, batch: Batch) -> None:
        """Tell the other side that the messages of `batch` are on disk and may go there."""

    async def close(self) -> None:
        """Let go of what `open` took; called once, after `open` has failed, too."""

    @classmethod
    def looking(cls, url: str) -> Mapping[str, Any]:
        """The settings for `receiver dev --from URL`: messages are shown, and stay where they are.

        Raises ValueError, which says what the URL is missing.
        """
        raise ValueError(f"{cls.__name__} cannot be named by a URL")

    @cached_property
    def http(self) -> httpx.AsyncClient:
        """An HTTP client: made on first use, guarded (outbound), closed after `close`."""
        from receiver.outbound import client  # here, so that `import receiver` stays cheap

        return client(allow_private=getattr(self.settings, "allow_private", False))

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host that this may connect to, for clients other than `http`.

        Raises ConnectionError where there is none, which says why.
        """
        from receiver.outbound import permitted

        return await permitted(
            host, port, allow_private=getattr(self.settings, "allow_private", False)
        )

    @cached_property
    def log(self) -> Any:
        """A structlog logger that knows the name and writes none of the settings' secrets."""
        return logger(self.name, self.redaction)
