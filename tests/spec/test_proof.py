"""The signature schemes, as webhooks.yaml declares them, prove what the platforms sign."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from receiver.contract import Contract
from receiver.errors import SignatureError
from receiver.keyring import Secret, SourceKeys
from receiver.signature import verify

NOW = datetime(2026, 1, 15, 8, 30, tzinfo=UTC)
BODY = (
    b'{"id":"0b9f3c1e-6d1a-4f5e-9a77-3d2f1c0a5b10","type":"ping","source":"/accounts/demo",'
    b'"specVersion":"1.0","time":"2026-01-15T08:30:00Z","data":{"message":"hello"}}'
)
OLD = (
    "4837aeb124c021c3d85f4ee4112c698d481627c47e1909c727a5a78f241d6a32"
    "3f50daba091d5f93f4edc70c45fdb50042d0c7ada30f1d451d230aa5370c74a3"
)
NEW = (
    "ac3c89f9a69976210a4b9af8f24aa80702b92c025c8031775e6b5c9a7f0f66ed"
    "8cc82f5330ccc800cc228db70190e009ca13a945abb69eb413e96c02363fc67f"
)
KEYS = SourceKeys(secrets=(Secret("old", b"whsec_0123456789abcdef"),))


def proved(contract: Contract, header: str, body: bytes = BODY) -> str:
    headers = [(b"x-signature", header.encode())]
    return verify(((contract.schemes["xSignature"],),), KEYS, headers, body, NOW)


@pytest.mark.parametrize(
    "header",
    [
        f"sha512={OLD}",
        f"sha512={OLD.upper()}",
        f"sha512={NEW}, sha512={OLD}",
        f"sha512={OLD},sha512={NEW}",
    ],
)
def test_a_body_is_proved_by_any_of_its_digests(header: str, contract: Contract) -> None:
    assert proved(contract, header) == "old"


@pytest.mark.parametrize("header", [f"sha512={NEW}", OLD, f"sha256={OLD}", f"sha512={OLD[:-2]}"])
def test_another_key_prefix_or_length_proves_nothing(header: str, contract: Contract) -> None:
    with pytest.raises(SignatureError):
        proved(contract, header)


def test_a_changed_body_is_not_proved(contract: Contract) -> None:
    with pytest.raises(SignatureError):
        proved(contract, f"sha512={OLD}", BODY + b"\n")


def test_a_platform_that_signs_with_rsa_may_spell_it_as_it_likes(contract: Contract) -> None:
    scheme = contract.schemes["xSignatureRs256"]
    assert (scheme.kind, scheme.algorithm) == ("rsa", "sha256")
    assert set(scheme.encodings) == {"base64", "base64url", "hex"}
    assert (scheme.prefixes, scheme.prefix_required) == (("rs256=", "sha256="), False)
