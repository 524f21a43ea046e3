"""Keys are values that cannot be weak and cannot be shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from receiver.errors import ConfigError
from receiver.keyring import HeaderSecret, Keyring, Secret, SourceKeys, public_key

NOW = datetime(2026, 1, 15, tzinfo=UTC)
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    spki = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return spki.decode()


@pytest.mark.parametrize("form", [PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1])
def test_an_rsa_public_key_is_read_from_either_pem_form(form: PublicFormat) -> None:
    text = PRIVATE.public_key().public_bytes(Encoding.PEM, form)

    assert public_key("main", text).key.public_numbers() == PRIVATE.public_key().public_numbers()


def test_an_rsa_key_under_2048_bits_is_refused() -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)

    with pytest.raises(ConfigError, match="1024 bits"):
        public_key("weak", pem(weak))


def test_a_key_that_is_not_rsa_is_refused() -> None:
    with pytest.raises(ConfigError, match="not an RSA key"):
        public_key("curve", pem(ec.generate_private_key(ec.SECP256R1())))


def test_a_private_key_is_refused_and_never_shown() -> None:
    text = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    with pytest.raises(ConfigError, match="private key") as caught:
        public_key("main", text)
    shown = f"{caught.value!r} {caught.value.__cause__!r}"
    assert not any(line in shown for line in text.splitlines()[1:-1])


@given(st.text(max_size=60) | st.binary(max_size=60))
def test_garbage_is_a_config_error(text: str | bytes) -> None:
    with pytest.raises(ConfigError):
        public_key("main", text)


def test_garbage_between_the_marks_is_not_echoed() -> None:
    with pytest.raises(ConfigError) as caught:
        public_key("main", "-----BEGIN PUBLIC KEY-----\nc2VjcmV0\n-----END PUBLIC KEY-----\n")
    assert "c2VjcmV0" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_no_key_shows_its_value() -> None:
    keys = SourceKeys(
        secrets=(Secret("main", b"hush"),),
        public_keys=(public_key("pem", pem(PRIVATE)),),
        headers=(HeaderSecret("X-Key", "door", b"hush"),),
    )

    assert "hush" not in repr(keys) + repr(Keyring({"acme": keys}))


@pytest.mark.parametrize("value", [b"", b" open", b"open\n"])
def test_a_header_secret_that_http_cannot_carry_is_refused(value: bytes) -> None:
    with pytest.raises(ConfigError):
        HeaderSecret("X-Key", "door", value)


@pytest.mark.parametrize("header", ["", "X Key", "X-Key:", "X-Käy"])
def test_a_header_name_that_is_none_is_refused(header: str) -> None:
    with pytest.raises(ConfigError):
        HeaderSecret(header, "door", b"open")


def test_a_secret_that_anybody_could_guess_is_refused() -> None:
    with pytest.raises(ConfigError, match="empty"):
        Secret("main", b"")
    with pytest.raises(ConfigError, match="prefix"):
        SourceKeys(secrets=(Secret("main", b"whsec_"),), strip_prefix="whsec_")


def test_an_expiry_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ConfigError, match="time zone"):
        Secret("main", b"x", expires=NOW.replace(tzinfo=None))


def test_a_source_lapses_when_its_last_secret_does() -> None:
    first = Secret("first", b"1", expires=NOW)
    second = Secret("second", b"2", expires=NOW + timedelta(days=1))
    keys = SourceKeys(secrets=(first, second))

    assert keys.live(NOW) == (second,)
    assert not keys.lapsed(NOW)
    assert keys.lapsed(NOW + timedelta(days=1))
    assert keys.live(NOW + timedelta(days=9)) == (second,)
    assert replace(keys, on_expiry="503").live(NOW + timedelta(days=9)) == ()


def test_a_source_that_is_not_configured_has_no_keys() -> None:
    assert Keyring({}).for_source("acme") is None
