"""Asks one platform's API, and can show what it would ask instead.

Must not know: which platform, where its token comes from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from receiver.errors import ReceiverError

SECONDS = 30.0
SECRET_HEADERS = ("authorization",)
SECRET_FIELDS = ("password", "secret", "token", "accessKey", "secretKey", "value")
HIDDEN = "…"


class PlatformError(ReceiverError):
    """The platform refused what it was asked, or did not answer; the message says which."""

    def __init__(self, message: str, *, status: int | None = None, code: int | None = None) -> None:
        self.status = status
        self.code = code
        """The platform's own number of the error."""
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to an API, with every secret left out."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    @property
    def lines(self) -> list[str]:
        """As a person reads it."""
        head = [f"{self.method} {self.url}"]
        head += [f"  {name}: {value}" for name, value in self.headers.items()]
        return (
            head if self.body is None else [*head, f"  {json.dumps(self.body, ensure_ascii=False)}"]
        )


Told = Callable[[Call], None]
Sign = Callable[[httpx.Request], Mapping[str, str]]
"""Makes the headers that prove a request, which is whole but for them."""


class Api:
    """The API below one address. With `dry`, nothing is sent, and every answer is None."""

    def __init__(
        self,
        base: str,
        headers: Mapping[str, str],
        *,
        told: Told | None = None,
        dry: bool = False,
        sign: Sign | None = None,
    ) -> None:
        """`told` is told every call before it is made."""
        self.base = base.rstrip("/")
        self.dry = dry
        self._headers = dict(headers)
        self._told = told
        self._sign = sign
        self._client = httpx.Client(timeout=SECONDS, follow_redirects=False, trust_env=True)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer's JSON, None where it has none. Raises PlatformError for all but 2xx."""
        given = {**self._headers, **(headers or {})}
        request = self._client.build_request(
            method,
            f"{self.base}{path}",
            params=query or None,
            headers=given,
            json=body,
        )
        if self._sign is not None:
            signed = self._sign(request)
            request.headers.update(signed)
            given |= signed
        if self._told is not None:
            self._told(_shown(request, given, body))
        if self.dry:
            return None
        try:
            response = self._client.send(request)
        except httpx.HTTPError as error:
            what = str(error) or type(error).__name__
            raise PlatformError(f"{method} {request.url}: no answer ({what})") from None
        return _answer(method, response)


def _answer(method: str, response: httpx.Response) -> Any:
    try:
        said = response.json() if response.content else None
    except ValueError:
        said = None
    if response.is_success:
        return said
    words = said if isinstance(said, Mapping) else {}
    why = next(
        (
            str(words[name])
            for name in ("description", "message", "error", "errors", "title")
            if words.get(name)
        ),
        response.reason_phrase,
    )
    code = words.get("error_code")
    raise PlatformError(
        f"{method} {response.request.url}: {response.status_code}: {why[:300]}",
        status=response.status_code,
        code=code if isinstance(code, int) else None,
    )


def _shown(request: httpx.Request, given: Mapping[str, str], body: Any) -> Call:
    headers = {
        name: _hidden(value) if name.lower() in SECRET_HEADERS else value
        for name, value in given.items()
    }
    return Call(request.method, str(request.url), headers, _without_secrets(body))


def _hidden(value: str) -> str:
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {HIDDEN}" if space else HIDDEN


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: HIDDEN if name in SECRET_FIELDS and item else _without_secrets(item)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_without_secrets(item) for item in value]
    return value
