"""What becomes of what SNS posts: taken, confirmed, told of, or refused; and who is asked."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver import notices
from receiver.keyring import SnsTrust, SourceKeys
from receiver.notices import Notices
from receiver.replies import Refused, Taken, Unavailable, reply
from receiver.sources.envelope import Opened
from receiver.sources.sns import Sns
from receiver.sources.sns.asking import Asker, NoAnswer

NONE: tuple[()] = ()


class Aws(Asker):
    """AWS: hands out certificates, takes confirmations, and remembers what it was asked."""

    def __init__(self, certificates: dict[str, bytes]) -> None:
        super().__init__()
        self.certificates = certificates
        self.asked: list[str] = []
        self.down = False

    async def get(self, url: str, *, allow_private: bool) -> bytes:
        self.asked.append(url)
        if self.down:
            raise NoAnswer("down")
        if "Action=ConfirmSubscription" in url:
            return b"<ConfirmSubscriptionResponse/>"
        if url not in self.certificates:
            raise NoAnswer("sns answers 404")
        return self.certificates[url]

    @property
    def confirmed(self) -> list[str]:
        return [url for url in self.asked if "Action" in url]


@dataclass
class Desk:
    """An opener of deliveries with its notices, and AWS on the other side."""

    amazon: Any
    folder: Path
    now: Any
    trust: SnsTrust = field(init=False)

    def __post_init__(self) -> None:
        amazon = self.amazon
        self.aws = Aws({f"https://{amazon.host}/{amazon.file}": amazon.pem})
        self.sns = Sns(Notices(self.folder), self.aws)
        self.trust = SnsTrust(("arn:aws:sns:us-east-1:111122223333:esp_rainmaker_sns_*",))

    async def open(self, message: Any, headers: Any = NONE, **keys: Any) -> Any:
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        held = SourceKeys(sns=keys.get("trust", self.trust))
        return await self.sns.open("acme", held, headers, body, self.now)

    async def refusal(self, message: Any, headers: Any = NONE, **keys: Any) -> str:
        """The reason of a refusal."""
        outcome, detail = await self.open(message, headers, **keys)
        assert isinstance(outcome, Refused)
        assert detail
        return outcome.reason

    @property
    def notices(self) -> list[notices.Notice]:
        return notices.read(self.folder)


@pytest.fixture
def desk(amazon: Any, tmp_path: Path, now: Any) -> Desk:
    return Desk(amazon, tmp_path, now)


@pytest.mark.parametrize("version", ["1", "2"])
async def test_a_notification_is_the_event_in_it(desk: Desk, version: str) -> None:
    message = desk.amazon.notification(version=version)
    opened = await desk.open(message)
    assert isinstance(opened, Opened)
    assert opened.raw == message["Message"].encode()
    assert opened.envelope["MessageId"] == message["MessageId"]
    assert opened.envelope["Timestamp"] == message["Timestamp"]
    assert opened.proof == f"sns-v{version}"


async def test_what_is_not_signed_says_nothing_of_the_event(desk: Desk) -> None:
    opened = await desk.open({**desk.amazon.notification(), "MessageAttributes": {"x": 1}, "Y": 2})
    assert {"MessageAttributes", "UnsubscribeURL", "Y"}.isdisjoint(opened.envelope)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"Type": "Notification"}', b"\xff", b'"x"'])
async def test_what_is_no_message_is_refused(desk: Desk, body: bytes) -> None:
    assert await desk.refusal(body) == "malformed"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_every_mutation_is_refused(desk: Desk, data: st.DataObject) -> None:
    message = data.draw(st.sampled_from([desk.amazon.notification(), desk.amazon.confirmation()]))
    body = json.dumps(message).encode()
    # What is not signed may change, and changes nothing.
    unsigned = ("UnsubscribeURL", "MessageAttributes")
    end = min((body.find(f'"{name}"'.encode()) for name in unsigned if name in message), default=-1)
    at = data.draw(st.integers(0, len(body) - 1 if end < 0 else end - 1))
    changed = body[:at] + bytes([data.draw(st.integers(0, 255))]) + body[at + 1 :]
    before = json.loads(body)
    try:
        same = json.loads(changed) == before
    except ValueError:
        same = False
    if same:
        return
    outcome, _ = await desk.open(changed)
    assert isinstance(outcome, Refused | Unavailable)
    assert desk.aws.confirmed == []


async def test_a_message_signed_by_another_is_refused(
    desk: Desk, another_key: Any, certify: Callable[..., bytes]
) -> None:
    stranger = replace(desk.amazon, key=another_key)
    assert await desk.refusal(stranger.notification()) == "mismatch"
    assert await desk.refusal(stranger.confirmation()) == "mismatch"
    assert desk.aws.confirmed == []


async def test_a_certificate_must_be_one_of_sns(desk: Desk, certify: Callable[..., bytes]) -> None:
    url = f"https://{desk.amazon.host}/{desk.amazon.file}"
    desk.aws.certificates[url] = certify(desk.amazon.key, "s3.amazonaws.com")
    assert await desk.refusal(desk.amazon.notification()) == "mismatch"
    for name in ("sns.amazonaws.com", "SNS.amazonaws.com", desk.amazon.host):
        fresh = Desk(desk.amazon, desk.folder, desk.now)
        fresh.aws.certificates[url] = certify(desk.amazon.key, name)
        assert isinstance(await fresh.open(desk.amazon.notification()), Opened)


async def test_a_certificate_counts_at_the_time_of_the_message_not_now(
    desk: Desk, certify: Callable[..., bytes]
) -> None:
    url = f"https://{desk.amazon.host}/{desk.amazon.file}"
    month = timedelta(days=30)
    desk.aws.certificates[url] = certify(
        desk.amazon.key, begins=desk.now - 2 * month, ends=desk.now - month
    )
    ever = replace(desk.trust, max_age=0)
    assert await desk.refusal(desk.amazon.notification(), trust=ever) == "mismatch"
    before = desk.amazon.notification(at=desk.now - 1.5 * month)
    assert isinstance(await desk.open(before, trust=ever), Opened)


async def test_only_fresh_messages_are_taken(desk: Desk) -> None:
    def aged(seconds: float) -> Any:
        return desk.amazon.notification(at=desk.now - timedelta(seconds=seconds))

    assert isinstance(await desk.open(aged(3600)), Opened)
    assert await desk.refusal(aged(3601)) == "stale"
    assert isinstance(await desk.open(aged(-300)), Opened)
    assert await desk.refusal(aged(-301)) == "stale"
    assert isinstance(await desk.open(aged(3601), trust=replace(desk.trust, max_age=0)), Opened)
    assert await desk.refusal(aged(61), trust=replace(desk.trust, max_age=60)) == "stale"
    late = desk.amazon.confirmation(at=desk.now - timedelta(hours=2))
    assert await desk.refusal(late) == "stale"


@pytest.mark.parametrize(
    ("patterns", "taken"),
    [
        ((), False),
        (("!nothing",), False),
        (("arn:aws:sns:us-east-1:111122223333:esp_rainmaker_sns_node_connected",), True),
        (("arn:*:sns:*:111122223333:esp_*",), True),
        (("arn:*:sns:*:999999999999:*",), False),
        (("arn:*", "!*:esp_rainmaker_sns_node_connected"), False),
        (("ARN:*",), False),
    ],
)
async def test_only_topics_that_the_patterns_name_are_taken(
    desk: Desk, patterns: tuple[str, ...], taken: bool
) -> None:
    found = await desk.open(desk.amazon.notification(), trust=SnsTrust(patterns))
    assert isinstance(found, Opened) == taken
    if not taken:
        assert found[0] == Refused("not-allowed")


@pytest.mark.parametrize(
    ("topic", "host"),
    [
        ("arn:aws-cn:sns:cn-north-1:1" + "0" * 11 + ":t", "sns.cn-north-1.amazonaws.com.cn"),
        ("arn:aws-us-gov:sns:us-gov-west-1:1" + "0" * 11 + ":t", "sns.us-gov-west-1.amazonaws.com"),
    ],
)
async def test_every_partition_may_send(desk: Desk, topic: str, host: str) -> None:
    other = Desk(replace(desk.amazon, topic=topic, host=host), desk.folder, desk.now)
    taken = await other.open(other.amazon.notification(), trust=SnsTrust(("arn:*:sns:*:*:t",)))
    assert isinstance(taken, Opened)
    assert await other.refusal(other.amazon.notification()) == "not-allowed"


async def test_a_topic_that_asks_to_be_allowed_is_told_with_what_to_write(desk: Desk) -> None:
    asking = desk.amazon.confirmation(TopicArn="arn:aws:sns:us-east-1:111122223333:other")
    asking = {**asking, "SubscribeURL": asking["SubscribeURL"]}
    outcome, detail = await desk.open(asking)
    assert reply(outcome).status == 401
    [notice] = desk.notices
    assert notice.line == detail
    topics = json.dumps([*desk.trust.topics, "arn:aws:sns:us-east-1:111122223333:other"])
    assert f"set in [sources.acme.sns]: topics = {topics}" in detail
    assert desk.aws.confirmed == []


async def test_where_nothing_is_configured_a_topic_is_told_too(desk: Desk) -> None:
    for keys in (None, SourceKeys()):
        body = json.dumps(desk.amazon.confirmation()).encode()
        outcome, detail = await desk.sns.open("acme", keys, (), body, desk.now)
        assert outcome == Refused("not-allowed")
        assert f'topics = ["{desk.amazon.topic}"]' in detail
    assert len(desk.notices) == 1


async def test_a_stranger_cannot_leave_a_notice(desk: Desk, another_key: Any) -> None:
    stranger = replace(desk.amazon, key=another_key)
    assert await desk.refusal(stranger.confirmation(), trust=SnsTrust(())) == "mismatch"
    unknown = replace(stranger, file="none.pem")
    assert await desk.refusal(unknown.confirmation(), trust=SnsTrust(())) == "not-allowed"
    assert desk.notices == []


async def test_a_subscription_to_an_allowed_topic_is_confirmed(desk: Desk) -> None:
    await desk.open(desk.amazon.confirmation(), trust=SnsTrust(()))
    assert len(desk.notices) == 1
    outcome, _ = await desk.open(desk.amazon.confirmation())
    assert outcome == Taken((), batch=True)
    assert json.loads(reply(outcome).body)["status"] == "accepted"
    [asked] = desk.aws.confirmed
    assert asked.startswith(f"https://{desk.amazon.host}/?Action=ConfirmSubscription&")
    assert f"TopicArn={desk.amazon.topic}" in asked
    assert desk.notices == []


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/?Action=ConfirmSubscription",
        "https://sns.us-east-1.amazonaws.com/?Action=DeleteTopic&TopicArn=x&Token=y",
    ],
)
async def test_a_subscription_is_confirmed_nowhere_else(desk: Desk, url: str) -> None:
    assert await desk.refusal(desk.amazon.confirmation(SubscribeURL=url)) == "malformed"
    assert desk.aws.confirmed == []
    assert [notice.kind for notice in desk.notices] == ["sns-confirmation"]


async def test_a_confirmation_that_sns_does_not_hear_is_asked_for_again(desk: Desk) -> None:
    await desk.open(desk.amazon.notification())
    desk.aws.down = True
    outcome, detail = await desk.open(desk.amazon.confirmation())
    assert reply(outcome).status == 503
    assert "not confirmed yet" in detail
    desk.aws.down = False
    outcome, _ = await desk.open(desk.amazon.confirmation())
    assert reply(outcome).status == 200
    assert desk.notices == []


async def test_the_end_of_a_subscription_is_told_and_not_undone(desk: Desk) -> None:
    outcome, _ = await desk.open(desk.amazon.confirmation("UnsubscribeConfirmation"))
    assert reply(outcome).status == 200
    assert desk.aws.confirmed == []
    [notice] = desk.notices
    assert desk.amazon.topic in notice.line


async def test_without_its_certificate_a_message_comes_again_and_aws_is_spared(desk: Desk) -> None:
    desk.aws.down = True
    for _ in range(5):
        outcome, detail = await desk.open(desk.amazon.notification())
        assert reply(outcome).status == 503
        assert b"retry-after" in dict(reply(outcome).headers)
        assert "cannot be had" in detail
    assert len(desk.aws.asked) == 1


def raw(password: str = "", **changed: str) -> list[tuple[bytes, bytes]]:
    """The headers of a raw delivery."""
    credentials = base64.b64encode(f"sns:{password}".encode()).decode()
    named = {
        "x-amz-sns-rawdelivery": "true",
        "x-amz-sns-message-id": "m-1",
        "x-amz-sns-topic-arn": "arn:aws:sns:us-east-1:111122223333:esp_rainmaker_sns_x",
        **({"authorization": f"Basic {credentials}"} if password else {}),
        **changed,
    }
    return [(name.encode(), value.encode()) for name, value in named.items()]


async def test_raw_delivery_is_refused_unless_a_password_is_configured(desk: Desk) -> None:
    assert await desk.refusal(b"{}", raw()) == "not-configured"
    assert await desk.refusal(b"{}", raw("secret")) == "not-configured"


async def test_raw_delivery_is_proved_by_the_password_of_its_url(desk: Desk) -> None:
    trust = replace(desk.trust, password=b"secret")
    outcome, _ = await desk.open(b"{}", raw(), trust=trust)
    assert dict(reply(outcome).headers)[b"www-authenticate"].startswith(b"Basic ")
    for headers in (raw("wrong"), raw("secret", authorization="Bearer x"), raw("secret") * 2):
        assert await desk.refusal(b"{}", headers, trust=trust) in (
            *("mismatch", "malformed", "doubled"),
        )
    other = raw("secret", **{"x-amz-sns-topic-arn": "arn:aws:sns:us-east-1:1:x"})
    assert await desk.refusal(b"{}", other, trust=trust) == "not-allowed"
    opened = await desk.open(b'{"any": "bytes"}', raw("secret"), trust=trust)
    assert (opened.raw, opened.envelope["MessageId"]) == (b'{"any": "bytes"}', "m-1")
    assert "secret" not in repr(trust)


async def test_what_was_noted_of_a_topic_is_forgotten_when_it_delivers(desk: Desk) -> None:
    await desk.open(desk.amazon.notification(), trust=SnsTrust(()))
    await desk.open(desk.amazon.confirmation("UnsubscribeConfirmation"))
    assert len(desk.notices) == 2
    assert isinstance(await desk.open(desk.amazon.notification()), Opened)
    assert desk.notices == []
    await desk.open(desk.amazon.confirmation("UnsubscribeConfirmation"))
    assert [notice.kind for notice in desk.notices] == ["sns-unsubscribed"]


async def test_a_full_disk_costs_the_notice_and_nothing_else(desk: Desk) -> None:
    gone = Desk(desk.amazon, desk.folder / "gone", desk.now)
    assert await gone.refusal(gone.amazon.confirmation(), trust=SnsTrust(())) == "not-allowed"
