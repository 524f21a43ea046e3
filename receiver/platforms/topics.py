"""Subscribing a URL to topics of Amazon SNS, and seeing each subscription confirmed.

Needs boto3 (`pip install receiver-framework[aws]`). Must not know: whose topics they are, who
confirms.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from receiver.errors import ReceiverError
from receiver.platforms.api import PlatformError

POLL_SECONDS = 1.0
AGAIN_SECONDS = 10.0
"""After which SNS is asked once more: it does not repeat a confirmation that was refused."""


def client(region: str | None, endpoint: str | None = None) -> Any:
    """A client of SNS with the credentials that are here. Raises ReceiverError without boto3."""
    try:
        import boto3
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise ReceiverError(
            "this needs boto3; run: pip install 'receiver-framework[aws]'"
        ) from None
    try:
        return boto3.client("sns", region_name=region, endpoint_url=endpoint)
    except (BotoCoreError, ValueError) as error:
        raise PlatformError(f"AWS: {error}") from None


class Topics:
    """The topics of one account and region."""

    def __init__(self, aws: Any, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._aws = aws
        self._sleep = sleep

    def find(self, names: Iterable[str]) -> dict[str, str]:
        """The ARNs of the topics that are there, by name. Raises PlatformError."""
        wanted, found = set(names), {}
        for page in _asked(lambda: list(self._aws.get_paginator("list_topics").paginate())):
            for topic in page["Topics"]:
                arn = topic["TopicArn"]
                name = arn.rpartition(":")[2]
                if name in wanted:
                    found[name] = arn
        return found

    def subscribe(self, arn: str, url: str) -> str:
        """The ARN of the subscription of a URL to a topic."""
        protocol = url.partition(":")[0]
        answer = _asked(
            lambda: self._aws.subscribe(
                TopicArn=arn, Protocol=protocol, Endpoint=url, ReturnSubscriptionArn=True
            )
        )
        return str(answer["SubscriptionArn"])

    def subscribe_confirmed(self, arn: str, url: str, seconds: float) -> bool:
        """Subscribe a URL; whether that is confirmed within some seconds.

        A receiver that learned only just now that the topic is allowed may have refused the first
        confirmation, so while there is none another is asked for.
        """
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if self.confirmed(self.subscribe(arn, url), min(left, AGAIN_SECONDS)):
                return True
            if left <= AGAIN_SECONDS:
                return False

    def confirmed(self, subscription: str, seconds: float) -> bool:
        """Whether a subscription is confirmed, within some seconds."""
        end = time.monotonic() + seconds
        while True:
            answer = _asked(
                lambda: self._aws.get_subscription_attributes(SubscriptionArn=subscription)
            )
            if str(answer["Attributes"].get("PendingConfirmation", "false")).lower() == "false":
                return True
            if time.monotonic() >= end:
                return False
            self._sleep(POLL_SECONDS)


def _asked(ask: Callable[[], Any]) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return ask()
    except (BotoCoreError, ClientError) as error:
        raise PlatformError(f"AWS: {error}") from None
