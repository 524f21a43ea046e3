"""What a route to an HTTP target is told, and what of it is refused before the first event.

Must not know: how a request is sent.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Self

import httpx
from pydantic import Field, SecretStr, field_validator, model_validator

from receiver import Body, BodySettings
from receiver_http.binary import PREFIX
from receiver_http.signing import key_of

OURS = frozenset(
    {
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "webhook-id",
        "webhook-signature",
        "webhook-timestamp",
    }
)
"""Headers that the sink writes itself."""

SHORTEST_SECRET = 4
"""Characters; what is shorter is no secret, and cutting it out would make an answer unreadable."""

_NO_ADDRESS = "must be a whole http:// or https:// address"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?")


class HttpSettings(BodySettings):
    """Where to, how, and signed with what."""

    url: SecretStr = Field(
        description="Where events are sent, http:// or https://. A secret: many targets put a"
        " token into it."
    )
    method: Literal["POST", "PUT"] = Field(default="POST", description="The request method.")
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, description="Further request headers; their values are secrets."
    )
    content_type: str | None = Field(
        default=None,
        description="The Content-Type, where it is not application/cloudevents+json (cloudevent)"
        " or application/json (raw, template).",
    )
    ca_file: Path | None = Field(
        default=None,
        description="A file of certificates (PEM) to trust in place of the public ones.",
    )
    secret: SecretStr | None = Field(
        default=None,
        description="A secret, whsec_ and base64 of 24 to 64 bytes: each request is signed as"
        " Standard Webhooks says.",
    )
    timeout: float = Field(
        default=10.0, gt=0, le=300, description="Seconds until an answer must have begun."
    )

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: SecretStr) -> SecretStr:
        try:
            target = httpx.URL(url.get_secret_value())
        except httpx.InvalidURL:
            raise ValueError(_NO_ADDRESS) from None
        if target.scheme not in ("http", "https") or not target.host:
            raise ValueError(_NO_ADDRESS)
        if target.userinfo:
            raise ValueError("must not hold a user or password: send an Authorization header")
        return url

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        seen: set[str] = set()
        for name, value in headers.items():
            if not _TOKEN.fullmatch(name):
                raise ValueError(f"{name!r} is not a header name")
            if name.lower() in OURS:
                hint = ": set `content_type`" if name.lower() == "content-type" else ""
                raise ValueError(f"{name} is written by the sink itself{hint}")
            if name.lower() in seen:
                raise ValueError(f"{name} is given twice")
            if not _FIELD_VALUE.fullmatch(value.get_secret_value()):
                raise ValueError(f"the value of {name} must be printable ASCII on one line")
            seen.add(name.lower())
        return headers

    @field_validator("content_type")
    @classmethod
    def _is_media_type(cls, content_type: str | None) -> str | None:
        if content_type is not None and not _FIELD_VALUE.fullmatch(content_type):
            raise ValueError("must be printable ASCII on one line")
        return content_type

    @field_validator("secret")
    @classmethod
    def _is_standard(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            key_of(secret.get_secret_value())
        return secret

    def shape(self) -> Body:
        """How an event is written, with the Content-Type that is configured."""
        shape = super().shape()
        return Body(self.content_type or shape.content_type, shape.render)

    def key(self) -> bytes | None:
        """The key that requests are signed with, where they are."""
        return None if self.secret is None else key_of(self.secret.get_secret_value())

    def echoes(self) -> frozenset[str]:
        """What an answer may repeat of our secrets: the address, its path, and header values."""
        target = httpx.URL(self.url.get_secret_value())
        where = (str(target), target.raw_path.decode("ascii"), target.path, target.query.decode())
        values = [value.get_secret_value() for value in self.headers.values()]
        words = [word for value in values for word in value.split()]
        found = {self.url.get_secret_value(), *where, *values, *words}
        return frozenset(text for text in found if len(text) >= SHORTEST_SECRET)


class SingleSettings(HttpSettings):
    """How one event is a request."""

    mode: Literal["structured", "binary"] = Field(
        default="structured",
        description="How a CloudEvent is sent: `structured`, all of it in the body, or `binary`,"
        " its attributes as `ce-` headers and the platform's own bytes as the body.",
    )

    @model_validator(mode="after")
    def _binary_is_a_cloudevent(self) -> Self:
        if self.mode == "binary":
            if self.body != "cloudevent":
                raise ValueError('mode = "binary" is a form of body = "cloudevent"')
            for name in self.headers:
                if name.lower().startswith(PREFIX):
                    raise ValueError(f"{name} is written by the sink itself")
        return self


class ListSettings(HttpSettings):
    """How many events are a request."""

    def shape(self) -> Body:
        """How an event is written, and the Content-Type of a list of them."""
        shape = super().shape()
        batch = "application/cloudevents-batch+json"
        usual = batch if self.body == "cloudevent" else shape.content_type
        return Body(self.content_type or usual, shape.render)
