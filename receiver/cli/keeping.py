"""Keeps a new secret of a source beside the inbox, where running receivers find it.

Must not know: where the secret came from.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from receiver.errors import ConfigError, ReceiverError

if TYPE_CHECKING:
    from receiver.contract import Contract
    from receiver.keptsecrets import Kept
    from receiver.settings import Configuration


def keep(
    found: Configuration,
    source: str,
    value: str,
    name: str | None = None,
    older_end: datetime | None = None,
    like: str = "",
) -> str:
    """Keep a secret of a source where running receivers find it, and return its name.

    Older kept ones whose names begin with `like` end at `older_end`, where it is given. Raises
    ReceiverError for a source that has no secrets, and for a secret or name that cannot be used.
    """
    from receiver import configured, keptsecrets

    contract = configured.contract(found)
    header = _header(contract, source)
    given = found.settings.sources.get(source)
    taken = {secret.name for secret in given.secrets} if given else set()
    if name in taken:
        raise ConfigError(f"{found.label} has a secret {name!r} of {source}; choose another --name")
    made = name or header or ""

    def alter(kept: Kept) -> Kept:
        nonlocal made
        if header is not None:
            return replace(kept, headers={**kept.headers, header: value})
        made = name or _fresh(taken | set(kept.secrets))
        older = {key: text for key, text in kept.secrets.items() if key != made}
        expires = {key: at for key, at in kept.expires.items() if key in older}
        if older_end is not None:
            ending = [key for key in older if key.startswith(like)]
            expires |= {key: min(older_end, expires.get(key, older_end)) for key in ending}
        fresh = replace(kept, secrets={made: value, **older}, expires=expires)
        fresh.shared(), fresh.header_secrets()  # raises what is wrong with them
        return fresh

    keptsecrets.change(found.store_path.parent, source, alter)
    return made


def _fresh(taken: set[str]) -> str:
    """A name for a secret that came today."""
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    names = (today, *(f"{today}-{number}" for number in range(2, 1000)))
    return next(name for name in names if name not in taken)


def known(contract: Contract, source: str) -> None:
    """Raise ReceiverError, with the nearest right one, for a source that the contract has not."""
    from receiver.settings import nearest_of

    if source not in contract.sources:
        advice = nearest_of(source, sorted(contract.sources), "sources:")
        raise ReceiverError(f"the contract has no source {source!r}; {advice}")


def _header(contract: Contract, source: str) -> str | None:
    """The header of a source that is proved by one; None for one with shared secrets."""
    known(contract, source)
    schemes = {
        name: contract.schemes[name]
        for operation in contract.operations
        if operation.source == source
        for alternative in operation.security
        for name in alternative
    }
    if any(scheme.kind in ("hmac", "standard-webhooks") for scheme in schemes.values()):
        return None
    for scheme in schemes.values():
        if scheme.kind == "static":
            return scheme.header
    raise ReceiverError(f"{source} is not proved by a secret; see: receiver spec show")
