"""Deliveries of Amazon SNS over HTTP(S): messages, and the questions whether to go on sending.

Whatever comes is proved before anything is done about it: a subscription is confirmed only for a
topic that the configuration allows, at an address of SNS; the end of one is told and never undone.
Must not know: the inbox, what an event means, HTTP servers.
"""

from __future__ import annotations

import asyncio
import binascii
import hmac
import json
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from receiver import strictjson
from receiver.errors import JsonError, SignatureError
from receiver.keyring import SnsTrust, SourceKeys
from receiver.locator import Headers
from receiver.notices import Notices
from receiver.patterns import EXCLUDES, Patterns
from receiver.replies import Outcome, Refused, Taken, Unavailable
from receiver.signature import fields, sns, snsaddress, snssigner
from receiver.sources.envelope import Opened
from receiver.sources.sns.asking import Asker, NoAnswer
from receiver.sources.sns.certificates import FAILED_SECONDS, Certificates, Unobtainable

TOPIC_NOTICE = "sns-topic"
CONFIRMATION_NOTICE = "sns-confirmation"
UNSUBSCRIBED_NOTICE = "sns-unsubscribed"

SKEW = timedelta(minutes=5)
"""How far ahead of ours the clock of SNS may be."""
DEPTH, KEYS = 8, 1000
"""Of the envelope alone; the event in it has the operation's own limits."""

NOTHING = SnsTrust(())
"""Where nothing is configured: no topic is allowed, and which ones ask to be is told."""

_RETRY_SECONDS = 20
MOST_WELL = 1000
_SETTLED: Outcome = Taken((), batch=True)
"""The answer to a message that brings no event."""

_log = logging.getLogger("receiver.sns")


class Sns:
    """Opens deliveries of SNS, for any source; made before the event loop runs."""

    def __init__(self, notices: Notices, asker: Asker | None = None) -> None:
        self._asker = asker or Asker()
        self._certificates = Certificates(self._asker)
        self._notices = notices
        self._well: set[str] = set()
        """Topics of which nothing is noted, as far as this process knows."""

    async def close(self) -> None:
        """Let go of all connections."""
        await self._asker.close()

    async def open(
        self, source: str, keys: SourceKeys | None, headers: Headers, body: bytes, now: datetime
    ) -> Opened | tuple[Outcome, str]:
        """The event of an authentic notification; what becomes of everything else, and why."""
        trust = (keys.sns if keys is not None else None) or NOTHING
        if b"true" in fields.values(headers, b"x-amz-sns-rawdelivery"):
            return _raw(source, trust, headers, body)
        try:
            message = sns.read(strictjson.decode(body, depth=DEPTH, keys=KEYS))
        except (JsonError, SignatureError):
            return Refused("malformed"), "it is no message of Amazon SNS"
        refused = await self._refusal(source, trust, message, now)
        if refused is not None:
            return refused
        if message.type == sns.SUBSCRIPTION:
            return await self._confirm(trust, message)
        if message.type == sns.UNSUBSCRIPTION:
            return await self._unsubscribed(message)
        if message.topic not in self._well:
            await self._settle(message.topic)
        return Opened(
            message.fields["Message"].encode(), message.envelope, f"sns-v{message.version}"
        )

    async def _refusal(
        self, source: str, trust: SnsTrust, message: sns.Message, now: datetime
    ) -> tuple[Outcome, str] | None:
        """Why a message is not taken; None where it is authentic, of now, and of a right topic."""
        address = snsaddress.certificate(message, trust.suffixes)
        if address is None:
            return Refused("malformed"), "its certificate is not one of SNS in its topic's region"
        if trust.made is not None and address.file == trust.made[0]:
            allowed = snssigner.is_ours(message.topic)
        else:
            allowed = _allows(trust.topics, message.topic)
        try:
            certificate = await self._certificates.get(address, trust, allowed=allowed)
        except Unobtainable as error:
            if not allowed:
                return Refused("not-allowed"), f"the topic {message.topic} is not allowed"
            return Unavailable(int(FAILED_SECONDS), str(error)), str(error)
        names = {address.host, *(f"sns.{suffix}" for suffix in trust.suffixes)}
        objection = certificate.objection(message.at, names)
        if objection is not None:
            return Refused("mismatch"), objection
        try:
            message.prove(certificate.key)
        except SignatureError as error:
            return Refused(error.reason), "the signature is not of this message"
        age = now - message.at
        if trust.max_age and not -SKEW <= age <= timedelta(seconds=trust.max_age):
            seconds = age.total_seconds()
            return Refused("stale"), f"it is {seconds:.0f} s old; max_age is {trust.max_age}"
        if not allowed:
            return Refused("not-allowed"), await self._not_allowed(source, trust, message)
        return None

    async def _not_allowed(self, source: str, trust: SnsTrust, message: sns.Message) -> str:
        """Note a topic that wants to be allowed, and say so."""
        topics = json.dumps([*trust.topics, message.topic])
        text = f"a {message.type} of the SNS topic {message.topic} was refused: it is not allowed"
        advice = f"to allow it, set in [sources.{source}.sns]: topics = {topics}"
        await self._note(TOPIC_NOTICE, message.topic, text, advice)
        return f"{text}; {advice}"

    async def _confirm(self, trust: SnsTrust, message: sns.Message) -> tuple[Outcome, str]:
        """Tell SNS that the subscription is wanted; when it does not hear us it asks again."""
        url = snsaddress.confirmation(message, trust.suffixes)
        if url is None:
            why = (
                f"the subscription to {message.topic} cannot be confirmed: not at an address of SNS"
            )
            await self._note(CONFIRMATION_NOTICE, message.topic, why, "")
            return Refused("malformed"), why
        try:
            await self._asker.get(url, allow_private=trust.allow_private)
        except NoAnswer as error:
            why = f"the subscription to {message.topic} is not confirmed yet: {error}"
            advice = "request the confirmation again when SNS can be reached from here"
            await self._note(CONFIRMATION_NOTICE, message.topic, why, advice)
            return Unavailable(_RETRY_SECONDS, why), why
        await self._settle(message.topic)
        _log.info("the subscription to %s is confirmed", message.topic)
        return _SETTLED, ""

    async def _unsubscribed(self, message: sns.Message) -> tuple[Outcome, str]:
        """Tell that a subscription has ended. Its SubscribeURL would begin it again: left alone."""
        text = f"the subscription to {message.topic} has ended"
        _log.warning("%s", text)
        await self._note(
            UNSUBSCRIBED_NOTICE, message.topic, text, "if it should not, subscribe again"
        )
        return _SETTLED, ""

    async def _settle(self, topic: str) -> None:
        """All is well with a topic: forget what was noted of it."""
        for kind in (TOPIC_NOTICE, CONFIRMATION_NOTICE, UNSUBSCRIBED_NOTICE):
            await self._written(self._notices.settle, kind, topic)
        if len(self._well) >= MOST_WELL:
            self._well.clear()
        self._well.add(topic)

    async def _note(self, kind: str, subject: str, text: str, advice: str) -> None:
        self._well.discard(subject)
        await self._written(self._notices.note, kind, subject, text, advice)

    async def _written(self, write: Callable[..., object], *arguments: str) -> None:
        """Change the notices in a thread; that they cannot be kept is no fault of the message."""
        try:
            await asyncio.to_thread(write, *arguments)
        except OSError as error:
            _log.error("a notice cannot be kept: %s", error)


def _raw(
    source: str, trust: SnsTrust, headers: Headers, body: bytes
) -> Opened | tuple[Outcome, str]:
    """The event that is delivered raw: unsigned, so a password in the endpoint's URL must do."""
    if trust.password is None:
        why = (
            "raw delivery is not signed: turn it off for the subscription, or give its endpoint "
            f"a password (https://sns:PASSWORD@…) and set it in [sources.{source}.sns]: password"
        )
        return Refused("not-configured"), why
    try:
        given = _password(fields.one(headers, b"authorization"))
        topic, identifier = (
            fields.one(headers, name).decode("latin-1")
            for name in (b"x-amz-sns-topic-arn", b"x-amz-sns-message-id")
        )
    except SignatureError as error:
        return Refused(error.reason, challenge=True), "raw delivery needs the password of its URL"
    if not hmac.compare_digest(given, trust.password):
        return Refused("mismatch", challenge=True), "the password is not that of [sources…sns]"
    if not _allows(trust.topics, topic):
        return Refused("not-allowed"), f"the topic {topic[:300]} is not allowed"
    return Opened(body, {"TopicArn": topic, "MessageId": identifier}, "sns-password")


def _password(authorization: bytes) -> bytes:
    """The password of Basic credentials (RFC 7617). Raises SignatureError (`malformed`)."""
    scheme, _, credentials = authorization.partition(b" ")
    try:
        decoded = binascii.a2b_base64(credentials.strip(), strict_mode=True)
    except ValueError:
        raise SignatureError("malformed") from None
    if scheme.lower() != b"basic" or b":" not in decoded:
        raise SignatureError("malformed")
    return decoded.partition(b":")[2]


def _allows(topics: tuple[str, ...], topic: str) -> bool:
    """Whether a list of patterns names a topic; one that only excludes names none."""
    named = any(not pattern.startswith(EXCLUDES) for pattern in topics)
    return named and _patterns(topics).match(topic)


@lru_cache(maxsize=64)
def _patterns(topics: Sequence[str]) -> Patterns:
    return Patterns(topics)
