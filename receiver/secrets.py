"""Resolves what the configuration says of secrets into keys: `env:NAME`, `file:PATH`, kept ones.

No message of it shows a value. Must not know: how keys prove a request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr

from receiver import signature
from receiver.contract import Contract, Operation, Scheme
from receiver.errors import ConfigError
from receiver.keptsecrets import Kept
from receiver.keyring import (
    HeaderSecret,
    Keyring,
    PublicKey,
    Secret,
    SnsTrust,
    SourceKeys,
    public_key,
)
from receiver.references import FILE, URL, resolve
from receiver.settings import Configuration, KeyPath, SourceSettings, nearest_of
from receiver.settings.sns import SnsSettings

T = TypeVar("T")
SHORT = 16
"""Bytes below which a secret can be found by trying, by whoever has one signed request."""


def keyring(
    found: Configuration,
    contract: Contract,
    environ: Mapping[str, str],
    kept: Mapping[str, Kept],
) -> Keyring:
    """The keys of every source that is configured, or has secrets kept beside the inbox.

    Raises ConfigError with every source that the contract does not have, and every secret that
    does not resolve: our own fault must stop the start, not answer 401 later.
    """
    faults: list[str] = []
    keys: dict[str, SourceKeys] = {}
    known = sorted(contract.sources)
    for name in [*found.settings.sources, *(set(kept) - set(found.settings.sources))]:
        if name in contract.sources:
            resolver = _Resolver(found, environ, faults)
            keys[name] = resolver.source(name, kept.get(name, Kept()))
            if name in found.settings.sources and not _only_pulled(found, name) and not faults:
                path = ("sources", name)
                faults.extend(found.error(path, *unusable(contract, name, keys[name])).problems)
        elif name in found.settings.sources:
            advice = nearest_of(name, known, "known sources:")
            fault = f"the contract has no source {name!r}; {advice}"
            faults.extend(found.error(("sources", name), fault).problems)
    if faults:
        raise ConfigError(*faults)
    return Keyring(keys)


def _only_pulled(found: Configuration, source: str) -> bool:
    """Whether a source's events are asked for, and nobody is to send any."""
    given = found.settings.sources[source]
    proofs = (given.secrets, given.public_keys, given.headers, given.sns)
    return bool(given.pull) and not any(proofs)


def short(keys: Keyring, source: str) -> Iterator[KeyPath]:
    """The keys of the configuration whose secrets are too short to be safe."""
    held = keys.for_source(source) or SourceKeys()
    # Those of the configuration come first, in its order.
    kinds: tuple[tuple[str, tuple[Secret | HeaderSecret, ...]], ...] = (
        ("secrets", held.secrets),
        ("headers", held.headers),
    )
    for kind, found in kinds:
        for index, secret in enumerate(found):
            if len(secret.value) < SHORT:
                yield "sources", source, kind, index, "value"


def unusable(contract: Contract, source: str, keys: SourceKeys) -> list[str]:
    """Why these keys could prove no request at all to any path of a source; else nothing."""
    each = [
        [] if keys.sns and operation.transport == "sns" else _problems(contract, operation, keys)
        for operation in contract.operations
        if operation.source == source
    ]
    if not all(each):
        return []
    return list(dict.fromkeys(problem for found in each for problem in found))


def _problems(contract: Contract, operation: Operation, keys: SourceKeys) -> list[str]:
    return signature.problems(requirements(contract, operation), keys)


def requirements(contract: Contract, operation: Operation) -> list[tuple[Scheme, ...]]:
    """The signature schemes of an operation, instead of their names."""
    return [
        tuple(contract.schemes[name] for name in alternative) for alternative in operation.security
    ]


def sink_settings(found: Configuration, route: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """A route's settings for its sink, with `env:` and `file:` values resolved, however deep.

    Raises ConfigError with every value that does not resolve.
    """
    path: KeyPath = ("routes", route, "settings")
    return _resolved(found, path, found.settings.routes[route].settings, environ)


def endpoint_settings(
    found: Configuration, endpoint: str, environ: Mapping[str, str]
) -> dict[str, Any]:
    """The same of the settings of an endpoint."""
    path: KeyPath = ("endpoints", endpoint, "settings")
    return _resolved(found, path, found.settings.endpoints[endpoint].settings, environ)


def transform_settings(
    found: Configuration, transform: str, environ: Mapping[str, str]
) -> dict[str, Any]:
    """The same of the settings of a transform."""
    path: KeyPath = ("transforms", transform, "settings")
    return _resolved(found, path, found.settings.transforms[transform].settings, environ)


def _resolved(
    found: Configuration, path: KeyPath, settings: Mapping[str, Any], environ: Mapping[str, str]
) -> dict[str, Any]:
    faults: list[str] = []
    resolved = _Resolver(found, environ, faults).tree(settings, path)
    if faults:
        raise ConfigError(*faults)
    return dict(resolved)


def pull_settings(
    found: Configuration, source: str, pull: str, environ: Mapping[str, str]
) -> dict[str, Any]:
    """The settings of a pull's transport, with `env:` and `file:` values resolved, however deep.

    Raises ConfigError with every value that does not resolve.
    """
    faults: list[str] = []
    path: KeyPath = ("sources", source, "pull", pull)
    given = found.settings.sources[source].pull[pull].own
    resolved = _Resolver(found, environ, faults).tree(given, path)
    if faults:
        raise ConfigError(*faults)
    return dict(resolved)


def files(found: Configuration) -> set[Path]:
    """The files that `file:` values of sources and routes are read from."""
    settings = found.settings
    places = (
        *(source.model_dump() for source in settings.sources.values()),
        *(route.settings for route in settings.routes.values()),
    )
    return {
        found.base / text.removeprefix(FILE)
        for place in places
        for text in _texts(place)
        if text.startswith(FILE) and not text.startswith(URL)
    }


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


class _Resolver:
    """Resolves the values of one configuration and collects what is wrong with them."""

    def __init__(self, found: Configuration, environ: Mapping[str, str], faults: list[str]) -> None:
        self._found = found
        self._environ = environ
        self._faults = faults

    def source(self, name: str, kept: Kept) -> SourceKeys:
        """The keys of one source, those of the configuration first."""
        given = self._found.settings.sources.get(name, SourceSettings())
        path: KeyPath = ("sources", name)
        return SourceKeys(
            secrets=(*self._secrets(given, path), *kept.shared()),
            public_keys=(*self._public_keys(given, path), *kept.public_keys()),
            headers=(*self._headers(given, path), *kept.header_secrets()),
            policy=given.policy,
            on_expiry=given.on_expiry,
            strip_prefix=given.strip_prefix,
            networks=tuple(ip_network(network) for network in given.networks),
            sns=self._sns(given.sns, kept, (*path, "sns")),
        )

    def tree(self, value: Any, path: KeyPath) -> Any:
        """A copy of plain tables, lists and scalars with every text in it resolved."""
        if isinstance(value, Mapping):
            return {key: self.tree(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.tree(item, (*path, index)) for index, item in enumerate(value)]
        return self._text(value, path) if isinstance(value, str) else value

    def _secrets(self, given: SourceSettings, path: KeyPath) -> Iterator[Secret]:
        names: set[str] = set()
        for index, entry in enumerate(given.secrets):
            if entry.name in names:
                fault = f"{entry.name!r} is the name of another secret here, too; rename one"
                name = (*path, "secrets", index, "name")
                self._faults.extend(self._found.error(name, fault).problems)
            names.add(entry.name)
            where = (*path, "secrets", index, "value")
            value = self._text(entry.value.get_secret_value(), where)
            if value is not None:
                make = _maker(Secret, entry.name, value.encode(), entry.expires)
                yield from self._made(where, make)

    def _public_keys(self, given: SourceSettings, path: KeyPath) -> Iterator[PublicKey]:
        for index, text in enumerate(given.public_keys):
            where = (*path, "public_keys", index)
            value = self._text(text, where)
            if value is not None:
                yield from self._made(where, _maker(public_key, _key_name(text, index), value))

    def _headers(self, given: SourceSettings, path: KeyPath) -> Iterator[HeaderSecret]:
        for index, entry in enumerate(given.headers):
            where = (*path, "headers", index, "value")
            value = self._text(entry.value.get_secret_value(), where)
            if value is not None:
                make = _maker(HeaderSecret, entry.name, entry.name, value.encode())
                yield from self._made(where, make)

    def _sns(self, given: SnsSettings | None, kept: Kept, path: KeyPath) -> SnsTrust | None:
        """What is configured of SNS, and the topics that a command has allowed."""
        if given is None:
            ours = kept.sns if path[1] not in self._found.settings.sources else None
            made = (ours.file, ours.certificate.encode()) if ours else None
            return SnsTrust(kept.topics, made=made) if kept.topics or made else None
        folder = given.folder(self._found.base)
        if folder is not None and not folder.is_dir():
            fault = f"there is no folder {folder}"
            self._faults.extend(self._found.error((*path, "certificates"), fault).problems)
        password = None
        if given.password is not None:
            password = self._text(given.password.get_secret_value(), (*path, "password"))
        trust = given.trust(folder, password)
        return replace(trust, topics=(*trust.topics, *kept.topics))

    def _text(self, text: str, path: KeyPath) -> str | None:
        try:
            return resolve(text, self._found.base, self._environ)
        except LookupError as error:
            self._faults.extend(self._found.error(path, str(error.args[0])).problems)
            return None

    def _made(self, path: KeyPath, make: Callable[[], T]) -> Iterator[T]:
        try:
            yield make()
        except ConfigError as error:
            self._faults.extend(self._found.error(path, *error.problems).problems)


def _maker(make: Callable[..., T], *arguments: Any) -> Callable[[], T]:
    return lambda: make(*arguments)


def _key_name(text: str, index: int) -> str:
    """What `events show` calls a public key: its variable or file, else its number."""
    for start in ("env:", "file:"):
        if text.startswith(start):
            return Path(text.removeprefix(start)).name
    return f"key-{index + 1}"
