"""HMAC signatures: what was published passes, everything else is refused with a fixed word."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from receiver import signature
from receiver.contract import Scheme
from receiver.keyring import Secret, SourceKeys

GOOD = "sha512={new}"
ZEROS = f"sha512={'0' * 128}"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (GOOD, "new"),
        ("sha512={old}", "old"),
        ("sha512={NEW}", "new"),
        (ZEROS + ", sha512={old}", "old"),
        ("sha512={old}," + ZEROS, "old"),
        ("sha512={old} ,  sha512={new}", "new"),
        ("sha999=abc, sha512={new}", "new"),
    ],
    ids=["new", "old", "upper case", "second of two", "no space", "both", "unknown algorithm"],
)
def test_any_digest_by_any_live_secret_proves_the_body(desk: Any, value: str, name: str) -> None:
    assert desk.verify(desk.hmac, ("X-Signature", filled(desk, value))) == name


def filled(desk: Any, value: str) -> str:
    return value.format(
        new=desk.by_new, old=desk.by_old, NEW=desk.by_new.upper(), half=desk.by_new[:64]
    )


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (ZEROS, "mismatch"),
        ("sha512={half}", "malformed"),
        ("sha512={half}0", "malformed"),
        (GOOD + "00", "malformed"),
        (GOOD + "0", "malformed"),
        ("{new}", "malformed"),
        ("sha256={new}", "malformed"),
        ("sha512= {new}", "malformed"),
        ("sha512={half} {half}", "malformed"),
        (GOOD + ";sha512={old}", "malformed"),
        (GOOD + "é", "malformed"),
        ("", "malformed"),
        (",,,", "malformed"),
        (",".join([GOOD] * 17), "malformed"),
        (GOOD + " " * 9000 + ",", "malformed"),
    ],
)
def test_everything_else_is_refused_with_a_fixed_word(desk: Any, value: str, reason: str) -> None:
    assert desk.refusal(desk.hmac, ("X-Signature", filled(desk, value))) == reason


def test_a_header_that_is_missing_or_there_twice_is_refused(desk: Any) -> None:
    good = ("X-Signature", filled(desk, GOOD))

    assert desk.refusal(desk.hmac) == "missing"
    assert desk.refusal(desk.hmac, good, good) == "doubled"


def test_a_changed_body_is_refused(desk: Any) -> None:
    good = ("X-Signature", filled(desk, GOOD))

    assert desk.refusal(desk.hmac, good, body=desk.body + b"\n") == "mismatch"


LARGE_DATA = (
    b"This is a test using a larger than block-size key and a larger than block-size data. "
    b"The key needs to be hashed before being used by the HMAC algorithm."
)
RFC_4231 = [
    (
        b"\x0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
        "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
    ),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
        "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
    ),
    (
        b"\xaa" * 20,
        b"\xdd" * 50,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
        "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
        "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb",
    ),
    (
        bytes(range(1, 26)),
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
        "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db"
        "a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd",
    ),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
        "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
    ),
    (
        b"\xaa" * 131,
        LARGE_DATA,
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944"
        "b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58",
    ),
]


@pytest.mark.parametrize(("key", "data", "sha256", "sha512"), RFC_4231)
@pytest.mark.parametrize("encoding", ["hex", "base64", "base64url"])
def test_the_vectors_of_rfc_4231_pass_in_every_spelling(
    desk: Any, key: bytes, data: bytes, sha256: str, sha512: str, encoding: str
) -> None:
    keys = SourceKeys(secrets=(Secret("rfc", key),))
    for algorithm, digest in (("sha256", sha256), ("sha512", sha512)):
        scheme = Scheme("s", "hmac", "X-Mac", algorithm=algorithm, encodings=(encoding,))
        spelled = written(bytes.fromhex(digest), encoding)
        assert desk.verify(scheme, ("X-Mac", spelled), keys=keys, body=data) == "rfc"
        assert desk.verify(scheme, ("X-Mac", spelled.rstrip("=")), keys=keys, body=data) == "rfc"


def written(digest: bytes, encoding: str) -> str:
    if encoding == "hex":
        return digest.hex()
    write = base64.b64encode if encoding == "base64" else base64.urlsafe_b64encode
    return write(digest).decode()


def test_sha1_works_where_a_platform_has_no_better(desk: Any) -> None:
    scheme = Scheme("s", "hmac", "X-Hub", algorithm="sha1", prefixes=("sha1=",))
    keys = SourceKeys(secrets=(Secret("jefe", b"Jefe"),))
    # RFC 2202, case 2
    digest = "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
    data = b"what do ya want for nothing?"

    assert desk.verify(scheme, ("X-Hub", digest), keys=keys, body=data) == "jefe"


def test_an_optional_prefix_may_be_left_out(desk: Any) -> None:
    scheme = replace(desk.hmac, prefix_required=False)

    assert desk.verify(scheme, ("X-Signature", desk.by_new)) == "new"


def test_the_start_of_a_secret_is_part_of_the_key_unless_configured_otherwise(desk: Any) -> None:
    stripped = replace(desk.keys, strip_prefix="whsec_")
    signed = desk.sign(desk.hmac, Secret("bare", desk.new.value.removeprefix(b"whsec_")))

    assert desk.verify(desk.hmac, signed, keys=stripped) == "new"
    assert desk.refusal(desk.hmac, signed) == "mismatch"


def test_a_sample_is_signed_without_the_prefix_where_the_key_is(desk: Any) -> None:
    stripped = replace(desk.keys, strip_prefix="whsec_")
    [signed] = signature.sign(desk.hmac, desk.new, desk.body, desk.now, "", "whsec_")

    assert desk.verify(desk.hmac, signed, keys=stripped) == "new"


def test_an_expired_secret_proves_nothing_while_another_lives(desk: Any) -> None:
    keys = SourceKeys(secrets=(replace(desk.new, expires=desk.now), desk.old))

    assert desk.refusal(desk.hmac, desk.sign(desk.hmac, desk.new), keys=keys) == "mismatch"
    assert desk.verify(desk.hmac, desk.sign(desk.hmac, desk.old), keys=keys) == "old"


def test_the_secret_that_expired_last_goes_on_when_all_have_expired(desk: Any) -> None:
    keys = expired_keys(desk)

    assert keys.lapsed(desk.now)
    assert desk.verify(desk.hmac, desk.sign(desk.hmac, desk.new), keys=keys) == "new"
    assert desk.refusal(desk.hmac, desk.sign(desk.hmac, desk.old), keys=keys) == "mismatch"


def test_expired_is_the_reason_when_nothing_may_go_on(desk: Any) -> None:
    keys = replace(expired_keys(desk), on_expiry="503")

    assert desk.refusal(desk.hmac, desk.sign(desk.hmac, desk.new), keys=keys) == "expired"
    assert desk.refusal(desk.hmac, keys=keys) == "missing"


def expired_keys(desk: Any) -> SourceKeys:
    return SourceKeys(
        secrets=(
            replace(desk.old, expires=desk.now - timedelta(days=9)),
            replace(desk.new, expires=desk.now - timedelta(days=1)),
        )
    )


@given(st.binary(max_size=200), st.sampled_from(["hex", "base64", "base64url"]), st.booleans())
@settings(max_examples=200, deadline=None)
def test_what_is_signed_verifies(body: bytes, encoding: str, several: bool) -> None:
    scheme = Scheme("s", "hmac", "X-Mac", encodings=(encoding,), separator="," if several else None)
    secret, now = Secret("s", b"hush"), datetime(2026, 1, 15, tzinfo=UTC)
    [(_, value)] = signature.sign(scheme, secret, body, now, "")
    headers = [(b"x-mac", value.encode())]

    assert signature.verify([(scheme,)], SourceKeys(secrets=(secret,)), headers, body, now) == "s"


@pytest.mark.parametrize("value", [GOOD, "sha512={NEW}", " " + GOOD, ZEROS, "sha512={old}", ""])
def test_one_secret_proves_the_same_as_one_of_several(desk: Any, value: str) -> None:
    """With one secret that never expires, the usual spelling is compared at once."""
    one = SourceKeys(secrets=(desk.new,))
    sent = ("X-Signature", filled(desk, value))

    if "new" in value.lower():
        assert desk.verify(desk.hmac, sent, keys=one) == "new"
        assert desk.refusal(desk.hmac, sent, sent, keys=one) == "doubled"
        assert desk.refusal(desk.hmac, sent, keys=one, body=b"other") == "mismatch"
    else:
        assert desk.refusal(desk.hmac, sent, keys=one) == ("mismatch" if value else "malformed")
