"""The kinds of values in `receiver.toml`: what each may be, and what is said of one that is wrong.

Must not know: which key holds them.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from ipaddress import ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from receiver.backoff import LONGEST_WAIT

STORE_SCHEME = "sqlite:///"
_DATES = "2026-12-01 or 2026-12-01T08:00:00Z"
_UNITS = {"": 1, "b": 1} | {
    name: base**power
    for power, letter in enumerate("kmgt", 1)
    for name, base in ((f"{letter}b", 1000), (f"{letter}ib", 1024))
}
_SIZE = re.compile(rf"(\d+(?:\.\d+)?|inf) ?({'|'.join(_UNITS)})", re.IGNORECASE)
_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\s\[\]]+):(?P<port>\d{1,5})")


def split_address(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT` (IPv6 as `[::1]:8080`); ValueError for anything else."""
    match = _ADDRESS.fullmatch(text)
    if not match or int(match["port"]) > 65535:
        raise ValueError(f"{text!r} is no address; write HOST:PORT, such as 127.0.0.1:8080")
    return match["host"].strip("[]"), int(match["port"])


def _address(value: Any) -> Any:
    if isinstance(value, str):
        split_address(value)
    return value


def _store_url(value: Any) -> Any:
    if isinstance(value, str) and not value.removeprefix(STORE_SCHEME).strip("/"):
        raise ValueError(f"{value!r} names no file; write {STORE_SCHEME}PATH")
    if isinstance(value, str) and not value.startswith(STORE_SCHEME):
        raise ValueError(f"{value!r} is no store; write {STORE_SCHEME}PATH")
    return value


def _moment(value: Any) -> datetime:
    """A TOML date or time as aware UTC; a date is its first moment, a time without zone is UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{value!r} is no date; write it as {_DATES}") from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        raise ValueError(f"should be a date, such as {_DATES}")
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:  # before the year 1 or after 9999, once it is UTC
        raise ValueError(f"{str(value)!r} is no date; write it as {_DATES}") from None


def _start(value: Any) -> Any:
    return value if value in ("beginning", "end") else _moment(value)


def _network(value: Any) -> Any:
    if isinstance(value, str):
        try:
            ip_network(value)
        except ValueError:
            raise ValueError(
                f"{value!r} is no network; write an address or a block, such as 10.0.0.0/8"
            ) from None
    return value


def _size(value: Any) -> Any:
    """Bytes, as a number or with a unit."""
    if not isinstance(value, str):
        return value
    found = _SIZE.fullmatch(value.strip())
    if not found:
        raise ValueError(f"{value!r} is no size; write bytes, or such as '500 MB' or '8 GiB'")
    return float(found[1]) * _UNITS[found[2].lower()]


def in_bytes(size: float) -> str:
    """A size in the largest unit that fits, such as `8 GiB`."""
    for unit, amount in (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= amount:
            return f"{size / amount:.3g} {unit}"
    return f"{size:.0f} bytes"


Address = Annotated[str, BeforeValidator(_address)]
Network = Annotated[str, BeforeValidator(_network)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
StoreUrl = Annotated[str, BeforeValidator(_store_url)]
Start = Annotated[Any, BeforeValidator(_start)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Age = Annotated[float, Field(ge=0)]
Size = Annotated[float, Field(ge=0), BeforeValidator(_size)]
Delay = Annotated[float, Field(ge=0, le=LONGEST_WAIT, allow_inf_nan=False)]


def _route_name(name: str) -> str:
    if name.startswith("replay:"):
        raise ValueError("begins with replay:, as the names of replays do")
    return name


RouteName = Annotated[str, AfterValidator(_route_name)]
"""The name of a route; in the inbox a replay has one of its own (receiver.inbox.replays)."""
