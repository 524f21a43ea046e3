"""From `env:`, `file:` and kept values to the keys that prove a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from receiver import keptsecrets, signature
from receiver.catalogue import Catalogue
from receiver.contract import Contract
from receiver.errors import ConfigError
from receiver.keyring import Keyring, SourceKeys
from receiver.secrets import keyring, requirements, sink_settings
from receiver.settings import Configuration

Read = Callable[..., Configuration]
SOURCE = '[sources.gridx]\nsecrets = [{ name = "a", value = "%s" }]'


@pytest.fixture
def contract(catalogue: Catalogue) -> Contract:
    return catalogue.contract


def secrets_of(ring: Keyring, source: str = "gridx") -> dict[str, bytes]:
    keys = ring.for_source(source)
    assert keys
    return {secret.name: secret.value for secret in keys.secrets}


def test_a_variable_a_file_and_a_text_can_hold_a_secret(
    read: Read, tmp_path: Path, contract: Contract
) -> None:
    (tmp_path / "old").write_text("from the file\n")
    text = """[sources.gridx]
    secrets = [
        { name = "variable", value = "env:GRIDX" },
        { name = "file", value = "file:old" },
        { name = "text", value = "itself" },
    ]"""
    ring = keyring(read(text), contract, {"GRIDX": "from the variable"}, {})
    assert secrets_of(ring) == {
        "variable": b"from the variable",
        "file": b"from the file",
        "text": b"itself",
    }


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ("env:ABSENT", "the environment variable ABSENT is not set; set it"),
        ("env:EMPTY", "the environment variable EMPTY is empty; set it"),
        ("env:", "'env:' names nothing; write env:NAME or file:PATH"),
        ("file:absent", "absent cannot be read: No such file or directory"),
        ("file:empty", "empty is empty; write the value into it"),
    ],
)
def test_what_does_not_resolve_names_the_line_the_key_and_what_to_do(
    read: Read, tmp_path: Path, contract: Contract, value: str, advice: str
) -> None:
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ConfigError) as caught:
        keyring(read(SOURCE % value), contract, {"EMPTY": ""}, {})
    [fault] = caught.value.problems
    assert fault.startswith("receiver.toml:2: [sources.gridx] secrets[0].value: ")
    assert advice in fault


def test_every_fault_is_told_at_once(read: Read, contract: Contract) -> None:
    text = SOURCE % "env:A" + '\n[sources.rainmaker]\nsecrets = [{ name = "b", value = "env:B" }]'
    with pytest.raises(ConfigError) as caught:
        keyring(read(text), contract, {}, {})
    assert len(caught.value.problems) == 2


def test_a_source_that_the_contract_has_not_names_those_it_has(
    read: Read, contract: Contract
) -> None:
    with pytest.raises(ConfigError, match=r'no source .gridy.; did you mean "gridx"\?'):
        keyring(read("[sources.gridy]"), contract, {}, {})


def test_a_source_without_any_key_stops_the_start(read: Read, contract: Contract) -> None:
    with pytest.raises(ConfigError, match=r"\[sources\.gridx\]: there are no keys"):
        keyring(read("[sources.gridx]"), contract, {}, {})


def test_a_weak_public_key_is_refused_with_its_line(
    read: Read, contract: Contract, tmp_path: Path
) -> None:
    (tmp_path / "no.pem").write_text("-----BEGIN NOTHING-----")
    text = '[sources.gridx]\npublic_keys = ["file:no.pem"]'
    with pytest.raises(ConfigError, match=r"receiver\.toml:2: \[sources\.gridx\] public_keys\[0\]"):
        keyring(read(text), contract, {}, {})


def test_kept_secrets_stand_beside_the_configured_ones(read: Read, contract: Contract) -> None:
    kept = {"gridx": keptsecrets.Kept({"dev": "kept"})}
    ring = keyring(read(SOURCE % "given"), contract, {}, kept)
    assert secrets_of(ring) == {"a": b"given", "dev": b"kept"}


def test_a_key_that_signs_as_sns_is_made_where_it_is_missing_and_nothing_else_is(
    contract: Contract, tmp_path: Path
) -> None:
    before = keptsecrets.Kept({"dev": "kept"}, topics=("arn",))
    keptsecrets.write(tmp_path, dict.fromkeys(contract.sources, before))
    kept, made = keptsecrets.supply(tmp_path, contract)
    assert made == []
    assert {name for name, entry in kept.items() if entry.sns} == {"rainmaker"}
    assert replace(kept["rainmaker"], sns=None) == before
    assert keptsecrets.supply(tmp_path, contract) == (kept, [])
    assert keptsecrets.read(tmp_path) == kept


def test_what_was_made_to_sign_as_sns_is_trusted_only_where_nobody_configured(
    read: Read, contract: Contract
) -> None:
    made = {"rainmaker": keptsecrets.Kept(sns=keptsecrets.pair())}
    free = keyring(read(""), contract, {}, made).for_source("rainmaker")
    assert free is not None
    assert free.sns is not None
    assert free.sns.made is not None
    configured = '[sources.rainmaker]\nsecrets = [{ name = "a", value = "given" }]\n'
    for text in (configured, configured + '[sources.rainmaker.sns]\ntopics = ["*"]\n'):
        keys = keyring(read(text), contract, {}, made).for_source("rainmaker")
        assert keys is not None
        assert keys.sns is None or keys.sns.made is None


def test_a_sinks_settings_are_resolved_however_deep(read: Read) -> None:
    text = """[routes.out]
    sink = "http"
    [routes.out.settings]
    url = "file://is/a/url"
    headers = [{ token = "env:TOKEN", n = 1 }]"""
    settings = sink_settings(read(text), "out", {"TOKEN": "t"})
    assert settings == {"url": "file://is/a/url", "headers": [{"token": "t", "n": 1}]}


def test_made_secrets_prove_every_operation_of_every_source(contract: Contract) -> None:
    now = datetime.now(UTC)
    kept = {name: keptsecrets.create(contract, name) for name in contract.sources}
    for operation in contract.operations:
        if operation.transport != "http":
            continue  # nobody but its service can sign for it
        own = kept[operation.source]
        headers: list[tuple[bytes, bytes]] = []
        for scheme in requirements(contract, operation)[0]:
            key = next(iter([*own.shared(), *own.header_secrets(), *own.signing_keys()]))
            signed = signature.sign(scheme, key, b"{}", now, "1")
            headers += [(name.lower().encode(), value.encode()) for name, value in signed]
        keys = keys_of(own)
        assert signature.verify(requirements(contract, operation), keys, headers, b"{}", now)


def keys_of(own: keptsecrets.Kept) -> SourceKeys:
    return SourceKeys(own.shared(), own.public_keys(), own.header_secrets())


def test_kept_secrets_come_back_as_they_were_written(tmp_path: Path, contract: Contract) -> None:
    kept = {name: keptsecrets.create(contract, name) for name in contract.sources}
    keptsecrets.write(tmp_path / "store", kept)
    assert keptsecrets.read(tmp_path / "store") == kept


def test_only_the_owner_can_read_kept_secrets(tmp_path: Path, contract: Contract) -> None:
    keptsecrets.write(tmp_path, {"gridx": keptsecrets.create(contract, "gridx")})
    path = tmp_path / keptsecrets.FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == [keptsecrets.FILE]
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        keptsecrets.read(tmp_path)


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"sources": 3}', '{"sources": {"a": {}}}', '{"sources": {"a": {"secrets": 1}}}'],
)
def test_a_damaged_file_is_told_without_its_content(tmp_path: Path, content: str) -> None:
    path = tmp_path / keptsecrets.FILE
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="is damaged"):
        keptsecrets.read(tmp_path)


def test_a_secret_is_in_no_repr(contract: Contract) -> None:
    kept = keptsecrets.create(contract, "gridx")
    assert kept.secrets["dev"] not in repr(kept)
