"""Signatures: the published vectors pass, everything else is a SignatureError."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from receiver import signature
from receiver.contract import Scheme
from receiver.errors import SignatureError
from receiver.keyring import HeaderSecret, PublicKey, Secret, SourceKeys
from receiver.locator import Headers

NOW = datetime(2026, 1, 15, 8, 30, tzinfo=UTC)
BODY = (
    b'{"id":"0b9f3c1e-6d1a-4f5e-9a77-3d2f1c0a5b10","type":"ping","source":"/accounts/demo",'
    b'"specVersion":"1.0","time":"2026-01-15T08:30:00Z","data":{"message":"hello"}}'
)
NEW = Secret("new", b"whsec_0123456789abcdef")
OLD = Secret("old", b"whsec_fedcba9876543210")
BY_NEW = (
    "4837aeb124c021c3d85f4ee4112c698d481627c47e1909c727a5a78f241d6a32"
    "3f50daba091d5f93f4edc70c45fdb50042d0c7ada30f1d451d230aa5370c74a3"
)
BY_OLD = (
    "ac3c89f9a69976210a4b9af8f24aa80702b92c025c8031775e6b5c9a7f0f66ed"
    "8cc82f5330ccc800cc228db70190e009ca13a945abb69eb413e96c02363fc67f"
)
HMAC = Scheme(
    name="digest",
    kind="hmac",
    header="X-Signature",
    algorithm="sha512",
    prefixes=("sha512=",),
    prefix_required=True,
    separator=",",
)
RSA = Scheme(
    name="rs256",
    kind="rsa",
    header="X-Signature-Rs256",
    encodings=("base64", "base64url", "hex"),
    prefixes=("rs256=", "sha256="),
)
STATIC = Scheme(name="door", kind="static", header="X-Key")
STANDARD = Scheme(name="standard", kind="standard-webhooks", header="webhook-signature")
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STANDARD_SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
KEYS = SourceKeys(
    secrets=(NEW, OLD),
    public_keys=(PublicKey("2026", PRIVATE.public_key()),),
    headers=(HeaderSecret("X-Door", "door", b"open sesame"),),
)


def sent(*fields: tuple[str, str]) -> Headers:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in fields]


def verify(
    scheme: Scheme, *fields: tuple[str, str], keys: SourceKeys = KEYS, body: bytes = BODY
) -> str:
    return signature.verify([(scheme,)], keys, sent(*fields), body, NOW)


def refusal(
    scheme: Scheme, *fields: tuple[str, str], keys: SourceKeys = KEYS, body: bytes = BODY
) -> str:
    with pytest.raises(SignatureError) as caught:
        verify(scheme, *fields, keys=keys, body=body)
    return caught.value.reason


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (f"sha512={BY_NEW}", "new"),
        (f"sha512={BY_OLD}", "old"),
        (f"sha512={BY_NEW.upper()}", "new"),
        (f"sha512={'0' * 128}, sha512={BY_OLD}", "old"),
        (f"sha512={BY_OLD},sha512={'0' * 128}", "old"),
        (f"sha512={BY_OLD} ,  sha512={BY_NEW}", "new"),
        (f"sha999=abc, sha512={BY_NEW}", "new"),
    ],
    ids=["new", "old", "upper case", "second of two", "no space", "both", "unknown algorithm"],
)
def test_any_digest_by_any_live_secret_proves_the_body(value: str, name: str) -> None:
    assert verify(HMAC, ("X-Signature", value)) == name


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (f"sha512={'0' * 128}", "mismatch"),
        (f"sha512={BY_NEW[:-2]}", "malformed"),
        (f"sha512={BY_NEW[:-1]}", "malformed"),
        (f"sha512={BY_NEW}00", "malformed"),
        (BY_NEW, "malformed"),
        (f"sha256={BY_NEW}", "malformed"),
        (f"sha512= {BY_NEW}", "malformed"),
        (f"sha512={BY_NEW[:64]} {BY_NEW[64:]}", "malformed"),
        (f"sha512={BY_NEW};sha512={BY_OLD}", "malformed"),
        (f"sha512={BY_NEW}é", "malformed"),
        ("", "malformed"),
        (",,,", "malformed"),
        (",".join([f"sha512={BY_NEW}"] * 17), "malformed"),
        (f"sha512={BY_NEW}" + " " * 9000 + ",", "malformed"),
    ],
)
def test_everything_else_is_refused_with_a_fixed_word(value: str, reason: str) -> None:
    assert refusal(HMAC, ("X-Signature", value)) == reason


def test_a_header_that_is_missing_or_there_twice_is_refused() -> None:
    good = ("X-Signature", f"sha512={BY_NEW}")

    assert refusal(HMAC) == "missing"
    assert refusal(HMAC, good, good) == "doubled"


def test_a_changed_body_is_refused() -> None:
    assert refusal(HMAC, ("X-Signature", f"sha512={BY_NEW}"), body=BODY + b"\n") == "mismatch"


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
    key: bytes, data: bytes, sha256: str, sha512: str, encoding: str
) -> None:
    keys = SourceKeys(secrets=(Secret("rfc", key),))
    for algorithm, digest in (("sha256", sha256), ("sha512", sha512)):
        scheme = Scheme("s", "hmac", "X-Mac", algorithm=algorithm, encodings=(encoding,))
        spelled = written(bytes.fromhex(digest), encoding)
        assert verify(scheme, ("X-Mac", spelled), keys=keys, body=data) == "rfc"
        assert verify(scheme, ("X-Mac", spelled.rstrip("=")), keys=keys, body=data) == "rfc"


def written(digest: bytes, encoding: str) -> str:
    if encoding == "hex":
        return digest.hex()
    write = base64.b64encode if encoding == "base64" else base64.urlsafe_b64encode
    return write(digest).decode()


def test_sha1_works_where_a_platform_has_no_better() -> None:
    scheme = Scheme("s", "hmac", "X-Hub", algorithm="sha1", prefixes=("sha1=",))
    # RFC 2202, case 2
    digest = "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
    keys = SourceKeys(secrets=(Secret("jefe", b"Jefe"),))

    data = b"what do ya want for nothing?"

    assert verify(scheme, ("X-Hub", digest), keys=keys, body=data) == "jefe"


def test_an_optional_prefix_may_be_left_out() -> None:
    scheme = replace(HMAC, prefix_required=False)

    assert verify(scheme, ("X-Signature", BY_NEW)) == "new"


def test_the_start_of_a_secret_is_part_of_the_key_unless_configured_otherwise() -> None:
    bare = SourceKeys(secrets=(Secret("new", NEW.value.removeprefix(b"whsec_")),))
    stripped = replace(KEYS, strip_prefix="whsec_")
    [signed] = signature.sign(HMAC, bare.secrets[0], BODY, NOW, "")

    assert verify(HMAC, signed, keys=stripped) == "new"
    assert refusal(HMAC, signed, keys=KEYS) == "mismatch"


# Expiry


def test_an_expired_secret_proves_nothing_while_another_lives() -> None:
    keys = SourceKeys(secrets=(replace(NEW, expires=NOW), OLD))

    assert refusal(HMAC, ("X-Signature", f"sha512={BY_NEW}"), keys=keys) == "mismatch"
    assert verify(HMAC, ("X-Signature", f"sha512={BY_OLD}"), keys=keys) == "old"


def test_the_secret_that_expired_last_goes_on_when_all_have_expired() -> None:
    keys = expired_keys()

    assert keys.lapsed(NOW)
    assert verify(HMAC, ("X-Signature", f"sha512={BY_NEW}"), keys=keys) == "new"
    assert refusal(HMAC, ("X-Signature", f"sha512={BY_OLD}"), keys=keys) == "mismatch"


def test_expired_is_the_reason_when_nothing_may_go_on() -> None:
    keys = replace(expired_keys(), on_expiry="503")

    assert refusal(HMAC, ("X-Signature", f"sha512={BY_NEW}"), keys=keys) == "expired"
    assert refusal(HMAC, keys=keys) == "missing"


def expired_keys() -> SourceKeys:
    return SourceKeys(
        secrets=(
            replace(OLD, expires=NOW - timedelta(days=9)),
            replace(NEW, expires=NOW - timedelta(days=1)),
        )
    )


# RSA


@pytest.mark.parametrize("encoding", ["base64", "base64url", "hex"])
@pytest.mark.parametrize("prefix", ["", "rs256=", "sha256="])
def test_an_rsa_signature_passes_in_every_spelling(encoding: str, prefix: str) -> None:
    scheme = replace(RSA, encodings=(encoding,), prefixes=())
    [(header, value)] = signature.sign(scheme, PRIVATE, BODY, NOW, "")

    assert verify(RSA, (header, prefix + value)) == "2026"


def test_an_rsa_signature_of_other_bytes_or_another_length_is_refused() -> None:
    [(header, value)] = signature.sign(RSA, PRIVATE, BODY, NOW, "")
    short = base64.b64encode(base64.b64decode(value.removeprefix("rs256="))[:-1]).decode()

    assert refusal(RSA, (header, value), body=BODY + b" ") == "mismatch"
    assert refusal(RSA, (header, short)) == "malformed"


# A static header


def test_a_static_header_is_compared_by_the_configured_name_and_value() -> None:
    assert verify(STATIC, ("x-door", "open sesame")) == "door"
    assert refusal(STATIC, ("x-door", "open sesam")) == "mismatch"
    assert refusal(STATIC, ("x-key", "open sesame")) == "missing"
    assert refusal(STATIC, ("x-door", "open sesame"), ("x-door", "open sesame")) == "doubled"


def test_each_of_several_header_secrets_passes_under_its_own_name_only() -> None:
    keys = SourceKeys(headers=(HeaderSecret("X-A", "a", b"1"), HeaderSecret("X-B", "b", b"2")))

    assert verify(STATIC, ("X-B", "2"), keys=keys) == "b"
    assert verify(STATIC, ("X-A", "wrong"), ("X-B", "2"), keys=keys) == "b"
    assert refusal(STATIC, ("X-B", "1"), ("X-A", "2"), keys=keys) == "mismatch"


# Standard Webhooks

STANDARD_KEYS = SourceKeys(secrets=(Secret("sw", STANDARD_SECRET.encode()),))


def standard_fields(moment: datetime = NOW, **other: str) -> list[tuple[str, str]]:
    """What the reference library sends."""
    fields = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(STANDARD_SECRET).sign("msg_1", moment, BODY.decode()),
    }
    return list((fields | {name.replace("_", "-"): value for name, value in other.items()}).items())


def test_what_the_reference_library_signs_is_verified() -> None:
    assert verify(STANDARD, *standard_fields(), keys=STANDARD_KEYS) == "sw"


def test_what_we_sign_is_verified_by_the_reference_library() -> None:
    now = datetime.now(UTC)
    fields = signature.sign(STANDARD, STANDARD_KEYS.secrets[0], BODY, now, "msg_2")

    assert Webhook(STANDARD_SECRET).verify(BODY, dict(fields))["type"] == "ping"
    with pytest.raises(WebhookVerificationError):
        Webhook(STANDARD_SECRET).verify(BODY + b" ", dict(fields))


@pytest.mark.parametrize("seconds", [-300, 300])
def test_a_timestamp_within_the_tolerance_passes_both_ways(seconds: int) -> None:
    fields = standard_fields(NOW + timedelta(seconds=seconds))
    assert verify(STANDARD, *fields, keys=STANDARD_KEYS) == "sw"


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_timestamp_outside_the_tolerance_is_stale_both_ways(seconds: int) -> None:
    fields = standard_fields(NOW + timedelta(seconds=seconds))
    assert refusal(STANDARD, *fields, keys=STANDARD_KEYS) == "stale"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"webhook_id": "msg_2"}, "mismatch"),
        ({"webhook_timestamp": "1768465801"}, "mismatch"),
        ({"webhook_timestamp": "-1"}, "malformed"),
        ({"webhook_timestamp": "nan"}, "malformed"),
        ({"webhook_timestamp": "9" * 400}, "malformed"),
        ({"webhook_signature": "v1,"}, "malformed"),
        ({"webhook_signature": "v1"}, "malformed"),
        ({"webhook_signature": "v2,AAAA"}, "malformed"),
        ({"webhook_signature": "v1," + "A" * 43 + "="}, "mismatch"),
        ({"webhook_signature": " ".join(["v1," + "A" * 43 + "="] * 17)}, "malformed"),
    ],
)
def test_a_changed_standard_webhook_is_refused(changed: dict[str, str], reason: str) -> None:
    assert refusal(STANDARD, *standard_fields(**changed), keys=STANDARD_KEYS) == reason


def test_one_signature_of_a_list_is_enough() -> None:
    good = dict(standard_fields())["webhook-signature"]
    fields = standard_fields(webhook_signature=f"v1a,x v1,{'A' * 43}= {good}")

    assert verify(STANDARD, *fields, keys=STANDARD_KEYS) == "sw"


def test_the_headers_take_their_start_from_the_scheme() -> None:
    scheme = replace(STANDARD, header="Svix-Signature")
    fields = signature.sign(scheme, STANDARD_KEYS.secrets[0], BODY, NOW, "m")

    assert [name for name, _ in fields] == ["Svix-id", "Svix-timestamp", "Svix-Signature"]
    assert verify(scheme, *fields, keys=STANDARD_KEYS) == "sw"


def test_a_secret_that_is_not_base64_proves_nothing_and_is_reported_without_its_content() -> None:
    keys = SourceKeys(secrets=(Secret("typo", b"whsec_not base64!"),))
    [problem] = signature.problems([(STANDARD,)], keys)

    assert "typo" in problem
    assert "not base64!" not in problem
    assert refusal(STANDARD, *standard_fields(), keys=keys) == "mismatch"


# Which of several schemes decide

GOOD_HMAC = ("X-Signature", f"sha512={BY_NEW}")
BAD_HMAC = ("X-Signature", f"sha512={'0' * 128}")
GOOD_RSA = signature.sign(RSA, PRIVATE, BODY, NOW, "")[0]
BAD_RSA = signature.sign(RSA, PRIVATE, b"other", NOW, "")[0]


def decided(policy: str, *fields: tuple[str, str]) -> str:
    keys = replace(KEYS, policy=policy)
    try:
        return signature.verify([(HMAC,), (RSA,)], keys, sent(*fields), BODY, NOW)
    except SignatureError as error:
        return error.reason


@pytest.mark.parametrize(
    ("policy", "fields", "verdict"),
    [
        ("first", [GOOD_HMAC, BAD_RSA], "new"),
        ("first", [BAD_HMAC, GOOD_RSA], "mismatch"),
        ("first", [GOOD_RSA], "2026"),
        ("any", [BAD_HMAC, GOOD_RSA], "2026"),
        ("any", [BAD_HMAC, BAD_RSA], "mismatch"),
        ("all", [GOOD_HMAC, GOOD_RSA], "new"),
        ("all", [GOOD_HMAC, BAD_RSA], "mismatch"),
        ("all", [BAD_HMAC, GOOD_RSA], "mismatch"),
        ("all", [GOOD_RSA], "2026"),
        ("any", [], "missing"),
    ],
)
def test_the_policy_says_which_of_the_headers_present_must_pass(
    policy: str, fields: list[tuple[str, str]], verdict: str
) -> None:
    assert decided(policy, *fields) == verdict


def test_a_scheme_without_keys_is_ignored_and_never_accepted() -> None:
    keys = replace(KEYS, public_keys=())
    both = [(RSA,), (HMAC,)]

    assert signature.verify(both, keys, sent(GOOD_HMAC, BAD_RSA), BODY, NOW) == "new"
    with pytest.raises(SignatureError, match="missing"):
        signature.verify(both, keys, sent(GOOD_RSA), BODY, NOW)


@pytest.mark.parametrize("requirements", [[], [()], [(STATIC,)], [(replace(HMAC, kind="new"),)]])
def test_nothing_is_accepted_where_nothing_could_prove_it(
    requirements: list[tuple[Scheme, ...]],
) -> None:
    keys = SourceKeys(secrets=(NEW,))
    with pytest.raises(SignatureError, match="not-configured"):
        signature.verify(requirements, keys, sent(GOOD_HMAC), BODY, NOW)
    assert signature.problems(requirements, keys)


def test_two_schemes_in_one_alternative_must_both_pass() -> None:
    both = [(HMAC, STATIC)]
    door = ("X-Door", "open sesame")

    assert signature.verify(both, KEYS, sent(GOOD_HMAC, door), BODY, NOW) == "new+door"
    for fields, reason in (([GOOD_HMAC], "missing"), ([BAD_HMAC, door], "mismatch")):
        with pytest.raises(SignatureError, match=reason):
            signature.verify(both, KEYS, sent(*fields), BODY, NOW)


# Any bytes

FIELD_NAMES = st.sampled_from(
    b"x-signature x-signature-rs256 x-door webhook-id webhook-timestamp webhook-signature".split()
)
FIELD_VALUES = st.binary(max_size=80) | st.sampled_from(
    [
        f"sha512={BY_NEW}".encode(),
        b"v1," + b"A" * 43 + b"=",
        b"rs256=" + b"A" * 342,
        b"A" * 344,
        b"\xff" * 64,
        *b"v1, v1,\xff 1768465800 sha512= sha512=\xc2\xb2 = ====".split(b" "),
    ]
)


@given(
    st.lists(st.tuples(FIELD_NAMES | st.binary(max_size=9), FIELD_VALUES), max_size=6),
    st.binary(max_size=64),
    st.sampled_from(["first", "any", "all"]),
    st.sampled_from([[(HMAC,), (RSA,)], [(STATIC,)], [(STANDARD,)], [(RSA, STATIC), (HMAC,)]]),
)
@settings(max_examples=800, deadline=None)
def test_any_bytes_are_refused_with_a_signature_error_and_nothing_else(
    headers: Headers, body: bytes, policy: str, requirements: list[tuple[Scheme, ...]]
) -> None:
    keys = replace(KEYS, policy=policy, secrets=(NEW, OLD, *STANDARD_KEYS.secrets))
    with pytest.raises(SignatureError):
        signature.verify(requirements, keys, headers, body, NOW)


@given(st.binary(max_size=200), st.sampled_from(["hex", "base64", "base64url"]), st.booleans())
@settings(max_examples=200, deadline=None)
def test_what_is_signed_verifies(body: bytes, encoding: str, several: bool) -> None:
    scheme = replace(HMAC, encodings=(encoding,), separator="," if several else None)
    fields = signature.sign(scheme, OLD, body, NOW, "")

    assert verify(scheme, *fields, body=body) == "old"
