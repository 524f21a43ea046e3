"""Who sent this request: its signature headers against the keys of a source, over the raw bytes.

One module for each kind of scheme; here is which of them decide. Pure. Must not know: what the
body says, where keys are kept, what is answered to a request that nobody proved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from receiver.contract import Scheme
from receiver.errors import ConfigError, SignatureError
from receiver.keyring import SigningKey, SourceKeys
from receiver.locator import Headers
from receiver.signature import rsa, shared, standard, static
from receiver.signature.shared import Prove

__all__ = ["Prove", "Requirements", "configured", "problems", "prover", "sign", "verify"]

Requirements = Sequence[tuple[Scheme, ...]]
"""Alternatives in order of preference; each holds the schemes that must all pass."""


class Kind(Protocol):
    """What a module of this package offers for its kind of scheme."""

    def configured(self, keys: SourceKeys) -> bool:
        """Whether there are keys of this kind."""

    def present(self, scheme: Scheme, keys: SourceKeys, headers: Headers) -> bool:
        """Whether a request claims to be proved by this scheme."""

    def problems(self, scheme: Scheme, keys: SourceKeys) -> list[str]:
        """What is wrong with the keys, one sentence each, without their content."""

    def verify(
        self, scheme: Scheme, keys: SourceKeys, headers: Headers, body: bytes, now: datetime
    ) -> str:
        """The name of the key that matched. Raises SignatureError for every other input."""

    def sign(
        self,
        scheme: Scheme,
        key: SigningKey,
        body: bytes,
        now: datetime,
        id: str,
        strip_prefix: str | None,
    ) -> list[tuple[str, str]]:
        """The headers that prove `body`. Raises ConfigError when the key is of another kind."""


KINDS: Mapping[str, Kind] = MappingProxyType(
    {"hmac": shared, "rsa": rsa, "static": static, "standard-webhooks": standard}
)


def verify(
    requirements: Requirements, keys: SourceKeys, headers: Headers, body: bytes, now: datetime
) -> str:
    """The name of the key that proved a request (`a+b` where two schemes had to pass).

    Raises SignatureError for every other input, and nothing else, whatever its bytes. Alternatives
    for which the source has no keys are passed over, as if the spec did not name them. Of those
    whose headers are all there, the source's policy says which must pass.
    """
    return verify_with(configured(requirements, keys), keys, headers, body, now)


def configured(requirements: Requirements, keys: SourceKeys) -> Requirements:
    """The alternatives for which a source has keys."""
    return [every for every in requirements if _configured(every, keys)]


def prover(requirements: Requirements, keys: SourceKeys) -> Prove:
    """What verifies the requests of an operation, for as long as its source has these keys."""
    usable = configured(requirements, keys)

    def prove(headers: Headers, body: bytes, now: datetime) -> str:
        return verify_with(usable, keys, headers, body, now)

    if len(usable) != 1 or len(usable[0]) != 1 or usable[0][0].kind != "hmac":
        return prove
    return shared.quickly(usable[0][0], keys, prove)


def verify_with(
    usable: Requirements, keys: SourceKeys, headers: Headers, body: bytes, now: datetime
) -> str:
    """As `verify`, given what `configured` says of the same keys, which need not be found again."""
    if not usable:
        raise SignatureError("not-configured")
    if len(usable) == 1 and len(usable[0]) == 1:
        # Nothing to choose; where its header is missing, the scheme says so itself.
        return _passed(usable[0], keys, headers, body, now)
    present = [every for every in usable if _present(every, keys, headers)]
    if not present:
        raise SignatureError("missing")
    if keys.policy == "all":
        first, *_ = [_passed(every, keys, headers, body, now) for every in present]
        return first
    if keys.policy == "any":
        return _any(present, keys, headers, body, now)
    return _passed(present[0], keys, headers, body, now)


def sign(
    scheme: Scheme,
    key: SigningKey,
    body: bytes,
    now: datetime,
    id: str,
    strip_prefix: str | None = None,
) -> list[tuple[str, str]]:
    """The headers with which a platform would send `body`; `id` is for schemes that sign one.

    Raises ConfigError when the key is not of the kind that the scheme needs.
    """
    kind = KINDS.get(scheme.kind)
    if kind is None:
        raise ConfigError(f"nothing can sign with the scheme {scheme.name!r} ({scheme.kind})")
    return kind.sign(scheme, key, body, now, id, strip_prefix)


def problems(requirements: Requirements, keys: SourceKeys) -> list[str]:
    """Why keys could never prove a request of an operation, one sentence each; found at start."""
    found = [
        problem
        for every in requirements
        for scheme in every
        if _configured((scheme,), keys)
        for problem in KINDS[scheme.kind].problems(scheme, keys)
    ]
    if not any(_configured(every, keys) for every in requirements):
        wanted = " or ".join(" with ".join(s.name for s in every) for every in requirements)
        found.append(f"there are no keys for {wanted or 'any scheme'}")
    return found


def _configured(every: tuple[Scheme, ...], keys: SourceKeys) -> bool:
    return bool(every) and all(
        scheme.kind in KINDS and KINDS[scheme.kind].configured(keys) for scheme in every
    )


def _present(every: tuple[Scheme, ...], keys: SourceKeys, headers: Headers) -> bool:
    return all(KINDS[scheme.kind].present(scheme, keys, headers) for scheme in every)


def _passed(
    every: tuple[Scheme, ...], keys: SourceKeys, headers: Headers, body: bytes, now: datetime
) -> str:
    if len(every) == 1:
        return KINDS[every[0].kind].verify(every[0], keys, headers, body, now)
    return "+".join(KINDS[scheme.kind].verify(scheme, keys, headers, body, now) for scheme in every)


def _any(
    present: Requirements, keys: SourceKeys, headers: Headers, body: bytes, now: datetime
) -> str:
    refusals = []
    for every in present:
        try:
            return _passed(every, keys, headers, body, now)
        except SignatureError as refused:
            refusals.append(refused)
    # That our keys have expired is our fault, and must not look like the sender's.
    raise next((r for r in refusals if r.reason == "expired"), refusals[0])
