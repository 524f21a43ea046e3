"""Which of several schemes decide; and that no bytes at all make any of them fail otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver import signature
from receiver.errors import ConfigError, SignatureError
from receiver.keyring import SourceKeys
from receiver.locator import Headers


def sent(desk: Any, marks: str) -> list[tuple[str, str]]:
    """Headers by mark: `H` and `R` sign the body by HMAC and RSA, `h` and `r` another one."""
    keys = {"H": (desk.hmac, desk.new), "R": (desk.rsa, desk.private)}
    return [
        desk.sign(*keys[mark.upper()], desk.body if mark.isupper() else b"other") for mark in marks
    ]


@pytest.mark.parametrize(
    ("policy", "marks", "verdict"),
    [
        ("first", "Hr", "new"),
        ("first", "hR", "mismatch"),
        ("first", "R", "2026"),
        ("any", "hR", "2026"),
        ("any", "hr", "mismatch"),
        ("all", "HR", "new"),
        ("all", "Hr", "mismatch"),
        ("all", "hR", "mismatch"),
        ("all", "R", "2026"),
        ("any", "", "missing"),
    ],
)
def test_the_policy_says_which_of_the_headers_present_must_pass(
    desk: Any, policy: str, marks: str, verdict: str
) -> None:
    keys = replace(desk.keys, policy=policy)
    try:
        decided = desk.decide([(desk.hmac,), (desk.rsa,)], *sent(desk, marks), keys=keys)
    except SignatureError as error:
        decided = error.reason
    assert decided == verdict


def test_a_scheme_without_keys_is_ignored_and_never_accepted(desk: Any) -> None:
    keys = replace(desk.keys, public_keys=())
    both = [(desk.rsa,), (desk.hmac,)]

    assert desk.decide(both, *sent(desk, "Hr"), keys=keys) == "new"
    with pytest.raises(SignatureError, match="missing"):
        desk.decide(both, *sent(desk, "R"), keys=keys)


@pytest.mark.parametrize("case", ["nothing", "an empty alternative", "no keys", "unknown kind"])
def test_nothing_is_accepted_where_nothing_could_prove_it(desk: Any, case: str) -> None:
    requirements = {
        "nothing": [],
        "an empty alternative": [()],
        "no keys": [(desk.static,)],
        "unknown kind": [(replace(desk.hmac, kind="new"),)],
    }[case]
    keys = SourceKeys(secrets=(desk.new,))

    with pytest.raises(SignatureError, match="not-configured"):
        desk.decide(requirements, *sent(desk, "H"), keys=keys)
    assert signature.problems(requirements, keys)


def test_two_schemes_in_one_alternative_must_both_pass(desk: Any) -> None:
    both = [(desk.hmac, desk.static)]
    door = ("X-Door", "open sesame")

    assert desk.decide(both, *sent(desk, "H"), door) == "new+door"
    for headers, reason in (
        ([*sent(desk, "H")], "missing"),
        ([*sent(desk, "h"), door], "mismatch"),
    ):
        with pytest.raises(SignatureError, match=reason):
            desk.decide(both, *headers)


def test_an_expired_secret_of_ours_counts_for_more_than_a_wrong_signature(desk: Any) -> None:
    old = replace(desk.old, expires=desk.now)
    keys = replace(desk.keys, secrets=(old,), policy="any", on_expiry="503")

    with pytest.raises(SignatureError, match="expired"):
        desk.decide([(desk.rsa,), (desk.hmac,)], *sent(desk, "rH"), keys=keys)


@pytest.mark.parametrize("kind", ["hmac", "rsa", "static", "standard"])
def test_a_key_of_another_kind_cannot_sign(desk: Any, kind: str) -> None:
    key = desk.private if kind != "rsa" else desk.new

    with pytest.raises(ConfigError):
        signature.sign(getattr(desk, kind), key, desk.body, desk.now, "")


NAMES = st.sampled_from(
    b"x-signature x-signature-rs256 x-door webhook-id webhook-timestamp webhook-signature".split()
)
VALUES = st.binary(max_size=80) | st.sampled_from(
    [
        b"sha512=" + b"0" * 128,
        b"v1," + b"A" * 43 + b"=",
        b"rs256=" + b"A" * 342,
        b"A" * 344,
        b"\xff" * 64,
        *b"v1, v1,\xff 1768465800 sha512= sha512=\xc2\xb2 = ====".split(b" "),
    ]
)


@given(
    headers=st.lists(st.tuples(NAMES | st.binary(max_size=9), VALUES), max_size=6),
    body=st.binary(max_size=64),
    policy=st.sampled_from(["first", "any", "all"]),
    schemes=st.sampled_from([["hmac"], ["hmac", "rsa"], ["static"], ["standard"]]),
)
@settings(
    max_examples=800,
    deadline=None,
    # The desk is the same for all examples, and nothing changes it.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_bytes_are_refused_with_a_signature_error_and_nothing_else(
    desk: Any, headers: Headers, body: bytes, policy: str, schemes: list[str]
) -> None:
    secrets = (desk.new, desk.old, *desk.standard_keys.secrets)
    keys = replace(desk.keys, policy=policy, secrets=secrets)
    requirements = [(getattr(desk, name),) for name in schemes]

    with pytest.raises(SignatureError):
        signature.verify(requirements, keys, headers, body, desk.now)
