"""The class that authors of plugins subclass once their sink has settings or a connection.

Must not know: how plugins are found, how events get here, which event types there are. Importing it
opens nothing and loads no HTTP client.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SecretBytes, SecretStr

from receiver.redaction import Redaction

if TYPE_CHECKING:
    import httpx

API = 1
"""The version of everything a plugin relies on: hooks, outcomes, `Event`, `Sink`."""


class SinkSettings(BaseModel):
    """What every sink's settings have; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    allow_private: bool = Field(
        default=False,
        description="Whether it may connect to private, loopback and link-local addresses.",
    )


class Sink:
    """Delivers events somewhere. One instance per route, with that route's settings.

    A subclass implements hooks (`@hookimpl`), declares `class Settings(Sink.Settings)` where it has
    any, and may define `open` and `close`, plain or `async`.
    """

    Settings: TypeAlias = SinkSettings

    api: ClassVar[int] = API
    """The version of the plugin API that the sink was written for."""
    prints: ClassVar[bool] = False
    """Whether what it writes to standard output is what it is for. In a process of its own (route
    setting `isolation`) that goes to the standard output of Receiver; of others it is logged."""

    translations: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    """Its words in other languages than English, by language tag: `name`, `description`, and for
    each setting `SETTING.key` (what it is called) and `SETTING.desc`."""

    def __init__(self, settings: Any = None, *, route: str = "") -> None:
        self.settings: Any = self.Settings() if settings is None else settings
        """An instance of the class's `Settings`."""
        self.route = route
        """The name of the route that it delivers for."""
        self.redaction = Redaction(secrets(self.settings))
        """Takes the values of secret settings out of a text."""

    @property
    def name(self) -> str:
        """What messages call it: its route, else its class."""
        return self.route or type(self).__name__

    def open(self) -> Any:
        """Connect to what needs connecting; called once, in the process and loop that delivers.

        Raise to say "not now": nothing is delivered, and it is called again later.
        """

    def close(self) -> Any:
        """Let go of what `open` took; called once, on shutdown."""

    @cached_property
    def http(self) -> httpx.AsyncClient:
        """The sink's HTTP client: made on first use, guarded (outbound), closed after `close`.

        Where the settings have a `ca_file`, it trusts the certificates in that file, and no others.
        """
        from receiver.outbound import client  # here, so that `import receiver` stays cheap

        return client(
            allow_private=getattr(self.settings, "allow_private", False),
            ca_file=getattr(self.settings, "ca_file", None),
        )

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host that this sink may connect to, for clients other than `http`.

        Raises ConnectionError where there is none, which says why.
        """
        from receiver.outbound import permitted

        return await permitted(
            host, port, allow_private=getattr(self.settings, "allow_private", False)
        )

    @cached_property
    def log(self) -> Any:
        """A structlog logger that knows the route and writes none of the settings' secrets."""
        return logger(self.route, self.redaction)


def logger(route: str, redaction: Redaction) -> Any:
    """A structlog logger bound to `route` that takes the secrets out before anything is rendered.

    What the process has configured for structlog comes after it and renders as it does for all.
    """
    import structlog  # here, so that `import receiver` stays cheap

    def scrub(_logger: Any, _method: str, event: Any) -> Any:
        return redaction.value(dict(event))

    def hand_on(_logger: Any, _method: str, event: Any) -> Any:
        return (event.pop("event", ""),), event

    return structlog.wrap_logger(
        structlog.get_logger("receiver.sink"),
        processors=[structlog.processors.format_exc_info, scrub, hand_on],
    ).bind(route=route)


def secrets(value: Any) -> Iterator[str]:
    """The texts of every secret in settings, however deep they sit."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, SecretBytes):
        yield value.get_secret_value().decode("utf-8", "replace")
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets(getattr(value, name, None))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from secrets(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from secrets(item)
