"""What `receiver.toml` may say: every key, its default, its meaning.

Defaults stand here and nowhere else; docs/configuration.md is drawn from this module.
Must not know: where a value came from, how secrets are resolved, who uses a setting.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from receiver.settings.management import (
    EndpointSettings,
    FilterSettings,
    ManagementSettings,
)
from receiver.settings.pulling import PullSettings
from receiver.settings.retention import RetentionSettings
from receiver.settings.sns import SnsSettings
from receiver.settings.values import Address, Delay, Moment, Network, Seconds, Start, StoreUrl


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
        "`X-Forwarded-Proto` are believed, in logs and metrics; nobody else's are.",
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
    pull: dict[str, PullSettings] = Field(
        default={}, description="Events that Receiver asks for: `[sources.SOURCE.pull.NAME]`."
    )


class RetrySettings(_Table):
    """When a failed delivery is tried again: `schedule`, or the other four together."""

    schedule: tuple[Delay, ...] | None = Field(
        default=None,
        description="Seconds before each further attempt (±20 % jitter), a week at most.",
    )
    first: Delay | None = Field(
        default=None, description="Seconds before the second attempt, at most."
    )
    factor: float | None = Field(
        default=None, ge=1, allow_inf_nan=False, description="Each pause is this many times longer."
    )
    cap: Delay | None = Field(
        default=None, description="Seconds that no pause exceeds, a week at most."
    )
    attempts: int | None = Field(default=None, ge=1, le=1000, description="Attempts in all.")

    @model_validator(mode="after")
    def _one_form(self) -> RetrySettings:
        steps = (self.first, self.factor, self.cap, self.attempts)
        if self.schedule is not None and any(step is not None for step in steps):
            raise ValueError("is either { schedule } or { first, factor, cap, attempts }, not both")
        if self.schedule is None and any(step is None for step in steps):
            raise ValueError("needs { schedule }, or all of { first, factor, cap, attempts }")
        return self


class RouteSettings(_Table):
    """Which events go to which sink, and how."""

    sink: str = Field(description="The name of an installed sink: `receiver sinks list`.")
    events: tuple[str, ...] = Field(
        default=("*",),
        description="Patterns over event types: globs; `!pattern` excludes; "
        '`["!*"]` matches nothing.',
    )
    sources: tuple[str, ...] = Field(default=("*",), description="Patterns over sources.")
    nodes: tuple[str, ...] = Field(default=("*",), description="Patterns over the events' nodes.")
    users: tuple[str, ...] = Field(default=("*",), description="Patterns over the events' users.")
    start: Start = Field(
        default="end",
        alias="from",
        description="Where a new route begins: `end`, `beginning` or a time. In a new store every "
        "route begins at the beginning.",
    )
    ordered: bool = Field(
        default=True, description="A failing event holds back its own node's later events."
    )
    concurrency: int = Field(default=8, ge=1, description="Deliveries under way at the same time.")
    batch: int = Field(
        default=100, ge=1, description="Events handed to `on_batch` at once, at most."
    )
    batch_wait: Seconds = Field(
        default=0.0, description="Seconds that an event may wait for its batch to fill."
    )
    deadline: Seconds = Field(default=30.0, gt=0, description="Seconds that one attempt may take.")
    retry: RetrySettings | None = Field(
        default=None,
        description="When a failed delivery is tried again; by default over about three days: "
        "after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.",
    )
    max_exceptions: int = Field(
        default=10_000,
        ge=1,
        description="Events in flight, waiting and held back, at most; then the route waits.",
    )
    isolation: Literal["thread", "process"] = Field(
        default="thread",
        description="Where the sink runs: among the others, or in a `process` of its own, which "
        "may crash, loop and run out of memory without harm to other routes.",
    )
    memory: int = Field(
        default=1 << 30,
        ge=1 << 28,
        description="Bytes of address space that a `process` of its own may take.",
    )
    settings: dict[str, Any] = Field(
        default={}, description="The sink's own settings: `receiver sinks describe NAME`."
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
    routes: dict[str, RouteSettings] = Field(default={}, description="Which events go where.")
    endpoints: dict[str, EndpointSettings] = Field(
        default={}, description="Sinks with their settings, for integrations made by the API."
    )
    filters: FilterSettings = Field(
        default=FilterSettings(), description="What holds where no filter is set."
    )
    management: ManagementSettings = Field(
        default=ManagementSettings(), description="The management API on the admin listener."
    )
