"""Which addresses a message of Amazon SNS may name: of its certificate, and to confirm by.

Both come from strangers, and asking them is asking on a stranger's word, so they are matched whole
against the one form that AWS uses, and asked in a form that is written here. Pure. Must not know:
how anything is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlsplit

from receiver.signature.sns import Message

CONFIRM = "ConfirmSubscription"
_CERTIFICATE = re.compile(
    r"https://(?P<host>sns\.[a-z0-9.-]{3,200})/(?P<file>[A-Za-z0-9][A-Za-z0-9._-]{0,200}\.pem)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class CertificateAddress:
    """Where a certificate of SNS is; `url` has neither user, port, query nor fragment."""

    url: str
    host: str
    file: str
    """The last part of its path: a plain file name that ends in `.pem`."""


def certificate(message: Message, suffixes: Iterable[str]) -> CertificateAddress | None:
    """The address of a message's certificate; None where it is not one of SNS in its region."""
    found = _CERTIFICATE.fullmatch(message.certificate_url)
    if found is None or found["host"] not in _hosts(message.region, suffixes):
        return None
    return CertificateAddress(found[0], found["host"], found["file"])


def confirmation(message: Message, suffixes: Iterable[str]) -> str | None:
    """The address that confirms the subscription of a message, written anew.

    None where its SubscribeURL is not one of SNS in the topic's region, does anything but confirm,
    or is about another topic or token.
    """
    url = message.fields["SubscribeURL"]
    try:
        parts = urlsplit(url)
        asked = parse_qsl(parts.query, strict_parsing=True, errors="strict")
    except ValueError:
        return None
    if (
        not url.isascii()
        or not url.isprintable()
        or (parts.scheme, parts.fragment) != ("https", "")
    ):
        return None
    if parts.netloc not in _hosts(message.region, suffixes) or parts.path not in ("", "/"):
        return None
    token = message.fields["Token"]
    wanted = [("Action", CONFIRM), ("Token", token), ("TopicArn", message.topic)]
    if sorted(asked) != wanted:
        return None
    query = "&".join(f"{name}={quote(value, safe=':')}" for name, value in wanted)
    return f"https://{parts.netloc}/?{query}"


def _hosts(region: str, suffixes: Iterable[str]) -> set[str]:
    return {f"sns.{region}.{suffix}" for suffix in suffixes}
