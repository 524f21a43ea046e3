"""Which addresses may be asked for a certificate, or to confirm a subscription."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.signature import sns, snsaddress

SUFFIXES = ("amazonaws.com", "amazonaws.com.cn")
HOST = "https://sns.us-east-1.amazonaws.com"


def with_certificate(amazon: Any, url: str, topic: str | None = None) -> sns.Message:
    message = amazon.notification(**({"TopicArn": topic} if topic else {}))
    return sns.read({**message, "SigningCertURL": url})


def test_the_address_of_sns_in_the_topics_region_is_right(amazon: Any) -> None:
    message = with_certificate(amazon, f"{HOST}/{amazon.file}")
    address = snsaddress.certificate(message, SUFFIXES)
    assert address is not None
    assert (address.url, address.file) == (f"{HOST}/{amazon.file}", amazon.file)
    china = "arn:aws-cn:sns:cn-north-1:111122223333:t"
    url = "https://sns.cn-north-1.amazonaws.com.cn/a.pem"
    assert snsaddress.certificate(with_certificate(amazon, url, china), SUFFIXES)
    europe = "arn:aws-eusc:sns:eusc-de-east-1:111122223333:t"
    url = "https://sns.eusc-de-east-1.amazonaws.eu/a.pem"
    assert snsaddress.certificate(with_certificate(amazon, url, europe), SUFFIXES) is None
    assert snsaddress.certificate(with_certificate(amazon, url, europe), ("amazonaws.eu",))


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.us-east-1.amazonaws.com/a.pem",
        "HTTPS://sns.us-east-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.amazonaws.com/a.pem",
        "https://us-east-1.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com.evil.test/a.pem",
        "https://evil.test/sns.us-east-1.amazonaws.com/a.pem",
        "https://evil.test#sns.us-east-1.amazonaws.com/a.pem",
        "https://evil.test\\@sns.us-east-1.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com@evil.test/a.pem",
        "https://user@sns.us-east-1.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com:443/a.pem",
        "https://sns.us-east-1.amazonaws.com:8443/a.pem",
        "https://sns.us-east-1.amazonaws.com./a.pem",
        "https://sns.us-east-1.amazonaws.com/a.pem?x=1",
        "https://sns.us-east-1.amazonaws.com/a.pem?x=.pem",
        "https://sns.us-east-1.amazonaws.com/a.pem#x",
        "https://sns.us-east-1.amazonaws.com/a.txt",
        "https://sns.us-east-1.amazonaws.com/.pem",
        "https://sns.us-east-1.amazonaws.com/../a.pem",
        "https://sns.us-east-1.amazonaws.com/x/../a.pem",
        "https://sns.us-east-1.amazonaws.com/%2e%2e/a.pem",
        "https://sns.us-east-1.amazonaws.com//a.pem",
        "https://sns.us-east-1.amazonaws.com/a.pem ",
        "https://sns.us-east-1.amazonaws.com/a\u2024pem",
        "https://sn\u0455.us-east-1.amazonaws.com/a.pem",
        "https://169.254.169.254/a.pem",
        "file:///etc/a.pem",
        "a.pem",
    ],
)
def test_no_other_address_of_a_certificate_is_asked(amazon: Any, url: str) -> None:
    assert snsaddress.certificate(with_certificate(amazon, url), SUFFIXES) is None


@given(st.text(min_size=1, max_size=60).filter(lambda text: "\n" not in text))
def test_no_text_makes_the_judgement_fail(amazon: Any, text: str) -> None:
    found = snsaddress.certificate(with_certificate(amazon, text), SUFFIXES)
    assert found is None
    message = amazon.confirmation(SubscribeURL=text)
    assert snsaddress.confirmation(sns.read(message), SUFFIXES) is None


def confirmed(amazon: Any, url: str) -> str | None:
    message = {**amazon.confirmation(), "SubscribeURL": url}
    return snsaddress.confirmation(sns.read(message), SUFFIXES)


def test_a_subscription_is_confirmed_at_an_address_that_is_written_anew(amazon: Any) -> None:
    token = amazon.confirmation()["Token"]
    asked = f"{HOST}/?Action=ConfirmSubscription&Token={token}&TopicArn={amazon.topic}"
    assert confirmed(amazon, amazon.confirmation()["SubscribeURL"]) == asked
    other = f"{HOST}?TopicArn={quote(amazon.topic)}&Token={token}&Action=ConfirmSubscription"
    assert confirmed(amazon, other) == asked


@pytest.mark.parametrize(
    "url",
    [
        "http://{host}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}",
        "https://{host}:443/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}",
        "https://a@{host}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}",
        "https://{host}.evil.test/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}",
        "https://evil.test/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}",
        "https://{host}/x?Action=ConfirmSubscription&TopicArn={topic}&Token={token}",
        "https://{host}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}#x",
        "https://{host}/?Action=DeleteTopic&TopicArn={topic}&Token={token}",
        "https://{host}/?Action=ConfirmSubscription&TopicArn={topic}x&Token={token}",
        "https://{host}/?Action=ConfirmSubscription&TopicArn={topic}&Token=other",
        "https://{host}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}&X=1",
        "https://{host}/?Action=ConfirmSubscription&TopicArn={topic}",
        "https://{host}/?Action=ConfirmSubscription&Action=DeleteTopic&TopicArn={topic}"
        "&Token={token}",
        "https://{host}/",
        "https://[::1/",
    ],
)
def test_no_other_address_confirms(amazon: Any, url: str) -> None:
    token = amazon.confirmation()["Token"]
    asked = url.format(host=amazon.host, topic=amazon.topic, token=token)
    assert confirmed(amazon, asked) is None
