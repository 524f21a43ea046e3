"""Do the secrets resolve, how long do they last, and who can read them?

Must not know: what they prove.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from receiver import keptsecrets
from receiver import secrets as resolving
from receiver.contract import Contract
from receiver.doctor.finding import Finding, fail, ok, warn
from receiver.errors import ConfigError
from receiver.settings import Configuration

SOON = timedelta(days=14)
OTHERS = 0o077


def resolved(
    found: Configuration, contract: Contract, environ: Mapping[str, str]
) -> Iterator[Finding]:
    """The secrets of every source."""
    try:
        kept = keptsecrets.read(found.store_path.parent)
        keys = resolving.keyring(found, contract, environ, kept)
    except ConfigError as error:
        for problem in error.problems:
            yield fail("secret", problem, "give it a value; `receiver config check` looks again")
        return
    now = datetime.now(UTC)
    for name in sorted(contract.sources):
        source = keys.for_source(name)
        if not source:
            yield ok("secret", f"{name} is not configured: its events are answered 401")
            continue
        yield from _lasting(name, [secret.expires for secret in source.secrets], now)
        for path in resolving.short(keys, name):
            text = f"{'.'.join(map(str, path))} has fewer than {resolving.SHORT} bytes"
            yield warn("secret", text, "make it longer: it can be guessed")


def _lasting(name: str, expiries: list[datetime | None], now: datetime) -> Iterator[Finding]:
    """When the last of a source's secrets expires."""
    if not expiries or None in expiries:
        yield ok("secret", f"{name} is configured")
        return
    last = max(expiry for expiry in expiries if expiry is not None)
    text = f"the last secret of {name} expires {last:%Y-%m-%d}"
    if last <= now:
        yield fail("secret", text.replace("expires", "expired"), "add the one that replaces it")
    elif last - now < SOON:
        yield warn("secret", text, "add the one that replaces it")
    else:
        yield ok("secret", f"{name} is configured until {last:%Y-%m-%d}")


def readable(found: Configuration) -> Iterator[Finding]:
    """Files with secrets in them that others may read."""
    literal = any(
        not value.get_secret_value().startswith(("env:", "file:"))
        for source in found.settings.sources.values()
        for value in (
            *(secret.value for secret in source.secrets),
            *(header.value for header in source.headers),
        )
    )
    files = {found.base / Path(found.label).name} if literal else set()
    for file in sorted(files | set(resolving.files(found))):
        if file.exists() and os.stat(file).st_mode & OTHERS & 0o044:  # noqa: PTH116
            yield warn("secret", f"others may read {file}", f"chmod 600 {file}")
