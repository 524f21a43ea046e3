"""What `receiver.toml` may say: every key, its default, its meaning.

Defaults stand here and nowhere else; docs/configuration.md is drawn from this module.
Must not know: where a value came from, how secrets are resolved, who uses a setting.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from receiver.settings.management import (
    EndpointSettings,
    FilterSettings,
    ManagementSettings,
)
from receiver.settings.pulling import PullSettings
from receiver.settings.retention import RetentionSettings
from receiver.settings.routing import RouteSettings, TransformSettings
from receiver.settings.sns import SnsSettings
from receiver.settings.values import Address, Moment, Network, RouteName, Seconds, StoreUrl


class _Table(BaseModel):
    """One table of the file: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerSettings(_Table):
    """The public listener."""

    public: Address = Field(
        default="127.0.0.1:8080",
        description="Where events come in: `HOST:PORT`, IPv6 as `[::1]:8080`.",
    )
    admin: Address = Field(
        default="127.0.0.1:8081",
        description="Where operators look: health, readiness, metrics, the contract. Keep it from "
        "the internet.",
    )
    workers: int = Field(
        default=2,
        ge=1,
        description="Processes that take events in, under `receiver serve` and gunicorn.",
    )
    grace: Seconds = Field(
        default=25.0, description="Seconds that a shutdown waits for deliveries that are under way."
    )
    lane: bool = Field(
        default=True,
        description="Take events on the short way, before connexion; `false`: through connexion. "
        "The answers are the same.",
    )
    connections: int = Field(
        default=1000,
        ge=1,
        description="Connections that one process serves at a time; more are answered 503.",
    )
    idle: Seconds = Field(
        default=75.0,
        gt=0,
        description="Seconds that a connection is kept without a request; longer than the proxy "
        "before this keeps its own.",
    )
    proxies: tuple[Network, ...] = Field(
        default=(),
        description="Addresses or networks (CIDR) of proxies whose `X-Forwarded-For` and "
        "`X-Forwarded-Proto` are believed, in logs, metrics and `networks`; nobody else's are.",
    )


class StoreSettings(_Table):
    """The inbox on disk."""

    url: StoreUrl = Field(
        default="sqlite:///.receiver/inbox.db",
        description="`sqlite:///` and a path, relative to the configuration file.",
    )
    durability: Literal["strict", "relaxed"] = Field(
        default="strict",
        description="`strict`: on the disk (fsync) before the sender is answered; `relaxed`: a "
        "power cut may lose the last events.",
    )
    dedup_window: Seconds = Field(
        default=7 * 86_400.0,
        description="Seconds that an event is remembered, to tell a second sending.",
    )
    dedup_keys: int = Field(
        default=1_000_000,
        ge=1,
        description="How many events are remembered at most, over all sources.",
    )


class SecretSettings(_Table):
    """One shared secret of a source."""

    name: str = Field(min_length=1, description="What `events show` calls it.")
    value: SecretStr = Field(description="`env:NAME`, `file:PATH`, or the secret itself.")
    expires: Moment | None = Field(
        default=None,
        description="From this date or time on it proves nothing (see `on_expiry`).",
    )


class HeaderSettings(_Table):
    """A header that the sender sends with a fixed, secret value."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", description="The name of the header."
    )
    value: SecretStr = Field(description="`env:NAME`, `file:PATH`, or the value itself.")


class SourceSettings(_Table):
    """How a source proves that it is the sender."""

    secrets: tuple[SecretSettings, ...] = Field(
        default=(),
        description="Shared secrets, several during a rotation: `{ name, value, expires }`.",
    )
    public_keys: tuple[str, ...] = Field(
        default=(),
        description="RSA public keys in PEM, 2048 bits or more: `env:NAME`, `file:PATH` or text.",
    )
    headers: tuple[HeaderSettings, ...] = Field(
        default=(), description="Headers with a fixed, secret value: `{ name, value }`."
    )
    policy: Literal["first", "any", "all"] = Field(
        default="first",
        description="Of the kinds of proof whose headers a request carries, and for which there "
        "are keys: `first`: the one that the spec lists first must pass; `any`: one of them; "
        "`all`: each of them. A kind whose header was not sent is never asked for.",
    )
    on_expiry: Literal["warn", "503"] = Field(
        default="warn",
        description="When every secret has expired: go on with the last one and `warn`, or answer "
        "`503` until there is a new one.",
    )
    strip_prefix: str | None = Field(
        default=None,
        description="A start of secrets, such as `whsec_`, that is not part of the key.",
    )
    sns: SnsSettings | None = Field(
        default=None, description="Messages of Amazon SNS, where the source sends by it."
    )
    networks: tuple[Network, ...] = Field(
        default=(),
        description="Addresses or networks (CIDR) that its requests may come from, as "
        "`server.proxies` tell it; by default any.",
    )
    pull: dict[str, PullSettings] = Field(
        default={}, description="Events that Receiver asks for: `[sources.SOURCE.pull.NAME]`."
    )


class Settings(_Table):
    """The whole of `receiver.toml`."""

    contract: str = Field(
        default="receiver.generated",
        description="The generated package to serve, by dotted name.",
    )
    autoroute: bool = Field(
        default=True,
        description="While there is no route at all, give every installed sink that needs no "
        "settings a route.",
    )
    plugins_dir: str | None = Field(
        default=None,
        description="A folder of one-file plugins, relative to the configuration file.",
    )
    server: ServerSettings = Field(default=ServerSettings(), description="The public listener.")
    store: StoreSettings = Field(default=StoreSettings(), description="The inbox on disk.")
    retention: RetentionSettings = Field(
        default=RetentionSettings(),
        description="What is deleted from the inbox, and when; `inf` is without end. Dedup keys "
        "have their own bounds (`store.dedup_window`, `store.dedup_keys`).",
    )
    sources: dict[str, SourceSettings] = Field(
        default={}, description="How each source of the contract proves itself."
    )
    routes: dict[RouteName, RouteSettings] = Field(default={}, description="Which events go where.")
    transforms: dict[str, TransformSettings] = Field(
        default={}, description="What routes change or drop events by, before their sinks."
    )
    endpoints: dict[str, EndpointSettings] = Field(
        default={}, description="Sinks with their settings, for integrations made by the API."
    )
    filters: FilterSettings = Field(
        default=FilterSettings(), description="What holds where no filter is set."
    )
    management: ManagementSettings = Field(
        default=ManagementSettings(), description="The management API on the admin listener."
    )
