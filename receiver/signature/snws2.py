"""SNWS2: a request signed with a token's secret, in the `Authorization` header.

`SNWS2 Credential=TOKEN,SignedHeaders=a;b,Signature=HEX`, over a canonical form of the request and a
key of the day (SolarNet API authentication, scheme V2; classes Snws2AuthorizationBuilder and
AuthenticationDataV2 of sn-common). Pure: the time is an argument.
Must not know: whose secrets these are, how requests arrive.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import parse_qsl, quote

from receiver.errors import SignatureError

SCHEME = "SNWS2"
SKEW = timedelta(minutes=15)
"""What the clocks of the two ends may differ by."""
DAYS = 7
"""A key serves on the day it is made for and on the six after it."""

_PART = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]+)")
_ALWAYS_SIGNED = ("content-type", "content-md5", "digest")


@dataclass(frozen=True, slots=True)
class Request:
    """What is signed of a request."""

    method: str
    path: str
    query: str
    """As it stands after the `?`."""
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes


def authorization(request: Request, token: str, secret: str, at: datetime) -> str:
    """The header that signs a request, with all of its headers, `host` and a date among them."""
    names = sorted(request.headers)
    said = _message(request, names, request.headers["host"], at)
    signature = _signature(_key(secret, at.astimezone(UTC).date()), said)
    return f"{SCHEME} Credential={token},SignedHeaders={';'.join(names)},Signature={signature}"


def http_date(at: datetime) -> str:
    """A time as `Date` and `X-SN-Date` have it."""
    return format_datetime(at.astimezone(UTC), usegmt=True)


def verify(request: Request, secret_of: Callable[[str], str | None], now: datetime) -> str:
    """The token that signed a request. Raises SignatureError.

    A host without a port may have been signed with the port of a proxy in front: 443 is tried, too.
    """
    parts = dict(_PART.findall(request.headers.get("authorization", "")))
    if len(parts) != 3:
        raise SignatureError("malformed")
    names = parts["SignedHeaders"].lower().split(";")
    _check_names(names, request.headers)
    at = _date(request.headers)
    if abs(now - at) > SKEW:
        raise SignatureError("stale")
    secret = secret_of(parts["Credential"])
    found = False
    for host in _hosts(request.headers["host"]):
        said = _message(request, names, host, at)
        for day in range(DAYS):
            key = _key(secret or "", at.date() - timedelta(days=day))
            found |= hmac.compare_digest(_signature(key, said), parts["Signature"].lower())
    if secret is None or not found:
        raise SignatureError("mismatch")
    return str(parts["Credential"])


def _check_names(names: list[str], headers: Mapping[str, str]) -> None:
    """Raise SignatureError unless all that must be signed is."""
    must = {name for name in headers if name.startswith("x-sn-") or name in _ALWAYS_SIGNED}
    dated = "x-sn-date" in names or "date" in names
    if not dated or not must <= set(names) or "host" not in names or not set(names) <= set(headers):
        raise SignatureError("malformed")


def _date(headers: Mapping[str, str]) -> datetime:
    try:
        return parsedate_to_datetime(headers.get("x-sn-date") or headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError, OverflowError):
        raise SignatureError("malformed") from None


def _hosts(host: str) -> Iterator[str]:
    yield host
    if not re.search(r":\d+$", host):
        yield f"{host}:443"


def _message(request: Request, names: list[str], host: str, at: datetime) -> str:
    canonical = _canonical(request, names, host)
    return "\n".join(
        (
            f"{SCHEME}-HMAC-SHA256",
            at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ"),
            hashlib.sha256(canonical.encode()).hexdigest(),
        )
    )


def _canonical(request: Request, names: list[str], host: str) -> str:
    query = sorted(parse_qsl(request.query, keep_blank_values=True))
    values = {**request.headers, "host": host}
    return "\n".join(
        (
            request.method.upper(),
            request.path,
            "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in query),
            *(f"{name}:{' '.join(values[name].split())}" for name in sorted(names)),
            ";".join(sorted(names)),
            hashlib.sha256(request.body).hexdigest(),
        )
    )


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")


def _key(secret: str, day: date) -> bytes:
    daily = hmac.digest(f"{SCHEME}{secret}".encode(), day.strftime("%Y%m%d").encode(), "sha256")
    return hmac.digest(daily, b"snws2_request", "sha256")


def _signature(key: bytes, message: str) -> str:
    return hmac.digest(key, message.encode(), "sha256").hex()
