"""RSA signatures and static headers."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from receiver.keyring import HeaderSecret, SourceKeys


@pytest.mark.parametrize("encoding", ["base64", "base64url", "hex"])
@pytest.mark.parametrize("prefix", ["", "rs256=", "sha256="])
def test_an_rsa_signature_passes_in_every_spelling(desk: Any, encoding: str, prefix: str) -> None:
    scheme = replace(desk.rsa, encodings=(encoding,), prefixes=())
    header, value = desk.sign(scheme, desk.private)

    assert desk.verify(desk.rsa, (header, prefix + value)) == "2026"


def test_an_rsa_signature_of_other_bytes_or_another_length_is_refused(desk: Any) -> None:
    header, value = desk.sign(desk.rsa, desk.private)
    short = base64.b64encode(base64.b64decode(value.removeprefix("rs256="))[:-1]).decode()

    assert desk.refusal(desk.rsa, (header, value), body=desk.body + b" ") == "mismatch"
    assert desk.refusal(desk.rsa, (header, short)) == "malformed"


def test_a_static_header_is_compared_by_the_configured_name_and_value(desk: Any) -> None:
    good = ("x-door", "open sesame")

    assert desk.verify(desk.static, good) == "door"
    assert desk.refusal(desk.static, ("x-door", "open sesam")) == "mismatch"
    assert desk.refusal(desk.static, ("x-key", "open sesame")) == "missing"
    assert desk.refusal(desk.static, good, good) == "doubled"


def test_each_of_several_header_secrets_passes_under_its_own_name_only(desk: Any) -> None:
    keys = SourceKeys(headers=(HeaderSecret("X-A", "a", b"1"), HeaderSecret("X-B", "b", b"2")))

    assert desk.verify(desk.static, ("X-B", "2"), keys=keys) == "b"
    assert desk.verify(desk.static, ("X-A", "wrong"), ("X-B", "2"), keys=keys) == "b"
    assert desk.refusal(desk.static, ("X-B", "1"), ("X-A", "2"), keys=keys) == "mismatch"
