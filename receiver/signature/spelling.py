"""How digests are written in a header: hex or base64, prefixes, several in a list.

Must not know: how a digest is made or checked.
"""

from __future__ import annotations

import binascii
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable

from receiver.contract import Scheme
from receiver.errors import SignatureError

MAX_DIGESTS = 16
"""Digests in one header; more is no rotation but an attempt to make us work."""

_FROM_URLSAFE = bytes.maketrans(b"-_+/", b"+/??")


def digests(scheme: Scheme, value: bytes, size: int) -> list[bytes]:
    """The digests of `size` bytes that a field value holds, by the spellings of the scheme.

    What is not spelt like one is passed over: a platform may add algorithms to its list. Raises
    SignatureError (`malformed`) when nothing is left, or the list is too long.
    """
    parts = [value]
    if scheme.separator is not None:
        parts = value.split(scheme.separator.strip().encode() or b" ")
    if len(parts) > MAX_DIGESTS:
        raise SignatureError("malformed")
    found = []
    for part in parts:
        spelled = _without_prefix(scheme, part.strip(b" \t"))
        for encoding in scheme.encodings if spelled else ():
            digest = decode(encoding, spelled)
            if digest is not None and len(digest) == size:
                found.append(digest)
    if not found:
        raise SignatureError("malformed")
    return found


def writer(scheme: Scheme) -> Callable[[bytes], bytes]:
    """What writes a digest as the scheme's platform does: the first prefix, the first encoding."""
    write = _WRITERS[scheme.encodings[0]]
    if not scheme.prefixes:
        return write
    prefix = scheme.prefixes[0].encode()
    return lambda digest: prefix + write(digest)


def spelt(scheme: Scheme, digest: bytes) -> bytes:
    """A digest as the scheme's platform writes it."""
    return writer(scheme)(digest)


def written(scheme: Scheme, digest: bytes) -> str:
    """As `spelt`."""
    return spelt(scheme, digest).decode()


def decode(encoding: str, text: bytes) -> bytes | None:
    """The bytes that `text` spells (`hex`, `base64`, `base64url`; padding optional), or None."""
    try:
        return _READERS[encoding](text)
    except (binascii.Error, KeyError):
        return None


def _without_prefix(scheme: Scheme, text: bytes) -> bytes:
    """What stands after the prefix; nothing, where one is required and missing."""
    for prefix in scheme.prefixes:
        start = prefix.encode()
        if text.startswith(start):
            return text[len(start) :]
    return b"" if scheme.prefix_required else text


def _base64(text: bytes) -> bytes:
    bare = text.rstrip(b"=")
    if len(text) - len(bare) > 2:
        raise binascii.Error("too much padding")
    return binascii.a2b_base64(bare + b"=" * (-len(bare) % 4), strict_mode=True)


def _base64url(text: bytes) -> bytes:
    return _base64(text.translate(_FROM_URLSAFE))


_READERS: dict[str, Callable[[bytes], bytes]] = {
    "hex": binascii.unhexlify,
    "base64": _base64,
    "base64url": _base64url,
}
_WRITERS: dict[str, Callable[[bytes], bytes]] = {
    "hex": binascii.hexlify,
    "base64": b64encode,
    "base64url": lambda digest: urlsafe_b64encode(digest).rstrip(b"="),
}
